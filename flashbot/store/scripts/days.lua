-- What a number did unasked, by the days of UTC, as far as this partition's contacts are concerned.
-- ARGV: now|'', instance, first day, last day (days since the epoch), since ms
-- Returns: {now, people written to since then, those of them who answered, (sent, failed, negative) of each day...}
local now, instance = time(ARGV[1]), ARGV[2]
local days = tag .. ':days:' .. instance
local out = {
  string.format('%.0f', now),
  redis.call('ZCOUNT', tag .. ':met:' .. instance, ARGV[5], '+inf'),
  redis.call('ZCOUNT', tag .. ':heard:' .. instance, ARGV[5], '+inf'),
}
for day = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local counts = redis.call('HMGET', days, day .. ':s', day .. ':f', day .. ':n')
  for i = 1, 3 do out[#out + 1] = tonumber(counts[i] or '0') end
end
return out
