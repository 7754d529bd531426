-- End the epochs of tags: an epoch that is not there is given anew, and never the same. Works on a full server too.
-- KEYS: tags…; ARGV: milliseconds for which nothing of them is kept; 0 for none.
if ARGV[1] == '0' then return redis.call('DEL', unpack(KEYS)) end
for i = 1, #KEYS do
  -- Where there is no room for the bar, the epoch ends all the same.
  redis.call('DEL', KEYS[i])
  redis.pcall('SET', KEYS[i], '!', 'PX', ARGV[1])
end
return #KEYS
