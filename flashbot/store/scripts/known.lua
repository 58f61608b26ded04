-- Which of these deduplication keys are remembered in this partition.
-- ARGV: ms to remember the others for (0: only ask), key...
-- Returns: those known before.
local out = {}
for i = 2, #ARGV do
  local seen = tag .. ':seen:' .. ARGV[i]
  if redis.call('EXISTS', seen) == 1 then
    out[#out + 1] = ARGV[i]
  elseif ARGV[1] ~= '0' then
    redis.call('SET', seen, '1', 'PX', ARGV[1])
  end
end
return out
