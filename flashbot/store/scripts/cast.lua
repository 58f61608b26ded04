-- A broadcast: its record and what it has still to feed in the first partition, what became of each person in theirs.
--   casts                when each broadcast known here is forgotten
--   casts:going          those that a feeder looks after (first partition)
--   cast:<job>           its record (first partition): fields of `Cast`, `owner` and `until` of its feeder
--   cast:<job>:entries   place -> '<contact>\n<entry>' (likewise)
--   cast:<job>:who       contact -> place (likewise)
--   cast:<job>:people, :counts, :left   see `fate` in mailbox.lua
-- ARGV: now|'', verb, then, in the first partition
--   'begin': job, ms to keep it, digest, salt, (field, value)...; {state, digest, salt, total} as they are now: one that
--            never ran begins anew
--   'add': job, salt, (contact, entry)...; the total, or -1 when another making has begun, or none is under way
--   'start': job, salt, ms to keep it, canary, how many it must have; 1, or 0 when it had begun, another making has, or
--            it has not so many
--   'read': job; {now, fields...}
--   'state': job; its state|''
--   'list': {now, job...}
--   'going': token, ms, jobs that are left to others...; {now, {job, fields...}...} of those that nobody else feeds now
--   'move': job, '' or states of which it must be in one (between commas), ms to keep it|'', (field, value)...; 1 or 0
--   'next': job, places...; {contact, entry...}, '' and '' for one who was erased
--   'advance': job, from, to, places...; 1, or 0 when another feeder was before
--   'forget': contact
-- and in each person's
--   'feed': job, ms to keep it, (contact, entry, why as `record` takes it)...; how many are new
--   'counts': job; {number of words, (word, people)..., (ten minutes, messages that left)...}
--   'keep': job, ms
--   'documents': contacts...; {document|''...}
local now, verb, job = time(ARGV[1]), ARGV[2], ARGV[3]
local cast = tag .. ':cast:' .. (job or '')

if verb == 'state' then return redis.call('HGET', cast, 'state') or '' end

if verb == 'read' then
  local found = redis.call('HGETALL', cast)
  table.insert(found, 1, string.format('%.0f', now))
  return found
end

if verb == 'list' then
  local found = redis.call('ZRANGEBYSCORE', tag .. ':casts', '(' .. string.format('%.0f', now), '+inf')
  table.insert(found, 1, string.format('%.0f', now))
  return found
end

if verb == 'documents' then
  local found = {}
  for i = 3, #ARGV do found[#found + 1] = redis.call('GET', tag .. ':st:' .. ARGV[i]) or '' end
  return found
end

