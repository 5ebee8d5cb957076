-- A record as the module would read it, for the program that explains: nothing
-- is judged here.  One text a line, in hex, since a text may hold any byte.

function commands.source(id)
    local kind = redis.call('TYPE', hash_key(prefix, id)).ok
    local scopes_kind = redis.call('TYPE', scopes_key(prefix, id)).ok
    local fields, members = {}, {}
    local lines = {'id ' .. to_hex(id)}
    if kind == 'none' then
        return ''
    elseif kind == 'hash' then
        fields = record_fields(prefix, id)
    end
    if scopes_kind == 'set' then
        members = redis.call('SMEMBERS', scopes_key(prefix, id))
        table.sort(members)
    end
    if kind ~= 'hash' or (scopes_kind ~= 'set' and scopes_kind ~= 'none')
        or size_problem(fields, members)
    then
        lines[2], members = 'damage 78', {}
        fields = {digest = fields.digest}
    end
    for name, value in pairs(fields) do
        lines[#lines + 1] = 'field ' .. to_hex(name) .. ' ' .. to_hex(value)
    end
    for _, member in ipairs(members) do
        lines[#lines + 1] = 'member ' .. to_hex(member)
    end
    return table.concat(lines, '\n')
end
