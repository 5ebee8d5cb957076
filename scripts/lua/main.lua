-- The last part of the script: runs the command that was asked for.

local ok, result = pcall(commands[ARGV[1]], unpack(ARGV, 4))
if not ok and is_refusal(result) then
    return '{"refused":' .. json_quote(result.refused) .. '}'
end
if not ok then
    return redis.error_reply(type(result) == 'table' and result.err
        or tostring(result))
end
return result
