# What the scripts share: where things are, how to speak, how to end what was
# started.  Sourced, never run.  Changes nothing by itself; servers that it
# starts listen on loopback or a unix socket and are stopped by their pid.
# shellcheck shell=bash
# shellcheck disable=SC2034  # whoever sources this uses what is set here

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build

# each argument a line
say() {
    printf '%s\n' "$@"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# run_logged LOG COMMAND...: quiet when it works, all it said when it does not
run_logged() {
    local log=$1
    shift

    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        die "failed: $* (all of it in $log)"
    fi
}

# a loopback port that nothing listens on now; another program may take it
# before its user does, so whoever uses it must be ready to ask again
free_port() {
    local port

    while :; do
        port=$((RANDOM % 20000 + 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    say "$port"
}

# wait_for SECONDS COMMAND...: until the command works; 1 when it never does
wait_for() {
    local until=$((SECONDS + $1))
    shift

    until "$@" >/dev/null 2>&1; do
        ((SECONDS < until)) || return 1
        sleep 0.05
    done
}

# start_redis DIRECTORY OPTION...: a Redis of our own that keeps nothing on
# disk.  Sets redis_port and redis_pid.
start_redis() {
    local dir=$1 try
    shift

    for try in 1 2 3 4 5; do
        redis_port=$(free_port)
        redis-server --port "$redis_port" --bind 127.0.0.1 --save '' \
            --appendonly no --dir "$dir" "$@" >"$dir/redis.log" 2>&1 &
        redis_pid=$!
        if wait_for 5 redis_is_ours; then
            return 0
        fi
        stop_pid "$redis_pid"
    done
    die "no Redis could be started after $try tries, see $dir/redis.log"
}

# another one may have been quicker to take the port
redis_is_ours() {
    redis-cli -p "$redis_port" info server | grep -q "process_id:$redis_pid"
}

# stop_pid PID...: asks, waits, then insists
stop_pid() {
    local pid

    for pid; do
        kill "$pid" 2>/dev/null || continue
        wait_for 5 eval "! kill -0 $pid" || kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    return 0
}

# sum_counts NAME RUNS FILE: adds up the lines "...: N passed, N failed" of
# FILE, of which there must be RUNS, and says the sum in the same form; a run
# without such a line has failed.  1 when anything failed.
sum_counts() {
    local name=$1 runs=$2 line passed=0 failed=0 seen=0
    local form='(^|: )([0-9]+) passed, ([0-9]+) failed$'

    while read -r line; do
        if [[ $line =~ $form ]]; then
            passed=$((passed + BASH_REMATCH[2]))
            failed=$((failed + BASH_REMATCH[3]))
            seen=$((seen + 1))
        fi
    done <"$3"

    if ((seen < runs)); then
        say "$((runs - seen)) of $runs ended without a count"
        failed=$((failed + runs - seen))
    fi
    say "${name:+$name: }$passed passed, $failed failed"
    ((failed == 0))
}

# run_each NAME REPORT FILE...: calls this very script with --file and each FILE,
# JOBS at once, as many as there are processors, and says the sum of what they say
run_each() {
    local name=$1 report=$2
    shift 2

    mkdir -p "$(dirname "$report")"
    printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" "$0" --file \
        | tee "$report"
    sum_counts "$name" "$#" "$report"
}
