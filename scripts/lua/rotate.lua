-- A new text for a key, the old one good for a while; and the way back, for
-- when the new text could not be shown to anyone.

-- hash field to its text, or to nothing when the text is empty
local function set_or_remove(id, name, value)
    if value == '' then
        redis.call('HDEL', hash_key(prefix, id), name)
    else
        redis.call('HSET', hash_key(prefix, id), name, value)
    end
end

-- the old text never outlives the key itself
local function grace_end(fields, grace)
    local stop = now + tonumber(grace)
    local expires = tonumber(fields.expires_at or '')
    return expires and expires < stop and expires or stop
end

-- digest: of the new text; prefix: of the new text; grace: seconds.  Says what
-- was there before, for `unrotate`.
function commands.rotate(id, digest, key_prefix, grace)
    local record = must_load(id)
    local fields = record.fields
    local old = fields.digest or ''
    local previous = fields.previous_digest or ''
    local previous_until = fields.previous_until or ''
    local rotated_at = fields.rotated_at or ''
    if #record.problems > 0 then
        refuse('key ' .. id .. ' is invalid: ' .. record.problems[1])
    end
    if old ~= digest then
        local stop = tonumber(grace) > 0 and grace_end(fields, grace)
        fields.digest, fields.rotated_at = digest, tostring(now)
        fields.previous_digest = stop and old or ''
        fields.previous_until = stop and string.format('%.0f', stop) or ''
        fields.prefix = key_prefix
        must_fit(fields, record.members)
        changed(id)
        for _, name in ipairs({'digest', 'rotated_at', 'previous_digest',
            'previous_until', 'prefix'})
        do
            set_or_remove(id, name, fields[name])
        end
    end
    return string.format('{"id":%s,"previous_until":%s,"before":[%s,%s,%s,%s]}',
        json_quote(id), fields.previous_until ~= '' and fields.previous_until
        and json_quote(time_text(fields.previous_until)) or 'null',
        json_quote(old), json_quote(previous), json_quote(previous_until),
        json_quote(rotated_at))
end

-- only if nobody has changed the text since
function commands.unrotate(id, digest, old, previous, previous_until,
    rotated_at)
    local record = must_load(id)
    if record.fields.digest ~= digest then
        refuse('key ' .. id .. ' was rotated again')
    end
    changed(id)
    set_or_remove(id, 'digest', old)
    set_or_remove(id, 'previous_digest', previous)
    set_or_remove(id, 'previous_until', previous_until)
    set_or_remove(id, 'rotated_at', rotated_at)
    return '{"id":' .. json_quote(id) .. ',"unrotated":true}'
end

