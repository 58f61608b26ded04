-- Wake what is due, then lease up to `max` contacts, earlier queues first. A contact whose head holds certain words is
-- parked unseen: it costs nobody a hand, an attempt or a slot in the rate.
-- ARGV: now|'', lease ms, max (0: only wake and count), seed from 0 to 1, number of words,
--   (queue, words, ms, '<keep ms> <reason>'|'' for the contact's story)..., queue...
-- Returns: {how many stay ready, leased...}; less than zero, minus one: as many stay, and too many had to be parked for
--   one call, so call again
local now = time(ARGV[1])
local ms, max = tonumber(ARGV[2]), tonumber(ARGV[3])
local seed, spare, unfinished = tonumber(ARGV[4]), 500, false
local holds, first = {}, 6 + 4 * ARGV[5]
for i = 6, first - 1, 4 do
  holds[ARGV[i]] = holds[ARGV[i]] or {}
  table.insert(holds[ARGV[i]], { ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3] })
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
    seed = (seed + 0.6180339887) % 1 -- spread evenly, so that they do not all come back at once
    redis.call('LPOP', key(queue, 'ready'))
    local wait = math.floor(hold[2] * (0.5 + seed / 2))
    redis.call('ZADD', key(queue, 'busy'), now + wait, contact)
    tell(contact, head, hold[3], wait)
  end
  return true
end

local out, left = { 0 }, 0
for i = first, #ARGV do
  local queue = ARGV[i]
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
  left = left + redis.call('LLEN', key(queue, 'ready'))
  if unfinished then break end -- nobody of a later queue goes before one who may stand behind those
end
out[1] = unfinished and -left - 1 or left
return out
