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

local function json_texts(texts)
    local quoted = {}
    for n, text in ipairs(texts) do
        quoted[n] = json_quote(text)
    end
    return '[' .. table.concat(quoted, ',') .. ']'
end

-- A NUL, of which JSON must not make an end, as the core reads it: value.h
local function raw_quote(text)
    return json_quote((text:gsub('%z', '\000' .. '00')))
end

-- those of the texts that are a list, as JSON
local function raw_texts(texts)
    local quoted = {}
    for n, text in ipairs(texts) do
        quoted[n] = raw_quote(text)
    end
    return '[' .. table.concat(quoted, ',') .. ']'
end

-- The record as it is, for the core to judge, or nil; its last uses, if they
-- are given.
local function record_raw(prefix, id, last_used, previous)
    local flat = read_typed('HGETALL', hash_key(prefix, id))
    local members, damage = {}, ''
    if not flat then
        flat, damage = {}, ',"damage":"record: is no hash"'
    elseif #flat == 0 then
        return nil
    else
        members = read_typed('SMEMBERS', scopes_key(prefix, id))
        damage = members and '' or ',"damage":"scopes: is no set"'
    end
    return '{"id":' .. raw_quote(id) .. ',"fields":' .. raw_texts(flat)
        .. ',"members":' .. raw_texts(members or {}) .. damage
        .. (last_used and ',"last_used":"' .. last_used .. '"' or '')
        .. (previous and ',"previous_last_used":"' .. previous .. '"' or '')
        .. '}'
end
