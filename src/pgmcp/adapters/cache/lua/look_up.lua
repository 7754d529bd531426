-- What stands under a key and the epochs of its tags, those that had none given one.
-- KEYS: state, entry, tags…; ARGV: the server's run, a fresh epoch, seconds that an epoch is kept.
-- Gives 'new' for a run that nobody has opened, 'shut' while nothing may be served, else the entry and the epochs.
-- What isn't of the kind that we put there is taken away, so that it does no harm for longer than one look; an entry
-- that isn't is given as an empty text.
local function text(key)
  local found = redis.pcall('GET', key)
  if type(found) ~= 'table' then return found end
  redis.call('DEL', key)
  return nil
end
local state = redis.pcall('HMGET', KEYS[1], 'run', 'opens')
local opens = tonumber(state[2])
if not opens then
  redis.call('DEL', KEYS[1])
  return {'new'}
end
if state[1] ~= ARGV[1] then return {'new'} end
local now = redis.call('TIME')
if tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000 < opens then return {'shut'} end
local entry = text(KEYS[2])
local answer = {'open', entry == nil and '' or entry}
for i = 3, #KEYS do
  local epoch = text(KEYS[i])
  if epoch == '!' then return {'shut'} end
  if not epoch then
    epoch = ARGV[2]
    redis.call('SET', KEYS[i], epoch, 'EX', ARGV[3])
  end
  answer[i] = epoch
end
return answer
