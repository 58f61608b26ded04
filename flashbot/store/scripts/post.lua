-- Put an entry into a contact's mailbox, once per key.
-- ARGV: now|'', queue, dedupe key|'', dedupe ms, contact, entry, lease ms (0: do not take)
-- Returns: 0 known already, 1 stored, or what was leased when the caller takes it at once.
local now = time(ARGV[1])
local seen = tag .. ':seen:' .. ARGV[3]
if ARGV[3] ~= '' and redis.call('EXISTS', seen) == 1 then return 0 end
-- The push comes first: should it fail (a wrong type, no memory), the key is not remembered as stored.
local taken = append(ARGV[2], ARGV[5], ARGV[6], now, tonumber(ARGV[7]))
if ARGV[3] ~= '' then redis.call('SET', seen, '1', 'PX', ARGV[4]) end
return taken or 1
