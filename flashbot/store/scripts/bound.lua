-- Which of these vendor ids belong to messages of ours.
-- ARGV: vendor id...
-- Returns: those ids.
local out = {}
for i = 1, #ARGV do
  if redis.call('HEXISTS', tag .. ':out:' .. ARGV[i], 'm') == 1 then out[#out + 1] = ARGV[i] end
end
return out
