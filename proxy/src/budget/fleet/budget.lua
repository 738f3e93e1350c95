-- One report of a replica in, one view of the budget of all replicas out. The rules are argued in mod.rs.
-- Times are milliseconds of this server; a replica names ages and lengths only.
--
-- KEYS: ring      sorted set: start → when
--       slots     sorted set: start whose call is under way → end of its lease
--       replicas  hash: replica → what it said last
--       pace      hash: epoch, turn, rate, since, hold, unexplained, arrival, gathering, full
local ring, slots, replicas, pace = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local report = cjson.decode(ARGV[1])

local WINDOW = 60250          -- of the rate, jitter included
local MINUTE = 60000
local LEASE = 15000           -- of a slot
local LATE = 500              -- a report that took longer to come is not believed
local SILENT = 1500           -- a replica not heard of for so long starts calls on its own
local MEMORY = 60000          -- for so long its share is kept for it
local CROWDED = 100           -- until the next try when all slots are taken
local TURN = 50               -- a replica whose turn it is has so long to come: its way here and back
local OVERLAP = 2000          -- starts that were told are told again for so long
local LONGEST_HOLD = 3600000
local CUT, FLOOR = 0.7, 10

local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local function owner(start)
  return string.match(start, '^(.-):')
end

-- What is known ---------------------------------------------------------------------------------

local fields = { 'epoch', 'turn', 'rate', 'since', 'hold', 'unexplained', 'arrival', 'gathering', 'full' }
local known = {}
for index, value in ipairs(redis.call('HMGET', pace, unpack(fields))) do
  known[fields[index]] = value or nil
end
local epoch = known.epoch
if not epoch then
  epoch = time[1] .. '.' .. time[2]
  redis.call('HSET', pace, 'epoch', epoch)
end
local turn = tonumber(known.turn) or 0
local unexplained = tonumber(known.unexplained) or 0
-- A clock that was set back must not stretch anything.
local hold = math.min(tonumber(known.hold) or 0, now + LONGEST_HOLD)
local since = math.min(tonumber(known.since) or now, math.max(hold, now))
local arrival = math.min(tonumber(known.arrival) or 0, now)
local gathering = math.min(tonumber(known.gathering) or 0, now + MEMORY)
local full = math.min(tonumber(known.full) or 0, now)

local others, me = {}, nil
local said = redis.call('HGETALL', replicas)
for index = 1, #said, 2 do
  local replica = cjson.decode(said[index + 1])
  replica.heard = math.min(replica.heard, now)
  if said[index] == report.replica then
    me = replica
  elseif math.min(replica.remembered, now + MEMORY) > now then
    others[said[index]] = replica
  else
    redis.call('HDEL', replicas, said[index])
  end
end

-- Whom not to believe: a report of another time, an old one, one that builds on data that was lost.
local late = math.abs(now - report.sent) > LATE
local overtaken = me and report.seq <= me.seq
if report.epoch ~= epoch or late or overtaken or not (me or report.whole) then
  return cjson.encode({ again = true, now = now, epoch = epoch })
end
local new = not me
me = me or { granted = 0, heard = now }

local function present(name)
  return name == report.replica or (others[name] and others[name].heard > now - SILENT)
end

-- Limits are changed in one replica after the other. Meanwhile the strictest hold for all: lower ones as
-- soon as the first has heard of them, higher ones when the last has.
local limits = {}
for name, value in pairs(report.limits) do limits[name] = value end
for name, replica in pairs(others) do
  local theirs = present(name) and replica.limits
  if theirs then
    limits.rate = math.min(limits.rate, theirs.rate)
    limits.interval = math.max(limits.interval, theirs.interval)
    limits.in_flight = math.min(limits.in_flight, theirs.in_flight)
    limits.adaptive = limits.adaptive or theirs.adaptive
    limits.replicas = math.max(limits.replicas, theirs.replicas)
  end
end
local ceiling = limits.rate
-- Who does not adapt goes by no rate that was learned.
local rate = limits.adaptive and math.min(tonumber(known.rate) or ceiling, ceiling) or ceiling

