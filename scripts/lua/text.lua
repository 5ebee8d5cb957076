-- Text, lists and times, as the record and the grants hold them.  Pure: calls
-- no Redis, keeps no state.  The files of this directory are joined in the
-- order that scripts/lib/redis.bash names, and run as one server-side script.

-- whether every byte belongs to well-formed UTF-8 (RFC 3629)
local function utf8_ok(text)
    if not text:find('[\128-\255]') then
        return true
    end
    local at = 1
    while at <= #text do
        local a, b, c, d = text:byte(at, at + 3)
        local function tail(x)
            return x and x >= 0x80 and x <= 0xbf
        end
        if a < 0x80 then
            at = at + 1
        elseif a >= 0xc2 and a <= 0xdf and tail(b) then
            at = at + 2
        elseif a >= 0xe0 and a <= 0xef and tail(b) and tail(c)
            and not (a == 0xe0 and b < 0xa0) and not (a == 0xed and b > 0x9f)
        then
            at = at + 3
        elseif a >= 0xf0 and a <= 0xf4 and tail(b) and tail(c) and tail(d)
            and not (a == 0xf0 and b < 0x90) and not (a == 0xf4 and b > 0x8f)
        then
            at = at + 4
        else
            return false
        end
    end
    return true
end

-- free text for people: what would break a column, a header or a log line
local function free_text_error(text)
    if text:find('[%z\1-\31\127]') then
        return 'holds a control byte'
    end
    if not utf8_ok(text) then
        return 'is not UTF-8'
    end
end

-- the items of a comma-separated list, blanks around them removed
local function list_items(text)
    local items = {}
    if text == '' then
        return items
    end
    for item in (text .. ','):gmatch('([^,]*),') do
        items[#items + 1] = item:match('^[ \t]*(.-)[ \t]*$')
    end
    return items
end

local function is_time(text)
    return text:find('^%d+$') ~= nil and #text <= 18
end

-- a hundred years, as the module has them: what is further ahead of the time that
-- the command brings was written in milliseconds
local TIME_MAX_AHEAD = 36525 * 86400

-- nil when the module takes it for a time; else the reason
local function time_error(text)
    if not is_time(text) then
        return 'is no time in unix seconds'
    end
    if tonumber(text) - tonumber(ARGV[3]) > TIME_MAX_AHEAD then
        return 'is over 100 years from now: are these milliseconds?'
    end
end

-- days from 1970-01-01 of a date in the Gregorian calendar, and back
local function days_of(year, month, day)
    if month <= 2 then
        year, month = year - 1, month + 12
    end
    local era = math.floor(year / 400)
    local of_era = year - era * 400
    local of_year = math.floor((153 * (month - 3) + 2) / 5) + day - 1
    return era * 146097 + of_era * 365 + math.floor(of_era / 4)
        - math.floor(of_era / 100) + of_year - 719468
end

local function date_of(days)
    local z = days + 719468
    local era = math.floor(z / 146097)
    local doe = z - era * 146097
    local yoe = math.floor((doe - math.floor(doe / 1460)
        + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
    local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
    local mp = math.floor((5 * doy + 2) / 153)
    local day = doy - math.floor((153 * mp + 2) / 5) + 1
    local month = mp < 10 and mp + 3 or mp - 9
    local year = yoe + era * 400 + (month <= 2 and 1 or 0)
    return year, month, day
end

-- the days that this call has met, as text
local dates = {}

-- unix seconds as RFC 3339; what is no time, or past the year 9999, as it is
local function time_text(text)
    local seconds = is_time(text) and tonumber(text)
    if not seconds or seconds > 253402300799 then
        return text
    end
    local days = math.floor(seconds / 86400)
    local rest = seconds - days * 86400
    dates[days] = dates[days]
        or string.format('%04d-%02d-%02dT', date_of(days))
    return dates[days] .. string.format('%02d:%02d:%02dZ',
        math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60)
end

local MONTH_DAYS = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

-- unix seconds as decimal digits, from digits or RFC 3339; nil: unreadable
local function time_read(text)
    if is_time(text) then
        return text
    end
    local y, mo, d, h, mi, s, zone = text:match('^(%d%d%d%d)%-(%d%d)%-(%d%d)'
        .. '[Tt](%d%d):(%d%d):(%d%d)(.+)$')
    if not y then
        return nil
    end
    y, mo, d = tonumber(y), tonumber(mo), tonumber(d)
    h, mi, s = tonumber(h), tonumber(mi), tonumber(s)
    local leap = (y % 4 == 0 and y % 100 ~= 0) or y % 400 == 0
    if mo < 1 or mo > 12 or d < 1 or d > MONTH_DAYS[mo] or h > 23 or mi > 59
        or s > 59 or (mo == 2 and d == 29 and not leap)
    then
        return nil
    end
    local seconds = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s
    if zone ~= 'Z' and zone ~= 'z' then
        local sign, zh, zm = zone:match('^([+-])(%d%d):(%d%d)$')
        if not sign or tonumber(zh) > 23 or tonumber(zm) > 59 then
            return nil
        end
        local offset = tonumber(zh) * 3600 + tonumber(zm) * 60
        seconds = seconds - (sign == '+' and offset or -offset)
    end
    return seconds >= 0 and string.format('%.0f', seconds) or nil
end
