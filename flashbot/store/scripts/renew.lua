-- Push the lease ends of all that a process holds. Never used for outgoing lanes: a sender that was frozen
-- must not be able to extend its right to send.
-- ARGV: now|'', queue, lease ms, (contact, epoch)...
-- Returns: the contacts whose epoch has moved on.
local now = time(ARGV[1])
local busy = key(ARGV[2], 'busy')
local lost = {}
for i = 4, #ARGV, 2 do
  local have = redis.call('HMGET', key(ARGV[2], 'm:' .. ARGV[i]), 'e', 'd')
  if have[1] == ARGV[i + 1] and have[2] ~= ARGV[i + 1] then
    -- Taken out first, because that frees: full memory must not stop whoever works it off.
    if redis.call('ZREM', busy, ARGV[i]) == 1 then redis.call('ZADD', busy, now + tonumber(ARGV[3]), ARGV[i]) end
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
