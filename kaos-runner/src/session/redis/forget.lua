-- Forgets a session, so that a turn that has it adds nothing any more. Gives whether there was one.
-- KEYS: lock, session, turns, index, counter of lock numbers. ARGV: its name, how long the note about it stays in
-- milliseconds.
local there = redis.call('DEL', KEYS[3])
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[4], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then
    -- Newer than the lock.
    redis.call('HSET', KEYS[2], 'fence', redis.call('INCR', KEYS[5]))
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return there
