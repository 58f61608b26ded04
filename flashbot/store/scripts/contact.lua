-- What is known of a contact, for whoever is about to write to them unasked. It changes nothing.
-- ARGV: now|'', contact
-- Returns: {now, state|'', what they got unasked (as commit.lua writes it), oldest first...}
local now, contact = time(ARGV[1]), ARGV[2]
local out = redis.call('LRANGE', tag .. ':sent:' .. contact, 0, -1)
table.insert(out, 1, redis.call('GET', tag .. ':st:' .. contact) or '')
table.insert(out, 1, string.format('%.0f', now))
return out
