-- The index of ids and the last uses: each command here reads one sorted set,
-- in pages, so that a million keys cost little memory and never stall Redis.

local function ids_text(ids)
    local sane = {}
    for _, id in ipairs(ids) do
        if id_ok(id) then
            sane[#sane + 1] = id
        end
    end
    return table.concat(sane, ' ')
end

-- How many ids stand at or before a place in the index, which is a time and an
-- id; the id may be gone since, or elsewhere.  Ids of one time are in the order
-- of their bytes, so a search by halves finds the place.
local function place_rank(index, id, score)
    if id == '' then
        return 0
    end
    if redis.call('ZSCORE', index, id) == score then
        return redis.call('ZRANK', index, id) + 1
    end
    local low = redis.call('ZCOUNT', index, '-inf', '(' .. score)
    local high = redis.call('ZCOUNT', index, '-inf', score)
    while low < high do
        local middle = math.floor((low + high) / 2)
        if redis.call('ZRANGE', index, middle, middle)[1] <= id then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

local function from_hex(hex)
    return (hex:gsub('%x%x', function(pair)
        return string.char(tonumber(pair, 16))
    end))
end

local function to_hex(text)
    return (text:gsub('.', function(c)
        return string.format('%02x', c:byte())
    end))
end

-- The page after a place, oldest first: the place where it ends, and its ids if
-- they are wanted.  An id of a place is in hex, since anyone may have written
-- anything there.  `-`: there is no more.
function commands.page(after, score, limit, with_ids)
    local index = prefix .. 'ids'
    local start = place_rank(index, from_hex(after), score)
    local stop = start + limit - 1
    local ids, last = {}, {}
    if with_ids == '1' then
        ids = redis.call('ZRANGE', index, start, stop)
    end
    stop = math.min(stop, redis.call('ZCARD', index) - 1)
    last = stop >= start
        and redis.call('ZRANGE', index, stop, stop, 'WITHSCORES') or {}
    if #last == 0 then
        return '-'
    end
    return to_hex(last[1]) .. ' ' .. last[2] .. ' ' .. ids_text(ids)
end

-- The id with its last uses, as `view` takes it, if it is asked for.  before:
-- nothing; `all`, with both uses; a time, only when not used since, with its use.
local function item_of(id, before)
    if before == '' then
        return id
    end
    local used = last_use(id, 'last_used')
    if before == 'all' then
        return id .. ':' .. used .. ':' .. last_use(id, 'last_used_previous')
    elseif used == '' or tonumber(used) < tonumber(before) then
        return id .. ':' .. used
    end
end

-- The records between two places, on a lone server.  before: see item_of.
function commands.browse(missing, before, after, score, to, to_score)
    local index = prefix .. 'ids'
    local start = place_rank(index, from_hex(after), score)
    local stop = place_rank(index, from_hex(to), to_score) - 1
    local items = {}
    if stop < start then
        return ''
    end
    for _, id in ipairs(redis.call('ZRANGE', index, start, stop)) do
        local item = id
        if missing ~= '1' then
            item = id_ok(id) and item_of(id, before)
        end
        items[#items + 1] = item or nil
    end
    return view(missing, items)
end

-- one step of a search for ids that begin with a text: next cursor, ids
function commands.search(cursor, start)
    local reply = redis.call('ZSCAN', prefix .. 'ids', cursor, 'MATCH',
        start .. '*', 'COUNT', 5000)
    local ids = {}
    for n = 1, #reply[2], 2 do
        ids[#ids + 1] = reply[2][n]
    end
    return reply[1] .. ' ' .. ids_text(ids)
end

-- the ids as items of `view`: see item_of
function commands.uses(before, ...)
    local found = {}
    for _, id in ipairs({...}) do
        found[#found + 1] = item_of(id, before)
    end
    return table.concat(found, ' ')
end

-- when the ids were last used, by one of the two sets: a colon and the time, or
-- a colon alone
function commands.times(set, ...)
    local found = {}
    for i, id in ipairs({...}) do
        found[i] = ':' .. last_use(id, set)
    end
    return table.concat(found, ' ')
end

-- those of the ids that the index has not
function commands.unlisted(...)
    local found = {}
    for _, id in ipairs({...}) do
        if not redis.call('ZSCORE', prefix .. 'ids', id) then
            found[#found + 1] = id
        end
    end
    return table.concat(found, ' ')
end

-- One step through all that a lone server holds: the next cursor, and the ids of
-- records and scope lists that the index has not, each perhaps more than once.
function commands.scan(cursor, pattern)
    local reply = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)
    local ids = {}
    for _, name in ipairs(reply[2]) do
        local id, rest = name:sub(#prefix + 2):match('^(%w+)}(.*)$')
        if rest == '' or rest == ':scopes' then
            ids[#ids + 1] = id_ok(id) and id or nil
        end
    end
    return reply[1] .. ' ' .. commands.unlisted(unpack(ids))
end
