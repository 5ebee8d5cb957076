# The way to Redis: one redis-cli for a conversation, commands on its standard
# input, so that no value is ever on a command line.  Every command is followed
# by an ECHO of a marker, so that its reply, however long, has a clear end.
# Knows nothing of keys but the names of their Redis keys.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091,SC2119,SC2120

REDIS_TIMEOUT=30
LUA_PARTS=(record put commands rotate index main)
REDIS_WRAP=()
MARKER=scoped-key-$$-$RANDOM

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

# Signals are for this shell to act on, they must not cut a conversation, and
# redis-cli does not let them be ignored: so it has a process group of its own,
# for which coreutils have timeout.  It ends when its input does.
redis_open() {
    [[ -z ${REDIS_PID:-} ]] || return 0
    need_programs
    load_lua
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

# one command of any arguments; its reply to `reply`
redis_call() {
    local argument line command=''

    for argument in "$@"; do
        quote_argument "$argument"
        command+="$result "
    done
    printf '%s\nECHO %s\n' "$command" "$MARKER" 2>/dev/null 1>&"$REDIS_IN" \
        || fail 'the connection to Redis was lost'
    reply=''
    while IFS= read -r -t "$REDIS_TIMEOUT" -u "$REDIS_OUT" line; do
        case $line in
            "$MARKER") reply=${reply%$'\n'}; return 0 ;;
            'Could not connect'* | 'SELECT '*)
                fail "Redis: $line" ;;
            # redis-cli goes on all the same, as the user default
            'AUTH failed'* | 'Warning: AUTH failed'*)
                fail_login "$line: look at the user and its password" \
                    '(REDISCLI_AUTH, or the URI)' ;;
            NOAUTH* | *unauthenticated*)
                fail_login 'NOAUTH: it wants a password: REDISCLI_AUTH' ;;
            # it connects again and repeats the command by itself
            'Error: '* | '-> Redirected '*) ;;
            *) reply+=$line$'\n' ;;
        esac
    done
    fail "Redis gave no answer${reply:+: ${reply%%$'\n'*}}"
}

# An error of Redis is told from a reply by what a reply must look like.
redis_expect() {
    [[ $reply =~ $1 ]] && return 0
    case $reply in
        MOVED* | CROSSSLOT*) fail "this is a Redis cluster: give -c" ;;
        *) fail "Redis: ${reply%%$'\n'*}" ;;
    esac
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

    redis_call WAIT "$wanted" 2000
    redis_expect '^[0-9]+$'
    ((reply < wanted)) || return 0
    UNACKNOWLEDGED=1
    warn "done on the primary, but only $reply of $wanted replicas" \
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