local function keep(name, replica)
  redis.call('HSET', replicas, name, cjson.encode(replica))
end

-- What the replica says about itself replaces what was known of it -------------------------------

local function note(start, when)
  if when > now - WINDOW then redis.call('ZADD', ring, when, start) end
end

local whole = report.whole
if whole then
  turn = redis.call('HINCRBY', pace, 'turn', 1)
  if new then gathering = now + MEMORY end
  for _, start in ipairs(redis.call('ZRANGE', ring, 0, -1)) do
    if owner(start) == report.replica then redis.call('ZREM', ring, start) end
  end
  -- What it knows of others counts where they cannot say it themselves.
  for _, start in ipairs(whole.starts) do
    if not present(owner(start[1])) and not redis.call('ZSCORE', ring, start[1]) then
      note(start[1], now - start[2])
    end
  end
  for _, slot in ipairs(whole.slots) do
    if not present(owner(slot[1])) and slot[2] > 0 then
      redis.call('ZADD', slots, 'NX', now + slot[2], slot[1])
    end
  end
  -- Remembered anew is who is not known here and who fell silent with this replica, as both do when the
  -- server is away. Who was silent before is not: each interruption would keep the dead for a minute more.
  for _, name in ipairs(whole.peers) do
    local peer = others[name] or { seq = 0, heard = 0, queue = 0, granted = 0, asks = 0 }
    if not others[name] or peer.heard > me.heard - SILENT then
      peer.remembered = now + MEMORY
      others[name] = peer
      keep(name, peer)
    end
  end
  if limits.adaptive and whole.rate < rate then
    rate, since = whole.rate, now - whole.since
  end
  hold = math.max(hold, now + math.min(whole.hold, LONGEST_HOLD))
end
for _, start in ipairs(report.starts) do note(start[1], now - start[2]) end
for _, start in ipairs(report.voids) do redis.call('ZREM', ring, start) end

redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
local held = {}
for _, start in ipairs(report.held) do held[start] = true end
for _, start in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
  if owner(start) == report.replica and not held[start] then redis.call('ZREM', slots, start) end
end
for start in pairs(held) do redis.call('ZADD', slots, now + LEASE, start) end

if report.arrival then arrival = math.max(arrival, now - report.arrival) end

-- Holds and the rate -----------------------------------------------------------------------------

if report.answered then unexplained = 0 end
if report.throttled then
  local length = report.throttled.retry_after
  if not length then
    unexplained = unexplained + 1
    length = unexplained == 1 and 4000 or 8000
  end
  length = math.max(1000, math.min(length, LONGEST_HOLD))
  if hold <= now and limits.adaptive and rate > FLOOR then
    rate = math.max(rate * CUT, FLOOR)
  end
  hold = math.max(hold, now + length)
  since = math.max(since, now + length)
end
if rate < ceiling and now >= since + MINUTE then
  local minutes = math.floor((now - since) / MINUTE)
  rate = math.min(rate + minutes, ceiling)
  since = since + minutes * MINUTE
end

-- Who is there -----------------------------------------------------------------------------------

local count, silent = 1, {}
for name in pairs(others) do
  count = count + 1
  if not present(name) then silent[name] = 0 end
end
if gathering > now then
  for nobody = count + 1, limits.replicas do silent[nobody] = 0 end
end
count = math.max(count, limits.replicas)

-- Each silent replica may start its share on its own, so the others have no more than theirs: one that
-- comes back, knowing nothing, may be the first to report after data were lost. The same goes for
-- replicas that were configured and have not come, for a while after somebody came.
local window = math.floor(rate)
local places, room = window, limits.in_flight
local apart = 0
for _ in pairs(silent) do apart = apart + 1 end
local slot_share = math.max(1, math.floor(room / count))
if apart > 0 then
  places = math.max(1, math.floor(window / count)) * (count - apart)
  room = math.min(room, slot_share * (count - apart))
end
local in_flight, beside = 0, 0
for _, start in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
  local name = owner(start)
  if silent[name] then silent[name] = silent[name] + 1 else in_flight = in_flight + 1 end
