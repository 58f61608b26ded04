/* Put before a server by LD_PRELOAD: makes its fsyncs slow, and writes down how much of each file has been synced.
 *
 * SLOW_DISK_MS: what each fsync takes longer, in milliseconds.
 * SLOW_DISK_SYNCED: a file that gets a line "size path" after each of them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int synced(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *ms = getenv("SLOW_DISK_MS"), *log = getenv("SLOW_DISK_SYNCED");
  struct stat before;
  int known = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  if (ms != NULL && known) {
    long wait = atol(ms);
    struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
    nanosleep(&pause, NULL);
  }
  int result = real(fd);
  if (result == 0 && log != NULL && known) {
    char link[64], path[4096], line[4200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    int out = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (length > 0 && out >= 0) {
      path[length] = 0;
      int size = snprintf(line, sizeof line, "%lld %s\n", (long long)before.st_size, path);
      if (write(out, line, size) != size) abort();
    }
    if (out >= 0) close(out);
  }
  return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }
