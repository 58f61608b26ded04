-- Note how far a message has come, by the vendor's id; the ladder only moves up.
-- ARGV: now|'', vendor id, rung, name, keep ms
-- Returns: 1 moved up, 0 stayed.
local now = time(ARGV[1])
local record = tag .. ':out:' .. ARGV[2]
local rung = tonumber(redis.call('HGET', record, 'r') or '0')
if tonumber(ARGV[3]) <= rung then return 0 end
redis.call('HSET', record, 'r', ARGV[3], 's', ARGV[4], ARGV[4], now)
redis.call('PEXPIRE', record, ARGV[5])
return 1
