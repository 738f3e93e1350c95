-- Takes a lease unless somebody holds it. A holder that only queues gives way to a higher lane.
-- KEYS[1]: the lease. ARGV: token, lane, milliseconds it lasts.
-- Answers 0: taken; 1: somebody queues with it; 2: somebody calls with it.
local held = redis.call('HMGET', KEYS[1], 'token', 'lane', 'calling')
if held[1] and held[1] ~= ARGV[1] then
  if held[3] then return 2 end
  if tonumber(held[2]) >= tonumber(ARGV[2]) then return 1 end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'lane', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
