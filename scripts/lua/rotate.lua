-- A new secret for a key, the old one good for a while; and the way back, for
-- when the new secret could not be shown to anyone.

local ROTATED = {'digest', 'previous_digest', 'previous_until', 'rotated_at',
    'prefix'}

-- hash field to its text, or to nothing when the text is empty
local function set_or_remove(id, name, value)
    if value == '' then
        redis.call('HDEL', hash_key(prefix, id), name)
    else
        redis.call('HSET', hash_key(prefix, id), name, value)
    end
end

-- the old secret never outlives the key itself
local function grace_end(fields, grace)
    local stop = now + tonumber(grace)
    local expires = tonumber(fields.expires_at or '')
    return expires and expires < stop and expires or stop
end

-- last uses of the previous secret, which is another one now; a lone server
local function forget_previous_use(id)
    local used = last_use(id, 'last_used_previous')
    redis.call('ZREM', prefix .. 'last_used_previous', id)
    return used
end

-- digest: of the new secret; prefix: of the new secret; grace: seconds; index: see
-- delete.  Says what was there before, for `unrotate`.
function commands.rotate(id, digest, key_prefix, grace, index)
    local record = must_load(id)
    local fields, before, used = record.fields, {}, ''
    for n, name in ipairs(ROTATED) do
        before[n] = fields[name] or ''
    end
    if fields.digest ~= digest then
        local stop = tonumber(grace) > 0 and grace_end(fields, grace)
        fields.previous_digest = stop and fields.digest or ''
        fields.previous_until = stop and string.format('%.0f', stop) or ''
        fields.digest, fields.rotated_at = digest, tostring(now)
        fields.prefix, fields.revision = key_prefix, next_revision(fields)
        must_fit(fields, record.members)
        changed(id)
        for _, name in ipairs(ROTATED) do
            set_or_remove(id, name, fields[name])
        end
        set_or_remove(id, 'revision', fields.revision)
        used = index == '1' and forget_previous_use(id) or ''
    end
    before[#before + 1] = used
    return string.format('{"id":%s,"previous_until":"%s","before":%s}',
        json_quote(id), fields.previous_until or '', json_strings(before))
end

-- only if nobody has changed the text since; before: what `rotate` said
function commands.unrotate(id, digest, ...)
    local record, before = must_load(id), {...}
    if record.fields.digest ~= digest then
        refuse('key ' .. id .. ' was rotated again')
    end
    changed(id)
    for n, name in ipairs(ROTATED) do
        set_or_remove(id, name, before[n])
    end
    set_or_remove(id, 'revision', next_revision(record.fields))
    if before[#ROTATED + 1] ~= '' then
        redis.call('ZADD', prefix .. 'last_used_previous',
            before[#ROTATED + 1], id)
    end
    return '{"id":' .. json_quote(id) .. ',"unrotated":true}'
end
