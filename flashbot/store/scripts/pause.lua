-- What holds sending back, for every process alike: by scope, 'account' or an instance's id, the cause told last.
-- Two causes are none: 'suspect' (somebody shall ask how the instance is) and 'asked' (that was done a moment ago).
-- ARGV: now|'', verb, then
--   'read'
--   'hold', scope, cause, ms until somebody may try
--   'lift', scope
--   'elect', scope, ms until the next may try, the longest such wait
--   'suspect', scope
-- Returns: read: {now, (scope, cause, since, ms until somebody may try)...}; hold: {1 (news)|0, since};
--   lift: since when it was held, 0 for not at all; elect: 1 for the one who tries now, else 0; suspect: 1 (news)|0
local now, verb, scope = time(ARGV[1]), ARGV[2], ARGV[3]
local pauses = tag .. ':pauses'
local LONGEST, KEEP = 3600 * 1000, 40 * 24 * 3600 * 1000

local function parse(kept) -- an end further ahead than any wait means that the clock jumped back
  local cause, since, try = string.match(kept or '', '^(%S+) (%d+) (%d+)$')
  if not cause then return nil end
  return cause, math.min(tonumber(since), now), tonumber(try)
end

local function keep(cause, since, try)
  redis.call('HDEL', pauses, scope) -- a write that frees comes first: full memory must not hide a pause
  redis.call('HSET', pauses, scope, string.format('%s %.0f %.0f', cause, since, try))
  redis.call('PEXPIRE', pauses, KEEP)
end

if verb == 'read' then
  local kept, out = redis.call('HGETALL', pauses), { string.format('%.0f', now) }
  for i = 1, #kept, 2 do
    local cause, since, try = parse(kept[i + 1])
    if cause then
      local wait = try - now
      if wait < 0 or wait > LONGEST then wait = 0 end
      for _, word in ipairs({ kept[i], cause, string.format('%.0f', since), string.format('%.0f', wait) }) do
        out[#out + 1] = word
      end
    end
  end
  return out
end

local cause, since, try = parse(redis.call('HGET', pauses, scope))
if verb == 'hold' then
  local news = cause ~= ARGV[4]
  if news then since = now end
  keep(ARGV[4], since, now + tonumber(ARGV[5]))
  return { news and 1 or 0, string.format('%.0f', since) }
elseif verb == 'lift' then
  if not cause then return 0 end
  -- Of an instance it is remembered that somebody asked, so that nobody asks again at once.
  if scope ~= 'account' and try > now and try - now <= LONGEST then keep('asked', now, try)
  else redis.call('HDEL', pauses, scope) end
  return (cause == 'suspect' or cause == 'asked') and '0' or string.format('%.0f', since)
elseif verb == 'elect' then
  if not cause or cause == 'asked' or try > now and try - now <= tonumber(ARGV[5]) then return 0 end
  keep(cause, since, now + tonumber(ARGV[4]))
  return 1
elseif verb == 'suspect' then
  if cause and cause ~= 'asked' then return 0 end
  keep('suspect', now, cause and try or now)
  return 1
end
return redis.error_reply('ERR unknown verb')
