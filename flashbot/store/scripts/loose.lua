-- What statuses told of this contact's messages that are tied to none of ours: evidence for a send without an answer.
-- ARGV: contact, lane that asks, since ms
-- Returns: {1 when another lane of the contact has a message that is not settled either, or 0,
--   (vendor id, ms of its first status, instance|'')...}, the oldest first
local contact, lane = ARGV[1], ARGV[2]
local out = { 0 }
for _, other in ipairs({ 'reply', 'drip' }) do
  local meta = redis.call('HMGET', key(other, 'm:' .. contact), 'a', 'n')
  if other ~= lane and (tonumber(meta[1] or '0') > 0 or (meta[2] or '') ~= '') then out[1] = 1 end
end
local found = redis.call('ZRANGEBYSCORE', tag .. ':loose:' .. contact, ARGV[3], '+inf', 'WITHSCORES')
for i = 1, #found, 2 do
  local record = redis.call('HMGET', tag .. ':out:' .. found[i], 'm', 'i')
  if not record[1] then
    out[#out + 1] = found[i]
    out[#out + 1] = found[i + 1]
    out[#out + 1] = record[2] or ''
  end
end
return out
