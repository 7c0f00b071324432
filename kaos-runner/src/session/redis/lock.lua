-- Takes a session's lock for a while, first come, first served. Gives its number, or 0 where it is another's turn.
-- KEYS: lock, counter of lock numbers, who waits by arrival, who waits by when they last asked. ARGV: token of the turn,
-- lease in milliseconds, how long one who waits may not ask before he is given up, in milliseconds.
local token = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[3])) do
    redis.call('ZREM', KEYS[3], gone)
    redis.call('ZREM', KEYS[4], gone)
end
local has = redis.call('GET', KEYS[1])
-- Its own lock: the answer to an earlier attempt was lost.
local own = has and string.sub(has, 1, #token + 1) == token .. ':'
if not own then
    local first = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
    if has or (first and first ~= token) then
        redis.call('ZADD', KEYS[3], 'NX', now, token)
        redis.call('ZADD', KEYS[4], now, token)
        redis.call('PEXPIRE', KEYS[3], 10 * ARGV[3])
        redis.call('PEXPIRE', KEYS[4], 10 * ARGV[3])
        return 0
    end
end
local fence = own and tonumber(string.sub(has, #token + 2)) or redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token .. ':' .. fence, 'PX', ARGV[2])
redis.call('ZREM', KEYS[3], token)
redis.call('ZREM', KEYS[4], token)
return fence
