-- What the command asks for: ARGV is the command's name, the prefix of the
-- Redis keys, the unix time, and the command's own arguments.  Answers one
-- JSON object in one line; {"refused": reason} when nothing was changed.
-- Invariant: a command that changes a record touches that record's slot alone,
-- unless told to keep the index too, which only a lone server allows.  Every
-- command may be run twice: redis-cli repeats one whose reply it lost.

local prefix, now = ARGV[2], tonumber(ARGV[3])
local commands = {}

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
-- a record, {"refused": reason}, or {} of an empty one.  Each is added whole or
-- refused by itself; an error of Redis ends them all.  Answers counts, and then a line for each refusal; idle: of global
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
        elseif not ok and not is_refusal(result) then
            error(result)
        elseif not ok then
            counts.refused = counts.refused + 1
            refusals[#refusals + 1] = '\nline ' .. tonumber(first) + n - 1
                .. ': ' .. result.refused:gsub('%c', '?')
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

local function as_set(list)
    local set = {}
    for _, one in ipairs(list) do
        set[one] = true
    end
    return set
end

-- whether what the change was made for is no longer so
local function is_stale(plan, fields, have)
    for n = 1, #plan.expect, 2 do
        if (fields[plan.expect[n]] or '') ~= plan.expect[n + 1] then
            return true
        end
    end
    for _, member in ipairs(plan.remove) do
        if not have[member] then
            return true
        end
    end
    return false
end

local function write_change(id, plan, fields)
    changed(id)
    redis.call('HSET', hash_key(prefix, id), 'revision', fields.revision,
        unpack(plan.set))
    if #plan.unset > 0 then
        redis.call('HDEL', hash_key(prefix, id), unpack(plan.unset))
    end
    if #plan.add > 0 then
        redis.call('SADD', scopes_key(prefix, id), unpack(plan.add))
    end
    if #plan.remove > 0 then
        redis.call('SREM', scopes_key(prefix, id), unpack(plan.remove))
    end
end

-- What the core's verb `change` has made of the record: fields and members to
-- write, and what must be as it was seen, else {"stale":true}.
function commands.apply(id, json)
    local plan, record = cjson.decode(json), must_load(id)
    local fields, members = record.fields, {}
    local have, gone = as_set(record.members), as_set(plan.remove)
    if is_stale(plan, fields, have) then
        return '{"stale":true}'
    end
    for _, member in ipairs(record.members) do
        members[#members + 1] = not gone[member] and member or nil
    end
    for _, member in ipairs(plan.add) do
        members[#members + 1] = not have[member] and member or nil
    end
    for n = 1, #plan.set, 2 do
        fields[plan.set[n]] = plan.set[n + 1]
    end
    for _, name in ipairs(plan.unset) do
        fields[name] = nil
    end
    fields.revision = next_revision(fields)
    must_fit(fields, members)
    write_change(id, plan, fields)
    return '{"id":' .. json_quote(id) .. ',"revision":' .. fields.revision
        .. '}'
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
