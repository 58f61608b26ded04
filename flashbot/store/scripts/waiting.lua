-- How many messages wait in a slice of a lane. It changes nothing.
-- ARGV: now|'', lane, 'ready' or 'busy', first, most contacts to look at
-- Returns: {contacts looked at, rows...}; a row: {instance|'', class, 'ready' (its turn comes), 'hand' (somebody has it)
--   or 'parked', why|'', contacts, messages, ms of the moment at which the first of them comes: 0 for now}
-- `why` is what the contact's story says of the message before all others, where that is kept.
local now = time(ARGV[1])
local lane, place, first, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local EACH = 8 -- of one contact's messages are read; the others count as the last of these

local contacts, ends = {}, {}
if place == 'ready' then
  contacts = redis.call('LRANGE', key(lane, 'ready'), first, first + most - 1)
else
  local flat = redis.call('ZRANGE', key(lane, 'busy'), first, first + most - 1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    contacts[#contacts + 1] = flat[i]
    ends[#contacts] = tonumber(flat[i + 1])
  end
end

local function why_of(contact, id)
  local newest, found = 0, ''
  for _, said in ipairs(redis.call('LRANGE', tag .. ':why:' .. contact, -4, -1)) do
    local at, fold = string.match(said, '^%d+ (%d+) %d+ (%S+)')
    local about, why = string.match(fold or '', '^waits:(.*):([%w_]+)$')
    if about == id and tonumber(at) >= newest then newest, found = tonumber(at), why end
  end
  return found
end

local rows, by_name = {}, {}
local function add(name, fresh, messages, at)
  local row = by_name[name]
  if not row then
    row = { 0, 0, at, name }
    by_name[name] = row
    rows[#rows + 1] = row
  end
  row[1], row[2] = row[1] + (fresh and 1 or 0), row[2] + messages
  row[3] = math.min(row[3], at)
end

for i, contact in ipairs(contacts) do
  local box = key(lane, 'box:' .. contact)
  local entries = redis.call('LRANGE', box, 0, EACH - 1)
  local more = #entries == EACH and redis.call('LLEN', box) - EACH or 0
  local state, at, why = 'ready', 0, ''
  if place == 'busy' and #entries > 0 then
    local have = redis.call('HMGET', key(lane, 'm:' .. contact), 'e', 'd', 'p')
    if have[1] and have[1] ~= have[2] then
      state = 'hand'
    else
      local held = lane == 'drip' and tonumber(have[3] or '0') or 0
      if held > now + LONGEST_HELD then held = 0 end
      state, at = 'parked', math.max(ends[i], held)
      why = why_of(contact, string.match(entries[1], '^M (%S+)') or '')
    end
  end
  local seen = {}
  for n, entry in ipairs(entries) do
    local class = string.match(entry, '^M %S+ (%S+)') or '-'
    local instance = string.match(entry, '"instanceId":"([^"]*)"') or ''
    local name = table.concat({ class, state, why ~= '' and why or '-', instance }, ' ')
    add(name, not seen[name], 1 + (n == EACH and more or 0), at)
    seen[name] = true
  end
end

local out = { #contacts }
for _, row in ipairs(rows) do
  local class, state, why, instance = string.match(row[4], '^(%S+) (%S+) (%S+) (.*)$')
  out[#out + 1] = { instance, class, state, why == '-' and '' or why, row[1], row[2], string.format('%.0f', row[3]) }
end
return out
