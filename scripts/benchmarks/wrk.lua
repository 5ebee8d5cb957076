-- For wrk: one key at random in each request, from the file BENCH_KEYS; counts
-- the answers that have not the status BENCH_STATUS.

local random = math.random
local requests, wrong, threads = {}, 0, {}
local status = tonumber(os.getenv("BENCH_STATUS"))


function setup(thread)
    threads[#threads + 1] = thread
end


function init()
    wrong_answers = 0

    for key in io.lines(os.getenv("BENCH_KEYS")) do
        requests[#requests + 1] = wrk.format("GET", nil,
                                             { ["X-API-Key"] = key })
    end
end


function request()
    return requests[random(#requests)]
end


function response(code)
    if code ~= status then
        wrong_answers = wrong_answers + 1
    end
end


function done(summary)
    for _, thread in ipairs(threads) do
        wrong = wrong + thread:get("wrong_answers")
    end

    local errors = summary.errors

    print(string.format("bench: %d requests, %d us, %d wrong",
                        summary.requests, summary.duration,
                        wrong + errors.connect + errors.read + errors.write
                        + errors.timeout))
end
