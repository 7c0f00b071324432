-- Takes a session's lock for a while. Gives its number, or 0 where another turn has it.
-- KEYS: lock, counter of lock numbers. ARGV: token of the turn, lease in milliseconds.
local token = ARGV[1] .. ':'
local has = redis.call('GET', KEYS[1])
if has and string.sub(has, 1, #token) ~= token then
    return 0
end
-- Its own lock: the answer to an earlier attempt was lost.
local fence = has and tonumber(string.sub(has, #token + 1)) or redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token .. fence, 'PX', ARGV[2])
return fence
