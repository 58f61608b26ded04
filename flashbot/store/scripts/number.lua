-- What every process knows of a number, beside its ledger: the health that MsgFlash told, its state, its link.
-- ARGV: now|'', verb, instance, then
--   'read', fields...
--   'ask', ms during which nobody else asks, ms without a word in `asking` after which who asks is taken for dead (0: never)
--   'set', (field, value)...: '@' is now, '' forgets it
--   'unlinked': its link was lost now; the moments of the last two days are kept under 'losses'
--   'until', field, moment: never brought forward; why|'': kept as `<field>_why`
-- Returns: read: {now, values|''...}; ask: when it was asked for the one who asks now, else ''; others: 1
local now, verb = time(ARGV[1]), ARGV[2]
local number = tag .. ':number:' .. ARGV[3]
local KEEP = 400 * 24 * 3600 * 1000
local stamp = string.format('%.0f', now)

if verb == 'read' then
  local fields = {}
  for i = 4, #ARGV do fields[#fields + 1] = ARGV[i] end
  local out = redis.call('HMGET', number, unpack(fields))
  for i = 1, #fields do out[i] = out[i] or '' end
  table.insert(out, 1, stamp)
  return out
elseif verb == 'ask' then
  local asked, lives = tonumber(redis.call('HGET', number, 'asked') or '0'), tonumber(ARGV[5])
  if asked <= now and now - asked < tonumber(ARGV[4]) then
    local alive = lives > 0 and tonumber(redis.call('HGET', number, 'asking') or '')
    if not alive or now - alive < lives then return '' end
  end
  if lives > 0 then redis.call('HSET', number, 'asked', stamp, 'asking', stamp)
  else redis.call('HSET', number, 'asked', stamp) end
  redis.call('HSETNX', number, 'seen', stamp)
  redis.call('PEXPIRE', number, KEEP)
  return stamp
elseif verb == 'set' then
  for i = 4, #ARGV, 2 do
    if ARGV[i + 1] == '' then redis.call('HDEL', number, ARGV[i])
    else redis.call('HSET', number, ARGV[i], ARGV[i + 1] == '@' and stamp or ARGV[i + 1]) end
  end
  redis.call('PEXPIRE', number, KEEP)
  return 1
elseif verb == 'unlinked' then
  local losses = {}
  for at in string.gmatch(redis.call('HGET', number, 'losses') or '', '%d+') do
    if tonumber(at) <= now and now - tonumber(at) < 48 * 3600 * 1000 then losses[#losses + 1] = at end
  end
  losses[#losses + 1] = stamp
  redis.call('HSET', number, 'losses', table.concat(losses, ' ', math.max(1, #losses - 99)))
  redis.call('PEXPIRE', number, KEEP)
  return 1
elseif verb == 'until' then
  -- An end that lies more than a day ahead was written before the clock jumped back.
  local kept = tonumber(redis.call('HGET', number, ARGV[4]) or '0')
  if kept < tonumber(ARGV[5]) or kept > now + 24 * 3600 * 1000 then
    redis.call('HSET', number, ARGV[4], ARGV[5], ARGV[4] .. '_why', ARGV[6] or '')
  end
  redis.call('PEXPIRE', number, KEEP)
  return 1
end
return redis.error_reply('ERR unknown verb')
