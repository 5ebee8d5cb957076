# The way to Redis: one redis-cli for a conversation, commands on its standard
# input, so that no value is ever on a command line.  Every command is followed
# by an ECHO of a marker, so that its reply, however long, has a clear end.
# Knows nothing of keys but the names of their Redis keys.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091,SC2119,SC2120

LUA_PARTS=(record put commands rotate index main)
REDIS_WRAP=()
MARKER=scoped-key-$$-$RANDOM
# what is known of the change that this command is for: empty (it makes none),
# no, made, unknown
OUTCOME=''
# of a change whose answer did not come: prints made or no, over a connection of
# its own; and what is left to do when it was made
VERIFY='' RESUME=''

# the parts of the server-side script, joined, to LUA; its name to LUA_SHA
load_lua() {
    local part text

    LUA=''
    for part in "${LUA_PARTS[@]}"; do
        text=''
        read -r -d '' text <"$HOME_DIR/lua/$part.lua" || true
        [[ -n $text ]] || fail "cannot read $HOME_DIR/lua/$part.lua"
        LUA+=$text$'\n'
    done
    LUA_SHA=$(printf %s "$LUA" | sha1sum) || fail 'sha1sum failed'
    LUA_SHA=${LUA_SHA%% *}
}

# redis-cli as it was asked for, behind the words of REDIS_WRAP, with what else
# it is given, which must be no secret; the password
# travels as redis-cli itself has it travel, not on the command line
redis_cli() {
    local program=redis-cli

    if [[ -n $REDIS_PASSWORD ]]; then
        local -x REDISCLI_AUTH=$REDIS_PASSWORD
    fi
    command -v redis-cli >/dev/null || program=valkey-cli
    exec "${REDIS_WRAP[@]}" "$program" --raw "${REDIS_OPTIONS[@]}" "$@"
}

# the programs that every conversation needs; valkey-cli is as good as redis-cli
need_programs() {
    command -v redis-cli >/dev/null || command -v valkey-cli >/dev/null \
        || fail 'neither redis-cli nor valkey-cli is installed'
    command -v jq >/dev/null || fail 'jq is not installed'
}

# Commands of standard input, a line each; whoever waits longer for an answer
# than --timeout allows is ended (scoped-key-core relay).
redis_stream() (
    redis_relay
)

# the same in place of this shell
redis_relay() {
    REDIS_WRAP=("$CORE" relay "$((TIMEOUT_MS * PATIENCE / 100))" "relay-$MARKER")
    redis_cli
}

# The time for one answer, of --timeout.  A change leaves half of it for the
# question what became of it.
set_patience() {
    PATIENCE=$1
    printf -v READ_TIMEOUT '%d.%03d' $((TIMEOUT_MS * $1 / 100000)) \
        $((TIMEOUT_MS * $1 / 100 % 1000))
}

