-- Addresses and CIDR blocks as text: whether the module can read them.  Pure.
-- An IPv4-mapped IPv6 address is the IPv4 address, so a block of one must lie
-- within ::ffff:0:0/96.

local function ipv4_ok(text)
    local octets = {text:match('^(%d+)%.(%d+)%.(%d+)%.(%d+)$')}
    if #octets ~= 4 then
        return false
    end
    for _, octet in ipairs(octets) do
        if #octet > 3 or tonumber(octet) > 255 or octet:find('^0.') then
            return false
        end
    end
    return true
end

-- 16-bit groups of one side of a `::`; nil: unreadable
local function ipv6_groups(text, may_end_in_ipv4)
    local groups = {}
    if text == '' then
        return groups
    end
    local parts = {}
    for part in (text .. ':'):gmatch('([^:]*):') do
        parts[#parts + 1] = part
    end
    for n, part in ipairs(parts) do
        if part:find('^%x%x?%x?%x?$') then
            groups[#groups + 1] = tonumber(part, 16)
        elseif n == #parts and may_end_in_ipv4 and ipv4_ok(part) then
            local a, b, c, d = part:match('(%d+)%.(%d+)%.(%d+)%.(%d+)')
            groups[#groups + 1] = tonumber(a) * 256 + tonumber(b)
            groups[#groups + 1] = tonumber(c) * 256 + tonumber(d)
        else
            return nil
        end
    end
    return groups
end

-- all eight groups, or nil
local function ipv6_read(text)
    local left, right = text:match('^(.-)::(.*)$')
    if not left then
        local groups = ipv6_groups(text, true)
        return groups and #groups == 8 and groups or nil
    end
    if right:find('::', 1, true) or right:sub(1, 1) == ':' then
        return nil
    end
    local head = ipv6_groups(left, false)
    local tail = ipv6_groups(right, true)
    if not head or not tail or #head + #tail > 7 then
        return nil
    end
    for _ = 1, 8 - #head - #tail do
        head[#head + 1] = 0
    end
    for _, group in ipairs(tail) do
        head[#head + 1] = group
    end
    return head
end

local function is_mapped(groups)
    for n = 1, 5 do
        if groups[n] ~= 0 then
            return false
        end
    end
    return groups[6] == 0xffff
end

-- "192.0.2.0/24", "!2001:db8::1"; nil when readable, else the reason
local function block_error(text)
    local address, bits = text:gsub('^!', ''), nil
    if address:find('/', 1, true) then
        address, bits = address:match('^(.-)/(%d%d?%d?)$')
        if not address or bits:find('^0.') then
            return 'is no address or CIDR block'
        end
        bits = tonumber(bits)
    end
    if ipv4_ok(address) then
        return bits and bits > 32 and 'has a prefix length over 32' or nil
    end
    local groups = ipv6_read(address)
    if not groups then
        return 'is no address or CIDR block'
    end
    if bits and bits > 128 then
        return 'has a prefix length over 128'
    end
    if bits and bits < 96 and is_mapped(groups) then
        return 'reaches beyond the IPv4-mapped addresses'
    end
end
