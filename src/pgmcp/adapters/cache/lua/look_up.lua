-- What stands under a key and the epochs of its tags, those that had none given one.
-- KEYS: state, entry, tags…; ARGV: the server's run, a fresh epoch, seconds that an epoch is kept.
-- Gives 'new' for a run that nobody has opened, 'shut' while nothing may be served, else the entry and the epochs.
local state = redis.call('HMGET', KEYS[1], 'run', 'opens')
if state[1] ~= ARGV[1] then return {'new'} end
local now = redis.call('TIME')
if tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000 < tonumber(state[2]) then return {'shut'} end
local answer = {'open', redis.call('GET', KEYS[2])}
for i = 3, #KEYS do
  local epoch = redis.call('GET', KEYS[i])
  if epoch == '!' then return {'shut'} end
  if not epoch then
    epoch = ARGV[2]
    redis.call('SET', KEYS[i], epoch, 'EX', ARGV[3])
  end
  answer[i] = epoch
end
return answer
