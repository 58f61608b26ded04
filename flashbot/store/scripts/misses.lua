-- Texts that no intent understood: a sorted set by the time at which they were kept.
-- ARGV: now|'', verb, then
--   'keep': ms to keep them, how many at most, entries...
--   'trim': ms to keep them
--   'read': how many to skip, how many to give; oldest first
--   'drop': entries...
-- Returns: for 'read' {entry, ms, ...}; else how many were deleted.
-- Nothing outlives the ms: older ones go at every 'keep' and 'trim', and the whole key expires after the newest.
local now = time(ARGV[1])
local verb, misses = ARGV[2], tag .. ':misses'

if verb == 'read' then return redis.call('ZRANGE', misses, ARGV[3], ARGV[3] + ARGV[4] - 1, 'WITHSCORES') end

if verb == 'drop' then
  local dropped = 0
  for n = 3, #ARGV do dropped = dropped + redis.call('ZREM', misses, ARGV[n]) end
  return dropped
end

local ms = tonumber(ARGV[3])
local gone = redis.call('ZREMRANGEBYSCORE', misses, '-inf', string.format('%.0f', now - ms))
if verb == 'keep' and ms > 0 then
  for n = 5, #ARGV do redis.call('ZADD', misses, now, ARGV[n]) end
  gone = gone + redis.call('ZREMRANGEBYRANK', misses, 0, -1 - ARGV[4])
  redis.call('PEXPIRE', misses, ms)
else
  local left = redis.call('PTTL', misses)
  if left < 0 or left > ms then redis.call('PEXPIRE', misses, ms) end
end
return gone