end
for _, calls in pairs(silent) do beside = beside + math.max(calls, slot_share) end
local free_slots = math.max(1, math.min(room, limits.in_flight - beside)) - in_flight
if free_slots <= 0 then full = now end

local gap = limits.interval
if rate >= 1 then gap = math.max(gap, MINUTE / rate) end

redis.call('ZREMRANGEBYSCORE', ring, '-inf', now - math.max(WINDOW, gap))
for _, start in ipairs(redis.call('ZRANGEBYSCORE', ring, '(' .. string.format('%.17g', now), '+inf')) do
  redis.call('ZADD', ring, now, start)
end

-- The answer to who asks -------------------------------------------------------------------------

local view = { epoch = epoch, turn = turn, now = now }

-- The first moment that the rules allow, which may be long ago.
local function free_at(background)
  local at = hold
  local last = redis.call('ZRANGE', ring, -1, -1, 'WITHSCORES')
  if last[2] then at = math.max(at, last[2] + gap) end
  local oldest = redis.call('ZRANGE', ring, -places, -places, 'WITHSCORES')
  if oldest[2] then at = math.max(at, oldest[2] + WINDOW) end
  if free_slots <= 0 then at = math.max(at, now + CROWDED) end
  if background then
    at = math.max(at, arrival + 2 * gap)
    for name, replica in pairs(others) do
      if present(name) and replica.queue > 0 then at = math.max(at, now + 2 * gap) end
    end
  end
  return at
end

-- How urgently a replica asks: 2 for a person, 1 for nobody, 0 not at all.
local ask = report.ask
me.asks = not ask and 0 or ask.background and 1 or 2

-- Replicas that ask as urgently and had their last start before this one.
local function turns_before()
  local before = 0
  for name, replica in pairs(others) do
    local earlier = replica.granted < me.granted or (replica.granted == me.granted and name < report.replica)
    if present(name) and replica.asks >= me.asks and earlier then before = before + 1 end
  end
  return before
end

if ask and window >= 1 then
  local at, before = free_at(ask.background), turns_before()
  if before > 0 then
    -- Whoever ends a call is the first to know; the others come to look.
    at = math.max(at, full + CROWDED) + before * TURN
  end
  if at <= now then
    redis.call('ZADD', ring, now, ask.start)
    redis.call('ZADD', slots, now + LEASE, ask.start)
    me.granted = now
    view.granted = true
    if free_slots == 1 then full = now end
  else
    view.retry = at - now
  end
end

-- What is kept, and what is told -----------------------------------------------------------------

me.seq, me.heard, me.remembered, me.queue = report.seq, now, now + MEMORY, report.queue
me.limits = report.limits
if report.leaving then
  redis.call('HDEL', replicas, report.replica)
else
  keep(report.replica, me)
end
redis.call('HSET', pace, 'hold', hold, 'unexplained', unexplained, 'arrival', arrival,
  'gathering', gathering, 'full', full)
if rate < ceiling then
  redis.call('HSET', pace, 'rate', rate, 'since', since)
else
  redis.call('HDEL', pace, 'rate', 'since')
end

view.rate, view.since, view.hold = rate, now - since, math.max(0, hold - now)

local from = '-inf'
view.whole = whole ~= nil or report.turn ~= turn
if not view.whole then from = string.format('%.17g', report.seen - OVERLAP) end
local function listed(pairs_of_scores, away)
  local list = {}
  for index = 1, #pairs_of_scores, 2 do
    local start = pairs_of_scores[index]
    if owner(start) ~= report.replica then
      list[#list + 1] = { start, away(pairs_of_scores[index + 1]) }
    end
  end
  -- An empty table would be written as an object.
  return #list > 0 and list or nil
end
view.starts = listed(redis.call('ZRANGEBYSCORE', ring, from, '+inf', 'WITHSCORES'), function(at) return now - at end)
view.slots = listed(redis.call('ZRANGE', slots, 0, -1, 'WITHSCORES'), function(at) return at - now end)
local peers = {}
for name, replica in pairs(others) do
  peers[#peers + 1] = { name = name, queue = replica.queue, present = present(name) }
end
view.peers = #peers > 0 and peers or nil
return cjson.encode(view)
