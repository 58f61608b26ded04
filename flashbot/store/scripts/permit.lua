-- A slot in the rate that every process of one API key shares (GCRA, burst 1).
-- A slot that lies ahead is only a place in line: it counts when its holder comes back for it, and not if somebody
-- behind him began before. So the slots that count lie an interval apart, whoever died, overslept or paused
-- meanwhile, and whatever this server forgot or its clock did. The line goes by a clock of its own, which stands
-- still while it waits for a late holder: he moves those behind him, and nobody loses a slot.
-- KEYS[1]: the key's own tag. ARGV: now|'', interval ms, longest wait ms, pause ms (0: none asked),
--   the slot held, in ms (0: none)
-- Returns: {1, ms since the slot, slot}: begin; {0, ms to wait, slot}: come back then for this slot (0: for none);
--   {0, 0, 0}: the slot held is lost
-- Not for the disk: waiting for it would make slots late, and what a restart forgets is a gap of one interval.
if redis.set_repl then redis.set_repl(redis.REPL_NONE) end -- fakeredis has no disk, nor this
local now = time(ARGV[1])
local interval, longest, pause = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local slot = tonumber(ARGV[5])
local AHEAD, QUIET = 10000 + interval, 60000 -- whatever lies further ahead means that the clock jumped back
local GRACE = 15 -- ms by which a holder may be late before the line's clock stands still

-- By the line's clock nobody stands in line from `free` on and nobody begins before `clear`; nor, by the server's,
-- before `quiet`.
local kept = redis.call('GET', tag .. ':pace') or '0 0 0 0'
local free, clear, behind, quiet = string.match(kept, '(%d+) (%d+) (%d+) (%d+)')
free, clear, behind, quiet = tonumber(free), tonumber(clear), tonumber(behind), tonumber(quiet)
local line = now - behind
if free > line + AHEAD then free = line end
if clear > line + AHEAD then clear = line + interval end
if quiet > now + QUIET then quiet = now end

local function keep()
  redis.call('DEL', tag .. ':pace') -- a write that frees comes first: sending must go on when memory is full
  local text = string.format('%.0f %.0f %.0f %.0f', free, clear, behind, quiet)
  redis.call('SET', tag .. ':pace', text, 'PX', QUIET + AHEAD)
end

if pause > 0 then
  quiet = math.max(quiet, now + math.min(pause, QUIET))
  keep()
end
if quiet > now then return { 0, quiet - now, 0 } end
if slot > line and slot - line <= longest then return { 0, slot - line, slot } end
if slot > 0 and slot < clear then return { 0, 0, 0 } end
if slot == 0 or slot > line then
  slot = math.max(line, free, clear)
  if slot - line > longest then return { 0, slot - line, 0 } end
end
if slot > line then
  free = slot + interval
  keep()
  return { 0, slot - line, slot }
end
local late = math.min(line - slot, GRACE)
behind = now - slot - late
clear = slot + interval
keep()
return { 1, late, slot }
