-- Writes an entry unless a newer one is there.
-- KEYS[1]: the entry. ARGV: value, milliseconds to live, milliseconds when it was stored.
-- Bytes 3 to 10 of a value of layout 1 are when it was stored, big-endian.
local held = redis.call('GETRANGE', KEYS[1], 0, 10)
if #held == 11 and held:byte(1) == 1 and struct.unpack('>I8', held, 4) > tonumber(ARGV[3]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
