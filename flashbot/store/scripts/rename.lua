-- Put another name in the place of a contact's in a number's books: what was counted stays, and names nobody.
-- ARGV: now|'' (unused), contact, the other name, keys (of sorted sets, of hashes, and those that end in the contact)...
-- Returns: how many places were renamed
local contact, alias, renamed = ARGV[2], ARGV[3], 0

for i = 4, #ARGV do
  local book = ARGV[i]
  if string.sub(book, -#contact - 1) == ':' .. contact then
    local other = string.sub(book, 1, -#contact - 1) .. alias
    if redis.call('EXISTS', book) == 1 then
      redis.call('RENAME', book, other)
      renamed = renamed + 1
    end
    book = other
  end
  local kind = redis.call('TYPE', book).ok
  if kind == 'zset' then
    local score = redis.call('ZSCORE', book, contact)
    if score then
      redis.call('ZREM', book, contact) -- frees, as every first write
      redis.call('ZADD', book, score, alias)
      renamed = renamed + 1
    end
  elseif kind == 'hash' then
    local value = redis.call('HGET', book, contact)
    if value then
      redis.call('HDEL', book, contact)
      redis.call('HSET', book, alias, value)
      renamed = renamed + 1
    end
    if redis.call('HGET', book, 'contact') == contact then
      redis.call('HSET', book, 'contact', alias)
      renamed = renamed + 1
    end
  end
end
return renamed
