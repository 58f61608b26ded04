-- A slot in the rate that every process of one API key shares (GCRA, burst 1).
-- KEYS[1]: the key's own tag. ARGV: now|'', interval ms, longest wait ms, pause ms (0: none asked)
-- Returns: {granted 0|1, ms to wait}
local now = time(ARGV[1])
local interval, longest, pause = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if pause > 0 then redis.call('DEL', tag .. ':pause') end
if pause > 0 then redis.call('SET', tag .. ':pause', '1', 'PX', pause) end
local paused = redis.call('PTTL', tag .. ':pause')
if paused > 0 then return { 0, paused } end
local slot = tonumber(redis.call('GET', tag .. ':tat') or '0')
if slot > now + 10000 then slot = now end -- the clock jumped back
local wait = math.max(0, slot - now)
if wait > longest then return { 0, wait } end
redis.call('DEL', tag .. ':tat') -- a write that frees comes first: sending must go on when memory is full
redis.call('SET', tag .. ':tat', math.max(slot, now) + interval, 'PX', 20000)
return { 1, wait }
