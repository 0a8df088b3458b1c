#include "store/redis_script.h"

/* clang-format off */

/* now in microseconds, as a number below 2^53 */
#define NOW                                                                   \
	"local t = redis.call('TIME')\n"                                      \
	"local now = tonumber(t[1]) * 1000000 + tonumber(t[2])\n"             \
	"local function us(v) return string.format('%.0f', v) end\n"

/* One above the last, and never below the seconds of the clock. */
#define NEXT_EPOCH                                                            \
	"local function next_epoch(name)\n"                                   \
	"  local e = redis.call('HINCRBY', p .. 'epochs', name, 1)\n"         \
	"  if e < tonumber(t[1]) then\n"                                      \
	"    e = tonumber(t[1])\n"                                            \
	"    redis.call('HSET', p .. 'epochs', name, us(e))\n"                \
	"  end\n"                                                             \
	"  return us(e)\n"                                                    \
	"end\n"

#define EVENT                                                                 \
	"local function event(what)\n"                                        \
	"  redis.call('XADD', p .. 'events', 'MAXLEN', '~', '10000', '*',\n"  \
	"    'event', what, 'rev',\n"                                         \
	"    redis.call('HGET', KEYS[1], 'rev') or '0')\n"                    \
	"end\n"

#define CURRENT                                                               \
	"local function current(epoch)\n"                                     \
	"  return epoch ~= '0' and epoch ==\n"                                \
	"    redis.call('HGET', p .. 'epochs', 'detector')\n"                 \
	"end\n"

#define PREFIX "local p = ARGV[1]\n"

static const char facts[] =
	PREFIX
	"local t = redis.call('TIME')\n"
	"local function all(set, get)\n"
	"  local out = {}\n"
	"  for _, k in ipairs(redis.call('SMEMBERS', p .. set)) do\n"
	"    local v = get(k)\n"
	"    if v then out[#out + 1] = k; out[#out + 1] = v end\n"
	"  end\n"
	"  return out\n"
	"end\n"
	"local runners = {}\n"
	"for _, id in ipairs(redis.call('SMEMBERS', p .. 'runners')) do\n"
	"  local l = redis.call('HMGET', p .. 'runner:' .. id, 'id',\n"
	"    'vantage', 'plan_hash', 'epoch', 'seen_us', 'valid_until_us')\n"
	"  if l[1] then runners[#runners + 1] = l end\n"
	"end\n"
	"return { t[1], t[2],\n"
	"  redis.call('HGETALL', KEYS[1]),\n"
	"  all('deps', function(k)\n"
	"    return redis.call('HGET', p .. 'dep:' .. k, 'json') end),\n"
	"  redis.call('HGETALL', p .. 'judgements'),\n"
	"  redis.call('HGETALL', p .. 'ci'),\n"
	"  all('lives', function(k)\n"
	"    return redis.call('GET', p .. 'live:' .. k) end),\n"
	"  all('stages', function(k)\n"
	"    return redis.call('GET', p .. 'permit:' .. k) end),\n"
	"  redis.call('GET', p .. 'plan'),\n"
	"  runners,\n"
	"  redis.call('HMGET', p .. 'detector', 'id', 'valid_until_us'),\n"
	"  redis.call('HGET', p .. 'epochs', 'detector'),\n"
	"  redis.call('GET', p .. 'note:suspicion'),\n"
	"  redis.call('GET', p .. 'note:pulses') }\n";

/* ARGV: prefix rev epoch, then (kind key value keep) ... */
static const char commit[] =
	PREFIX EVENT CURRENT
	"if ARGV[3] ~= '0' and not current(ARGV[3]) then\n"
	"  return 'fenced'\n"
	"end\n"
	"if (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[2] then\n"
	"  return 'conflict'\n"
	"end\n"
	"local function put(keep, hash, field, value)\n"
	"  if keep then redis.call('HSET', hash, field, value)\n"
	"  else redis.call('HDEL', hash, field) end\n"
	"end\n"
	"local op = {\n"
	"  dep = function(k, v, keep)\n"
	"    if keep then\n"
	"      redis.call('HSET', p .. 'dep:' .. k, 'json', v)\n"
	"      redis.call('SADD', p .. 'deps', k)\n"
	"    else\n"
	"      redis.call('DEL', p .. 'dep:' .. k)\n"
	"      redis.call('SREM', p .. 'deps', k)\n"
	"    end\n"
	"  end,\n"
	"  scope = function(k, v, keep)\n"
	"    put(keep, KEYS[1], 'scope:' .. k, v) end,\n"
	"  live = function(k, v)\n"
	"    redis.call('SET', p .. 'live:' .. k, v)\n"
	"    redis.call('SADD', p .. 'lives', k)\n"
	"  end,\n"
	"  ci = function(k, v, keep) put(keep, p .. 'ci', k, v) end,\n"
	"  judge = function(k, v, keep)\n"
	"    put(keep, p .. 'judgements', k, v) end,\n"
	"  audit = function(k, v)\n"
	"    redis.call('XADD', p .. 'audit', '*', 'j', v) end\n"
	"}\n"
	"local what = 'change'\n"
	"for i = 4, #ARGV, 4 do\n"
	"  op[ARGV[i]](ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] == '1')\n"
	"  if ARGV[i] == 'audit' then what = ARGV[i + 1] end\n"
	"end\n"
	"redis.call('HINCRBY', KEYS[1], 'rev', 1)\n"
	"event(what)\n"
	"return 'done'\n";

/*
 * ARGV: prefix epoch n, then n x (key value), then (stage value px
 * deployment) ...  Waiters are woken by a permit that was not there before.
 */
