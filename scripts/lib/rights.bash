# What a user of Redis may do: asked with ACL DRYRUN, else read from ACL
# GETUSER.  Nothing is tried out.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# Who needs it: Redis command.  %p is the prefix of the Redis keys, %n the
# database.  `all` is every command of scoped-key.
OPERATOR_RIGHTS=(
    'all: PING'
    'all: ECHO x'
    'all: EVAL x 1 %pids'
    'all: EVALSHA x 1 %pids'
    'rotate: HGET %p{x} prefix'
    'all: EXISTS %p{x}'
    'all: TYPE %p{x}'
    'all: HGETALL %p{x}'
    'all: SMEMBERS %p{x}:scopes'
    'all: ZRANGE %pids 0 1'
    'all: ZSCORE %pids x'
    'all: ZRANK %pids x'
    'all: ZCOUNT %pids 0 1'
    'all: ZCARD %pids'
    'all: ZSCAN %pids 0'
    'create, import, rotate, changes: HSET %p{x} x y'
    'set, expire, rotate: HDEL %p{x} x'
    'create, import, grant: SADD %p{x}:scopes x'
    'ungrant: SREM %p{x}:scopes x'
    'create, import, delete: DEL %p{x} %p{x}:scopes'
    'create, import: ZADD %pids 1 x'
    'delete, rotate: ZREM %plast_used_previous x'
    'changes: PUBLISH %pinvalidate x'
    '--durable: WAIT 1 1'
)
# without these a command does less
OPTIONAL_RIGHTS=('check: SCAN 0')
WORKER_RIGHTS=(
    'all: PING'
    'lookups: INFO server'
    'lookups: MULTI'
    'lookups: HGETALL %p{x}'
    'lookups: SMEMBERS %p{x}:scopes'
    'lookups: EXEC'
    'last uses: ZADD %plast_used GT 1 x'
    'last uses: ZADD %plast_used_previous GT 1 x'
    'changes: CLIENT ID'
    'changes: CLIENT TRACKING ON BCAST PREFIX %p{'
    'changes: SUBSCRIBE __redis__:invalidate %pinvalidate'
)
# what an append-only file repeats in transactions
LOADING_RIGHTS=(
    'loading: HSET %p{x} x y'
    'loading: HDEL %p{x} x'
    'loading: SADD %p{x}:scopes x'
    'loading: SREM %p{x}:scopes x'
    'loading: DEL %p{x}'
    'loading: ZADD %pids 1 x'
    'loading: ZREM %pids x'
)

declare -A ACL_CATEGORY=()
ACL_WAY=''

# Sets `words` to the Redis command of a right.
right_words() {
    local text=${1#*: }

    text=${text//%n/"$DATABASE"}
    read -r -a words <<<"$text"
    words=("${words[@]//%p/"$REDIS_PREFIX"}")
}

# ask_dryrun USER WORD...: sets `denied` to nothing, `command`, `key`,
# `channel` or `missing`; false when Redis does not say
ask_dryrun() {
    redis_call ACL DRYRUN "$@"
    denied=''
    case $reply in
        OK) ;;
        NOPERM*) return 1 ;; # of this question
        *"run the '"*) denied='command' ;;
        *"' channel"*) denied=channel ;;
        *"' key"*) denied=key ;;
        "ERR Command '"*) denied=missing ;;
        *) return 1 ;;
    esac
}

# Sets `lines` to the rights of a user, as ACL GETUSER has them:
# ACL_COMMANDS, ACL_KEYS, ACL_CHANNELS
read_user() {
    local line part='' previous=''

    ACL_COMMANDS='' ACL_KEYS='' ACL_CHANNELS='' ACL_FLAGS=''
    redis_call ACL GETUSER "$1"
    [[ $reply == flags* ]] || return 1
    while IFS= read -r line; do
        case $part:$line in
            :flags) part=flags ;;
            flags:passwords) part=passwords ;;
            passwords:commands) part=commands ;;
            commands:keys) part=keys ;;
            keys:channels) part=channels ;;
            channels:selectors) break ;;
            flags:*) ACL_FLAGS+=" $line" ;;
            commands:*) ACL_COMMANDS+=" $line" ;;
            keys:*) ACL_KEYS+=" $line" ;;
            channels:*) ACL_CHANNELS+=" $line" ;;
        esac
    done <<<"$reply"
    # before 6.2 nobody has rights on channels
    [[ $part == channels ]] || ACL_CHANNELS=' *'
}