if verb == 'counts' then
  local words, slots = redis.call('HGETALL', cast .. ':counts'), redis.call('HGETALL', cast .. ':left')
  local out = { #words / 2 }
  for i = 1, #words do out[#out + 1] = words[i] end
  for i = 1, #slots do out[#out + 1] = slots[i] end
  return out
end

if verb == 'next' then
  local out, fields = {}, {}
  for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
  for _, found in ipairs(redis.call('HMGET', cast .. ':entries', unpack(fields))) do
    local contact, entry = string.match(found or '', '^([^\n]*)\n(.*)$')
    out[#out + 1] = contact or ''
    out[#out + 1] = entry or ''
  end
  return out
end

local function keep(ms)
  redis.call('ZADD', tag .. ':casts', now + ms, job)
  for _, part in ipairs({ '', ':entries', ':who', ':people', ':counts', ':left' }) do
    redis.call('PEXPIRE', cast .. part, ms)
  end
end

if verb == 'keep' then
  if redis.call('ZSCORE', tag .. ':casts', job) then keep(tonumber(ARGV[4])) end
  return 1
end

if verb == 'begin' then
  local have = redis.call('HMGET', cast, 'state', 'digest', 'salt', 'total')
  if have[1] and (have[1] ~= 'making' and have[1] ~= 'stopped' or redis.call('HEXISTS', cast, 'started') == 1) then
    return have
  end
  redis.call('UNLINK', cast, cast .. ':entries', cast .. ':who')
  redis.call('ZREMRANGEBYSCORE', tag .. ':casts', '-inf', now)
  redis.call('HSET', cast, 'state', 'making', 'digest', ARGV[5], 'salt', ARGV[6], 'total', 0, 'fed', 0, 'made',
    string.format('%.0f', now), unpack(ARGV, 7))
  keep(tonumber(ARGV[4]))
  return { 'making', ARGV[5], ARGV[6], 0 }
end

if verb == 'add' or verb == 'start' then
  local have = redis.call('HMGET', cast, 'state', 'salt', 'total')
  if have[1] ~= 'making' or have[2] ~= ARGV[4] then return verb == 'add' and -1 or 0 end
  if verb == 'start' then
    if have[3] ~= ARGV[7] then return 0 end
    redis.call('HSET', cast, 'state', 'canary', 'canary',
      string.format('%.0f', math.min(tonumber(ARGV[6]), tonumber(have[3]))),
      'started', string.format('%.0f', now))
    redis.call('SADD', tag .. ':casts:going', job)
    keep(tonumber(ARGV[5]))
    return 1
  end
  local total, left = tonumber(have[3]), redis.call('PTTL', cast)
  for i = 5, #ARGV, 2 do
    local place = string.format('%.0f', total)
    if redis.call('HSETNX', cast .. ':who', ARGV[i], place) == 1 then
      redis.call('HSET', cast .. ':entries', place, ARGV[i] .. '\n' .. ARGV[i + 1])
      total = total + 1
    end
  end
  redis.call('HSET', cast, 'total', string.format('%.0f', total))
  if left > 0 then
    redis.call('PEXPIRE', cast .. ':who', left)
    redis.call('PEXPIRE', cast .. ':entries', left)
  end
  return total
end

if verb == 'going' then
  local out, left = { string.format('%.0f', now) }, {}
  for i = 5, #ARGV do left[ARGV[i]] = true end
  for _, each in ipairs(redis.call('SMEMBERS', tag .. ':casts:going')) do
    local name = tag .. ':cast:' .. each
    local have = redis.call('HMGET', name, 'state', 'owner', 'until')
    local ends = tonumber(have[3] or '0')
    if not have[1] then
      redis.call('SREM', tag .. ':casts:going', each)
    elseif not left[each] and (have[2] == ARGV[3] or ends <= now or ends > now + tonumber(ARGV[4])) then
      redis.call('HSET', name, 'owner', ARGV[3], 'until', now + tonumber(ARGV[4]))
      local fields = redis.call('HGETALL', name)
      table.insert(fields, 1, each)
      out[#out + 1] = fields
    end
  end
  return out
end

if verb == 'move' then
  local state = redis.call('HGET', cast, 'state')
  if not state then return 0 end
  if ARGV[4] ~= '' and not string.find(',' .. ARGV[4] .. ',', ',' .. state .. ',', 1, true) then return 0 end
  redis.call('HSET', cast, unpack(ARGV, 6))
  state = redis.call('HGET', cast, 'state')
  local going = state == 'canary' or state == 'watching' or state == 'running'
  redis.call(going and 'SADD' or 'SREM', tag .. ':casts:going', job)
  if ARGV[5] ~= '' then
    redis.call('UNLINK', cast .. ':entries', cast .. ':who')
    keep(tonumber(ARGV[5]))
  end
  return 1
end

if verb == 'advance' then
  if redis.call('HGET', cast, 'fed') ~= ARGV[4] then return 0 end
  for i = 6, #ARGV do
    local contact = string.match(redis.call('HGET', cast .. ':entries', ARGV[i]) or '', '^([^\n]*)\n')
    if contact then redis.call('HDEL', cast .. ':who', contact) end
    redis.call('HDEL', cast .. ':entries', ARGV[i])
  end
  redis.call('HSET', cast, 'fed', ARGV[5])
  return 1
end

if verb == 'forget' then
  for _, each in ipairs(redis.call('ZRANGE', tag .. ':casts', 0, -1)) do
    local name = tag .. ':cast:' .. each
    local place = redis.call('HGET', name .. ':who', ARGV[3])
    if place then
      redis.call('HDEL', name .. ':who', ARGV[3])
      redis.call('HDEL', name .. ':entries', place)
    end
  end
  return 1
end

if verb == 'feed' then
  local new = 0
  for i = 5, #ARGV, 3 do
    local contact = ARGV[i]
    if redis.call('HEXISTS', cast .. ':people', contact) == 0 then
      append('drip', contact, ARGV[i + 1], now, 0)
      enlist(job, contact, tonumber(ARGV[4]), now)
      record(contact, ARGV[i + 2], now)
      new = new + 1
    end
  end
  return new
end
return redis.error_reply('ERR unknown verb')
