-- What one number sent and is about to send, and whether one more message may leave: outreach/ledger.py, word for word.
-- Nothing is scanned: a hold counts by when it ends, a sent message by when it was settled, a contact by when it
-- leaves a window, so what is out of date counts no longer wherever it still lies; a few are swept with each call.
-- ARGV: now|'', verb, instance, then
--   'reserve', id, contact, unasked, cold, new (0|1 each), body|'', source, cost of a turn, gap, rest after, rest,
--     ms held, caps: hour, day, recipients hour, recipients day, proactive hour, proactive day, new hour, new day,
--     millionths of cold, identical; how many may still go unanswered|'', by a balance of which moment|''
--   'commit', id
--   'release', id
--   'note', id, contact, unasked, cold, new
--   'tell', asked, outbound hour|'', outbound day|'', recipients hour|'', recipients day|''
--   'expect', source
--   'rename', contact, the other name, bodies ('b:<hash>', 'bs:<hash>') in which they may be named...
--   'knows', id
--   'counts'
-- Returns: knows: 1|0; reserve: {1, at, seq}, {2, at, seq} granted before, {0, at, seq, reason, until}; commit, release, tell,
--   expect: {1|0, at, seq}; rename: {1, at, seq}, or {0, ...} when nothing names them, which is no move; note: {1, at, seq}; counts: the numbers of `Counts` in their order, then (source, granted, waiting)...
--   `at` is the time that was used, `seq` the move's place among all of this ledger's.
local raw, verb = time(ARGV[1]), ARGV[2]
local book = tag .. ':ledger:' .. ARGV[3] .. ':'
local HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000
local STILL, LATER, PATIENCE, FEW, LOOK, MOST_SOURCES = 10 * 60 * 1000, 15 * 60 * 1000, 5000, 5, 64, 64
local CREDIT, OVERLAP = 3 * 5040, 5 * 60 * 1000
local KEEP, KEEP_STATE, KEEP_SHORT, SWEPT = 26 * HOUR, 52 * HOUR, 2 * HOUR + 60000, 32
local ASKED, UNASKED, BOTH = { 'asked' }, { 'unasked' }, { 'asked', 'unasked' }

local function text(number) return string.format('%.0f', number) end
local function beyond(number) return '(' .. text(number) end

-- The ledger's own time never goes back: a small jump of the clock is waited for, a big one made up for by `ahead`.
-- Of the foreign: m(essages) and p(eople) of the h(our) and the d(ay), u(ntil) when they count.
local FIELDS = {
  'seen', 'ahead', 'at', 'next', 'batch', 'after', 'ms', 'rest', 'behind', 'told',
  'mh', 'mhu', 'md', 'mdu', 'ph', 'phu', 'pd', 'pdu', 'seq',
}
local state, dirty, saved = {}, {}, false
local kept = redis.call('HMGET', book .. 'state', 'last', unpack(FIELDS))
local last = kept[1] or ''
for i, name in ipairs(FIELDS) do state[name] = tonumber(kept[i + 1] or '0') end
local now = math.max(raw, state.seen) + state.ahead
local ahead = raw < state.seen - STILL and now - raw or state.ahead

