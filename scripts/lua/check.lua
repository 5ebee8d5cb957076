-- Records that are in no index and no Redis yet: what `check` asks besides the
-- pages of the index.  Nothing here writes.

-- one field of an import line, as put.lua would read it; else a problem
local function lint_field(record, name, read, value)
    local ok, result = pcall(read, value)
    if not ok then
        record.problems[#record.problems + 1] = name .. ': '
            .. tostring(result)
    elseif result ~= '' then
        record.fields[name] = result
    end
end

local function lint_members_of(record, scopes)
    if type(scopes) ~= 'table' then
        scopes = {false}
    end
    for _, scope in ipairs(scopes) do
        if type(scope) == 'string' then
            record.members[#record.members + 1] = scope
        else
            record.problems[#record.problems + 1] =
                'scopes: is no list of strings'
        end
    end
    table.sort(record.members)
end

-- the record that an import of the object would make, and all that is wrong
local function lint_object(object)
    local record = {fields = {}, members = {}, problems = {}}
    for name, read in pairs(FIELD_READS) do
        local value = object[name]
        if value ~= nil and value ~= cjson.null then
            lint_field(record, name, read, value)
        end
    end
    record.fields.enabled = record.fields.enabled or '1'
    lint_field(record, 'meta', function(meta)
        read_meta(record.fields, meta)
        return ''
    end, object.meta or {})
    lint_members_of(record, object.scopes or {})
    for _, problem in ipairs(record_problems(record.fields, record.members)) do
        record.problems[#record.problems + 1] = problem
    end
    return record
end

local function lint_line(where, json, filter)
    if json:sub(1, 1) == '!' then
        return lint_one(where, 'invalid', json:sub(2))
    end
    local ok, object = pcall(cjson.decode, json)
    if not ok or type(object) ~= 'table' then
        return lint_one(where, 'invalid', 'is no JSON object')
    end
    local record = lint_object(object)
    local id, given = object.id, object.id ~= nil and object.id ~= cjson.null
    if not given and not digest_error(record.fields.digest or '') then
        id = id_of_digest(record.fields.digest)
    elseif type(id) ~= 'string' or not id_ok(id) then
        if given then
            table.insert(record.problems, 1,
                'id: is not of the form that keys have')
        end
        id = where
    end
    return lint_record(id, record, now, filter)
end

-- the number of the first line, lines as `put` takes them: findings, as `view`
-- answers them
function commands.lint(filter, first, ...)
    local rows = {}
    filter = cjson.decode(filter)
    for n, line in ipairs({...}) do
        if line ~= '-' then
            rows[#rows + 1] = lint_line('line ' .. tonumber(first) + n - 1,
                line, filter)
        end
    end
    return table.concat(rows, '\n')
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
