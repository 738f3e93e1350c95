-- Keeps a lease that is still its holder's, or nobody's: it was lost with the server's data.
-- KEYS[1]: the lease. ARGV: token, lane, milliseconds it lasts, 1 while its call is under way, else 0.
-- Answers 1: kept; 0: somebody else has it.
local token = redis.call('HGET', KEYS[1], 'token')
if token and token ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'lane', ARGV[2])
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], 'calling', '1')
else
  redis.call('HDEL', KEYS[1], 'calling')
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
