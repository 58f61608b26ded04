-- The story of a contact, as the shared `record` writes it: read, added to outside a commit, found by an id, forgotten.
-- ARGV: now|'', verb, then
--   'add': contact, record as `record` takes it
--   'read': contact; the records, oldest first
--   'find': id of ours, of an event, or of the vendor; {contact, our id} or {} when nothing has it
--   'forget': contact; how many records went
local now = time(ARGV[1])
local verb, whose = ARGV[2], ARGV[3]
local story = tag .. ':why:' .. whose

if verb == 'add' then
  record(whose, ARGV[4], now)
  return 0
end

if verb == 'read' then return redis.call('LRANGE', story, 0, -1) end

if verb == 'find' then
  -- A message of a turn is found by its event: '<event>/<n>'.
  local contact = redis.call('GET', tag .. ':whose:' .. string.match(whose, '^[^/]*'))
  if contact then return { contact, whose } end
  local sent = redis.call('HMGET', tag .. ':out:' .. whose, 'c', 'm')
  return sent[1] and sent[2] and sent or {}
end

if verb == 'forget' then
  local kept = redis.call('LRANGE', story, 0, -1)
  redis.call('DEL', story)
  for _, each in ipairs(kept) do
    local id = string.match(each, '^%d+ %d+ %d+ %S+ (%S+)')
    if id and id ~= '-' then redis.call('DEL', tag .. ':whose:' .. id) end
  end
  return #kept
end
