-- Wake what is due, then lease up to `max` contacts, earlier queues first.
-- ARGV: now|'', lease ms, max (0: only wake and count), queue...
-- Returns: {how many stay ready, leased...}
local now = time(ARGV[1])
local ms, max = tonumber(ARGV[2]), tonumber(ARGV[3])
local out, left = { 0 }, 0
for i = 4, #ARGV do
  if ARGV[i] == 'in' then fire_timers(now) end
  wake_due(ARGV[i], now)
  while #out - 1 < max do
    local taken = take_ready(ARGV[i], now, ms)
    if not taken then break end
    out[#out + 1] = taken
  end
  left = left + redis.call('LLEN', key(ARGV[i], 'ready'))
end
out[1] = left
return out
