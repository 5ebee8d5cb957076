-- A record: read from Redis, judged as the module would judge it, written as
-- JSON for the command.  Invariant: of two Redis keys, the hash and the scope
-- list, both of one cluster slot; the index and the last uses are other slots
-- and no business of this file.

local RECORD_MAX_MEMBERS = 1024
local RECORD_MAX_BYTES = 65536
local RECORD_MAX_FIELDS = 1024

local function hash_key(prefix, id)
    return prefix .. '{' .. id .. '}'
end

local function scopes_key(prefix, id)
    return prefix .. '{' .. id .. '}:scopes'
end

-- a part of a Redis key and of a log line: never anything but base62
local function id_ok(id)
    return id:find('^%w+$') ~= nil
        and (#id == 12 or (#id == 25 and id:find('^x%x+$') ~= nil
        and not id:find('[A-F]')))
end

local function digest_error(text)
    if #text ~= 64 or text:find('[^0-9a-f]') then
        return 'is not 64 lower-case hex digits'
    end
end

local function time_error(text)
    if not is_time(text) then
        return 'is no time in unix seconds'
    end
end

local function list_error(item_error)
    return function(text)
        for _, item in ipairs(list_items(text)) do
            local reason = item_error(item)
            if reason then
                return '"' .. item .. '" ' .. reason
            end
        end
    end
end

-- of every field whose value the module reads; an empty field is a missing one
local FIELD_ERRORS = {
    digest = digest_error,
    previous_digest = digest_error,
    previous_until = time_error,
    created_at = time_error,
    not_before = time_error,
    expires_at = time_error,
    hosts = list_error(host_error),
    ips = list_error(block_error),
    methods = list_error(method_error),
    enabled = function(text)
        return text ~= '0' and text ~= '1' and 'is neither 0 nor 1' or nil
    end,
    mode = function(text)
        return text ~= 'scoped' and text ~= 'global'
            and 'is neither scoped nor global' or nil
    end,
}

local function size_problem(fields, members)
    local bytes, count = 0, 0
    for name, value in pairs(fields) do
        bytes, count = bytes + #name + #value, count + 1
    end
    for _, member in ipairs(members) do
        bytes = bytes + #member
    end
    if #members > RECORD_MAX_MEMBERS then
        return 'scopes: over 1,024 members'
    end
    if count > RECORD_MAX_FIELDS then
        return 'record: over 1,024 fields'
    end
    if bytes > RECORD_MAX_BYTES then
        return 'record: over 64 KiB'
    end
end

