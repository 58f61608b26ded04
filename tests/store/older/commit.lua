--!df flags=allow-undeclared-keys
-- Shared by every script of a partition; put before its text when it is loaded.
-- KEYS[1] is the partition's tag, e.g. {fb:0}; every key below stands under it.
-- Invariant: a mailbox is non-empty exactly when its contact is in `ready` or in `busy`.

local tag = KEYS[1]
local RUNAWAY = 15 * 60 * 1000 -- nobody parks longer: an end further ahead means the clock jumped back

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
  local have = redis.call('HMGET', meta, 'e', 'a', 's', 'n')
  local epoch = tonumber(have[1] or '0') + 1
  local attempts = tonumber(have[2] or '0') + 1
  local since = attempts > 1 and have[3] or string.format('%.0f', now)
  redis.call('HSET', meta, 'e', epoch, 'a', attempts, 's', since)
  redis.call('ZADD', key(queue, 'busy'), now + ms, contact)
  local state = queue == 'in' and redis.call('GET', tag .. ':st:' .. contact)
  return { queue, contact, epoch, attempts, since, have[4], head, state, now }
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
    redis.call('RPUSH', key(queue, 'ready'), contact)
  end
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
-- Settle the head of a leased mailbox: one atomic step for state, timers, messages and acknowledgement.
-- ARGV: now|'', queue, contact, epoch, verb, then
--   verb 'done':  state|'' , dead letter|'', reason|'', bind id|'', bind value|'', bind ms,
--                 number of timers to clear, members..., number to set, (member, due ms)...,
--                 number of messages, (lane, entry)..., out lease ms, in lease ms, number of lanes, lanes...
--   verb 'later': wait ms, clean (1: the attempts so far count for nothing), note|''
-- Returns: {'ok'|'done'|'fenced', leased...}
local now = time(ARGV[1])
local queue, contact, epoch, verb = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local meta = key(queue, 'm:' .. contact)
local at = 5
local function arg() at = at + 1; return ARGV[at] end
local function count() return tonumber(arg()) end

local have = redis.call('HMGET', meta, 'e', 'd')
if have[2] == epoch then return { 'done' } end
if have[1] ~= epoch then return { 'fenced' } end

-- The lease may have run out with nobody there to take the contact yet: it stands in `ready` then, and would
-- stand there twice.
local function reclaim()
  if redis.call('ZREM', key(queue, 'busy'), contact) == 0 then
    redis.call('LREM', key(queue, 'ready'), 0, contact)
  end
end

if verb == 'later' then
  local wait, clean, note = count(), arg(), arg()
  redis.call('HDEL', meta, 'n') -- frees, so that what follows passes the memory limit
  reclaim()
  redis.call('HSET', meta, 'd', epoch, 'n', note)
  if clean == '1' then redis.call('HSET', meta, 'a', 0) end
  redis.call('ZADD', key(queue, 'busy'), now + wait, contact)
  return { 'ok' }
end

-- The freeing write comes first: the server checks its memory limit at a script's first write only.
local box = key(queue, 'box:' .. contact)
redis.call('LTRIM', box, 1, -1)
redis.call('HSET', meta, 'd', epoch, 'a', 0, 'n', '')
reclaim()
if redis.call('LLEN', box) > 0 then
  redis.call('RPUSH', key(queue, 'ready'), contact)
end

local state, dead, reason, bind, bound, bind_ms = arg(), arg(), arg(), arg(), arg(), arg()
if state ~= '' then redis.call('SET', tag .. ':st:' .. contact, state) end
if dead ~= '' then
  redis.call('XADD', tag .. ':dead', 'MAXLEN', '~', 100000, '*', 'q', queue, 'c', contact, 'at', now, 'why', reason,
    'entry', dead)
end
if bind ~= '' then
  redis.call('HSET', tag .. ':out:' .. bind, 'm', bound, 'c', contact)
  redis.call('PEXPIRE', tag .. ':out:' .. bind, bind_ms)
end
for _ = 1, count() do redis.call('ZREM', tag .. ':timers', arg()) end
for _ = 1, count() do
  local member = arg()
  redis.call('ZADD', tag .. ':timers', arg(), member)
end
local messages, first = count(), at + 1
at = at + 2 * messages
local out_ms, in_ms = count(), count()
local reply = { 'ok' }
for i = 0, messages - 1 do
  local taken = append(ARGV[first + 2 * i], contact, ARGV[first + 2 * i + 1], now, out_ms)
  if taken then reply[#reply + 1] = taken; out_ms = 0 end
end
if out_ms > 0 or in_ms > 0 then
  for _ = 1, count() do
    local lane = arg()
    local ms = lane == 'in' and in_ms or out_ms
    if ms > 0 then
      local taken = take_ready(lane, now, ms)
      if taken then
        reply[#reply + 1] = taken
        if lane ~= 'in' then out_ms = 0 end
      end
    end
  end
elseif redis.call('LLEN', key(queue, 'ready')) > 0 then
  wake()
end
return reply
