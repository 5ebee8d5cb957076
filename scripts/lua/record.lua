-- A record: its two Redis keys, the hash and the scope list, both of one cluster
-- slot, read as they are.  What they say is judged by the core, elsewhere: here
-- is counted, since only here nothing changes meanwhile.  The index and the
-- last uses are other slots and no business of this file.

local RECORD_MAX_MEMBERS = 1024
local RECORD_MAX_BYTES = 65536
local RECORD_MAX_FIELDS = 1024

local function json_escape(c)
    if c == '"' or c == '\\' then
        return '\\' .. c
    end
    return string.format('\\u%04x', c:byte())
end

local function json_quote(text)
    if text:find('[%c"\\]') then
        text = text:gsub('[%c"\\]', json_escape)
    end
    return '"' .. text .. '"'
end

-- ends the command: nothing was written
local function refuse(reason)
    error({refused = reason})
end

local function is_refusal(result)
    return type(result) == 'table' and result.refused ~= nil
end

local function is_time(text)
    return text:find('^%d+$') ~= nil and #text <= 18
end

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

-- names and values, one after another, by name
local function fields_of(flat)
    local fields = {}
    for n = 1, #flat, 2 do
        fields[flat[n]] = flat[n + 1]
    end
    return fields
end

-- nil when there is none; else fields and members; is_damaged: of a wrong type
local function record_load(prefix, id)
    local flat = read_typed('HGETALL', hash_key(prefix, id))
    if flat and #flat == 0 then
        return nil
    end
    local members = flat and read_typed('SMEMBERS', scopes_key(prefix, id))
    table.sort(members or {})
    return {fields = fields_of(flat or {}), members = members or {},
        is_damaged = not members}
end

-- The number of the last change of a record, which `scoped-key` counts.  What is
-- no number was written by hand.
local function revision_of(fields)
    local revision = fields.revision or ''
    return is_time(revision) and tonumber(revision) or 0
end

local function next_revision(fields)
    return string.format('%.0f', revision_of(fields) + 1)
end

local function json_strings(texts)
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
local function raw_strings(texts)
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
    local members, err = {}, ''
    if not flat then
        flat, err = {}, ',"error":"record: is no hash"'
    elseif #flat == 0 then
        return nil
    else
        members = read_typed('SMEMBERS', scopes_key(prefix, id))
        err = members and '' or ',"error":"scopes: is no set"'
    end
    return '{"id":' .. raw_quote(id) .. ',"fields":' .. raw_strings(flat)
        .. ',"members":' .. raw_strings(members or {}) .. err
        .. (last_used and ',"last_used":"' .. last_used .. '"' or '')
        .. (previous and ',"previous_last_used":"' .. previous .. '"' or '')
        .. '}'
end
