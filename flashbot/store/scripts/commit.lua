-- Settle the head of a leased mailbox: one atomic step for state, timers, messages and acknowledgement.
-- ARGV: now|'', queue, contact, epoch, verb, then
--   verb 'done':  state|'' , dead letter|'', reason|'', bind id|'', bind value|'', bind ms, why|'',
--                 class of what was sent unasked|'', hash of its body, its instance, 'heard'|'negative'|'',
--                 id of a message that is settled|'', what became of it as `fate` takes it,
--                 number of timers to clear, members..., number to set, (member, due ms)...,
--                 '' or '<keep ms> <why>' to drop what waits unasked (0: without a word in the contact's story),
--                 '' or an entry to put before what waits unasked,
--                 number of messages, (lane, entry)..., out lease ms, in lease ms, number of lanes, lanes...
--   verb 'later': wait ms, clean (1: the attempts so far count for nothing), note|'', why|'', held until|'',
--                 the moment from which the head's age counts|''
--   verb 'begin': note; the lease goes on, the attempts before this one are taken over by the note
--   why: a record as `record` takes it
-- Returns: {'ok'|'done'|'fenced'|'claimed', leased...}; claimed: the bind id belongs to another message, nothing is done
local now = time(ARGV[1])
local queue, contact, epoch, verb = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local meta = key(queue, 'm:' .. contact)
local at = 5
local function arg() at = at + 1; return ARGV[at] end
local function count() return tonumber(arg()) end

local have = redis.call('HMGET', meta, 'e', 'd', 'p')
if have[2] == epoch then return { 'done' } end
if have[1] ~= epoch then return { 'fenced' } end

-- The lease may have run out with nobody there to take the contact yet: it stands in `ready` then, and would
-- stand there twice.
local function reclaim()
  if redis.call('ZREM', key(queue, 'busy'), contact) == 0 then
    redis.call('LREM', key(queue, 'ready'), 0, contact)
  end
end

-- The contact stopped what is sent unasked: all of it that waits goes, but for a head that somebody holds, or that may
-- have left already and is looked for.
local function drop_unasked(said)
  local keep, why = string.match(said, '^(%d+) (%S+)$')
  if not keep then return end
  local lane, its = key('drip', 'box:' .. contact), key('drip', 'm:' .. contact)
  local held = tonumber(redis.call('HGET', its, 'a') or '0') > 0
  local gone = redis.call('LRANGE', lane, held and 1 or 0, -1)
  if #gone == 0 then return end
  if held then
    redis.call('LTRIM', lane, 0, 0)
  else
    redis.call('DEL', lane)
    redis.call('HDEL', its, 'n', 'p', 'g') -- they spoke of the head
    if redis.call('ZREM', key('drip', 'busy'), contact) == 0 then
      redis.call('LREM', key('drip', 'ready'), 0, contact)
    end
  end
  for _, entry in ipairs(gone) do
    local id, class = string.match(entry, '^M (%S+) (%S+)')
    fate(id, contact, 'dropped:' .. why, now)
    if class == 'service' then -- a notice waits among them, and was asked for
      append('drip', contact, entry, now, 0)
    elseif id and keep ~= '0' then
      local about = string.find(id, '/', 1, true) and '-' or id
      record(contact, string.format('%s - %s {"kind":"dropped","id":"%s","class":"%s","why":"%s"}',
        keep, about, id, class, why), now)
    end
  end
end

-- A wait that was to last until then is over: what it was to add to the head's age is not added.
local function shorten(its, ends)
  local due = tonumber(redis.call('HGET', its, 'g') or '')
  if due then redis.call('HSET', its, 'g', string.format('%.0f', due - math.max(0, ends - now))) end
end

local function is_notice(entry) return entry and string.find(entry, '^M %S+ service ') end

-- Put an entry into a lane behind the notices that stand from `place` on; false when nothing stands behind them.
local function put_behind_notices(lane, place, entry)
  local next = redis.call('LINDEX', lane, place)
  while is_notice(next) do
    place = place + 1
    next = redis.call('LINDEX', lane, place)
  end
  if not next or place > 0 and next == redis.call('LINDEX', lane, 0) then return false end
  if place == 0 then redis.call('LPUSH', lane, entry) else redis.call('LINSERT', lane, 'BEFORE', next, entry) end
  return true
end

-- A notice that must wait goes to the unasked ones, before them and behind other notices: it may leave earlier, and
-- they wait for it no longer than for themselves. A head that may have left already, or is in hand, stays the head.
local function put_ahead(entry)
  if entry == '' then return end
  local lane, its = key('drip', 'box:' .. contact), key('drip', 'm:' .. contact)
  local known = redis.call('HMGET', its, 'a', 'n', 'p')
  local kept = tonumber(known[1] or '0') > 0 or (known[2] or '') ~= ''
  if not put_behind_notices(lane, kept and 1 or 0, entry) then
    append('drip', contact, entry, now, 0)
    return
  end
  if redis.call('LINDEX', lane, 0) ~= entry then return end
  -- Their wait ends now; that they waited until here is not forgotten.
  if tonumber(known[3] or '0') > now then
    redis.call('HSET', its, 'p', now)
    shorten(its, tonumber(known[3]))
  end
  if redis.call('ZREM', key('drip', 'busy'), contact) == 1 then
    redis.call('RPUSH', key('drip', 'ready'), contact)
    wake()
  end
end

if verb == 'begin' then
  redis.call('HDEL', meta, 'n') -- frees, as below
  redis.call('HSET', meta, 'n', arg(), 'a', 1)
  return { 'ok' }
end

if verb == 'later' then
  local wait, clean, note, why, held, due = count(), arg(), arg(), arg(), arg(), arg()
  redis.call('HDEL', meta, 'n') -- frees, so that what follows passes the memory limit
  reclaim()
  redis.call('HSET', meta, 'd', epoch, 'n', note)
  if held and held ~= '' then redis.call('HSET', meta, 'p', held) end
  if due and due ~= '' then redis.call('HSET', meta, 'g', due) end
  if clean == '1' then redis.call('HSET', meta, 'a', 0) end
  -- Notices that came while this one was in hand do not wait for it.
  local lane = key(queue, 'box:' .. contact)
  local head = queue == 'drip' and clean == '1' and note == '' and redis.call('LINDEX', lane, 0)
  if head and not is_notice(head) and is_notice(redis.call('LINDEX', lane, 1)) then
    redis.call('LPOP', lane)
    if not put_behind_notices(lane, 0, head) then redis.call('RPUSH', lane, head) end
    redis.call('HSET', meta, 'p', now)
    shorten(meta, tonumber(held) or now + wait)
    wait = 0
  end
  redis.call('ZADD', key(queue, 'busy'), now + wait, contact)
  record(contact, why, now)
  return { 'ok' }
end

-- Two messages of one contact may look alike, and both be looked for: a row of the list is found by one only.
local owner = ARGV[9] ~= '' and redis.call('HGET', tag .. ':out:' .. ARGV[9], 'm')
if owner and owner ~= ARGV[10] then return { 'claimed' } end

-- The freeing write comes first: the server checks its memory limit at a script's first write only.
local box = key(queue, 'box:' .. contact)
redis.call('LTRIM', box, 1, -1)
redis.call('HSET', meta, 'd', epoch, 'a', 0, 'n', '')
-- What stood behind a message that was held did not age meanwhile: the end of that wait stays, unless it is ahead.
if tonumber(have[3] or '0') > now then redis.call('HDEL', meta, 'p', 'g') end
reclaim()
if redis.call('LLEN', box) > 0 then
  redis.call('RPUSH', key(queue, 'ready'), contact)
end

local state, dead, reason, bind, bound, bind_ms, why = arg(), arg(), arg(), arg(), arg(), arg(), arg()
local class, body, instance, answers, id, became = arg(), arg(), arg(), arg(), arg(), arg()
if state ~= '' then redis.call('SET', tag .. ':st:' .. contact, state) end
if dead ~= '' then
  redis.call('XADD', tag .. ':dead', 'MAXLEN', '~', 100000, '*', 'q', queue, 'c', contact, 'at', now, 'why', reason,
    'entry', dead)
end
if bind ~= '' then
  redis.call('HSET', tag .. ':out:' .. bind, 'm', bound, 'c', contact)
  if class ~= '' then redis.call('HSET', tag .. ':out:' .. bind, 'u', instance) end
  redis.call('PEXPIRE', tag .. ':out:' .. bind, bind_ms)
  redis.call('ZREM', tag .. ':loose:' .. contact, bind)
end
impose(contact, class, body, instance, id, now)
answered(contact, answers, now)
if id ~= '' then
  fate(id, contact, became, now)
  -- A status may have been heard before the answer to the send.
  local told = bind ~= '' and redis.call('HGET', tag .. ':out:' .. bind, 's')
  if told then fate(id, contact, told, now) end
end
record(contact, why, now)
for _ = 1, count() do redis.call('ZREM', tag .. ':timers', arg()) end
for _ = 1, count() do
  local member = arg()
  redis.call('ZADD', tag .. ':timers', arg(), member)
end
drop_unasked(arg())
put_ahead(arg())
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
