-- New records from JSON objects, as `create` and `import` send them: read,
-- judged more strictly than the module would, written whole or not at all.

local META_NAME_MAX_BYTES = 64
local META_MAX_NAMES = 512

local function read_text(value)
    if type(value) ~= 'string' then
        error('is no string', 0)
    end
    local reason = free_text_error(value)
    if reason then
        error(reason, 0)
    end
    return value
end

local function read_time(value)
    if type(value) == 'number' then
        value = string.format('%.0f', value)
    end
    local time = type(value) == 'string' and time_read(value)
    local reason = not time and 'is no time' or time_error(time)
    if reason then
        error(reason, 0)
    end
    return time
end

-- an array, or the comma-separated text that the record holds
local function read_list(value)
    local items = type(value) == 'string' and list_items(value) or value
    if type(items) ~= 'table' then
        error('is no list', 0)
    end
    local texts = {}
    for n, item in ipairs(items) do
        if type(item) ~= 'string' or item:find(',', 1, true) then
            error('holds what is no list item', 0)
        end
        texts[n] = item
    end
    return table.concat(texts, ',')
end

local function read_enabled(value)
    if value == true or value == '1' then
        return '1'
    elseif value == false or value == '0' then
        return '0'
    end
    error('is neither true nor false', 0)
end

local FIELD_READS = {
    digest = read_text, previous_digest = read_text, mode = read_text,
    name = read_text, owner = read_text, prefix = read_text,
    created_at = read_time, not_before = read_time, expires_at = read_time,
    rotated_at = read_time, previous_until = read_time,
    hosts = read_list, ips = read_list, methods = read_list,
    enabled = read_enabled,
}

local function read_field(fields, name, read, value)
    local ok, result = pcall(read, value)
    if not ok then
        error(name .. ' ' .. tostring(result), 0)
    end
    if result ~= '' then
        fields[name] = result
    end
end

local function read_meta(fields, meta)
    if type(meta) ~= 'table' then
        error('meta is no object', 0)
    end
    local names = 0
    for name, value in pairs(meta) do
        names = names + 1
        if names > META_MAX_NAMES then
            error('meta has over 512 names', 0)
        end
        if type(name) ~= 'string' or #name > META_NAME_MAX_BYTES
            or not name:find('^[a-z0-9_]+$')
        then
            error('meta name "' .. tostring(name)
                .. '" is not 1 to 64 of a-z, 0-9 and _', 0)
        end
        read_field(fields, 'meta.' .. name, read_text, value)
    end
end

local function read_scope(scope)
    if type(scope) ~= 'string' then
        error('scopes holds what is no string', 0)
    end
    local member, reason = grant_read(scope)
    if not member then
        error('scope "' .. scope .. '" ' .. reason, 0)
    end
    return member
end

-- canonical, sorted, no doubles
local function read_scopes(scopes)
    if type(scopes) ~= 'table' then
        error('scopes is no array', 0)
    end
    local seen, members = {}, {}
    for _, scope in ipairs(scopes) do
        local member = read_scope(scope)
        if not seen[member] then
            seen[member] = true
            members[#members + 1] = member
        end
    end
    table.sort(members)
    return members
end

local function prefix_ok(prefix)
    return #prefix <= 16 and prefix:find('^[a-z][a-z0-9]+$') ~= nil
end

local function check_whole(fields, members)
    if fields.prefix and not prefix_ok(fields.prefix) then
        error('prefix is not a-z, then 1 to 15 of a-z and 0-9', 0)
    end
    local problem = record_problems(fields, members)[1]
    if problem then
        error(problem, 0)
    end
end

-- of a legacy key; raises what is wrong with the digest
local function id_of_digest(digest)
    local reason = not digest and 'is missing' or digest_error(digest)
    if reason then
        error('digest: ' .. reason, 0)
    end
    return 'x' .. digest:sub(1, 24)
end

-- whether a global key has members that grant
local function grants_idly(fields, members)
    for _, member in ipairs(fields.mode == 'global' and members or {}) do
        if member:byte() ~= REFUSAL then
            return true
        end
    end
    return false
end

-- id, fields, members; raises the reason
local function put_read(json)
    local ok, object = pcall(cjson.decode, json)
    if not ok or type(object) ~= 'table' then
        error('is no JSON object', 0)
    end
    local fields = {}
    for name, read in pairs(FIELD_READS) do
        local value = object[name]
        if value ~= nil and value ~= cjson.null then
            read_field(fields, name, read, value)
        end
    end
    fields.enabled = fields.enabled or '1'
    read_meta(fields, object.meta or {})
    local id = object.id
    if id == nil or id == cjson.null then
        id = id_of_digest(fields.digest)
    end
    if type(id) ~= 'string' or not id_ok(id) then
        error('id is not of the form that keys have', 0)
    end
    local members = read_scopes(object.scopes or {})
    check_whole(fields, members)
    return id, fields, members
end

-- whether every field of a is in b, a missing mode being `scoped`
local function fields_within(a, b)
    for name, value in pairs(a) do
        local other = b[name]
        if name == 'mode' and value == 'scoped' then
            other = (other or '') == '' and 'scoped' or other
        end
        if value ~= '' and other ~= value then
            return false
        end
    end
    return true
end

-- members are sorted on both sides
local function same_record(old, fields, members)
    fields.created_at = fields.created_at or old.fields.created_at
    return fields_within(old.fields, fields)
        and fields_within(fields, old.fields)
        and #members == #old.members
        and table.concat(members, '\n') == table.concat(old.members, '\n')
end

local function write_record(prefix, id, fields, members, replace)
    local flat = {}
    for name, value in pairs(fields) do
        flat[#flat + 1] = name
        flat[#flat + 1] = value
    end
    redis.call('DEL', scopes_key(prefix, id))
    if replace then
        redis.call('DEL', hash_key(prefix, id))
    end
    redis.call('HSET', hash_key(prefix, id), unpack(flat))
    if #members > 0 then
        redis.call('SADD', scopes_key(prefix, id), unpack(members))
    end
end

-- one object: "added", "same" (was there already) or "replaced", the time of
-- creation, and whether it has grants that do nothing
local function put_one(prefix, now, options, json)
    if json == '-' then
        return nil
    end
    if json:sub(1, 1) == '!' then
        error(json:sub(2), 0)
    end
    local id, fields, members = put_read(json)
    local old = record_load(prefix, id)
    local same = old and same_record(old, fields, members)
    if old and not same and not options.replace then
        error('key ' .. id .. ' exists, with another content', 0)
    end
    fields.created_at = fields.created_at or tostring(now)
    if not same then
        -- first: who may not publish must not change anything, and nobody
        -- hears of it before all is done
        redis.call('PUBLISH', prefix .. 'invalidate', id)
    end
    if options.index then
        redis.call('ZADD', prefix .. 'ids', fields.created_at, id)
    end
    if same then
        return 'same', fields.created_at, grants_idly(fields, members)
    end
    write_record(prefix, id, fields, members, old)
    return old and 'replaced' or 'added', fields.created_at,
        grants_idly(fields, members)
end
