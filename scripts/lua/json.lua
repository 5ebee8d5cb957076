-- Strict JSON for constrained grants: what the module's own reader refuses is
-- refused here (duplicate names, depth over 32, invalid UTF-8, NUL, text after
-- the value); cjson lets most of it pass.  Pure.
-- Read values: a string is a string; else a table with one of the members
-- int (decimal digits), array, object, or other (true, false, null, a real).

local JSON_MAX_DEPTH = 32

local JSON_ESCAPES = {
    ['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n',
    r = '\r', t = '\t'
}

local function utf8_char(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xc0 + math.floor(code / 64), 0x80 + code % 64)
    elseif code < 0x10000 then
        return string.char(0xe0 + math.floor(code / 4096),
            0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
    end
    return string.char(0xf0 + math.floor(code / 262144),
        0x80 + math.floor(code / 4096) % 64, 0x80 + math.floor(code / 64) % 64,
        0x80 + code % 64)
end

-- the four hex digits of a \u at `at`, a low surrogate taken in
local function json_unicode(text, at)
    local hex = text:match('^%x%x%x%x', at)
    local code = hex and tonumber(hex, 16)
    if not code or code == 0 or (code >= 0xdc00 and code <= 0xdfff) then
        error('bad \\u escape', 0)
    end
    if code < 0xd800 or code > 0xdbff then
        return utf8_char(code), at + 4
    end
    local low = text:match('^\\u(%x%x%x%x)', at + 4)
    low = low and tonumber(low, 16)
    if not low or low < 0xdc00 or low > 0xdfff then
        error('lone surrogate', 0)
    end
    return utf8_char(0x10000 + (code - 0xd800) * 1024 + low - 0xdc00), at + 10
end

local function json_string(text, at)
    local parts = {}
    while true do
        local plain, stop = text:match('^([^"\\%z\1-\31]*)()', at)
        parts[#parts + 1] = plain
        local c = text:sub(stop, stop)
        if c == '"' then
            return table.concat(parts), stop + 1
        elseif c ~= '\\' then
            error('unterminated string', 0)
        end
        local e = text:sub(stop + 1, stop + 1)
        if e == 'u' then
            parts[#parts + 1], at = json_unicode(text, stop + 2)
        elseif JSON_ESCAPES[e] then
            parts[#parts + 1], at = JSON_ESCAPES[e], stop + 2
        else
            error('bad escape', 0)
        end
    end
end

local function json_space(text, at)
    return text:match('^[ \t\r\n]*()', at)
end

local json_value

-- the elements or members up to the closing bracket
local function json_many(text, at, close, each)
    at = json_space(text, at)
    if text:sub(at, at) == close then
        return at + 1
    end
    while true do
        at = json_space(text, each(json_space(text, at)))
        local c = text:sub(at, at)
        at = at + 1
        if c == close then
            return at
        elseif c ~= ',' then
            error('expected , or ' .. close, 0)
        end
    end
end

local function json_object(text, at, depth)
    local members = {}
    at = json_many(text, at, '}', function(from)
        if text:sub(from, from) ~= '"' then
            error('expected a name', 0)
        end
        local name, stop = json_string(text, from + 1)
        if members[name] ~= nil then
            error('duplicate name "' .. name .. '"', 0)
        end
        stop = json_space(text, stop)
        if text:sub(stop, stop) ~= ':' then
            error('expected :', 0)
        end
        members[name], stop = json_value(text, json_space(text, stop + 1),
            depth)
        return stop
    end)
    return {object = members}, at
end

local function json_array(text, at, depth)
    local elements = {}
    at = json_many(text, at, ']', function(from)
        local stop
        elements[#elements + 1], stop = json_value(text, from, depth)
        return stop
    end)
    return {array = elements}, at
end

local function json_plain(text, at)
    local word = text:match('^[%w+.-]+', at)
    if not word then
        error('expected a value', 0)
    end
    if word == 'true' or word == 'false' or word == 'null' then
        return {other = word}, at + #word
    end
    if word == '0' or word:find('^[1-9]%d*$') then
        return {int = word}, at + #word
    end
    local whole, rest = word:match('^%-?(%d+)(.*)$')
    if not whole or whole:find('^0.') or not (rest == ''
        or rest:find('^%.%d+$') or rest:find('^%.?%d*[eE][+-]?%d+$'))
    then
        error('bad value "' .. word .. '"', 0)
    end
    return {other = word}, at + #word
end

function json_value(text, at, depth)
    local c = text:sub(at, at)
    if c == '"' then
        return json_string(text, at + 1)
    end
    if c == '{' or c == '[' then
        if depth == JSON_MAX_DEPTH then
            error('too deep', 0)
        end
        local read = c == '{' and json_object or json_array
        return read(text, at + 1, depth + 1)
    end
    return json_plain(text, at)
end

-- the value, or nil and a reason
local function json_read(text)
    if not utf8_ok(text) then
        return nil, 'is not UTF-8'
    end
    local ok, value, at = pcall(json_value, text, json_space(text, 1), 0)
    if not ok then
        return nil, 'is no JSON: ' .. tostring(value)
    end
    if json_space(text, at) <= #text then
        return nil, 'has text after the JSON value'
    end
    return value
end

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
