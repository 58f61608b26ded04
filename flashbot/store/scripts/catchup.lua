-- Who reads the message list, when, and how far back: one pass at a time over all processes of a store.
-- Times are ms by this server's clock, kept as fields and not as expiries, so that a clock that jumped back is seen.
-- ARGV: now|'', verb, then
--   'begin': token, ms it may hold the pass without a word, least ms between two, ms from one to the next (0: only
--            when asked for), asked for (1|0), where a store that forgot everything begins|''
--   'renew': token, ms to hold on
--   'end':   token, mark (0: as it was), what the list shows ('': nothing is known), ms to believe that, ms to the
--            next pass (0: as usual)
--   'fail':  token, ms to the next try
--   'ask':   nothing
--   'heard': ids of a message that came as a webhook, ms between two of them, how many to keep
-- Returns: for 'begin' {0, ms to wait} or {1, now, made, mark, tries, asked for, forgot, heard...}; for 'end' 2 where
--   what the list shows was never said before, else 1, and 0 when somebody else holds the pass; likewise 1 or 0.
local now = time(ARGV[1])
local verb = ARGV[2]
local record, heard = tag .. ':catchup', tag .. ':catchup:heard'

local function field(name) return tonumber(redis.call('HGET', record, name) or '0') end
local function past(ms) return ms <= now and ms or 0 end -- what lies ahead was written before the clock jumped

if verb == 'ask' then return redis.call('HSET', record, 'asked', now) end

if verb == 'heard' then
  local newest = redis.call('LINDEX', heard, 0)
  local at = newest and past(tonumber(string.match(newest, '^%d+'))) or 0
  if now - at < tonumber(ARGV[4]) then return 0 end
  redis.call('LPUSH', heard, string.format('%.0f ', now) .. ARGV[3])
  redis.call('LTRIM', heard, 0, tonumber(ARGV[5]) - 1)
  return 1
end

if verb == 'begin' then
  local hold, least, apart = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  if redis.call('HEXISTS', record, 'made') == 0 then
    local known = ARGV[8] ~= ''
    redis.call('HSET', record, 'made', known and ARGV[8] or now, 'forgot', known and 1 or 0)
  end
  if ARGV[7] == '1' then redis.call('HSET', record, 'asked', now) end
  local held, ready = field('until'), past(field('begun')) + least
  if held > now + hold then held = 0 end
  if math.max(held, ready) > now then return { 0, math.max(held, ready) - now } end
  local asked = redis.call('HEXISTS', record, 'asked')
  local due = field('next')
  if due == 0 and apart > 0 then
    local believed = field('believed')
    due = math.max(past(field('done')) + apart, believed > now + 8 * 24 * 3600000 and 0 or believed)
  end
  if asked == 0 and (due == 0 or due > now) then return { 0, due == 0 and least or due - now } end
  redis.call('HSET', record, 'owner', ARGV[3], 'until', now + hold, 'begun', now)
  local out = { 1, now, field('made'), field('mark'), field('tries'), asked, field('forgot') }
  for _, one in ipairs(redis.call('LRANGE', heard, 0, -1)) do out[#out + 1] = one end
  return out
end

if redis.call('HGET', record, 'owner') ~= ARGV[3] then return 0 end
if verb == 'renew' then
  redis.call('HSET', record, 'until', now + tonumber(ARGV[4]))
  return 1
end

redis.call('HDEL', record, 'owner', 'until', 'next')
-- Asked for again while this one ran: the next one is for that.
if past(field('asked')) <= field('begun') then redis.call('HDEL', record, 'asked') end
if verb == 'fail' then
  redis.call('HINCRBY', record, 'tries', 1)
  redis.call('HSET', record, 'next', now + tonumber(ARGV[4]))
  return 1
end

local mark, shows, soon = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[7])
redis.call('HDEL', record, 'tries')
redis.call('HSET', record, 'done', now, 'forgot', 0)
if mark > field('mark') then redis.call('HSET', record, 'mark', ARGV[4]) end
if soon > 0 then redis.call('HSET', record, 'next', now + soon) end
if shows == 'all' then redis.call('HDEL', record, 'believed') end
if shows == '' or shows == 'all' then return 1 end
redis.call('HSET', record, 'believed', now + tonumber(ARGV[6]))
return 1 + redis.call('HSETNX', record, 'said:' .. shows, now)
