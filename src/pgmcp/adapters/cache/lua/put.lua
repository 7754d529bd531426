-- Keep an entry if the run is the same, it is open, and no epoch has ended since the ticket was given.
-- KEYS: state, entry, tags…; ARGV: the server's run, milliseconds to live, the entry, epochs…
local state = redis.pcall('HMGET', KEYS[1], 'run')
if state[1] ~= ARGV[1] then return 0 end
for i = 3, #KEYS do
  if redis.pcall('GET', KEYS[i]) ~= ARGV[i + 1] then return 0 end
end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
return 1