static const char judge[] =
	PREFIX EVENT CURRENT
	"if not current(ARGV[2]) then return 0 end\n"
	"local at = 4\n"
	"for _ = 1, tonumber(ARGV[3]) do\n"
	"  redis.call('HSET', p .. 'judgements', ARGV[at], ARGV[at + 1])\n"
	"  at = at + 2\n"
	"end\n"
	"local new = false\n"
	"for i = at, #ARGV, 4 do\n"
	"  local key = p .. 'permit:' .. ARGV[i]\n"
	"  local old = redis.call('GET', key)\n"
	"  if not old or not string.find(old, ARGV[i + 3], 1, true) then\n"
	"    new = true\n"
	"  end\n"
	"  redis.call('SADD', p .. 'stages', ARGV[i])\n"
	"  redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[i + 2])\n"
	"end\n"
	"if new then event('permit') end\n"
	"return 1\n";

/* ARGV: prefix epoch key value keep */
static const char fenced_put[] =
	PREFIX CURRENT
	"if not current(ARGV[2]) then return 0 end\n"
	"if ARGV[5] == '1' then redis.call('SET', p .. ARGV[3], ARGV[4])\n"
	"else redis.call('DEL', p .. ARGV[3]) end\n"
	"return 1\n";

#define RUNNER_LEASE                                                          \
	"local function lease(id, vantage, plan, epoch, ttl_ms)\n"            \
	"  local key = p .. 'runner:' .. id\n"                                \
	"  redis.call('HSET', key, 'id', id, 'vantage', vantage,\n"           \
	"    'plan_hash', plan, 'epoch', epoch, 'seen_us', us(now),\n"        \
	"    'valid_until_us', us(now + tonumber(ttl_ms) * 1000))\n"          \
	"  redis.call('PEXPIRE', key, ttl_ms)\n"                              \
	"  redis.call('SADD', p .. 'runners', id)\n"                          \
	"end\n"

/* ARGV: prefix id vantage take_over ttl_ms; '' when it is alive */
static const char runner_join[] =
	PREFIX NOW NEXT_EPOCH RUNNER_LEASE
	"if ARGV[4] ~= '1' and\n"
	"  redis.call('EXISTS', p .. 'runner:' .. ARGV[2]) == 1 then\n"
	"  return ''\n"
	"end\n"
	"for _, id in ipairs(redis.call('SMEMBERS', p .. 'runners')) do\n"
	"  if redis.call('EXISTS', p .. 'runner:' .. id) == 0 then\n"
	"    redis.call('SREM', p .. 'runners', id)\n"
	"  end\n"
	"end\n"
	"local e = next_epoch('runner ' .. ARGV[2])\n"
	"lease(ARGV[2], ARGV[3], '', e, ARGV[5])\n"
	"return e\n";

/* ARGV: prefix id vantage plan_hash epoch ttl_ms */
static const char runner_beat[] =
	PREFIX NOW RUNNER_LEASE
	"local name = 'runner ' .. ARGV[2]\n"
	"local last = redis.call('HGET', p .. 'epochs', name)\n"
	"if last and tonumber(last) > tonumber(ARGV[5]) then return 0 end\n"
	"redis.call('HSET', p .. 'epochs', name, ARGV[5])\n"
	"lease(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])\n"
	"return 1\n";

/* ARGV: prefix id epoch ('0': whatever it is) */
static const char runner_leave[] =
	PREFIX
	"local key = p .. 'runner:' .. ARGV[2]\n"
	"local held = redis.call('HGET', key, 'epoch')\n"
	"if held and (ARGV[3] == '0' or ARGV[3] == held) then\n"
	"  redis.call('DEL', key)\n"
	"  redis.call('SREM', p .. 'runners', ARGV[2])\n"
	"end\n"
	"return 1\n";

#define DETECTOR_LEASE                                                        \
	"local function lease(id, ttl_ms)\n"                                  \
	"  redis.call('HSET', p .. 'detector', 'id', id,\n"                   \
	"    'valid_until_us', us(now + tonumber(ttl_ms) * 1000))\n"          \
	"  redis.call('PEXPIRE', p .. 'detector', ttl_ms)\n"                  \
	"end\n"

/* ARGV: prefix id ttl_ms; '0' when another holds it */
static const char detector_join[] =
	PREFIX NOW NEXT_EPOCH EVENT DETECTOR_LEASE
	"local held = redis.call('HGET', p .. 'detector', 'id')\n"
	"if held and held ~= ARGV[2] then return '0' end\n"
	"lease(ARGV[2], ARGV[3])\n"
	"local e = next_epoch('detector')\n"
	"event('detector')\n"
	"return e\n";

/* ARGV: prefix id epoch ttl_ms */
static const char detector_beat[] =
	PREFIX NOW CURRENT DETECTOR_LEASE
	"if not current(ARGV[3]) then return 0 end\n"
	"lease(ARGV[2], ARGV[4])\n"
	"return 1\n";

/* ARGV: prefix epoch */
static const char detector_leave[] =
	PREFIX CURRENT
	"if current(ARGV[2]) then redis.call('DEL', p .. 'detector') end\n"
	"return 1\n";

const char *const redis_scripts[SCRIPTS] = {
	[SCRIPT_FACTS] = facts,
	[SCRIPT_COMMIT] = commit,
	[SCRIPT_JUDGE] = judge,
	[SCRIPT_FENCED_PUT] = fenced_put,
	[SCRIPT_RUNNER_JOIN] = runner_join,
	[SCRIPT_RUNNER_BEAT] = runner_beat,
	[SCRIPT_RUNNER_LEAVE] = runner_leave,
	[SCRIPT_DETECTOR_JOIN] = detector_join,
	[SCRIPT_DETECTOR_BEAT] = detector_beat,
	[SCRIPT_DETECTOR_LEAVE] = detector_leave,
};
/* clang-format on */
