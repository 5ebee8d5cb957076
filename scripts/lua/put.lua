-- New records, as the core has made them of what `create` and `import` were
-- given: written whole or not at all.  What they mean is not looked at here.

-- whether every field of a is in b, a missing mode being `scoped`; how often it
-- was changed is no matter
local function fields_within(a, b)
    for name, value in pairs(a) do
        local other = name == 'revision' and value or b[name]
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

-- The last uses that an export brought, unless later ones are known.  A lone
-- server has them beside the record.
local function put_uses(prefix, id, object)
    for member, set in pairs({last_used = 'last_used',
        previous_last_used = 'last_used_previous'})
    do
        local used = tonumber(object[member] or '')
        local known = redis.call('ZSCORE', prefix .. set, id)
        if used and used > (tonumber(known or '') or 0) then
            redis.call('ZADD', prefix .. set, object[member], id)
        end
    end
end

-- Who replaces a record must have seen its last change.  What says nothing of it
-- is as new as a record that was never changed.
local function check_revision(id, old, fields, options)
    local is, seen = revision_of(old.fields), revision_of(fields)
    if fields.revision == nil then
        seen = 1
    end
    if seen < is and not options.force then
        refuse(string.format('key %s was changed since: it is at revision %.0f, '
            .. 'this at %.0f; export it again, or give --force', id, is, seen))
    end
    fields.revision = string.format('%.0f', math.max(is, seen) + 1)
end

-- one record: "added", "same" (was there already) or "replaced", the time of
-- creation, and whether it has grants that do nothing; nil of an empty object
local function put_one(prefix, now, options, json)
    local object = cjson.decode(json)
    if object.refused then
        refuse(object.refused)
    elseif not object.id then
        return nil
    end
    local id, members = object.id, object.members
    local fields, old = fields_of(object.fields), record_load(prefix, id)
    table.sort(members)
    local same = old and same_record(old, fields, members)
    if old and not same and not options.replace then
        refuse('key ' .. id .. ' exists, with another content')
    end
    fields.created_at = fields.created_at or tostring(now)
    if old and not same then
        check_revision(id, old, fields, options)
    end
    fields.revision = fields.revision or '1'
    local problem = not same and size_problem(fields, members)
    if problem then
        refuse(problem)
    end
    if not same then
        -- first: who may not publish must not change anything, and nobody
        -- hears of it before all is done
        redis.call('PUBLISH', prefix .. 'invalidate', id)
    end
    if options.index then
        redis.call('ZADD', prefix .. 'ids', fields.created_at, id)
        put_uses(prefix, id, object)
    end
    if same then
        return 'same', fields.created_at, object.idle
    end
    write_record(prefix, id, fields, members, old)
    return old and 'replaced' or 'added', fields.created_at, object.idle
end
