-- Prolongs a lock. Takes it again where it ran out and nobody has appended since. Gives 1, or 0 where it is lost.
-- KEYS: lock, session. ARGV: the lock's value, its number, lease in milliseconds.
local has = redis.call('GET', KEYS[1])
if has then
    return has == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[3]) or 0
end
if (tonumber(redis.call('HGET', KEYS[2], 'fence')) or 0) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