# Sets ADDRESS and DATABASE from the connection options, as redis-cli has them.
read_target() {
    local i word uri host=127.0.0.1 port=6379 socket=''

    DATABASE=0
    for ((i = 0; i < ${#REDIS_OPTIONS[@]}; i++)); do
        word=${REDIS_OPTIONS[i + 1]:-}
        case ${REDIS_OPTIONS[i]} in
            -u)
                uri=${word#*://}
                [[ $uri != */?* ]] || DATABASE=${uri##*/}
                uri=${uri%%/*}
                [[ ! $uri =~ :([0-9]+)$ ]] || port=${BASH_REMATCH[1]}
                uri=${uri%:"$port"}
                host=${uri:-$host} ;;
            -h) host=$word ;;
            -p) port=$word ;;
            -s) socket=$word ;;
            -n) DATABASE=$word ;;
        esac
    done
    ADDRESS=${socket:-$host:$port}
    IS_LOCAL=''
    [[ -z $socket && ! $host =~ ^(127\..*|localhost|::1|\[::1\])$ ]] \
        || IS_LOCAL=1
}

# what became of the change, as the end of a sentence, to `result`
outcome_text() {
    case $OUTCOME in
        no) result='; nothing was changed' ;;
        made) result='; the change was made' ;;
        unknown) result="; whether the change was made is not known${UNSURE:+: $UNSURE}" ;;
        *) result='' ;;
    esac
}

# What Redis did not do: said with what became of the change.
fail_redis() {
    local result answer verify=$VERIFY

    redis_kill
    if [[ $OUTCOME == unknown && -n $verify ]]; then
        answer=$(OUTCOME='' VERIFY='' && "$verify" 2>/dev/null) || answer=unknown
        OUTCOME=$answer
    fi
    outcome_text
    warn "$*$result"
    VERIFY=''
    if [[ $OUTCOME == made && -n $RESUME ]]; then
        verify=$RESUME RESUME=''
        redis_open
        "$verify"
    fi
    exit 3
}

# an error of Redis, and what to do about it
fail_refused() {
    local error=${1%%$'\n'*} advice=docs/redis.md

    case $error in
        NOAUTH* | *unauthenticated*)
            fail_login 'NOAUTH: it requires a password: set REDISCLI_AUTH or use' \
                '--askpass, and --user where it has users' ;;
        MOVED* | CROSSSLOT*) fail_redis 'this is a Redis cluster: give -c' ;;
        NOPERM* | *'ACL failure'* | *"don't have permission"*)
            advice='the rights of this user: docs/redis.md, or scoped-key doctor' ;;
        READONLY*) advice='this is a replica: connect to the primary' ;;
        OOM*) advice='it is out of memory: raise maxmemory' ;;
        LOADING*) advice='it is still loading its data: try again' ;;
        BUSY*) advice='a script of somebody else runs in it: try again' ;;
        MISCONF*) advice='it cannot write its data to disk: see its log' ;;
        NOREPLICAS*) advice='too few replicas are connected' ;;
        WRONGTYPE*) advice='something else uses these names: see --redis-prefix' ;;
    esac
    fail_redis "Redis refused: $error ($advice)"
}

# Signals are for this shell to act on, they must not cut a conversation, and
# redis-cli does not let them be ignored: so it has a process group of its own,
# for which coreutils have timeout.  It ends when its input does.
redis_open() {
    [[ -z ${REDIS_PID:-} ]] || return 0
    need_programs
    [[ -n ${LUA:-} ]] || load_lua
    coproc REDIS { REDIS_WRAP=(timeout 0); redis_cli 2>&1; }
    REDIS_IN=${REDIS[1]} REDIS_OUT=${REDIS[0]}
    # who cannot be reached or wants a password says so before anything is sent
    if [[ -z ${REDIS_USER:-} ]]; then
        redis_call
        return
    fi
    redis_call ACL WHOAMI
    case $reply in
        "$REDIS_USER") ;;
        # this user may not ask who it is; a refused password was said before
        NOPERM* | *'unknown command'*) ;;
        *) fail_login "it takes us for \"$reply\", not for \"$REDIS_USER\"" ;;
    esac
}

# Whether the index can be read, said once, before several connections would
# each say why not.  Redis knows the script then.
redis_try() {
    redis_open
    lua_call "${REDIS_PREFIX}ids" page '' '' 1 0
    redis_expect '^(-|[0-9a-f]+ )'
    redis_close
}

redis_close() {
    [[ -n ${REDIS_PID:-} ]] || return 0
    exec {REDIS_IN}>&- {REDIS_OUT}<&-
    wait "$REDIS_PID" 2>/dev/null
    REDIS_PID=''
}

# of what does not answer
redis_kill() {
    [[ -n ${REDIS_PID:-} ]] || return 0
    kill "$REDIS_PID" 2>/dev/null
    redis_close
}

# one command of any arguments; its reply to `reply`
redis_call() {
    local argument line command='' until

    for argument in "$@"; do
        quote_argument "$argument"
        command+="$result "
    done
    printf '%s\nECHO %s\n' "$command" "$MARKER" 2>/dev/null 1>&"$REDIS_IN" \
        || fail_redis "the connection to Redis at $ADDRESS was lost"
    reply=''
    until=$((${EPOCHREALTIME/./} + TIMEOUT_MS * PATIENCE * 10))
    while IFS= read -r -t "$READ_TIMEOUT" -u "$REDIS_OUT" line; do
        ((${EPOCHREALTIME/./} < until)) || break
        case $line in
            "$MARKER") reply=${reply%$'\n'}; return 0 ;;
            'Could not connect'* | 'SELECT '*) fail_redis "Redis: $line" ;;
            # redis-cli goes on all the same, as the user default
            'AUTH failed'* | 'Warning: AUTH failed'*)
                fail_login "$line: look at the user and its password" \
                    '(REDISCLI_AUTH, or the URI)' ;;
            NOAUTH* | *unauthenticated*) fail_refused "$line" ;;
            # it connects again and repeats the command by itself
            'Error: '* | '-> Redirected '*) ;;
            *) reply+=$line$'\n' ;;
        esac
    done
    fail_unanswered
}

fail_unanswered() {
    fail_redis "Redis at $ADDRESS gave no answer in time (--timeout" \
        "${OPTION[timeout]:-5})${reply:+: ${reply%%$'\n'*}}"
}

# An error of Redis is told from a reply by what a reply must look like.
redis_expect() {
    [[ $reply =~ $1 ]] || fail_refused "$reply"
}

# the server-side command $2 on the Redis key $1 and what else it is given
lua_call() {
    local key=$1 name=$2

    shift 2
    redis_call EVALSHA "$LUA_SHA" 1 "$key" "$name" "$REDIS_PREFIX" "$NOW" "$@"
    if [[ $reply == NOSCRIPT* ]]; then
        redis_call EVAL "$LUA" 1 "$key" "$name" "$REDIS_PREFIX" "$NOW" "$@"
    fi
}

# the same on a key's record: true when done; else `refusal` has the reason
record_call() {
    local name=$1 id=$2

    shift 2
    lua_call "$REDIS_PREFIX{$id}" "$name" "$id" "$@"
    redis_expect '^\{'
    refusal=''
    [[ $reply == '{"refused":'* ]] || return 0
    refusal=$(jq -r .refused <<<"$reply")
    return 1
}

# After a change on the same connection: true unless replicas were asked for
# and did not answer.  ECHO after the change, sent by redis_call, makes WAIT
# speak of it even when redis-cli had to connect again.
durable() {
    [[ -n ${OPTION[durable]:-} ]] || return 0
    local wanted=${OPTION[replicas]:-1} reply

    redis_call WAIT "$wanted" "$WAIT_MS"
    redis_expect '^[0-9]+$'
    note_replicas "$reply"
}

# of so many replicas it is known that they have all changes
note_replicas() {
    local wanted=${OPTION[replicas]:-1}

    (($1 < wanted)) || return 0
    UNACKNOWLEDGED=1
    warn "done on the primary, but only $1 of $wanted replicas" \
        'acknowledged it within 2 s'
    return 1
}

# redis://user:password@host:port/db: what is secret goes to REDIS_PASSWORD
parse_uri() {
    local uri=$1 scheme rest userinfo port db

    [[ $uri =~ ^(redis|rediss|valkey|valkeys)://(.*)$ ]] \
        || usage_error 'that is no Redis URI: redis://host:port/db'
    scheme=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
    if [[ $rest == *@* ]]; then
        userinfo=${rest%@*} rest=${rest##*@}
        if [[ $userinfo == *:* && -n ${userinfo%%:*} ]]; then
            percent_decode "${userinfo%%:*}"
            REDIS_USER=$result
        fi
        percent_decode "${userinfo#*:}"
        REDIS_PASSWORD=$result
    fi
    # redis-cli would take what is no number for 0
    [[ $rest =~ ^(\[[0-9A-Fa-f:.]+\]|[^]:/?#[]*)(:([0-9]+))?(/([0-9]*))?$ ]] \
        || usage_error 'that is no Redis URI: redis://host:port/db'
    port=${BASH_REMATCH[3]} db=${BASH_REMATCH[5]}
    [[ -z $port ]] || need_number 'the port of the URI' "$port" 1 65535
    [[ -z $db ]] || need_number 'the database of the URI' "$db" 0 65535
    [[ $scheme == valkey* ]] && scheme=${scheme/valkey/redis}
    REDIS_OPTIONS+=(-u "$scheme://$rest")
}

percent_decode() {
    local text=${1//\\/\\\\}

    [[ ! $text =~ %([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$) ]] \
        || usage_error 'the Redis URI has a bad percent sign'
    printf -v result %b "${text//%/\\x}"
}
