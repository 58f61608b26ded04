-- Note how far a message has come, by the vendor's id. The ladder only moves up; each rung keeps its first time.
-- A message that is tied to none of ours (yet) is evidence for a send that got no answer: whoever of this contact is
-- parked in doubt is woken, once per id.
-- ARGV: now|'', vendor id|'', provider's id|'', contact|'', instance|'', rung (0: of no meaning here), its name, keep ms,
--   loose ms
-- Returns: {1 moved up or 0, our message id|'', its contact|''}
local now = time(ARGV[1])
local id, provider, contact, instance = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local rung, name, keep = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local LOOSE = 50 -- of one contact

-- Some events name the provider's id only; a former one may have named both.
if id == '' then id = redis.call('GET', tag .. ':by:' .. provider) or '' end
if id == '' then return { 0, '', '' } end

local record = tag .. ':out:' .. id
local have = redis.call('HMGET', record, 'r', 'm', 'c', 'u')
local stood, moved = tonumber(have[1] or '0'), 0
if rung > stood then
  redis.call('HSET', record, 'r', rung, 's', name)
  moved = 1
  if name == 'failed' and have[4] then
    redis.call('HINCRBY', tag .. ':days:' .. have[4], math.floor(now / DAY) .. ':f', 1)
    redis.call('PEXPIRE', tag .. ':days:' .. have[4], 40 * DAY)
  end
  fate(have[2], have[3], name, now)
end
-- A failure that is told after the delivery is none.
if rung > stood or (rung > 0 and name ~= 'failed') then redis.call('HSETNX', record, name, now) end
if provider ~= '' and redis.call('HSETNX', record, 'p', provider) == 1 then
  redis.call('SET', tag .. ':by:' .. provider, id, 'PX', keep)
end

-- Parked in doubt: settled (`d` is the epoch of its last take) without the attempts being taken back.
local function rouse(queue)
  local meta = redis.call('HMGET', key(queue, 'm:' .. contact), 'e', 'd', 'a')
  if not meta[1] or meta[1] ~= meta[2] or tonumber(meta[3] or '0') == 0 then return end
  if redis.call('ZREM', key(queue, 'busy'), contact) == 1 then
    redis.call('RPUSH', key(queue, 'ready'), contact)
    wake()
  end
end

local lanes = redis.call('EXISTS', key('reply', 'm:' .. contact), key('drip', 'm:' .. contact))
if not have[2] and contact ~= '' and lanes > 0 then
  local loose = tag .. ':loose:' .. contact
  if redis.call('ZADD', loose, 'NX', now, id) == 1 then
    redis.call('HSET', record, 'i', instance)
    redis.call('ZREMRANGEBYRANK', loose, 0, -LOOSE - 1)
    redis.call('PEXPIRE', loose, ARGV[9])
    rouse('reply')
    rouse('drip')
  end
end
redis.call('PEXPIRE', record, keep)
return { moved, have[2] or '', have[3] or '' }
