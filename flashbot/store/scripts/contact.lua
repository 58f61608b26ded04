-- What is known of a contact, for whoever is about to write to them unasked. It changes nothing.
-- ARGV: now|'', contact ('' for none), instance
-- Returns: {now, unasked messages of the instance to people of this partition who have not written since, of 30 days,
--   the moment of the oldest|'', state|'', what they got unasked (as commit.lua writes it), oldest first...}
local now, contact = time(ARGV[1]), ARGV[2]
local all, since = tag .. ':unanswered:' .. (ARGV[3] or ''), '(' .. string.format('%.0f', now - 30 * DAY)
local oldest = redis.call('ZRANGEBYSCORE', all, since, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
local out = redis.call('LRANGE', tag .. ':sent:' .. contact, 0, -1)
table.insert(out, 1, redis.call('GET', tag .. ':st:' .. contact) or '')
table.insert(out, 1, oldest and string.format('%.0f', oldest) or '')
table.insert(out, 1, redis.call('ZCOUNT', all, since, '+inf'))
table.insert(out, 1, string.format('%.0f', now))
return out
