--!df flags=allow-undeclared-keys
-- Shared by every script of a partition; put before its text when it is loaded.
-- KEYS[1] is the partition's tag, e.g. {fb:0}; every key below stands under it.
-- Invariant: a mailbox is non-empty exactly when its contact is in `ready` or in `busy`.

local tag = KEYS[1]
local RUNAWAY = 15 * 60 * 1000 -- nobody parks longer: an end further ahead means the clock jumped back

local function time(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function key(queue, what) return tag .. ':' .. queue .. ':' .. what end

local function wake()
  local tokens = tag .. ':wake'
  if redis.call('LLEN', tokens) < 8 then redis.call('RPUSH', tokens, '1') end
end

-- Lease the contact to the caller: raise the epoch, count the attempt, hand over the head.
local function lease(queue, contact, now, ms)
  local head = redis.call('LINDEX', key(queue, 'box:' .. contact), 0)
  if not head then
    redis.call('ZREM', key(queue, 'busy'), contact)
    return nil
  end
  local meta = key(queue, 'm:' .. contact)
  local have = redis.call('HMGET', meta, 'e', 'a', 's', 'n', 'd')
  -- The time is in it: after a failover that lost some takes, or with these counters deleted by hand, no former owner
  -- may hold the number that somebody gets now.
  local epoch = math.max(tonumber(have[1] or '0') + 1, now)
  local attempts = tonumber(have[2] or '0') + 1
  local since = attempts > 1 and have[3] or string.format('%.0f', now)
  redis.call('HSET', meta, 'e', epoch, 'a', attempts, 's', since)
  redis.call('ZADD', key(queue, 'busy'), now + ms, contact)
  local state = queue == 'in' and redis.call('GET', tag .. ':st:' .. contact)
  return { queue, contact, epoch, attempts, since, have[4], head, state, now, have[5] and 1 or 0 }
end

local function take_ready(queue, now, ms)
  while true do
    local contact = redis.call('LPOP', key(queue, 'ready'))
    if not contact then return nil end
    local taken = lease(queue, contact, now, ms)
    if taken then return taken end
  end
end

-- Append; a box that was empty schedules its contact, or leases it at once to a caller who has a free
-- hand (ms > 0) while nobody waits before it.
local function append(queue, contact, entry, now, ms)
  local length = redis.call('RPUSH', key(queue, 'box:' .. contact), entry)
  if length > 1 then return nil end
  if ms > 0 and redis.call('LLEN', key(queue, 'ready')) == 0 then return lease(queue, contact, now, ms) end
  redis.call('RPUSH', key(queue, 'ready'), contact)
  wake()
  return nil
end

-- Contacts whose lease or back-off has ended go back to `ready`; at most 16, so that no call is long.
local function wake_due(queue, now)
  local busy = key(queue, 'busy')
  local due = redis.call('ZRANGEBYSCORE', busy, '-inf', now, 'LIMIT', 0, 16)
  if #due == 0 then due = redis.call('ZRANGEBYSCORE', busy, now + RUNAWAY, '+inf', 'LIMIT', 0, 16) end
  for _, contact in ipairs(due) do
    redis.call('ZREM', busy, contact) -- first, because it frees: full memory must not stop what drains it
    redis.call('RPUSH', key(queue, 'ready'), contact)
  end
  return #due
end

local function fire_timers(now)
  local timers = tag .. ':timers'
  local due = redis.call('ZRANGEBYSCORE', timers, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 16)
  for i = 1, #due, 2 do
    local contact = string.match(due[i], '^(.-)|')
    redis.call('ZREM', timers, due[i])
    if contact then append('in', contact, 'T ' .. string.format('%.0f', due[i + 1]) .. '\n' .. due[i], now, 0) end
  end
end
