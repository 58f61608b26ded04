-- How many messages an instance has sent unasked, counted for every process alike, beside what MsgFlash says of it.
-- ARGV: now|'', verb, instance, then
--   'read'
--   'ask', ms during which nobody else asks
--   'tell', health (JSON)
--   'spend', the health that this was decided by ('' for none), the most since then ('' for any number), the most in
--     an hour, the most in a day
--   'refund'
-- Returns: read: {now, health|'', when somebody asked, when the budget was last found used up};
--   ask: 1 for the one who asks now, else 0; tell: 1; spend: 1 counted, 0 used up, -1 there is newer health; refund: 1
local now, verb = time(ARGV[1]), ARGV[2]
local budget = tag .. ':budget:' .. ARGV[3]
local KEEP = 26 * 3600 * 1000
local FIVE, HOUR = 5 * 60 * 1000, 3600 * 1000
local minutes, hours = math.floor(now / FIVE), math.floor(now / HOUR)

if verb == 'read' then
  local have = redis.call('HMGET', budget, 'health', 'asked', 'full')
  return { string.format('%.0f', now), have[1] or '', have[2] or '0', have[3] or '0' }
elseif verb == 'ask' then
  local asked = tonumber(redis.call('HGET', budget, 'asked') or '0')
  if asked <= now and now - asked < tonumber(ARGV[4]) then return 0 end
  -- What is sent from here on MsgFlash may or may not have counted in its answer: it is counted on top.
  redis.call('HSET', budget, 'asked', string.format('%.0f', now), 'during', 0)
  redis.call('PEXPIRE', budget, KEEP)
  return 1
elseif verb == 'tell' then
  redis.call('HSET', budget, 'health', ARGV[4], 'since', redis.call('HGET', budget, 'during') or '0')
  redis.call('PEXPIRE', budget, KEEP)
  return 1
elseif verb == 'refund' then
  for _, field in ipairs({ 'since', 'during', 'm' .. minutes, 'h' .. hours }) do
    redis.call('HINCRBY', budget, field, -1)
  end
  return 1
end

if (redis.call('HGET', budget, 'health') or '') ~= ARGV[4] then return -1 end
local kept = redis.call('HGETALL', budget)
local since, hour, day = 0, 0, 0
for i = 1, #kept, 2 do
  local field, count = kept[i], tonumber(kept[i + 1])
  local kind, at = string.match(field, '^([mh])(%d+)$')
  if field == 'since' then
    since = count
  elseif kind == 'm' or kind == 'h' then
    local ago, window = (kind == 'm' and minutes or hours) - tonumber(at), kind == 'm' and 12 or 24
    -- Ahead by a little: the clock jumped back, and what was sent still counts. Ahead by far: it would for ever.
    if math.abs(ago) > window then redis.call('HDEL', budget, field)
    elseif kind == 'm' then hour = hour + count
    else day = day + count end
  end
end
if ARGV[5] ~= '' and since >= tonumber(ARGV[5]) or hour >= tonumber(ARGV[6]) or day >= tonumber(ARGV[7]) then
  redis.call('HSET', budget, 'full', string.format('%.0f', now))
  return 0
end
for _, field in ipairs({ 'since', 'during', 'm' .. minutes, 'h' .. hours }) do
  redis.call('HINCRBY', budget, field, 1)
end
redis.call('PEXPIRE', budget, KEEP)
return 1
