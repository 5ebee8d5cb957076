-- What the command asks for: ARGV is the command's name, the prefix of the
-- Redis keys, the unix time, and the command's own arguments.  Answers one
-- JSON object in one line; {"refused": reason} when nothing was changed.
-- Invariant: a command that changes a record touches that record's slot alone,
-- unless told to keep the index too, which only a lone server allows.  Every
-- command may be run twice: redis-cli repeats one whose reply it lost.

local prefix, now = ARGV[2], tonumber(ARGV[3])
local commands = {}

-- members: of the scope list, which the command has more to say of
local function refuse(reason, members)
    error({refused = reason, members = members or {}})
end

-- Before the writes: who may not publish must not change anything.  Nobody
-- hears of it before the command is done.
local function changed(id)
    redis.call('PUBLISH', prefix .. 'invalidate', id)
end

-- the unix second of the last use in a sorted set, or nothing
local function last_use(id, set)
    local used = tonumber(redis.call('ZSCORE', prefix .. set, id) or '')
    local text = used and string.format('%.0f', math.floor(used)) or ''
    return is_time(text) and text or ''
end

-- the record, which must be there and be a hash
local function must_load(id)
    local record = record_load(prefix, id)
    if not record then
        refuse('there is no key ' .. id)
    end
    if record.is_damaged then
        refuse('key ' .. id .. ' has data of a wrong type in Redis')
    end
    return record
end

local function must_fit(fields, members)
    local problem = size_problem(fields, members)
    if problem then
        refuse(problem)
    end
end

-- Options, number of the first line, and for each line what the core made of it:
-- a record, {"refused": reason}, or {} of an empty one.  Each is added whole or refused by
-- itself.  Answers counts, and then a line for each refusal; idle: of global
-- keys with grants, which do nothing.
function commands.put(options, first, ...)
    options = cjson.decode(options)
    local counts = {added = 0, same = 0, replaced = 0, refused = 0, idle = 0}
    local refusals, created = {}, ''
    for n, line in ipairs({...}) do
        local ok, result, time, idle = pcall(put_one, prefix, now, options,
            line)
        if ok and result then
            counts[result], created = counts[result] + 1, time
            counts.idle = counts.idle + (idle and 1 or 0)
        elseif not ok then
            counts.refused = counts.refused + 1
            refusals[#refusals + 1] = '\nline ' .. tonumber(first) + n - 1
                .. ': ' .. tostring(result):gsub('%c', '?')
        end
    end
    return string.format('put added=%d same=%d replaced=%d refused=%d '
        .. 'idle=%d created=%s%s', counts.added, counts.same, counts.replaced,
        counts.refused, counts.idle, created, table.concat(refusals))
end

function commands.exists(id)
    return redis.call('EXISTS', hash_key(prefix, id)) == 1
        and '{"exists":true}' or '{"exists":false}'
end

-- ids, each bare, or as id:last_use, or as id:last_use:last_use of the previous
-- text: their records as they are, one a line.  missing: those of the index
-- that have no record, too.
local function view(missing, items)
    local rows = {}
    for _, item in ipairs(items) do
        local id = item:match('^(%w+)[:%d]*$')
        local row = id and record_raw(prefix, id, item:match(':(%d*)'),
            item:match(':%d*:(%d*)$'))
        if not row and missing == '1' then
            row = '{"id":' .. raw_quote(item) .. ',"missing":true}'
        end
        rows[#rows + 1] = row or nil
    end
    return table.concat(rows, '\n')
end

function commands.view(missing, ...)
    return view(missing, {...})
end

-- json: {"members": [...]}, as they are to be written
function commands.grant(id, json)
    local record, wanted = must_load(id), cjson.decode(json).members
    local have, added, already = {}, {}, {}
    for _, member in ipairs(record.members) do
        have[member] = true
    end
    for _, member in ipairs(wanted) do
        if have[member] then
            already[#already + 1] = member
        else
            have[member] = true
            added[#added + 1] = member
            record.members[#record.members + 1] = member
        end
    end
    must_fit(record.fields, record.members)
    if #added > 0 then
        changed(id)
        redis.call('SADD', scopes_key(prefix, id), unpack(added))
    end
    return '{"id":' .. json_quote(id) .. ',"granted":' .. json_strings(wanted)
        .. ',"added":' .. #added .. ',"already":' .. json_strings(already)
        .. ',"mode":' .. json_quote(record.fields.mode or '') .. '}'
end

-- json: {"members": [...]}, which the record must still have
function commands.ungrant(id, json)
    local doomed, have = cjson.decode(json).members, {}
    for _, member in ipairs(must_load(id).members) do
        have[member] = true
    end
    for _, member in ipairs(doomed) do
        if not have[member] then
            return '{"refused":"key ' .. id .. ' is being changed by others",'
                .. '"changed":true}'
        end
    end
    changed(id)
    redis.call('SREM', scopes_key(prefix, id), unpack(doomed))
    return '{"id":' .. json_quote(id) .. ',"ungranted":' .. json_strings(doomed)
        .. '}'
end

function commands.enable(id, value)
    must_load(id)
    changed(id)
    redis.call('HSET', hash_key(prefix, id), 'enabled', value)
    return '{"id":' .. json_quote(id) .. ',"enabled":'
        .. (value == '1' and 'true' or 'false') .. '}'
end

-- when: a time, or empty for never
function commands.expire(id, when)
    local record = must_load(id)
    local before = tonumber(record.fields.not_before or '')
    if when ~= '' and before and before >= tonumber(when)
        and tonumber(when) > now
    then
        refuse('key ' .. id .. ' would expire before it is valid')
    end
    record.fields.expires_at = when
    must_fit(record.fields, record.members)
    changed(id)
    if when == '' then
        redis.call('HDEL', hash_key(prefix, id), 'expires_at')
    else
        redis.call('HSET', hash_key(prefix, id), 'expires_at', when)
        local stop = tonumber(record.fields.previous_until or '')
        if stop and stop > tonumber(when) then
            redis.call('HSET', hash_key(prefix, id), 'previous_until', when)
        end
    end
    return '{"id":' .. json_quote(id) .. ',"expires_at":'
        .. (when == '' and 'null' or when) .. '}'
end

-- index: the index and the last uses in the same step (a lone server)
function commands.delete(id, index)
    changed(id)
    local gone = redis.call('DEL', hash_key(prefix, id),
        scopes_key(prefix, id))
    if index == '1' then
        gone = gone + redis.call('ZREM', prefix .. 'ids', id)
        redis.call('ZREM', prefix .. 'last_used', id)
        redis.call('ZREM', prefix .. 'last_used_previous', id)
    end
    return '{"id":' .. json_quote(id) .. ',"deleted":' .. gone .. '}'
end
