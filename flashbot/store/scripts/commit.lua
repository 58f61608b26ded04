-- Settle the head of a leased mailbox: one atomic step for state, timers, messages and acknowledgement.
-- ARGV: now|'', queue, contact, epoch, verb, then
--   verb 'done':  state|'' , dead letter|'', reason|'', bind id|'', bind value|'', bind ms,
--                 number of timers to clear, members..., number to set, (member, due ms)...,
--                 number of messages, (lane, entry)..., out lease ms, in lease ms, number of lanes, lanes...
--   verb 'later': wait ms, clean (1: the attempts so far count for nothing), note|''
--   verb 'begin': note; the lease goes on, the attempts before this one are taken over by the note
-- Returns: {'ok'|'done'|'fenced'|'claimed', leased...}; claimed: the bind id belongs to another message, nothing is done
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

if verb == 'begin' then
  redis.call('HDEL', meta, 'n') -- frees, as below
  redis.call('HSET', meta, 'n', arg(), 'a', 1)
  return { 'ok' }
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

-- Two messages of one contact may look alike, and both be looked for: a row of the list is found by one only.
local owner = ARGV[9] ~= '' and redis.call('HGET', tag .. ':out:' .. ARGV[9], 'm')
if owner and owner ~= ARGV[10] then return { 'claimed' } end

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
  redis.call('ZREM', tag .. ':loose:' .. contact, bind)
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