-- what makes the record invalid to the module: "field: reason" each
local function record_problems(fields, members)
    local problems = {}
    for name, field_error in pairs(FIELD_ERRORS) do
        local value = fields[name] or ''
        local reason = value ~= '' and field_error(value)
        if value == '' and (name == 'digest' or name == 'enabled') then
            reason = 'is missing'
        end
        if reason then
            problems[#problems + 1] = name .. ': ' .. reason
        end
    end
    for _, member in ipairs(members) do
        if member:sub(1, 1) == '!' then
            local text, reason = grant_read(member)
            if not text then
                problems[#problems + 1] = 'scopes: "' .. member .. '" '
                    .. reason
            end
        end
    end
    problems[#problems + 1] = size_problem(fields, members)
    table.sort(problems)
    return problems
end

-- members that grant nothing because the module cannot read them
local function unreadable_grants(members)
    local found = {}
    for _, member in ipairs(members) do
        if member:sub(1, 1) ~= '!' then
            local text, reason = grant_read(member)
            if not text then
                found[#found + 1] = 'scopes: "' .. member .. '" ' .. reason
            end
        end
    end
    return found
end

local function record_fields(prefix, id)
    local fields, flat = {}, redis.call('HGETALL', hash_key(prefix, id))
    for n = 1, #flat, 2 do
        fields[flat[n]] = flat[n + 1]
    end
    return fields
end

-- nil when there is none; else fields, members and what is wrong with them
local function record_load(prefix, id)
    local kind = redis.call('TYPE', hash_key(prefix, id)).ok
    if kind == 'none' then
        return nil
    end
    if kind ~= 'hash' then
        return {fields = {}, members = {}, problems = {'record: is no hash'}}
    end
    local record = {fields = record_fields(prefix, id), members = {}}
    kind = redis.call('TYPE', scopes_key(prefix, id)).ok
    if kind == 'set' then
        record.members = redis.call('SMEMBERS', scopes_key(prefix, id))
        table.sort(record.members)
    end
    record.problems = record_problems(record.fields, record.members)
    if kind ~= 'set' and kind ~= 'none' then
        table.insert(record.problems, 'scopes: is no set')
    end
    return record
end

local function record_state(record, now)
    local fields = record.fields
    local function time(name)
        local value = fields[name] or ''
        return value ~= '' and tonumber(value) or nil
    end
    if #record.problems > 0 then
        return 'invalid'
    end
    if fields.enabled == '0' then
        return 'disabled'
    end
    if (time('not_before') or 0) > now then
        return 'not_yet_valid'
    end
    if (time('expires_at') or now + 1) <= now then
        return 'expired'
    end
    return 'enabled'
end

local function json_texts(texts)
    local quoted = {}
    for n, text in ipairs(texts) do
        quoted[n] = json_quote(text)
    end
    return '[' .. table.concat(quoted, ',') .. ']'
end

local function json_meta(fields)
    local parts = {}
    for name, value in pairs(fields) do
        if name:sub(1, 5) == 'meta.' then
            parts[#parts + 1] = json_quote(name:sub(6)) .. ':'
                .. json_quote(value)
        end
    end
    table.sort(parts)
    return '{' .. table.concat(parts, ',') .. '}'
end

local TIMES = {'created_at', 'not_before', 'expires_at', 'rotated_at',
    'previous_until'}
local LISTS = {'hosts', 'ips', 'methods'}
local DIGESTS = {'digest', 'previous_digest'}

-- the record as one JSON object; digests: true for an export
local function record_write(id, record, now, digests, last_used)
    local fields = record.fields
    local parts = {'"id":' .. json_quote(id)}
    local function add(name, json)
        parts[#parts + 1] = '"' .. name .. '":' .. json
    end
    local function add_texts(names, write)
        for _, name in ipairs(names) do
            if (fields[name] or '') ~= '' then
                add(name, write(fields[name]))
            end
        end
    end
    local function quote_time(text)
        return json_quote(time_text(text))
    end
    add_texts({'name', 'owner'}, json_quote)
    if digests then
        add_texts({'mode'}, json_quote)
    else
        add('mode', json_quote((fields.mode or '') ~= '' and fields.mode
            or 'scoped'))
        add('state', json_quote(record_state(record, now)))
    end
    if fields.enabled == '0' or fields.enabled == '1' then
        add('enabled', fields.enabled == '1' and 'true' or 'false')
    end
    add_texts(TIMES, quote_time)
    if last_used then
        add('last_used', last_used == '' and 'null' or quote_time(last_used))
    end
    add_texts(LISTS, function(text) return json_texts(list_items(text)) end)
    add('meta', json_meta(fields))
    add_texts({'prefix'}, json_quote)
    if digests then
        add_texts(DIGESTS, json_quote)
    elseif (fields.previous_digest or '') ~= '' then
        add('previous', (tonumber(fields.previous_until) or 0) > now
            and 'true' or 'false')
    end
    add('scopes', json_texts(record.members))
    local problems = record.problems
    if not digests then
        for _, problem in ipairs(unreadable_grants(record.members)) do
            problems[#problems + 1] = problem
        end
        add('problems', json_texts(problems))
    end
    return '{' .. table.concat(parts, ',') .. '}'
end