local function set(name, value)
  state[name] = value
  dirty[#dirty + 1] = name
  dirty[#dirty + 1] = text(value)
end

local function write(key, keep, ...)
  redis.call(...)
  redis.call('PEXPIRE', key, keep)
end

-- Every move takes a number, kept by its first `save`. The first is the moment at which the ledger began, so that one
-- which was forgotten and begins anew goes on from none that was used. (An older flashbot gave no numbers.)
if verb ~= 'counts' and verb ~= 'knows' then
  set('seq', state.seq > 0 and state.seq + 1 or state.seen > 0 and raw + 1 or raw)
end
local function answer(what, ...) return { what, raw, state.seq, ... } end

-- The first write of whatever asks for memory.
local function save()
  if saved and #dirty == 0 then return end
  saved = true
  if raw < state.seen - STILL then
    set('ahead', state.ahead + state.seen - raw)
    set('seen', raw)
  elseif raw > state.seen then set('seen', raw) end
  write(book .. 'state', KEEP_STATE, 'HSET', book .. 'state', 'last', last, unpack(dirty))
  dirty = {}
end

-- A quarter of what there is at a time, so that no call pays for all.
local SWEEPS = {
  { 'h:asked', HOUR }, { 's:asked', DAY }, { 'h:unasked', HOUR }, { 's:unasked', DAY }, { 'h:new', HOUR },
  { 's:new', DAY }, { 'h:cold', HOUR }, { 's:cold', DAY }, { 'last', DAY }, { 'who:h', 0 }, { 'who:d', 0 },
}
local function sweep()
  for i = raw % 4 + 1, #SWEEPS, 4 do
    local key, moment = book .. SWEEPS[i][1], text(now - SWEEPS[i][2])
    local gone = redis.call('ZCOUNT', key, '-inf', moment)
    if gone > 0 then redis.call('ZREMRANGEBYRANK', key, 0, math.min(gone, SWEPT) - 1) end
  end
end

local function after(name, moment) return redis.call('ZCOUNT', book .. name, beyond(moment), '+inf') end
local function score(name, member) return tonumber(redis.call('ZSCORE', book .. name, member) or '-inf') or -math.huge end
local function put(name, at, member, keep) write(book .. name, keep or KEEP, 'ZADD', book .. name, text(at), member) end
local function raise(name, at, member, keep)
  write(book .. name, keep or KEEP, 'ZADD', book .. name, 'GT', text(at), member)
end

local counted = {}
local function after_now(name, moment)
  local known = name .. text(moment)
  counted[known] = counted[known] or after(name, moment)
  return counted[known]
end
local function used(group, window, at)
  if at ~= now then return after('h:' .. group, at) + after('s:' .. group, at - window) end
  return after_now('h:' .. group, now) + after_now('s:' .. group, now - window)
end

-- When `count` of them will be gone; a source is {name, for how long each stays after its moment}.
local function kth(count, sources, size, block_until)
  if block_until <= now then size = 0 end
  local function gone(moment)
    local n = block_until <= moment and size or 0
    for _, one in ipairs(sources) do
      n = n + redis.call('ZCOUNT', book .. one[1], beyond(now - one[2]), text(moment - one[2]))
    end
    return n
  end
  local best = size > 0 and (count <= size or gone(block_until) >= count) and block_until or nil
  for _, one in ipairs(sources) do
    local key = book .. one[1]
    local total = redis.call('ZCARD', key)
    local first = total - redis.call('ZCOUNT', key, beyond(now - one[2]), '+inf')
    local function moment(rank)
      return tonumber(redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')[2]) + one[2]
    end
    local low, high = first, math.min(first + count, total) -- the first rank by which enough are gone is below high
    while low < high do
      local middle = math.floor((low + high) / 2)
      local at = moment(middle)
      if best and at >= best or middle - first + 1 >= count or gone(at) >= count then
        best = best and math.min(best, at) or at
        high = middle
      else
        low = middle + 1
      end
    end
  end
  return best
end

local function full(cap, window, groups, size, block_until)
  if cap <= 0 then return now + LATER end
  if block_until <= now then size = 0 end
  local n, sources = size, {}
  for _, group in ipairs(groups) do
    n = n + used(group, window, now)
    sources[#sources + 1] = { 'h:' .. group, 0 }
    sources[#sources + 1] = { 's:' .. group, window }
  end
  if n >= cap then return kth(n - cap + 1, sources, size, block_until) end
end

local function crowded(contact, cap, who, size, block_until)
  if cap <= 0 then return now + LATER end
  if score(who, contact) > now then return nil end
  if block_until <= now then size = 0 end
  local n = after(who, now) + size
  if n >= cap then return kth(n - cap + 1, { { who, 0 } }, size, block_until) end
end

-- `left` of a balance that was read at this moment; it may hold what is counted here once more, for a while.
local function spent(left, read)
  if not left then return nil end
  local since = math.max(math.min(read + ahead, now) - OVERLAP, now - DAY)
  if after('h:unasked', now) + after('s:unasked', since) >= left then return now + OVERLAP end
end

local function too_cold(most)
  local function fits(at)
    return (used('cold', DAY, at) + 1) * 1000000 <= most * math.max(FEW, used('unasked', DAY, at) + 1)
  end
  if fits(now) then return nil end
  if most <= 0 then return now + LATER end
  local found = {}
  for name, stay in pairs({ ['h:cold'] = 0, ['s:cold'] = DAY }) do
    local some = redis.call('ZRANGE', book .. name, beyond(now - stay), '+inf', 'BYSCORE', 'LIMIT', 0, LOOK, 'WITHSCORES')
    for i = 2, #some, 2 do found[#found + 1] = tonumber(some[i]) + stay end
  end
  table.sort(found)
  for i = 1, math.min(#found, LOOK) do
    if fits(found[i]) then return found[i] end
  end
  return found[LOOK] or now + LATER
end

-- When the body may go to one more contact; nil: now.
local function repeated(contact, body, cap)
  local got = 'b:' .. body
  if score(got, contact) > now then return nil end
  local n = after(got, now)
  if n < cap then return nil end
  return cap > 0 and kth(n - cap + 1, { { got, 0 } }, 0, 0) or now + LATER
end

-- -- sources: by name {place, claim, when it ends, granted, seen}

local stands
local function read_stands()
  local flat = redis.call('HGETALL', book .. 'shares')
  stands = {}
  for i = 1, #flat, 2 do
    local stand = {}
    for word in string.gmatch(flat[i + 1], '%S+') do stand[#stand + 1] = tonumber(word) end
    stands[flat[i]] = stand
  end
end

local function keep_stand(source)
  local words = {}
  for i, number in ipairs(stands[source]) do words[i] = text(number) end
  write(book .. 'shares', KEEP_STATE, 'HSET', book .. 'shares', source, table.concat(words, ' '))
end

local function stand_of(source)
  if not stands[source] then
    local count, oldest = 0, nil
    for name, stand in pairs(stands) do
      count = count + 1
      if not oldest or stand[5] < stands[oldest][5] then oldest = name end
    end
    if count >= MOST_SOURCES then
      redis.call('HDEL', book .. 'shares', oldest)
      stands[oldest] = nil
    end
    stands[source] = { state.behind, 0, 0, 0, 0 }
  end
  return stands[source]
end

local function place(stand) return math.max(stand[1], state.behind - CREDIT) end

local function claim(source)
  local stand = stand_of(source)
  stand[1], stand[2], stand[3], stand[5] = place(stand), 1, 0, now
  keep_stand(source)
end

local function expected(source)
  local stand = stands[source]
  return stand and stand[2] == 1 and not (stand[3] > 0 and stand[3] <= now)
end

local function wait(source)
  local own = stands[source] and place(stands[source]) or state.behind
  local ends, waited = 0, {}
  for name, other in pairs(stands) do
    if name ~= source and other[2] == 1 and place(other) < own then
      if other[3] > 0 and other[3] <= now then other[2], other[3] = 0, 0
      else
        if other[3] == 0 then other[3] = now + PATIENCE end
        ends = math.max(ends, other[3])
      end
      waited[#waited + 1] = name
    end
  end
  if #waited == 0 then return nil end
  save()
  for _, name in ipairs(waited) do keep_stand(name) end
  if ends == 0 then return nil end
  claim(source)
  return ends
end

local function grant(source, cost)
  local stand = stand_of(source)
  set('behind', place(stand))
  stand[1], stand[4], stand[5] = state.behind + cost, stand[4] + 1, now
  return function()
    keep_stand(source)
    for name, other in pairs(stands) do
      if other[3] > 0 then
        other[3] = 0
        keep_stand(name)
      end
    end
  end
end

-- -- entries

local function recall(id)
  local have = redis.call('HMGET', book .. 'hold:' .. id, 'contact', 'body', 'groups', 'until', 'undo', 'source', 'last')
  if not have[1] then return nil end
  local hold = { id = id, contact = have[1], body = have[2], groups = {}, ends = tonumber(have[4]), undo = {} }
  for group in string.gmatch(have[3], '%S+') do hold.groups[#hold.groups + 1] = group end
  for word in string.gmatch(have[5], '%S+') do hold.undo[#hold.undo + 1] = tonumber(word) end
  hold.source, hold.last = have[6], have[7]
  return hold
end

local function was_sent(id)
  return score('s:asked', id) > now - DAY or score('s:unasked', id) > now - DAY
end

local function drop(hold) -- frees only
  redis.call('DEL', book .. 'hold:' .. hold.id)
  for _, group in ipairs(hold.groups) do redis.call('ZREM', book .. 'h:' .. group, hold.id) end
  redis.call('ZREM', book .. 'of:' .. hold.contact, hold.body .. '|' .. hold.id)
end

local function meet(contact)
  put('last', now, contact)
  raise('who:h', now + HOUR, contact)
  raise('who:d', now + DAY, contact)
end

local function settle(hold)
  drop(hold)
  for _, group in ipairs(hold.groups) do put('s:' .. group, now, hold.id) end
  meet(hold.contact)
  if hold.body ~= '' then
    put('bs:' .. hold.body, now, hold.contact, KEEP_SHORT)
    raise('b:' .. hold.body, now + HOUR, hold.contact, KEEP_SHORT)
  end
end

local function groups_of(unasked, cold, new)
  if unasked ~= '1' then return ASKED end
  local groups = { 'unasked' }
  if new == '1' or cold == '1' then groups[2] = 'new' end
  if cold == '1' then groups[3] = 'cold' end
  return groups
end

-- -- verbs

if verb == 'commit' then
  local hold, found = recall(ARGV[4]), nil
  if hold and now < hold.ends + HOUR then
    settle(hold)
    found = true
  else
    found = was_sent(ARGV[4])
  end
  save()
  sweep()
  return answer(found and 1 or 0)

elseif verb == 'release' then
  local hold = recall(ARGV[4])
  if not hold or hold.ends <= now then
    save()
    return answer(0)
  end
  drop(hold)
  local longest, same = 0, 0
  local others = redis.call('ZRANGE', book .. 'of:' .. hold.contact, beyond(now), '+inf', 'BYSCORE', 'WITHSCORES')
  for i = 1, #others, 2 do
    local ends = tonumber(others[i + 1])
    longest = math.max(longest, ends)
    if string.sub(others[i], 1, #hold.body + 1) == hold.body .. '|' then same = math.max(same, ends) end
  end
  local function back(name, settled, window, ends, keep)
    if settled > 0 then ends = math.max(ends, settled + window) end
    if ends > now then put(name, ends, hold.contact, keep)
    else redis.call('ZREM', book .. name, hold.contact) end
  end
  local settled = score('last', hold.contact)
  back('who:h', settled, HOUR, longest)
  back('who:d', settled, DAY, longest)
  if hold.body ~= '' then
    back('b:' .. hold.body, score('bs:' .. hold.body, hold.contact), HOUR, same, KEEP_SHORT)
  end
  if hold.groups[1] == 'unasked' then
    read_stands()
    local stand = stands[hold.source]
    if stand then
      stand[1], stand[4] = stand[1] - hold.undo[8], stand[4] - 1
      keep_stand(hold.source)
    end
  end
  if last == hold.id then
    for i, name in ipairs({ 'at', 'next', 'batch', 'after', 'ms', 'rest', 'behind' }) do set(name, hold.undo[i]) end
    last = hold.last
  end
  save()
  sweep()
  return answer(1)

elseif verb == 'note' then
  local id, contact, hold = ARGV[4], ARGV[5], recall(ARGV[4])
  if hold and now < hold.ends + HOUR then
    settle(hold)
    save()
  else
    save()
    if not was_sent(id) then
      for _, group in ipairs(groups_of(ARGV[6], ARGV[7], ARGV[8])) do put('s:' .. group, now, id) end
      meet(contact)
    end
  end
  sweep()
  return answer(1)

elseif verb == 'tell' then
  local asked = tonumber(ARGV[4]) + ahead
  if asked > now or asked < state.told then
    save()
    return answer(0)
  end
  set('told', asked)
  local function own(name, window) return redis.call('ZCOUNT', book .. name, beyond(now - window), text(asked)) end
  for i, name in ipairs({ 'mh', 'md', 'ph', 'pd' }) do
    local count, window = ARGV[4 + i], i % 2 == 1 and HOUR or DAY
    if count ~= '' then
      local ours = i > 2 and own('last', window) or own('s:asked', window) + own('s:unasked', window)
      set(name, math.max(0, tonumber(count) - ours))
      set(name .. 'u', asked + window)
    end
  end
  save()
  sweep()
  return answer(1)

elseif verb == 'expect' then
  read_stands()
  local already = expected(ARGV[4])
  save()
  if not already then claim(ARGV[4]) end
  sweep()
  return answer(already and 0 or 1)

elseif verb == 'rename' then
  local contact, alias, found = ARGV[4], ARGV[5], false
  local mine = book .. 'of:' .. contact
  local ids = redis.call('ZRANGE', mine, 0, -1)
  if #ids > 0 then
    found = true
    redis.call('RENAME', mine, book .. 'of:' .. alias)
  end
  local function rename(name, keep)
    local at = redis.call('ZSCORE', book .. name, contact)
    if not at then return end
    found = true
    redis.call('ZREM', book .. name, contact) -- frees, as every first write
    put(name, tonumber(at), alias, keep)
  end
  for _, name in ipairs({ 'last', 'who:h', 'who:d' }) do rename(name) end
  for i = 6, #ARGV do rename(ARGV[i], KEEP_SHORT) end
  for _, one in ipairs(ids) do
    local hold = book .. 'hold:' .. string.match(one, '|(.*)$')
    if redis.call('EXISTS', hold) == 1 then redis.call('HSET', hold, 'contact', alias) end
  end
  if not found then return answer(0) end
  save()
  return answer(1)

elseif verb == 'knows' then
  return (recall(ARGV[4]) or was_sent(ARGV[4])) and 1 or 0

elseif verb == 'counts' then
  ahead = state.ahead -- as it was kept: nothing is written here
  local function all(window, groups)
    local n = 0
    for _, group in ipairs(groups) do n = n + used(group, window, now) end
    return n
  end
  local function foreign(name) return state[name .. 'u'] > now and state[name] or 0 end
  local function told(moment) return moment > 0 and moment - ahead or 0 end
  local out = {
    all(HOUR, BOTH), all(DAY, BOTH), after('who:h', now), after('who:d', now), all(HOUR, UNASKED), all(DAY, UNASKED),
    all(HOUR, { 'new' }), all(DAY, { 'new' }), all(DAY, { 'cold' }),
    after('h:asked', now) + after('h:unasked', now),
    foreign('mh'), foreign('md'), foreign('ph'), foreign('pd'), told(state.next), told(state.rest), told(state.told),
  }
  for i, number in ipairs(out) do out[i] = text(number) end
  read_stands()
  for source, stand in pairs(stands) do
    if now - stand[5] < DAY then
      for _, word in ipairs({ source, text(stand[4]), text(stand[2]) }) do out[#out + 1] = word end
    end
  end
  return out
elseif verb ~= 'reserve' then
  return redis.error_reply('ERR unknown verb')
end

local id, contact, body, source = ARGV[4], ARGV[5], ARGV[9], ARGV[10]
local unasked = ARGV[6] == '1'
local groups = groups_of(ARGV[6], ARGV[7], ARGV[8])
local cost, gap, rest_after, rest_ms = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
local hold_ms = tonumber(ARGV[15])
local caps = {}
for i = 16, 25 do caps[#caps + 1] = tonumber(ARGV[i]) end
local left, read = tonumber(ARGV[26]), tonumber(ARGV[27])
if not unasked then body = '' end

local before = recall(id)
if before and before.ends > now or was_sent(id) then
  save()
  return answer(2)
end

local function refuse(reason, free, for_all)
  if not free then return nil end
  save()
  if for_all and unasked then
    read_stands()
    claim(source)
  end
  sweep()
  return answer(0, reason, text(free - ahead))
end

local function over()
  if not unasked then return refuse('hour', full(caps[1], HOUR, BOTH, state.mh, state.mhu)) end
  local found = refuse('day', full(caps[2], DAY, BOTH, state.md, state.mdu), true)
    or refuse('hour', full(caps[1], HOUR, BOTH, state.mh, state.mhu), true)
    or refuse('recipients_day', crowded(contact, caps[4], 'who:d', state.pd, state.pdu))
    or refuse('recipients_hour', crowded(contact, caps[3], 'who:h', state.ph, state.phu))
    or refuse('proactive_day', full(caps[6], DAY, UNASKED, 0, 0), true)
    or refuse('proactive_hour', full(caps[5], HOUR, UNASKED, 0, 0), true)
    or refuse('unanswered_ledger', spent(left, read), true)
  if found then return found end
  if groups[2] then
    found = refuse('new_chats_day', full(caps[8], DAY, { 'new' }, 0, 0))
      or refuse('new_chats_hour', full(caps[7], HOUR, { 'new' }, 0, 0))
      or groups[3] and refuse('cold_ratio', too_cold(caps[9]))
    if found then return found end
  end
  found = body ~= '' and refuse('identical', repeated(contact, body, caps[10]))
    or state.next > now and refuse('pace', state.next, true)
    or math.min(rest_after, rest_ms) > 0 and state.rest > now and refuse('rest', state.rest, true)
  if found then return found end
  read_stands()
  return refuse('share', wait(source))
end

local refused = over()
if refused then return refused end

local undo = { state.at, state.next, state.batch, state.after, state.ms, state.rest, state.behind, cost }
for i, number in ipairs(undo) do undo[i] = text(number) end
local former, keep_stands = last, nil
if unasked then
  local batch, after_, ms, rest = state.batch, state.after, state.ms, state.rest
  if math.min(rest_after, rest_ms) <= 0 then
    batch, after_, ms = 0, 0, 0
  else
    if batch == 0 or now - state.at >= ms then batch, after_, ms = 0, rest_after, rest_ms end
    batch = batch + 1
    if batch >= after_ then batch, rest = 0, now + ms end
  end
  for name, value in pairs({ at = now, next = now + math.max(0, gap), batch = batch, after = after_, ms = ms, rest = rest }) do
    set(name, value)
  end
  last = id
  keep_stands = grant(source, cost)
end
save()
if before then drop(before) end
if keep_stands then keep_stands() end
local ends = now + hold_ms
write(book .. 'hold:' .. id, hold_ms + KEEP_SHORT, 'HSET', book .. 'hold:' .. id, 'contact', contact, 'body', body,
  'groups', table.concat(groups, ' '), 'until', text(ends), 'undo', table.concat(undo, ' '), 'source', source, 'last', former)
for _, group in ipairs(groups) do put('h:' .. group, ends, id) end
put('of:' .. contact, ends, body .. '|' .. id, hold_ms + KEEP_SHORT)
raise('who:h', ends, contact)
raise('who:d', ends, contact)
if body ~= '' then
  raise('b:' .. body, ends, contact, KEEP_SHORT)
end
sweep()
return answer(1)
