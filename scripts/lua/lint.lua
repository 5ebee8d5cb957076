-- What is wrong, or pointless, about one record: findings of a kind and a text
-- each.  Pure.  What the module would not take comes from record.lua; here is
-- added what it takes, and what can hardly have been meant.

local LINT_FIELDS = {name = true, owner = true, prefix = true,
    rotated_at = true}

-- members by what they are: readable refusals and grants, patterns and text
local function lint_members(members)
    local refusals, grants = {}, {}
    for _, member in ipairs(members) do
        local text, pattern = grant_read(member)
        if text and member:sub(1, 1) == '!' then
            refusals[#refusals + 1] = {text = member, scope = pattern}
        elseif text then
            local object = member:sub(1, 1) == '{' and json_read(member).object
            grants[#grants + 1] = {text = member, scope = pattern,
                not_before = object and object.not_before
                    and tonumber(object.not_before.int),
                expires_at = object and object.expires_at
                    and tonumber(object.expires_at.int)}
        end
    end
    return refusals, grants
end

-- why a grant allows nothing, now or ever; nil: it allows something
local function lint_vain(grant, refusals, now)
    for _, refusal in ipairs(refusals) do
        if scope_covers(refusal.scope, grant.scope) then
            return 'grants nothing: ' .. refusal.text .. ' refuses all of it'
        end
    end
    if grant.expires_at and (grant.not_before or 0) >= grant.expires_at then
        return 'grants nothing: it ends before it begins'
    end
    if grant.expires_at and grant.expires_at <= now then
        return 'grants nothing: it ended at '
            .. time_text(string.format('%.0f', grant.expires_at))
    end
end

local function lint_scopes(fields, members, now, add)
    local refusals, grants = lint_members(members)
    local global, vain = fields.mode == 'global', 0
    for _, grant in ipairs(grants) do
        local reason = lint_vain(grant, refusals, now)
        if global then
            add('member', '"' .. grant.text
                .. '" does nothing: a global key needs no grant')
        elseif reason then
            vain = vain + 1
            add('member', '"' .. grant.text .. '" ' .. reason)
        end
    end
    for _, refusal in ipairs(refusals) do
        if scope_covers(refusal.scope, '**:*') then
            add('refusal', '"' .. refusal.text .. '" refuses every scope')
        end
    end
    if global then
        return
    end
    if #grants == 0 then
        add('grants', 'no grant: it opens only what asks for valid_key')
    elseif vain == #grants then
        add('grants', 'no grant that grants anything')
    end
end

local function lint_times(fields, now, add)
    local function time(name)
        local value = fields[name] or ''
        return is_time(value) and tonumber(value) or nil
    end
    local starts, ends = time('not_before'), time('expires_at')
    if ends and ends <= now then
        add('expired', 'expired at ' .. time_text(fields.expires_at))
    end
    if ends and starts and starts >= ends then
        add('expired', 'expires before it is valid')
    end
end

-- names that only look like fields: they bind nobody
local function lint_fields(fields, add)
    local names = {}
    for name in pairs(fields) do
        if not FIELD_ERRORS[name] and not LINT_FIELDS[name]
            and not name:find('^meta%..')
        then
            names[#names + 1] = name
        end
    end
    table.sort(names)
    for _, name in ipairs(names) do
        add('field', '"' .. name .. '" is no field: nothing reads it')
    end
end

-- one line of JSON: the id, or where the record stands, and its findings
local function lint_write(id, findings)
    local parts = {}
    for _, finding in ipairs(findings) do
        parts[#parts + 1] = '{"kind":' .. json_quote(finding.kind)
            .. ',"text":' .. json_quote(finding.text) .. '}'
    end
    return '{"id":' .. json_quote(id) .. ',"findings":['
        .. table.concat(parts, ',') .. ']}'
end

local function lint_one(id, kind, text)
    return lint_write(id, {{kind = kind, text = text}})
end

-- patterns that meant something else before there were exclusions and escapes
local function lint_patterns(members, add)
    for _, member in ipairs(members) do
        local text = member:sub(1, 1) == '{' and grant_read(member)
        local params = text and json_read(text).object.params
        for name, patterns in pairs(params and params.object or {}) do
            for _, pattern in ipairs(patterns.array) do
                if is_exclusion(pattern) then
                    add('pattern', 'param ' .. name .. ': "' .. pattern
                        .. '" excludes, in ' .. member)
                elseif pattern:find('\\', 1, true) then
                    add('pattern', 'param ' .. name .. ': "' .. pattern
                        .. '" has an escape, in ' .. member)
                end
            end
        end
    end
end

-- filter: what was asked for; patterns: those too that have a new meaning
local function lint_record(id, record, now, filter)
    local findings = {}
    local function add(kind, text)
        findings[#findings + 1] = {kind = kind, text = text}
    end
    for _, problem in ipairs(record.problems) do
        add('invalid', problem)
    end
    if record.problems[1] ~= 'record: is no hash' then
        for _, problem in ipairs(unreadable_grants(record.members)) do
            add('member', problem:gsub('^scopes: ', '')
                .. '; it grants nothing')
        end
        if filter.patterns then
            lint_patterns(record.members, add)
        end
        lint_scopes(record.fields, record.members, now, add)
        lint_times(record.fields, now, add)
        lint_fields(record.fields, add)
    end
    return lint_write(id, findings)
end
