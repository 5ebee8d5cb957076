-- One member of a scope list: whether the module can read it, and its one
-- canonical text.  Follows the contract's section on scopes and grants.  Pure.

local SCOPE_MAX_BYTES = 255
local SCOPE_MAX_SEGMENTS = 16
local PATTERN_MAX_BYTES = 1024
local HOST_MAX_BYTES = 254

local function part_ok(part)
    return part == '*' or part:find('^[%w._~@%%-]+$') ~= nil
end

local function segments_of(resource)
    local segments = {}
    for segment in (resource .. '/'):gmatch('([^/]*)/') do
        segments[#segments + 1] = segment
    end
    return segments
end

-- what most scopes are: one to three plain segments; others are looked at with
-- more care
local function scope_is_plain(text)
    return #text <= SCOPE_MAX_BYTES
        and (text:find('^[%w._~@%%-]+:[%w._~@%%-]+$')
        or text:find('^[%w._~@%%-]+/[%w._~@%%-]+:[%w._~@%%-]+$')
        or text:find('^[%w._~@%%-]+/[%w._~@%%-]+/[%w._~@%%-]+:[%w._~@%%-]+$'))
end

-- nil when it is a scope pattern, else the reason
local function scope_error(text)
    if scope_is_plain(text) then
        return nil
    end
    if #text > SCOPE_MAX_BYTES then
        return 'is over 255 bytes'
    end
    local resource, action = text:match('^([^:]+):([^:]+)$')
    if not resource then
        return 'is not resource:action'
    end
    local segments = segments_of(resource)
    if #segments > SCOPE_MAX_SEGMENTS then
        return 'has over 16 segments'
    end
    for n, segment in ipairs(segments) do
        if segment == '' then
            return 'has an empty segment'
        end
        if segment == '**' and n < #segments then
            return 'has ** before the last segment'
        end
        if segment ~= '**' and not part_ok(segment) then
            return 'has a character or wildcard out of place in "' .. segment
                .. '"'
        end
    end
    if not part_ok(action) then
        return 'has a character or wildcard out of place in "' .. action .. '"'
    end
end

local function asterisks_error(text)
    if text:find('***', 1, true) then
        return 'has three asterisks in a row'
    end
end

-- whether a pattern of a param excludes what it matches
local function is_exclusion(pattern)
    return pattern:sub(1, 1) == '!'
end

-- a pattern of a param as written; what is escaped is a character like any
local function pattern_error(text)
    local body = text:gsub('^!', '')
    if body == '' then
        return is_exclusion(text) and 'excludes nothing' or 'is empty'
    end
    if #text > PATTERN_MAX_BYTES then
        return 'is over 1,024 bytes'
    end
    body = body:gsub('\\[*\\!]', 'x')
    if body:find('\\', 1, true) then
        return 'has a backslash that stands before none of * \\ !'
    end
    return asterisks_error(body)
end

-- one spelling of what has two: `\!` at the beginning, `!` further on
local function pattern_canonical(text)
    local head, body = text:match('^(!?)(.*)$')
    local rest = body:match('^\\?!(.*)$')
    if rest then
        head, body = head .. '\\!', rest
    end
    return head .. body:gsub('\\.', {['\\!'] = '!'})
end

local function host_error(text)
    if #text > HOST_MAX_BYTES or (#text == HOST_MAX_BYTES
        and text:sub(-1) ~= '.')
    then
        return 'is over 253 bytes'
    end
    local bare = text:gsub('%.$', '')
    if bare:find('^%[[%w_.*:-]+%]$') then
        return asterisks_error(bare)
    end
    if bare:find('^[^:]+:[%d*]+$') then
        return 'has a port: hosts are compared without'
    end
    if not bare:find('^[%w_.*-]+$') then
        return 'is no host pattern'
    end
    return asterisks_error(bare)
end

local function method_error(text)
    if not text:find('^[A-Z_-]+$') then
        return 'is no method in upper case'
    end
end

