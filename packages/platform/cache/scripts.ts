/**
 * What must happen in Redis at one instant. Keys: an entry is `KIND(1) FLOOR(24) AT-LEAST(24) …` (cache-entry.ts), the space
 * is `INCARNATION(16) FLOOR(24)` (space.ts), known ids are a hash with the field @complete while it holds all of them.
 */

/** As in mark.ts; strings of digits compare alike in every locale. */
const covers = `
local function covers(mark, other)
  return string.sub(mark, 1, 8) >= string.sub(other, 1, 8) and string.sub(mark, 9, 24) >= string.sub(other, 9, 24)
end
-- What is of another type was not written by a cache.
local function get(key)
  local value = redis.pcall('GET', key)
  if type(value) ~= 'table' then return value end
  redis.call('DEL', key)
  return false
end
local function floor_of(entry)
  if entry and string.match(string.sub(entry, 1, 25), '^[VNo-]%x+$') and string.len(entry) >= 25 then
    return string.sub(entry, 2, 25)
  end
end
`;

/**
 * KEYS entry, lease, space, known ids; ARGV id, token, lease in ms (0 for none), whether to filter, the mark that the filter
 * must cover, the time in ms (as text) that it must not be older than.
 * Answers the entry, the space, what became of it, and what is known of the known ids.
 */
const cacheLease = `${covers}
local entry, space = get(KEYS[1]), get(KEYS[3])
local complete = redis.pcall('HGET', KEYS[4], '@complete')
if type(complete) == 'table' then
  redis.call('DEL', KEYS[4])
  complete = false
end
if ARGV[4] == '1' and complete and covers(complete, ARGV[5]) and string.sub(complete, 25, 36) >= ARGV[6]
    and redis.call('HEXISTS', KEYS[4], ':' .. ARGV[1]) == 0 then
  return {entry, space, 'unknown', complete}
end
if ARGV[3] == '0' then return {entry, space, 'unleased', complete} end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return {entry, space, 'leased', complete} end
return {entry, space, 'taken', complete}
`;

/**
 * Stores what was loaded, unless a write came in between. KEYS entry, lease, space; ARGV token, the mark of the load, kind,
 * content, ttl in ms.
 */
const cacheStore = `${covers}
if get(KEYS[2]) ~= ARGV[1] then return 'lease-lost' end
redis.call('DEL', KEYS[2])
local space = get(KEYS[3])
if not space then return 'no-space' end
if not covers(ARGV[2], string.sub(space, 17, 40)) then return 'below-floor' end
local entry = get(KEYS[1])
local floor, ttl = floor_of(entry), tonumber(ARGV[5])
if floor then
  if not covers(ARGV[2], floor) then return 'below-floor' end
  local at_least = string.sub(entry, 26, 49)
  if string.find(entry, '^[VN]') and at_least ~= ARGV[2] and covers(at_least, ARGV[2]) then return 'older' end
  if tonumber(string.sub(floor, 9, 24), 16) > 0 then ttl = math.max(ttl, redis.call('PTTL', KEYS[1])) end
end
redis.call('SET', KEYS[1], ARGV[3] .. (floor or '000000000000000000000000') .. ARGV[4], 'PX', ttl)
return 'stored'
`;

/**
 * After a write: what is cached is outdated unless it was read later, nobody who has begun to load may store, and nothing
 * older may be stored for a while. KEYS known ids, then entry and lease of each; ARGV floor, how long it is kept in ms, ids.
 */
const cacheInvalidate = `${covers}
local function outdate(key)
  local entry = get(key)
  local floor = floor_of(entry)
  if not floor then
    redis.call('SET', key, '-' .. ARGV[1] .. string.rep('0', 72), 'PX', ARGV[2])
    return
  end
  local kind = string.sub(entry, 1, 1)
  local at_least = string.sub(entry, 26, 49)
  local later = covers(at_least, ARGV[1]) and string.sub(at_least, 9, 24) > string.sub(ARGV[1], 9, 24)
  if later and string.find(kind, '[VN]') then return end
  if not covers(floor, ARGV[1]) then floor = ARGV[1] end
  redis.call('SETRANGE', key, 0, ((kind == 'V' or kind == 'o') and 'o' or '-') .. floor)
  if redis.call('PTTL', key) < tonumber(ARGV[2]) then redis.call('PEXPIRE', key, ARGV[2]) end
end
local known = redis.call('TYPE', KEYS[1]).ok == 'hash'
for i = 2, #KEYS, 2 do
  redis.call('DEL', KEYS[i + 1])
  outdate(KEYS[i])
  if known then redis.call('HSET', KEYS[1], ':' .. ARGV[2 + i / 2], '') end
end
return #KEYS
`;

/** KEYS space; ARGV incarnation and floor of a new one, whether the floor of one that is there is to be raised. */
const cacheSpace = `${covers}
local space = get(KEYS[1])
if not space or string.len(space) ~= 40 then
  space = ARGV[1] .. ARGV[2]
  redis.call('SET', KEYS[1], space)
elseif ARGV[3] == '1' and not covers(string.sub(space, 17, 40), ARGV[2]) then
  space = string.sub(space, 1, 16) .. ARGV[2]
  redis.call('SET', KEYS[1], space)
end
return space
`;

/** Deletes a key if it still holds what was seen. KEYS key; ARGV what was seen. */
const cacheDrop = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/**
 * Adds ids while the builder's mark is there, which it is not when the hash was evicted in between. KEYS known ids; ARGV the
 * builder's token, then ids, or what the hash is complete up to. Answers 1 when it did.
 */
const cacheKnow = `
local building = '@building:' .. ARGV[1]
if redis.call('HEXISTS', KEYS[1], building) == 0 then return 0 end
for i = 2, #ARGV do redis.call('HSET', KEYS[1], ':' .. ARGV[i], '') end
return 1
`;
const cacheKnowAll = `
if redis.call('HDEL', KEYS[1], '@building:' .. ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], '@complete', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

export const scripts = {
  cacheLease: { lua: cacheLease, numberOfKeys: 4 },
  cacheStore: { lua: cacheStore, numberOfKeys: 3 },
  cacheInvalidate: { lua: cacheInvalidate, numberOfKeys: undefined },
  cacheSpace: { lua: cacheSpace, numberOfKeys: 1 },
  cacheDrop: { lua: cacheDrop, numberOfKeys: 1 },
  cacheKnow: { lua: cacheKnow, numberOfKeys: 1 },
  cacheKnowAll: { lua: cacheKnowAll, numberOfKeys: 1 },
} as const;

export type Scripts = {
  readonly [Name in keyof typeof scripts]: (...args: (string | number)[]) => Promise<unknown>;
};
