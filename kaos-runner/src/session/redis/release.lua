-- Gives a lock up, if it is still one's own, or one's place among those who wait.
-- KEYS: lock, who waits by arrival, who waits by when they last asked. ARGV: the lock's value, the turn's token.
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