-- an array of texts, each of which item_error lets pass; sorted, no doubles;
-- canonical: the one spelling of an item, if it may have several
local function texts_write(name, value, item_error, may_be_empty, canonical)
    if type(value) ~= 'table' or not value.array then
        error(name .. ' is no array', 0)
    end
    if #value.array == 0 and not may_be_empty then
        error(name .. ' is empty', 0)
    end
    local seen, quoted = {}, {}
    for _, item in ipairs(value.array) do
        if type(item) ~= 'string' then
            error(name .. ' holds what is no string', 0)
        end
        local reason = item_error(item)
        if reason then
            error(name .. ': "' .. item .. '" ' .. reason, 0)
        end
        item = canonical and canonical(item) or item
        if not seen[item] then
            seen[item] = true
            quoted[#quoted + 1] = json_quote(item)
        end
    end
    table.sort(quoted)
    return '[' .. table.concat(quoted, ',') .. ']'
end

-- what patterns match besides those that exclude: of some there is nothing
local function exclusions_check(name, patterns)
    local exclusions = 0
    for _, pattern in ipairs(patterns) do
        exclusions = exclusions + (is_exclusion(pattern) and 1 or 0)
    end
    if exclusions > 0 and exclusions == #patterns then
        error(name .. ' only excludes: say what it may be, ["**","'
            .. patterns[1] .. '"] for all else', 0)
    end
end

local function params_write(name, value)
    if type(value) ~= 'table' or not value.object then
        error(name .. ' is no object', 0)
    end
    local parts = {}
    for param, patterns in pairs(value.object) do
        if param == '' then
            error('a param has no name', 0)
        end
        local written = texts_write('param ' .. param, patterns, pattern_error,
            true, pattern_canonical)
        exclusions_check('param ' .. param, patterns.array)
        parts[#parts + 1] = json_quote(param) .. ':' .. written
    end
    table.sort(parts)
    return '{' .. table.concat(parts, ',') .. '}'
end

local function time_write(name, value)
    local reason = (type(value) ~= 'table' or not value.int)
        and 'is no time in unix seconds' or time_error(value.int)
    if reason then
        error(name .. ' ' .. reason, 0)
    end
    return value.int
end

local function scope_write(name, value)
    local reason = type(value) ~= 'string' and 'is no string'
        or scope_error(value)
    if reason then
        error(name .. ' ' .. reason, 0)
    end
    return json_quote(value)
end

local GRANT_FIELDS = {
    expires_at = time_write,
    hosts = function(n, v) return texts_write(n, v, host_error) end,
    ips = function(n, v) return texts_write(n, v, block_error) end,
    methods = function(n, v) return texts_write(n, v, method_error) end,
    not_before = time_write,
    params = params_write,
    scope = scope_write,
}

local function constrained_write(object)
    local parts = {}
    for name, value in pairs(object) do
        local write = GRANT_FIELDS[name]
        if not write then
            error('unknown field "' .. name .. '"', 0)
        end
        local text = write(name, value)
        -- no params at all constrain nothing
        if name ~= 'params' or text ~= '{}' then
            parts[#parts + 1] = json_quote(name) .. ':' .. text
        end
    end
    if not object.scope then
        error('no scope', 0)
    end
    table.sort(parts)
    return '{' .. table.concat(parts, ',') .. '}'
end

-- grant_read, without its memory
local function grant_parse(member)
    if member:sub(1, 1) ~= '{' then
        local pattern = member:gsub('^!', '')
        local reason = scope_error(pattern)
        if reason then
            return nil, reason
        end
        return member, pattern
    end
    local value, reason = json_read(member)
    if not value then
        return nil, reason
    end
    local ok, text = pcall(constrained_write, value.object)
    if not ok then
        return nil, text
    end
    return text, value.object.scope
end

-- of the members that this call has met: the keys of one page have many alike
local grant_texts, grant_others = {}, {}

-- the canonical text and the scope pattern; or nil and a reason
local function grant_read(member)
    local other = grant_others[member]
    if not other then
        grant_texts[member], other = grant_parse(member)
        grant_others[member] = other
    end
    return grant_texts[member], other
end

-- whether a scope pattern covers a scope; both must be readable.  A wildcard
-- in the scope is covered only by a wildcard as wide.
local function scope_covers(pattern, scope)
    if pattern == scope then
        return true
    end
    local presource, paction = pattern:match('^(.*):(.*)$')
    local resource, action = scope:match('^(.*):(.*)$')
    if paction ~= '*' and paction ~= action then
        return false
    end
    local segments = segments_of(resource)
    local n = 0
    for part in (presource .. '/'):gmatch('([^/]*)/') do
        n = n + 1
        if part == '**' then
            return #segments >= n
        end
        if segments[n] == '**' or not segments[n]
            or (part ~= '*' and part ~= segments[n])
        then
            return false
        end
    end
    return n == #segments
end
