-- Keeps the later of two barriers for each scope.
-- KEYS: the barriers (scope -> "soft hard" in milliseconds, 0 for none), their version.
-- ARGV: scope, soft, hard, again and again. Answers the version.
local news = false
for i = 1, #ARGV, 3 do
  local held = redis.call('HGET', KEYS[1], ARGV[i]) or '0 0'
  local soft, hard = held:match('^(%d+) (%d+)$')
  soft, hard = tonumber(soft) or 0, tonumber(hard) or 0
  local later_soft, later_hard = math.max(soft, tonumber(ARGV[i + 1])), math.max(hard, tonumber(ARGV[i + 2]))
  if later_soft > soft or later_hard > hard then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%d %d', later_soft, later_hard))
    news = true
  end
end
if news or redis.call('EXISTS', KEYS[2]) == 0 then
  -- Never a number that was seen before the data was lost.
  local time = redis.call('TIME')
  local version = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, tonumber(time[1]) * 1000)
  redis.call('SET', KEYS[2], string.format('%d', version))
end
return redis.call('GET', KEYS[2])
