-- What is done to one contact outside a turn: changed, erased; and who asked for silence before they were erased.
-- ARGV: now|'', verb, then
--   'secret': a proposal|''; the secret of this partition's hashes, the same for ever; '' when there is none yet
--   'read': contact; {document|'', waiting in, reply, drip}
--   'amend': contact, the document as it was read|'', as it shall be; 1 done, 0 it has changed, -1 a turn has it
--   'silenced': contact, hash; 1 for somebody who opted out, was erased, and of whom nothing was stored since
--   'erase': contact, hash, the document as it was read|'', 1 to remember the silence, 0 to forget it or '' to leave it,
--     number of timers, members..., keys of sent messages and sorted sets of contacts...; how many things went, -1 when
--     the document has changed
local now = time(ARGV[1])
local verb, contact = ARGV[2], ARGV[3]
local document, silent = tag .. ':st:' .. (contact or ''), tag .. ':silenced'
local QUEUES = { 'in', 'reply', 'drip' }

if verb == 'secret' then
  local settings = tag .. ':settings'
  if ARGV[3] ~= '' then redis.call('HSETNX', settings, 'silence', ARGV[3]) end
  return redis.call('HGET', settings, 'silence') or ''
end

if verb == 'silenced' then
  return redis.call('EXISTS', document) == 0 and redis.call('SISMEMBER', silent, ARGV[4]) or 0
end

if verb == 'read' then
  local found = { redis.call('GET', document) or '' }
  for _, queue in ipairs(QUEUES) do found[#found + 1] = redis.call('LLEN', key(queue, 'box:' .. contact)) end
  return found
end

if verb == 'amend' then
  local meta = key('in', 'm:' .. contact)
  local have = redis.call('HMGET', meta, 'e', 'd')
  local held = have[1] and have[1] ~= have[2]
  local ends = held and redis.call('ZSCORE', key('in', 'busy'), contact)
  if ends and tonumber(ends) > now then return -1 end
  if (redis.call('GET', document) or '') ~= ARGV[4] then return 0 end
  -- Whoever lost the lease long ago must not write over this.
  if held then redis.call('HSET', meta, 'e', math.max(tonumber(have[1]) + 1, now)) end
  redis.call('SET', document, ARGV[5])
  return 1
end

if (redis.call('GET', document) or '') ~= ARGV[5] then return -1 end
forgive(contact) -- what they got, by which that is found, goes next
-- Without its counters a turn or a send that is under way is fenced: nothing comes back.
local gone = redis.call('DEL', document, tag .. ':loose:' .. contact, tag .. ':sent:' .. contact)
for _, queue in ipairs(QUEUES) do
  gone = gone + redis.call('DEL', key(queue, 'box:' .. contact), key(queue, 'm:' .. contact))
  redis.call('ZREM', key(queue, 'busy'), contact)
  redis.call('LREM', key(queue, 'ready'), 0, contact)
end
for _, job in ipairs(redis.call('ZRANGE', tag .. ':casts', 0, -1)) do
  local cast = tag .. ':cast:' .. job
  local word = redis.call('HGET', cast .. ':people', contact)
  if word then
    redis.call('HDEL', cast .. ':people', contact)
    recount(cast, word, 'dropped:erased')
    gone = gone + 1
  end
end
local timers = tonumber(ARGV[7])
for i = 8, 7 + timers do gone = gone + redis.call('ZREM', tag .. ':timers', ARGV[i]) end
for i = 8 + timers, #ARGV do
  if redis.call('TYPE', ARGV[i]).ok == 'zset' then
    gone = gone + redis.call('ZREM', ARGV[i], contact)
  else
    local sent = redis.call('HMGET', ARGV[i], 'c', 'p')
    if sent[1] == contact then
      gone = gone + redis.call('DEL', ARGV[i])
      if sent[2] then redis.call('DEL', tag .. ':by:' .. sent[2]) end
    end
  end
end
if ARGV[6] == '1' then redis.call('SADD', silent, ARGV[4]) end
if ARGV[6] == '0' then redis.call('SREM', silent, ARGV[4]) end
return gone
