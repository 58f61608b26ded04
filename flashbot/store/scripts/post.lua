-- Put an entry into a contact's mailbox, once per key.
-- ARGV: now|'', queue, dedupe key|'', dedupe ms, contact, entry, lease ms (0: do not take),
--   most that may wait (0: any number), reason to give up the oldest for the new one (JSON; '': refuse the new one),
--   why|'' (a record as `record` takes it), '<keep ms>'|'' for a record of the one that was given up,
--   further dedupe keys of the same event...
-- Returns: 0 known already, 1 stored, 2 stored and the oldest made a dead letter, -1 refused because the mailbox is
--   full, or what was leased when the caller takes it at once.
local now = time(ARGV[1])
local queue, contact, most, reason = ARGV[2], ARGV[5], tonumber(ARGV[8]), ARGV[9]
local box, meta = key(queue, 'box:' .. contact), key(queue, 'm:' .. contact)
local seen = tag .. ':seen:' .. ARGV[3]
if ARGV[3] ~= '' and redis.call('EXISTS', seen) == 1 then return 0 end
for i = 12, #ARGV do
  if redis.call('EXISTS', tag .. ':seen:' .. ARGV[i]) == 1 then return 0 end
end

local oldest, at_head
local length = most > 0 and redis.call('LLEN', box) or 0
if most > 0 and length >= most then
  -- Whoever holds the head settles it by trimming, also after his lease has run out: it does not wait any more.
  local have = redis.call('HMGET', meta, 'e', 'd')
  local held = have[1] and have[1] ~= have[2] and 1 or 0
  if length - held >= most then
    for i, entry in ipairs(reason ~= '' and redis.call('LRANGE', box, held, held + 15) or {}) do
      if string.sub(entry, 1, 2) ~= 'T ' then -- a timer is ours: nobody floods with it
        oldest, at_head = entry, held == 0 and i == 1
        break
      end
    end
    if not oldest then return -1 end
  end
end

-- The push comes first: should it fail (a wrong type, no memory), nothing was given up and the key is not
-- remembered as stored.
local taken = append(queue, contact, ARGV[6], now, tonumber(ARGV[7]))
if oldest then
  redis.call('XADD', tag .. ':dead', 'MAXLEN', '~', 100000, '*', 'q', queue, 'c', contact, 'at', now, 'why', reason,
    'entry', oldest)
  redis.call('LREM', box, 1, oldest)
  if at_head then redis.call('HSET', meta, 'a', 0, 'n', '') end -- what was tried was tried on the one that is gone
end
if ARGV[3] ~= '' then redis.call('SET', seen, '1', 'PX', ARGV[4]) end
for i = 12, #ARGV do redis.call('SET', tag .. ':seen:' .. ARGV[i], '1', 'PX', ARGV[4]) end
record(contact, ARGV[10], now)
if oldest and ARGV[11] ~= '' then
  local id = string.match(oldest, '^%S+ %S+ ([%w_%-]+)') or ''
  record(contact, string.format('%s crowded - {"kind":"crowded","id":"%s"}', ARGV[11], id), now)
end
return taken or (oldest and 2 or 1)
