-- How far a message has come, by the vendor's id.
-- ARGV: vendor id|'', provider's id|'', rung name...
-- Returns: {our message id, name of the highest rung, ms of the first time of each rung...}, each may be nil
local id = ARGV[1]
if id == '' then id = redis.call('GET', tag .. ':by:' .. ARGV[2]) or '' end
return redis.call('HMGET', tag .. ':out:' .. id, 'm', 's', unpack(ARGV, 3))
