--!df flags=allow-undeclared-keys
-- Shared by every script of a partition; put before its text when it is loaded.
-- KEYS[1] is the partition's tag, e.g. {fb:0}; every key below stands under it.
-- Invariant: a mailbox is non-empty exactly when its contact is in `ready` or in `busy`.

local tag = KEYS[1]
local RUNAWAY = 15 * 60 * 1000 -- nobody parks longer: an end further ahead means the clock jumped back
local PIECE, LONGEST_HELD = 14 * 60 * 1000, 6 * 3600 * 1000 -- what waits longer is parked piece by piece
local DAY = 24 * 3600 * 1000

local function time(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function key(queue, what) return tag .. ':' .. queue .. ':' .. what end

local function wake()
  local tokens = tag .. ':wake'
  if redis.call('LLEN', tokens) < 8 then redis.call('RPUSH', tokens, '1') end
end

-- Lease the contact to the caller: raise the epoch, count the attempt, hand over the head.
local function lease(queue, contact, now, ms)
  local head = redis.call('LINDEX', key(queue, 'box:' .. contact), 0)
  if not head then
    redis.call('ZREM', key(queue, 'busy'), contact)
    return nil
  end
  local meta = key(queue, 'm:' .. contact)
  local have = redis.call('HMGET', meta, 'e', 'a', 's', 'n', 'd', 'p', 'g')
  -- The time is in it: after a failover that lost some takes, or with these counters deleted by hand, no former owner
  -- may hold the number that somebody gets now.
  local epoch = math.max(tonumber(have[1] or '0') + 1, now)
  local attempts = tonumber(have[2] or '0') + 1
  local since = attempts > 1 and have[3] or string.format('%.0f', now)
  redis.call('HSET', meta, 'e', epoch, 'a', attempts, 's', since)
  redis.call('ZADD', key(queue, 'busy'), now + ms, contact)
  local state = queue == 'in' and redis.call('GET', tag .. ':st:' .. contact)
  return { queue, contact, epoch, attempts, since, have[4], head, state, now, have[5] and 1 or 0, have[6], have[7] }
end

local function take_ready(queue, now, ms)
  while true do
    local contact = redis.call('LPOP', key(queue, 'ready'))
    if not contact then return nil end
    local taken = lease(queue, contact, now, ms)
    if taken then return taken end
  end
end

-- Append; a box that was empty schedules its contact, or leases it at once to a caller who has a free
-- hand (ms > 0) while nobody waits before it.
local function append(queue, contact, entry, now, ms)
  local length = redis.call('RPUSH', key(queue, 'box:' .. contact), entry)
  if length > 1 then return nil end
  if ms > 0 and redis.call('LLEN', key(queue, 'ready')) == 0 then return lease(queue, contact, now, ms) end
  redis.call('RPUSH', key(queue, 'ready'), contact)
  wake()
  return nil
end

-- Contacts whose lease or back-off has ended go back to `ready`; at most 16, so that no call is long.
local function wake_due(queue, now)
  local busy = key(queue, 'busy')
  local due = redis.call('ZRANGEBYSCORE', busy, '-inf', now, 'LIMIT', 0, 16)
  if #due == 0 then due = redis.call('ZRANGEBYSCORE', busy, now + RUNAWAY, '+inf', 'LIMIT', 0, 16) end
  for _, contact in ipairs(due) do
    redis.call('ZREM', busy, contact) -- first, because it frees: full memory must not stop what drains it
    local held = queue == 'drip' and tonumber(redis.call('HGET', key(queue, 'm:' .. contact), 'p') or '0') or 0
    if held > now and held <= now + LONGEST_HELD then redis.call('ZADD', busy, math.min(held, now + PIECE), contact)
    else redis.call('RPUSH', key(queue, 'ready'), contact) end
  end
  return #due
end

local function fire_timers(now)
  local timers = tag .. ':timers'
  local due = redis.call('ZRANGEBYSCORE', timers, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 16)
  for i = 1, #due, 2 do
    local contact = string.match(due[i], '^(.-)|')
    redis.call('ZREM', timers, due[i])
    if contact then append('in', contact, 'T ' .. string.format('%.0f', due[i + 1]) .. '\n' .. due[i], now, 0) end
  end
end

-- Write a decision into the contact's story, in one call with what it decided. `said`: '<keep ms> <fold|-> <id|-> JSON'.
-- A record is '<first ms> <last ms> <count> <fold|-> <id|-> JSON'; the same fold among the newest is counted there.
-- `whose` finds the contact by an id, and goes with the record that named it.
local function record(contact, said, now)
  local keep, fold, id, rest = string.match(said or '', '^(%d+) (%S+) (%S+) (.*)$')
  if not keep then return end
  local story, at = tag .. ':why:' .. contact, string.format('%.0f', now)
  local tail = ' ' .. fold .. ' ' .. id .. ' ' .. rest
  local newest = fold ~= '-' and redis.call('LRANGE', story, -8, -1) or {}
  for i = #newest, 1, -1 do
    local first, count, same = string.match(newest[i], '^(%d+) %d+ (%d+) (%S+)')
    if same == fold then
      redis.call('LSET', story, i - #newest - 1, first .. ' ' .. at .. ' ' .. count + 1 .. tail)
      redis.call('PEXPIRE', story, keep)
      return
    end
  end
  local length = redis.call('RPUSH', story, at .. ' ' .. at .. ' 1' .. tail)
  if id ~= '-' then redis.call('SET', tag .. ':whose:' .. id, contact, 'PX', keep) end
  -- What a turn sends follows its own record closely: that one keeps the time for both.
  if length == 1 or id ~= '-' then redis.call('PEXPIRE', story, keep) end
  while length > 200 or (length > 1 and id ~= '-') do
    local oldest = redis.call('LINDEX', story, 0)
    local last, named = string.match(oldest, '^%d+ (%d+) %d+ %S+ (%S+)')
    if length <= 200 and last and tonumber(last) > now - keep then break end
    redis.call('LPOP', story)
    length = length - 1
    if named and named ~= '-' and named ~= id then redis.call('DEL', tag .. ':whose:' .. named) end
  end
end

-- What becomes of a person of a broadcast: `cast:<job>:people` has a word for each who was fed, `:counts` how many have
-- it, `:left` how many messages left in each ten minutes since the epoch. `casts` remembers which there are, and until when.
local RUNGS = { waiting = 0, unknown = 2, sent = 3, failed = 4, delivered = 5, read = 6, answered = 7, opted_out = 8 }

local function enlist(job, contact, keep, now)
  local cast = tag .. ':cast:' .. job
  if redis.call('HSETNX', cast .. ':people', contact, 'waiting') == 0 then return end
  redis.call('HINCRBY', cast .. ':counts', 'waiting', 1)
  if redis.call('PTTL', cast .. ':people') >= 0 then return end
  redis.call('PEXPIRE', cast .. ':people', keep)
  redis.call('PEXPIRE', cast .. ':counts', keep)
  redis.call('ZREMRANGEBYSCORE', tag .. ':casts', '-inf', now)
  redis.call('ZADD', tag .. ':casts', 'NX', now + keep, job)
end

local function recount(cast, from, to)
  redis.call('HINCRBY', cast .. ':counts', to, 1) -- before the other goes: an empty hash would lose its end
  if redis.call('HINCRBY', cast .. ':counts', from, -1) <= 0 then redis.call('HDEL', cast .. ':counts', from) end
end

-- Only upward, only of who is in it, and the same word again changes nothing. `id` is that of the message.
local function fate(id, contact, word, now)
  local job = string.match(id or '', '^cast%-(%x+)%-')
  local cast = job and tag .. ':cast:' .. job
  local stood = job and redis.call('HGET', cast .. ':people', contact)
  if not stood or stood == word or (RUNGS[word] or 1) <= (RUNGS[stood] or 1) then return end
  redis.call('HSET', cast .. ':people', contact, word)
  recount(cast, stood, word)
  if (RUNGS[stood] or 1) < 2 and (RUNGS[word] or 1) >= 2 then
    local left, slot = cast .. ':left', math.floor(now / 600000)
    redis.call('HINCRBY', left, string.format('%.0f', slot), 1)
    redis.call('HDEL', left, string.format('%.0f', slot - 288)) -- two days ago
    if redis.call('PTTL', left) < 0 then redis.call('PEXPIRE', left, 400 * DAY) end
  end
end

-- Unasked messages to people who have not written since: by instance, '<contact> <ms>' by that moment, of 30 days.
local function unanswered(contact, sent)
  local at, instance = string.match(sent or '', '^(%d+) %S+ %S+ (%S*)')
  if not at then return nil end
  return tag .. ':unanswered:' .. instance, contact .. ' ' .. at
end

-- Those of a contact, who wrote or is erased: all go at once, so that none is left where the newest has gone.
local function forgive(contact)
  local list = tag .. ':sent:' .. contact
  local all, member = unanswered(contact, redis.call('LINDEX', list, -1))
  if not all or not redis.call('ZSCORE', all, member) then return end
  for _, sent in ipairs(redis.call('LRANGE', list, 0, -1)) do
    all, member = unanswered(contact, sent)
    if all then redis.call('ZREM', all, member) end
  end
end

-- What a contact got unasked: '<ms> <class> <hash of the body> <instance>[ <id>]', the newest last; the id is that of a
-- broadcast's message. Days are those of UTC.
local function impose(contact, class, body, instance, id, now)
  if class == '' then return end
  local sent, days, day = tag .. ':sent:' .. contact, tag .. ':days:' .. instance, math.floor(now / DAY)
  local more = string.find(id, '^cast%-') and ' ' .. id or ''
  redis.call('RPUSH', sent, string.format('%.0f %s %s %s', now, class, body, instance) .. more)
  local all, member = unanswered(contact, redis.call('LINDEX', sent, -51))
  if all then redis.call('ZREM', all, member) end -- it could be forgiven no longer
  redis.call('LTRIM', sent, -50, -1)
  all, member = unanswered(contact, redis.call('LINDEX', sent, -1))
  redis.call('ZADD', all, now, member)
  redis.call('ZREMRANGEBYSCORE', all, '-inf', now - 30 * DAY)
  redis.call('PEXPIRE', all, 30 * DAY)
  redis.call('PEXPIRE', sent, 400 * DAY)
  redis.call('HINCRBY', days, day .. ':s', 1)
  redis.call('HDEL', days, day - 40 .. ':s', day - 40 .. ':f', day - 40 .. ':n')
  redis.call('PEXPIRE', days, 40 * DAY)
  local met = tag .. ':met:' .. instance
  redis.call('ZADD', met, now, contact)
  redis.call('ZREMRANGEBYSCORE', met, '-inf', now - 8 * DAY)
  redis.call('PEXPIRE', met, 8 * DAY)
end

-- The contact wrote: within three days of something unasked that is an answer to it.
local function answered(contact, how, now)
  if how == '' then return end
  forgive(contact)
  local newest = redis.call('LINDEX', tag .. ':sent:' .. contact, -1) or ''
  local at, instance, id = string.match(newest, '^(%d+) %S+ %S+ (%S+) ?(%S*)')
  if not at or now - tonumber(at) > 3 * DAY then return end
  fate(id, contact, how == 'negative' and 'opted_out' or 'answered', now)
  local heard = tag .. ':heard:' .. instance
  redis.call('ZADD', heard, at, contact)
  redis.call('ZREMRANGEBYSCORE', heard, '-inf', now - 8 * DAY)
  redis.call('PEXPIRE', heard, 8 * DAY)
  if how == 'negative' then
    redis.call('HINCRBY', tag .. ':days:' .. instance, math.floor(now / DAY) .. ':n', 1)
    redis.call('PEXPIRE', tag .. ':days:' .. instance, 40 * DAY)
  end
end
