-- Keep what nobody can handle, once per key.
-- ARGV: now|'', dedupe key|'', dedupe ms, queue, contact, reason, entry
-- Returns: 1 kept, 0 known already.
local now = time(ARGV[1])
local seen = tag .. ':seen:' .. ARGV[2]
if ARGV[2] ~= '' and redis.call('EXISTS', seen) == 1 then return 0 end
redis.call('XADD', tag .. ':dead', 'MAXLEN', '~', 100000, '*', 'q', ARGV[4], 'c', ARGV[5], 'at', now, 'why', ARGV[6],
  'entry', ARGV[7])
if ARGV[2] ~= '' then redis.call('SET', seen, '1', 'PX', ARGV[3]) end
return 1
