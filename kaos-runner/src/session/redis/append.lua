-- Removes the oldest turns and adds one. Gives 1, or 0 where the lock is lost.
-- KEYS: lock, session, turns, index. ARGV: the lock's value, its number, how many turns go, the new one, its tokens
-- and bytes, how long a session is kept unused in milliseconds, its name, how many sessions are
-- kept, the keys' prefix.
local fence = tonumber(ARGV[2])
local last = tonumber(redis.call('HGET', KEYS[2], 'fence')) or 0
if last == fence then
    return 1 -- done before: the answer was lost
end
local has = redis.call('GET', KEYS[1])
if (has and has ~= ARGV[1]) or last > fence then
    return 0
end
local known = redis.call('HMGET', KEYS[2], 'tokens', 'bytes')
local tokens = (tonumber(known[1]) or 0) + ARGV[5]
local bytes = (tonumber(known[2]) or 0) + ARGV[6]
if tonumber(ARGV[3]) > 0 then
    for _, turn in ipairs(redis.call('LRANGE', KEYS[3], 0, ARGV[3] - 1)) do
        local less, fewer = string.match(turn, '"tokens":(%d+),"bytes":(%d+)')
        tokens = tokens - (less or 0)
        bytes = bytes - (fewer or 0)
    end
    redis.call('LTRIM', KEYS[3], ARGV[3], -1)
end
local turns = redis.call('RPUSH', KEYS[3], ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], 'fence', fence, 'turns', turns, 'tokens', tokens, 'bytes', bytes, 'at', now)
redis.call('PEXPIRE', KEYS[2], ARGV[7])
redis.call('PEXPIRE', KEYS[3], ARGV[7])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', '(' .. (now - ARGV[7]))
-- To the microsecond, so that the order is that of the turns.
redis.call('ZADD', KEYS[4], time[1] * 1000 + time[2] / 1000, ARGV[8])
-- Above the bound a few at a time, so that no call is long.
local over = math.min(redis.call('ZCARD', KEYS[4]) - ARGV[9], 100)
if over > 0 then
    for _, name in ipairs(redis.call('ZRANGE', KEYS[4], 0, over - 1)) do
        redis.call('DEL', ARGV[10] .. 'session:' .. name, ARGV[10] .. 'turns:' .. name)
        redis.call('ZREM', KEYS[4], name)
    end
end
return 1
