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

local REQUIRED = {'digest', 'enabled'}
local REFUSAL = ('!'):byte()

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

local function field_problems(fields, problems)
    for name, value in pairs(fields) do
        local field_error = value ~= '' and FIELD_ERRORS[name]
        local reason = field_error and field_error(value)
        if reason then
            problems[#problems + 1] = name .. ': ' .. reason
        end
    end
    for _, name in ipairs(REQUIRED) do
        if (fields[name] or '') == '' then
            problems[#problems + 1] = name .. ': is missing'
        end
    end
end

-- what makes the record invalid to the module: "field: reason" each
local function record_problems(fields, members)
    local problems = {}
    field_problems(fields, problems)
    for _, member in ipairs(members) do
        if member:byte() == REFUSAL then
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
        if member:byte() ~= REFUSAL then
            local text, reason = grant_read(member)
            if not text then
                found[#found + 1] = 'scopes: "' .. member .. '" ' .. reason
            end
        end
    end
    return found
end

-- nil when the Redis key is of another type than the command wants
local function read_typed(command, key)
    local reply = redis.pcall(command, key)
    if reply.err and reply.err:find('^%-?WRONGTYPE') then
        return nil
    elseif reply.err then
        error(reply)
    end
    return reply
end

-- nil: is no hash; empty when there is none, since no hash is empty
local function record_fields(prefix, id)
    local flat = read_typed('HGETALL', hash_key(prefix, id))
    if not flat then
        return nil
    end
    local fields = {}
    for n = 1, #flat, 2 do
        fields[flat[n]] = flat[n + 1]
    end
    return fields
end

-- nil when there is none; else fields, members and what is wrong with them
local function record_load(prefix, id)
    local fields = record_fields(prefix, id)
    if not fields then
        return {fields = {}, members = {}, problems = {'record: is no hash'}}
    elseif not next(fields) then
        return nil
    end
    local members = read_typed('SMEMBERS', scopes_key(prefix, id))
    local record = {fields = fields, members = members or {}}
    table.sort(record.members)
    record.problems = record_problems(fields, record.members)
    if not members then
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

local TEXTS = {'name', 'owner'}
local TIMES = {'created_at', 'not_before', 'expires_at', 'rotated_at',
    'previous_until'}
local USES = {'last_used', 'previous_last_used'}
local LISTS = {'hosts', 'ips', 'methods'}
local DIGESTS = {'digest', 'previous_digest'}

local function quote_time(text)
    return json_quote(time_text(text))
end

local function quote_list(text)
    return json_texts(list_items(text))
end

-- those of the fields that there are, as members of an object
local function add_fields(parts, fields, names, write)
    for _, name in ipairs(names) do
        local value = fields[name]
        if value and value ~= '' then
            parts[#parts + 1] = '"' .. name .. '":' .. write(value)
        end
    end
end

-- what the fields say, in words of its own, for people and programs
local function add_state(parts, record, now)
    local fields, mode = record.fields, record.fields.mode or ''
    parts[#parts + 1] = '"mode":'
        .. json_quote(mode ~= '' and mode or 'scoped')
    parts[#parts + 1] = '"state":"' .. record_state(record, now) .. '"'
    if (fields.previous_digest or '') ~= '' then
        parts[#parts + 1] = (tonumber(fields.previous_until) or 0) > now
            and '"previous":true' or '"previous":false'
    end
end

local function add_problems(parts, record)
    local problems = {unpack(record.problems)}
    for _, problem in ipairs(unreadable_grants(record.members)) do
        problems[#problems + 1] = problem
    end
    parts[#parts + 1] = '"problems":' .. json_texts(problems)
end

local function record_id(id)
    return '{"id":' .. json_quote(id) .. '}'
end

-- The record as one JSON object; digests: true for an export; uses: times of
-- last use, by the names that they have in JSON, empty when there was none.
local function record_write(id, record, now, digests, uses)
    local fields, parts = record.fields, {'{"id":' .. json_quote(id)}
    add_fields(parts, fields, TEXTS, json_quote)
    if digests then
        add_fields(parts, fields, {'mode'}, json_quote)
    else
        add_state(parts, record, now)
    end
    if fields.enabled == '0' or fields.enabled == '1' then
        parts[#parts + 1] = fields.enabled == '1' and '"enabled":true'
            or '"enabled":false'
    end
    add_fields(parts, fields, TIMES, quote_time)
    for _, name in ipairs(uses and USES or {}) do
        parts[#parts + 1] = uses[name] and '"' .. name .. '":'
            .. (uses[name] == '' and 'null' or quote_time(uses[name]))
    end
    add_fields(parts, fields, LISTS, quote_list)
    parts[#parts + 1] = '"meta":' .. json_meta(fields)
    add_fields(parts, fields, {'prefix'}, json_quote)
    if digests then
        add_fields(parts, fields, DIGESTS, json_quote)
    end
    parts[#parts + 1] = '"scopes":' .. json_texts(record.members)
    if not digests then
        add_problems(parts, record)
    end
    return table.concat(parts, ',') .. '}'
end
