-- Wake what is due, then lease up to `max` contacts, earlier queues first. A contact whose head holds certain words is
-- parked unseen: it costs nobody a hand, an attempt or a slot in the rate.
-- ARGV: now|'', lease ms, max (0: only wake and count), seed from 0 to 1, most to park, number of words,
--   (queue, words, ms, '<keep ms> <reason>'|'' for the contact's story, 1: what waits for it ages|0)..., queue...
-- Returns: {how many stay ready, leased...}; less than zero, minus one: as many stay, and too many had to be parked for
--   one call, so call again
local now = time(ARGV[1])
local ms, max = tonumber(ARGV[2]), tonumber(ARGV[3])
local seed, spare, unfinished = tonumber(ARGV[4]), tonumber(ARGV[5]), false
local holds, first = {}, 7 + 5 * ARGV[6]
for i = 7, first - 1, 5 do
  holds[ARGV[i]] = holds[ARGV[i]] or {}
  table.insert(holds[ARGV[i]], { ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4] == '1' })
end

local function hold_of(queue, contact)
  local head = redis.call('LINDEX', key(queue, 'box:' .. contact), 0)
  -- What holds unasked messages is nothing to a notice that was asked for, and only waits among them.
  if head and queue == 'drip' and string.find(head, '^M %S+ service ') then return nil end
  for _, hold in ipairs(head and holds[queue] or {}) do
    if string.find(head, hold[1], 1, true) then
      -- What was tried already may have been sent: that is looked into, whatever is held.
      if tonumber(redis.call('HGET', key(queue, 'm:' .. contact), 'a') or '0') > 0 then return nil end
      return hold, head
    end
  end
  return nil
end

-- Why a message was parked unseen, as `engine/reasons.py` writes it of those that were seen.
local function tell(contact, head, said, wait)
  local keep, why = string.match(said, '^(%d+) (%S+)$')
  local id, class = string.match(head, '^M (%S+) (%S+)')
  if not keep or not id then return end
  local about = string.find(id, '/', 1, true) and '-' or id
  record(contact, string.format('%s waits:%s:%s %s {"kind":"waits","id":"%s","class":"%s","why":"%s","wait":%.0f}',
    keep, id, why, about, id, class, why, wait), now)
end

-- What waits behind a hold does not age meanwhile, nor while a crowd comes back from it, or a process; what nobody
-- looked at for longer does.
local COMING_BACK = 2 * 3600 * 1000
local function postpone(contact, head, ends)
  local its = key('drip', 'm:' .. contact)
  local have = redis.call('HMGET', its, 'p', 'g')
  local held, made = tonumber(have[1] or '0'), tonumber(string.match(head, '^M %S+ %S+ (%d+)') or '0')
  local due = math.max(made, math.min(now, tonumber(have[2] or have[1] or '0')))
  local late = now - held
  if late < 0 or late > COMING_BACK then late = 0 end
  redis.call('HSET', its, 'p', string.format('%.0f', ends), 'g', string.format('%.0f', due + late + ends - now))
end

-- What else waits for a contact goes before the message of a paused broadcast, which may be so for weeks.
local function put_aside(contact, hold)
  local lane = key('drip', 'box:' .. contact)
  if string.sub(hold[1], 1, 7) ~= 'M cast-' or (redis.call('HGET', key('drip', 'm:' .. contact), 'n') or '') ~= '' then
    return false
  end
  for i, entry in ipairs(redis.call('LRANGE', lane, 0, 15)) do
    local held = false
    for _, one in ipairs(holds['drip']) do
      held = held or string.sub(one[1], 1, 7) == 'M cast-' and string.sub(entry, 1, #one[1]) == one[1]
    end
    if not held then
      for _ = 2, i do redis.call('RPUSH', lane, redis.call('LPOP', lane)) end
      return true
    end
  end
  return false
end

-- Park what is held at the front of the line.
local function sweep(queue)
  while holds[queue] do
    local contact = redis.call('LINDEX', key(queue, 'ready'), 0)
    local hold, head
    if contact then hold, head = hold_of(queue, contact) end
    if not hold then return true end
    if spare == 0 then
      unfinished = true
      return false
    end
    spare = spare - 1
    if queue == 'drip' and put_aside(contact, hold) then hold, head = hold_of(queue, contact) end
    if not hold then return true end
    seed = (seed + 0.6180339887) % 1 -- spread evenly, so that they do not all come back at once
    redis.call('LPOP', key(queue, 'ready'))
    local wait = math.floor(hold[2] * (0.5 + seed / 2))
    redis.call('ZADD', key(queue, 'busy'), now + wait, contact)
    if queue == 'drip' and not hold[4] then postpone(contact, head, now + wait) end
    tell(contact, head, hold[3], wait)
  end
  return true
end

local out, left = { 0 }, 0
for i = first, #ARGV do
  local queue = ARGV[i]
  if max > 0 and #out - 1 >= max then break end -- who has their hands full waits for no crowd of a later queue
  if queue == 'in' then fire_timers(now) end
  local woken, rounds = wake_due(queue, now), 1
  -- A crowd that is held back, or parked piece by piece, comes due all the time: nobody else shall wait until it was
  -- woken sixteen by sixteen.
  while (holds[queue] or queue == 'drip') and woken == 16 and rounds < 32 do
    woken, rounds = wake_due(queue, now), rounds + 1
  end
  while sweep(queue) and #out - 1 < max do
    local taken = take_ready(queue, now, ms)
    if not taken then break end
    out[#out + 1] = taken
  end
  if unfinished and left > 0 then unfinished = false end -- what is ready in an earlier queue shall not wait for these
  left = left + redis.call('LLEN', key(queue, 'ready'))
  if unfinished then break end -- nobody of a later queue goes before one who may stand behind those
end
out[1] = unfinished and -left - 1 or left
return out
