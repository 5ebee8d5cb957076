# What the tests of the examples share: servers, which are started in $dir and
# stopped by their pid, and questions to them with what must be answered.
# Sourced by t/examples/run, after scripts/base/common.sh.
# Invariant: what is refused is checked twice: by its answer, and by the
# upstream, which must not have heard of it.
# shellcheck shell=bash
# shellcheck disable=SC2154  # root, dir, example, nginx... are of the runner

redis_pid='' nginx_pid='' upstream_pid=''

stop_all() {
    # shellcheck disable=SC2086  # those that were started
    stop_pid $nginx_pid $upstream_pid $redis_pid
}

# check 0|1 WHAT [WHY]: one line in the results
check() {
    local what=${2//$'\n'/ }

    if (($1 == 0)); then
        say "passed $what" >>"$results"
    else
        say "failed $what" >>"$results"
        say "not ok: ${example-}: $what" "${3-}" | sed '2,$s/^/    /'
    fi
}

# the ports of the examples' text, exchanged for those of this run
with_our_ports() {
    sed -e "s/127\.0\.0\.1:6379/127.0.0.1:$redis_port/g" \
        -e "s/127\.0\.0\.1:8080/127.0.0.1:$port/g" \
        -e "s/127\.0\.0\.1:8081/127.0.0.1:$upstream_port/g"
}

# the example's configuration, touching nothing outside of $dir
write_config() {
    local user='' temp='' name

    ((EUID != 0)) || user='user root;'
    for name in client_body proxy fastcgi uwsgi scgi; do
        temp+="${name}_temp_path $dir/temp-$name; "
    done
    say "load_module $module; pid $dir/nginx.pid; daemon off; $user" \
        >"$dir/nginx.conf"
    with_our_ports <"$example/nginx.conf" \
        | sed -e '/^load_module /d' -e "s|/etc/nginx/|$dir/|g" \
            -e "s|/var/log/nginx/|$dir/|g" -e "s|^http {|& $temp|" \
            >>"$dir/nginx.conf"
}

# a port may have been taken between the question and its use: ask again
start_nginx() {
    local try

    for try in 1 2 3; do
        port=$(free_port)
        write_config
        "$nginx" -p "$dir" -e stderr -c "$dir/nginx.conf" \
            >"$dir/start.log" 2>&1 &
        nginx_pid=$!
        wait_for 10 nginx_is_up_or_gone
        nginx_is_up && return 0
        stop_pid "$nginx_pid"
    done
    cat "$dir/start.log" >&2
    die "nginx did not start, $try times"
}

nginx_is_up() {
    kill -0 "$nginx_pid" 2>/dev/null && [[ -s $dir/nginx.pid ]] \
        && curl -s -o /dev/null "127.0.0.1:$port/"
}

nginx_is_up_or_gone() {
    ! kill -0 "$nginx_pid" || nginx_is_up
}

# start_stub: upstream.py, which chooses its port itself
start_stub() {
    python3 t/examples/upstream.py "$dir/upstream.port" \
        "$dir/upstream.requests" >"$dir/upstream.log" 2>&1 &
    upstream_pid=$!
    wait_for 10 test -s "$dir/upstream.port" || {
        cat "$dir/upstream.log" >&2
        die 'the upstream did not start'
    }
    upstream_port=$(<"$dir/upstream.port")
}

# how the upstream is started, and what it was brought to: an example with an
# upstream of its own says so in functions of the same names
start_upstream() {
    start_stub
}

upstream_state() {
    cat "$dir/upstream.requests"
}

# the last request that reached upstream.py, or one thing of it: received .path
received() {
    tail -n 1 "$dir/upstream.requests" | jq -r "${1-.}"
}

# ask KEY CURL-ARGUMENT...: sets $status and $body.  KEY is a text, or - for none;
# $key_header has it.
ask() {
    local key=$1 header=()
    shift

    [[ $key == - ]] || header=(-H "$key_header: $key_scheme$key")
    status=$(curl -sg -m 10 --path-as-is -o "$dir/body" -w '%{http_code}' \
        "${header[@]}" "$@")
    body=$(tr -d '\0' <"$dir/body" 2>/dev/null)
}

# allows WHAT KEY CURL-ARGUMENT...: 2xx
allows() {
    local what=$1
    shift

    ask "$@"
    check "$([[ $status == 2* ]]; say $?)" "$what: allowed" "$status $body"
}

# refuses WHAT REASON KEY CURL-ARGUMENT...: with this reason, and the upstream
# is as it was.  Of nginx's own refusals REASON is the status.
refuses() {
    local what=$1 reason=$2 before
    shift 2

    before=$(upstream_state)
    ask "$@"
    if [[ $reason == [0-9]* ]]; then
        check "$([[ $status == "$reason" ]]; say $?)" "$what: $reason" \
            "$status $body"
    else
        check "$([[ $status == 4* && $body == *"\"reason\":\"$reason\""* ]]
            say $?)" "$what: $reason" "$status $body"
    fi
    check "$([[ $(upstream_state) == "$before" ]]; say $?)" \
        "$what: the upstream is as it was" "$(upstream_state)"
}

# is WHAT VALUE WANTED
is() {
    check "$([[ $2 == "$3" ]]; say $?)" "$1" "is $2, must be $3"
}

check_logs() {
    local wrong

    stop_pid "$nginx_pid"
    nginx_pid=''
    wrong=$(grep -hE '\[(alert|crit|emerg)\]|Sanitizer' "$dir"/*.log)
    check "$([[ -z $wrong ]]; say $?)" 'nothing is wrong in the logs' "$wrong"
}
