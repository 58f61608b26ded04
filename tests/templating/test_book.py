"""What is remembered of a push or a pull: whole, apart for each account and folder, and begun anew when damaged."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from flashbot.templating.book import Book, BookFault, Entry, account_of, write_whole

KEY = "msgf_live_" + "5e" * 32
ENTRY = Entry("11111111-1111-4111-8111-111111111111", "parcel", "Parcel {{custom.number}} 🎉")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates"


def opened(folder: Path, account: str = "one") -> Book:
    return Book(folder.parent / ".flashbot", account, folder)


def test_what_is_put_is_there_for_the_next_run(folder: Path) -> None:
    opened(folder).put("parcel", ENTRY)

    assert opened(folder).entries == {"parcel": ENTRY}
    assert opened(folder).damaged == ""


def test_what_is_dropped_is_forgotten(folder: Path) -> None:
    opened(folder).put("parcel", ENTRY)
    opened(folder).drop("parcel")

    assert opened(folder).get("parcel") is None


def test_accounts_and_folders_never_see_each_others_entries(folder: Path) -> None:
    other = folder.parent / "others"
    opened(folder).put("parcel", ENTRY)
    opened(other).put("hello", ENTRY)

    assert opened(folder, "two").entries == {}
    assert opened(other).entries == {"hello": ENTRY}
    assert opened(folder).entries == {"parcel": ENTRY}


def test_a_project_that_moves_keeps_its_book(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    opened(folder).put("parcel", ENTRY)
    moved = tmp_path_factory.mktemp("other") / "project"
    folder.parent.rename(moved)

    assert opened(moved / "templates").entries == {"parcel": ENTRY}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff", b'{"version": 2, "folders": {}}', b'{"version": 1}',
        b'{"version": 1, "folders": []}',
        b'{"version": 1, "folders": {"../templates": []}}', b'{"version": 1, "folders": {"../templates": {"a": {}}}}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_book_is_one_sentence_and_begins_anew(folder: Path, content: bytes) -> None:
    opened(folder).put("parcel", ENTRY)
    opened(folder).path.write_bytes(content)

    book = opened(folder)
    book.put("hello", ENTRY)

    assert book.damaged.startswith(f"{book.path}, which says what was last pushed, ")
    assert book.damaged.count(".") - str(book.path).count(".") == 1
    assert opened(folder).entries == {"hello": ENTRY}
    assert opened(folder).damaged == ""


def test_a_text_that_was_changed_in_the_file_is_damage(folder: Path) -> None:
    opened(folder).put("parcel", ENTRY)
    path = opened(folder).path
    path.write_text(path.read_text("utf-8").replace("Parcel", "Packet"), "utf-8")

    assert opened(folder).damaged


def test_no_key_is_in_the_book_or_in_its_name(folder: Path) -> None:
    book = opened(folder, account_of("https://srv.msgflash.com", KEY))
    book.put("parcel", ENTRY)

    assert "5e5e" not in book.path.read_text("utf-8") + book.path.name


def test_accounts_differ_by_server_and_key_and_a_team_is_the_same_for_each_of_its_keys() -> None:
    url = "https://srv.msgflash.com"

    assert account_of(url, "a") == account_of(url + "/", "a") != account_of(url, "b")
    assert account_of(url, "a") != account_of("http://localhost:1", "a")
    assert account_of(url, "a", "team") == account_of(url, "b", "team")


def test_two_at_work_lose_nothing_of_each_other(folder: Path) -> None:
    def work(letter: str) -> None:
        book = opened(folder)
        for number in range(20):
            book.put(f"{letter}{number}", ENTRY)

    workers = [threading.Thread(target=work, args=(letter,)) for letter in "abc"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(opened(folder).entries) == 60


def test_a_book_that_cannot_be_written_is_a_sentence_with_its_place(folder: Path) -> None:
    (folder.parent / ".flashbot").write_text("a file")

    with pytest.raises(BookFault, match=r"\.flashbot.templates cannot be written to"):
        opened(folder).put("parcel", ENTRY)


def test_a_former_text_is_kept_under_a_name_that_leads_nowhere_else(folder: Path) -> None:
    book = opened(folder)

    path = book.keep("../../evil\n name", ENTRY.id, "Hello\r\n")

    assert path.read_bytes() == b"Hello\r\n"
    assert path.parent == folder.parent / ".flashbot" / "templates" / "former"
    assert path == book.keep("../../evil\n name", ENTRY.id, "Hello\r\n")


def test_a_failed_write_leaves_the_file_and_no_other(folder: Path) -> None:
    path = folder / "one.j2"
    path.write_text("before")
    path.chmod(0o640)

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    write_whole(path, "after")

    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in folder.iterdir()] == ["one.j2"]


def test_the_book_is_json_that_people_can_read(folder: Path) -> None:
    opened(folder).put("parcel", ENTRY)

    entry = json.loads(opened(folder).path.read_text("utf-8"))["folders"]["../templates"]["parcel"]
    assert entry == {
        "id": ENTRY.id, "name": "parcel", "body": ENTRY.body, "kind": "text", "media": "", "hash": ENTRY.digest,
    }  # fmt: skip
