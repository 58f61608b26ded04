-- Wake what is due, then lease up to `max` contacts, earlier queues first. A contact whose head holds certain words is
-- parked unseen: it costs nobody a hand, an attempt or a slot in the rate.
-- ARGV: now|'', lease ms, max (0: only wake and count), seed from 0 to 1, number of words, (queue, words, ms)..., queue...
-- Returns: {how many stay ready, leased...}; less than zero, minus one: as many stay, and too many had to be parked for
--   one call, so call again
local now = time(ARGV[1])
local ms, max = tonumber(ARGV[2]), tonumber(ARGV[3])
local seed, spare, unfinished = tonumber(ARGV[4]), 500, false
local holds, first = {}, 6 + 3 * ARGV[5]
for i = 6, first - 1, 3 do
  holds[ARGV[i]] = holds[ARGV[i]] or {}
  table.insert(holds[ARGV[i]], { ARGV[i + 1], tonumber(ARGV[i + 2]) })
end

local function hold_of(queue, contact)
  local head = redis.call('LINDEX', key(queue, 'box:' .. contact), 0)
  for _, hold in ipairs(head and holds[queue] or {}) do
    if string.find(head, hold[1], 1, true) then
      -- What was tried already may have been sent: that is looked into, whatever is held.
      if tonumber(redis.call('HGET', key(queue, 'm:' .. contact), 'a') or '0') > 0 then return nil end
      return hold[2]
    end
  end
  return nil
end

-- Park what is held at the front of the line.
local function sweep(queue)
  while holds[queue] do
    local contact = redis.call('LINDEX', key(queue, 'ready'), 0)
    local wait = contact and hold_of(queue, contact)
    if not wait then return true end
    if spare == 0 then
      unfinished = true
      return false
    end
    spare = spare - 1
    seed = (seed + 0.6180339887) % 1 -- spread evenly, so that they do not all come back at once
    redis.call('LPOP', key(queue, 'ready'))
    redis.call('ZADD', key(queue, 'busy'), now + math.floor(wait * (0.5 + seed / 2)), contact)
  end
  return true
end

local out, left = { 0 }, 0
for i = first, #ARGV do
  local queue = ARGV[i]
  if queue == 'in' then fire_timers(now) end
  local woken, rounds = wake_due(queue, now), 1
  -- A crowd that is held back comes due all the time: nobody else shall wait until it was woken sixteen by sixteen.
  while holds[queue] and woken == 16 and rounds < 32 do
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
