-- Begin anew on a server that has started, been emptied or taken over: nothing of before counts, and nothing is served
-- until every process has had the time to notice.
-- KEYS: state, the tag of everything; ARGV: the server's run, milliseconds until it opens.
if redis.pcall('HGET', KEYS[1], 'run') == ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
local now = redis.call('TIME')
local opens = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'opens', string.format('%.0f', opens))
return 1