# whether a category holds a command; false, too, when it cannot be known
category_has() {
    if [[ -z ${ACL_CATEGORY[$1]+set} ]]; then
        redis_call ACL CAT "$1"
        [[ $reply != NOPERM* ]] || ACL_UNSURE=1
        ACL_CATEGORY[$1]=" ${reply//$'\n'/ } "
    fi
    [[ ${ACL_CATEGORY[$1]} == *" $2 "* ]]
}

# whether ACL_COMMANDS, read from left to right, allow a command
acl_allows() {
    local command=${1,,} sub=${2,,} token allowed=1

    for token in $ACL_COMMANDS; do
        case $token in
            +@all | "+$command" | "+$command|$sub") allowed=0 ;;
            -@all | "-$command" | "-$command|$sub") allowed=1 ;;
            [+-]@*)
                category_has "${token:2}" "$command" || continue
                [[ $token == -* ]]
                allowed=$((1 - $?)) ;;
        esac
    done
    return "$allowed"
}

# any_matches PATTERNS NAME: whether one of them, perhaps with a ~ or & and what
# it is good for before it, matches
any_matches() {
    local pattern

    set -f
    for pattern in $1; do
        pattern=${pattern#%*\~} pattern=${pattern#[\~&]}
        # shellcheck disable=SC2053 # it is a pattern
        [[ $2 == $pattern ]] && { set +f; return 0; }
    done
    set +f
    return 1
}

# the same as ask_dryrun, from what read_user has read
ask_user() {
    local word

    shift
    denied=''
    acl_allows "$1" "${2:-}" || { denied='command'; return; }
    for word in "${@:2}"; do
        [[ $word == "$REDIS_PREFIX"* || $word == __redis__:* ]] || continue
        if [[ $1 == SUBSCRIBE || $1 == PUBLISH ]]; then
            any_matches "$ACL_CHANNELS" "$word" || denied=channel
        elif [[ $1 != CLIENT ]]; then
            any_matches "$ACL_KEYS" "$word" || denied=key
        fi
    done
}

# Sets ACL_WAY to the way in which the rights of a user can be known; false
# when there is none.
find_acl_way() {
    ACL_WAY='' ACL_UNSURE=''
    if ask_dryrun "$1" PING; then
        ACL_WAY=ask_dryrun
    elif [[ $reply == *"User '"*"' not found"* ]]; then
        ACL_WAY=nobody
        return 1
    elif read_user "$1"; then
        ACL_WAY=ask_user
    fi
    [[ -n $ACL_WAY ]]
}

# add_once ARRAY WORD
add_once() {
    local -n list=$1

    [[ " ${list[*]} " == *" $2 "* ]] || list+=("$2")
}

# missing_rights USER RIGHT...: what the user may not do, to the arrays
# `no_command`, `no_key`, `no_channel` and `no_such`; who needs it, to `needed`.
missing_rights() {
    local user=$1 right who
    local -a words

    shift
    no_command=() no_key=() no_channel=() no_such=() needed=()
    for right in "$@"; do
        right_words "$right"
        "$ACL_WAY" "$user" "${words[@]}" || continue
        [[ -n $denied ]] || continue
        case $denied in
            command) command_name "${words[@]}"; add_once no_command "$result" ;;
            key) add_once no_key "${words[0]}" ;;
            channel) add_once no_channel "${words[0]}" ;;
            missing) add_once no_such "${words[0]}" ;;
        esac
        for who in ${right%%: *}; do
            add_once needed "${who%,}"
        done
    done
    [[ " ${needed[*]} " != *' all '* ]] || needed=(everything)
}

# as ACL has it, to `result`: client|tracking
command_name() {
    result=${1,,}
    [[ $result != client ]] || result+="|${2,,}"
}
