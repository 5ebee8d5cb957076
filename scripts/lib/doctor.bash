# `doctor`: whether Redis, its users and this machine are as the module and this
# command need them.  Asks, and changes nothing.  Each line is one check: `ok`,
# `finding` with its remedy, or `unknown` where this user may not ask.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

MAX_SKEW_MS=2000
MAX_LAG=10
MAX_FULL_PERCENT=90
LEAST_VERSION=6.0
# where ZADD has GT, without which no last uses are written
USES_VERSION=6.2
NAME_SCANS=20

declare -A INFO=()
FINDINGS=0 UNKNOWN=0 CHECKS=0
DATABASE=0 ME='' SERVER=''

# report RESULT CHECK TEXT [REMEDY]
report() {
    local result=$1 check=$2 text=$3 remedy=${4:-} tint='' plain='' cleaned

    ((CHECKS++, 1))
    case $1 in
        finding) ((FINDINGS++, 1)); tint=$'\e[31m' ;;
        unknown) ((UNKNOWN++, 1)); tint=$'\e[33m' ;;
        ok) tint=$'\e[32m' ;;
    esac
    if [[ -n ${OPTION[json]:-} ]]; then
        report_json
        return
    fi
    [[ -z ${OPTION[quiet]:-} || $1 == finding ]] || return 0
    [[ $COLOUR == yes ]] && plain=$'\e[0m' || tint=''
    clean_text "$text${remedy:+; $remedy}"
    printf '%s%-8s%s %-12s %s\n' "$tint" "$1" "$plain" "$check" "$cleaned"
}

report_json() {
    local line result_word=$result

    json_string "$check"
    line="{\"check\":$result,\"result\":\"$result_word\""
    json_string "$text"
    line+=",\"text\":$result"
    json_string "$remedy"
    [[ -z $remedy ]] || line+=",\"remedy\":$result"
    printf '%s}\n' "$line"
}

finding() {
    report finding "$@"
}

good() {
    report ok "$@"
}

unknown() {
    report unknown "$@"
}

# A server that does not answer is the end of the examination: no finding.
end_unanswered() {
    local status=$?

    ((status != 1)) || exit 3
    exit "$status"
}

# INFO, all of it, to the array of that name; false when it is refused
read_info() {
    local line

    redis_call INFO
    [[ $reply == *redis_version:* ]] || return 1
    while IFS= read -r line; do
        line=${line%$'\r'}
        [[ $line != *:* ]] || INFO[${line%%:*}]=${line#*:}
    done <<<"$reply"
}

# config NAME: the value of a directive of Redis, to `value`; false when this
# user may not ask for it or there is none
config() {
    redis_call CONFIG GET "$1"
    [[ $reply == "$1"$'\n'* ]] || { value=''; return 1; }
    value=${reply#*$'\n'}
}

# is_older A B: whether version A comes before B
is_older() {
    [[ $1 != "$2" && $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]
}

check_server() {
    local name=Redis version=${INFO[redis_version]}

    if [[ -n ${INFO[valkey_version]:-} ]]; then
        name=Valkey version=${INFO[valkey_version]}
    elif [[ -n ${INFO[redict_version]:-} ]]; then
        name=Redict version=${INFO[redict_version]}
    fi
    SERVER="$name $version"
    if [[ $name == Redict ]]; then
        finding server "$SERVER at $ADDRESS sends the changes of keys on a \
channel with a broken name: nothing stays in the cache while keys change" \
            'use Redis or Valkey'
    elif is_older "$version" "$LEAST_VERSION"; then
        finding server "$SERVER at $ADDRESS is older than 6.0: it cannot \
report changes of keys" 'upgrade Redis'
    elif is_older "$version" "$USES_VERSION"; then
        finding server "$SERVER at $ADDRESS has no ZADD GT: last uses are not \
written" 'upgrade to Redis 6.2 or later, or say scoped_key_last_used off'
    else
        good server "$SERVER at $ADDRESS, database $DATABASE, user $ME"
    fi
    [[ ${INFO[loading]:-0} == 0 ]] || finding server \
        'Redis is still loading its data' 'wait, and look again'
}

check_mode() {
    local enabled=${INFO[cluster_enabled]:-0}

    if ((enabled && ! CLUSTER)); then
        finding cluster 'this server is a node of a cluster' 'give -c'
    elif ((CLUSTER && ! enabled)); then
        finding cluster 'this server is not a node of a cluster' 'leave out -c'
    elif ((CLUSTER)); then
        good cluster 'one node was asked: the others may differ'
    fi
}

# the other databases that hold anything, to `others`
other_databases() {
    local name

    others=''
    for name in "${!INFO[@]}"; do
        [[ $name =~ ^db([0-9]+)$ && ${BASH_REMATCH[1]} != "$DATABASE" ]] \
            || continue
        others+=" ${BASH_REMATCH[1]}"
    done
}

# a prefix of other records in this database, to `found`, if a few steps show one
other_prefix() {
    local cursor=0 i line
    local -a lines

    found=''
    for ((i = 0; i < NAME_SCANS; i++)); do
        redis_call SCAN "$cursor" MATCH '*{????????????}' COUNT 1000
        [[ $reply =~ ^[0-9]+ ]] || return 0
        readarray -t lines <<<"$reply"
        for line in "${lines[@]:1}"; do
            [[ $line =~ ^(.*)\{[0-9A-Za-z]{12}\}$ ]] || continue
            found=${BASH_REMATCH[1]}
            return 0
        done
        cursor=${lines[0]}
        [[ $cursor != 0 ]] || return 0
    done
}

check_keys() {
    local others found count

    redis_call ZCARD "${REDIS_PREFIX}ids"
    if [[ ! $reply =~ ^[0-9]+$ ]]; then
        case $reply in
            WRONGTYPE*) finding keys "${REDIS_PREFIX}ids is no sorted set" \
                'give the keys a database or a prefix of their own' ;;
            MOVED*) ;; # said already
            CLUSTERDOWN*) finding cluster "${reply%%$'\n'*}" \
                'look at CLUSTER INFO' ;;
            *) unknown keys "how many there are: ${reply%%$'\n'*}" \
                'give this user the rights of operators (docs/redis.md)' ;;
        esac
        return
    fi
    count=$reply
    if ((count > 0)); then
        good keys "$count in the index $REDIS_PREFIX""ids; \`scoped-key \
check\` reads each"
        return
    fi
    other_databases
    other_prefix
    if [[ -n $found ]]; then
        finding keys "none with the prefix \"$REDIS_PREFIX\", but some with \
\"$found\"" "say --redis-prefix '$found', or prefix= in scoped_key_redis"
    elif [[ -n $others ]]; then
        finding keys "none in database $DATABASE; there is data in:$others" \
            'compare -n with db= of scoped_key_redis'
    else
        good keys "none yet in database $DATABASE with the prefix \
\"$REDIS_PREFIX\""
    fi
}

check_pepper() {
    local mode bytes

    [[ -n $PEPPER_FILE ]] || return 0
    if [[ ! -f $PEPPER_FILE || ! -r $PEPPER_FILE ]]; then
        finding pepper "cannot read $PEPPER_FILE" \
            'create and rotate would fail: run this as a user who may read it'
        return
    fi
    # command substitution would drop more than the one newline, and any NUL
    bytes=$(wc -c <"$PEPPER_FILE")
    [[ $(tail -c 1 -- "$PEPPER_FILE" | od -An -tx1) != *0a* ]] \
        || ((bytes -= 1, 1))
    mode=$(stat -L -c %a -- "$PEPPER_FILE")
    if ((bytes < 16 || bytes > 64)); then
        finding pepper "$PEPPER_FILE has $bytes bytes: a pepper has 16 to 64" \
            'take the file of scoped_key_pepper_file'
    elif [[ $mode != *0 ]]; then
        finding pepper "everybody on this machine may read $PEPPER_FILE" \
            "chmod o= $PEPPER_FILE"
    else
        good pepper "$PEPPER_FILE; it must be the file of \
scoped_key_pepper_file: --check-key compares"
    fi
}

# The first line of standard input, which must be a key: its id to CHECK_ID, its
# digest to CHECK_DIGEST.
read_key() {
    local text line

    [[ -n ${OPTION[check-key]:-} ]] || return 0
    [[ ! -t 0 ]] || warn_unless_quiet 'type the key, and Enter'
    IFS= read -r text || [[ -n $text ]] || fail 'no key on standard input'
    find_core
    line=$(printf '%s\n' "$text" | core_digests 2>/dev/null) || line=''
    text=''
    [[ $line =~ \"id\":\"([0-9A-Za-z]+)\" ]] && CHECK_ID=${BASH_REMATCH[1]}
    [[ $line =~ \"digest\":\"([0-9a-f]{64})\" ]] && CHECK_DIGEST=${BASH_REMATCH[1]}
    [[ -n $CHECK_ID && -n $CHECK_DIGEST ]] \
        || fail 'what standard input brings is no key, or the pepper cannot be read'
}

# whether the digest of that key is the one that Redis has
check_key() {
    [[ -z $CHECK_ID ]] || compare_digest "$CHECK_ID" "$CHECK_DIGEST"
}

compare_digest() {
    local id=$1 digest=$2 stored previous

    redis_call HGET "$REDIS_PREFIX{$id}" digest
    stored=$reply
    redis_call HGET "$REDIS_PREFIX{$id}" previous_digest
    previous=$reply
    if [[ -z $stored ]]; then
        finding key "there is no key $id in database $DATABASE with the prefix \
\"$REDIS_PREFIX\"" 'compare server, database, prefix and, of a legacy key, pepper'
    elif [[ ! $stored =~ ^[0-9a-f]{64}$ ]]; then
        unknown key "the digest of $id cannot be read: ${stored%%$'\n'*}" \
            'give this user +hget'
    elif [[ $stored == "$digest" ]]; then
        good key "$id: the digest fits: this pepper is the right one"
    elif [[ $previous == "$digest" ]]; then
        good key "$id: the digest is the one from before the rotation: this \
pepper is the right one"
    else
        finding key "$id: Redis has another digest" \
            'another pepper, or a key from before a rotation'
    fi
}

# `check_rights WHOSE USER RIGHT...`
check_rights() {
    local whose=$1 user=$2 denied words
    local -a no_command no_key no_channel no_such needed
    local found=0

    shift 2
    if ! find_acl_way "$user"; then
        if [[ $ACL_WAY == nobody ]]; then
            finding rights "there is no user $user" 'compare user= of scoped_key_redis'
        else
            unknown rights "what the user $user may do: Redis does not say" \
                'give this user +acl|dryrun (Redis 7), or ask as an administrator'
        fi
        return
    fi
    missing_rights "$user" "$@"
    [[ -z $ACL_UNSURE ]] || {
        unknown rights "what the user $user may do: its rights name categories" \
            'give this user +acl|cat, or ask as an administrator'
        return
    }
    report_rights
    ((found)) || good rights "$user may do all that $whose need$optional"
}

report_rights() {
    local list

    if ((${#no_such[@]} > 0)); then
        found=1
        finding rights "the server has no ${no_such[*]}: needed for ${needed[*]}" \
            'load its module (Lua of Valkey 9.1), or use another server'
    fi
    if ((${#no_command[@]} > 0)); then
        found=1
        list=$(printf ' +%s' "${no_command[@]}")
        finding rights "$user may not use ${no_command[*]}: needed for ${needed[*]}" \
            "give$list (docs/redis.md)"
    fi
    if ((${#no_key[@]} > 0)); then
        found=1
        finding rights "$user may not use the keys of $REDIS_PREFIX for \
${no_key[*]}: needed for ${needed[*]}" 'give the patterns of docs/redis.md'
    fi
    if ((${#no_channel[@]} > 0)); then
        found=1
        finding rights "$user may not use the channels for ${no_channel[*]}: \
needed for ${needed[*]}" "give &${REDIS_PREFIX}invalidate (docs/redis.md)"
    fi
}

check_own_rights() {
    local denied optional=''
    local -a no_command no_key no_channel no_such needed words
    local -a rights=("${OPERATOR_RIGHTS[@]}")

    ((DATABASE == 0)) || rights+=('all: SELECT %n')
    if find_acl_way "$ME"; then
        missing_rights "$ME" "${OPTIONAL_RIGHTS[@]}"
        ((${#no_command[@]} == 0)) || optional="; without +${no_command[0]} \
\`check\` does not find records outside of the index"
    fi
    check_rights 'the commands of scoped-key' "$ME" "${rights[@]}"
}

# the users of the workers: named, or those of connections that track changes
check_worker_rights() {
    local user optional=''
    local -a rights=("${WORKER_RIGHTS[@]}") users=()

    if [[ -n ${OPTION[worker-user]:-} ]]; then
        users=("${OPTION[worker-user]}")
    else
        readarray -t users < <(((${#WORKER_USERS[@]} == 0)) \
            || printf '%s\n' "${!WORKER_USERS[@]}" | sort)
    fi
    for user in "${users[@]}"; do
        check_rights 'the workers' "$user" "${rights[@]}"
    done
}

check_persistence() {
    local value sync='' failed='' lost='may lose every key, and revive revoked ones'

    config appendfsync && sync=$value
    config save && [[ -n $value ]] && lost='loses what came after the last snapshot'
    [[ ${INFO[rdb_last_bgsave_status]:-ok} == ok ]] || failed='the last snapshot'
    [[ ${INFO[aof_last_write_status]:-ok} == ok ]] \
        || failed='the last write to the append-only file'
    if [[ -n $failed ]]; then
        finding persistence "$failed failed: Redis may refuse changes, and \
a restart may lose them" 'look at the disk and the log of Redis'
    elif [[ ${INFO[aof_enabled]:-} != 1 ]]; then
        finding persistence "the append-only file is off: a restart $lost" \
            'appendonly yes in redis.conf (docs/redis.md)'
    elif [[ $sync == no ]]; then
        finding persistence "appendfsync no: changes, revocations among them, \
are lost when the machine dies" 'appendfsync always'
    else
        good persistence "the append-only file is on${sync:+, appendfsync $sync}"
    fi
}

# whether the words of an ACL line leave a user without rights that loading needs
line_lacks_rights() {
    local keys=0 commands=0 word

    set -f
    for word in $1; do
        case $word in
            'allkeys' | '~*') keys=1 ;;
            resetkeys) keys=0 ;;
            allcommands | +@all) commands=1 ;;
            nocommands | -@all) commands=0 ;;
            reset) keys=0 commands=0 ;;
        esac
    done
    set +f
    ((keys == 0 || commands == 0))
}

# A file of Redis that has `user default` without rights, to `file`: only where
# Redis is on this machine and the file can be read.
find_acl_file() {
    local value name line

    file=''
    [[ -n $IS_LOCAL ]] || return 1
    config aclfile
    for name in "$value" "${INFO[config_file]:-}"; do
        [[ -n $name && -f $name && -r $name ]] || continue
        line=$(grep -iE '^[[:blank:]]*user[[:blank:]]+"?default"?[[:blank:]]' -- "$name" \
            | tail -n 1)
        if [[ -n $line ]] && line_lacks_rights "$line"; then
            file=$name
            return 0
        fi
    done
    return 1
}

# Redis from 7.0 loads the append-only file as the user default: without rights
# it drops every transaction there, and keys are lost or come back.
check_loading() {
    local denied file remedy when='at the next start'
    local -a no_command no_key no_channel no_such needed words

    [[ ${INFO[aof_enabled]:-} == 1 ]] || return 0
    remedy='give it the rights, and leave it off: user default off ~*'
    # 6.0 knows no channels, and neither 6.0 nor 6.2 drops anything
    if is_older "${INFO[redis_version]}" 7.0; then
        when='after an upgrade to Redis 7'
    else
        remedy+=' &*'
    fi
    remedy+=' +@all (docs/redis.md)'
    if find_acl_way default; then
        missing_rights default "${LOADING_RIGHTS[@]}"
        if ((${#no_command[@]} + ${#no_key[@]} > 0)); then
            finding loading "the user default has no rights: $when transactions \
of the append-only file are dropped: changes are lost, and revoked keys come \
back" "$remedy"
            return
        fi
    fi
    if find_acl_file; then
        finding loading "$file leaves the user default without rights: $when \
transactions of the append-only file are dropped" "$remedy"
    elif [[ -z $ACL_WAY ]]; then
        unknown loading "whether the user default has the rights that loading \
the append-only file needs" \
            'give this user +acl|dryrun (Redis 7), or ask as an administrator'
    else
        good loading "the user default has the rights that loading the \
append-only file needs"
    fi
}

check_memory() {
    local policy=${INFO[maxmemory_policy]:-} most=${INFO[maxmemory]:-0}
    local used=${INFO[used_memory]:-0}

    case $policy in
        allkeys-*) finding eviction "maxmemory-policy $policy drops keys and \
scope lists when memory is full, deny rules among them" \
            'maxmemory-policy noeviction'
            return ;;
    esac
    if ((most > 0 && used * 100 / most >= MAX_FULL_PERCENT)); then
        finding memory "$((used * 100 / most)) % of maxmemory are used: \
changes will be refused, and Redis 7 refuses lookups, too" \
            'raise maxmemory, or give the keys a Redis of their own'
    elif ((most > 0)); then
        good memory "$((used * 100 / most)) % of maxmemory, $policy"
    else
        good memory "${INFO[used_memory_human]:-$used} used, no maxmemory, $policy"
    fi
}

check_clients() {
    local most=${INFO[maxclients]:-0} value connected=${INFO[connected_clients]:-0}

    ((most > 0)) || { config maxclients && most=$value; }
    [[ $most =~ ^[1-9][0-9]*$ ]] || return 0
    ((connected * 100 / most < MAX_FULL_PERCENT)) || finding clients \
        "$connected of $most connections are taken: workers may get none" \
        'raise maxclients'
}

check_replicas() {
    local name state lag slow='' count=${INFO[connected_slaves]:-0} cut=''

    if [[ ${INFO[role]:-master} == slave ]]; then
        [[ ${INFO[master_link_status]:-up} == up ]] || cut=', and cut off from it'
        finding replicas "this server is a replica of \
${INFO[master_host]:-?}:${INFO[master_port]:-?}$cut" \
            'point scoped-key and scoped_key_redis at the primary'
        return
    fi
    for name in "${!INFO[@]}"; do
        [[ $name =~ ^slave[0-9]+$ ]] || continue
        state=${INFO[$name]#*state=} lag=${INFO[$name]#*lag=}
        state=${state%%,*} lag=${lag%%,*}
        [[ $state != online || ! $lag =~ ^[0-9]+$ ]] || ((lag > MAX_LAG)) || continue
        slow+=" ${INFO[$name]%%,state=*} ($state, lag $lag s)"
    done
    if [[ -n $slow ]]; then
        finding replicas "behind:$slow: a failover would lose changes" \
            'look at these replicas, and use --durable for revocations'
    else
        good replicas "$count connected"
    fi
}

check_clock() {
    local before after theirs now skew round
    local -a words

    before=${EPOCHREALTIME/[.,]/}
    redis_call TIME
    after=${EPOCHREALTIME/[.,]/}
    readarray -t words <<<"$reply"
    if [[ ! ${words[0]} =~ ^[0-9]+$ || ! ${words[1]:-} =~ ^[0-9]+$ ]]; then
        unknown clock 'the time of Redis' 'give this user +time'
        return
    fi
    theirs=$((10#${words[0]} * 1000000 + 10#${words[1]}))
    round=$(((after - before) / 2000))
    skew=$(((theirs - (before + after) / 2) / 1000))
    now="$(((skew + 500) / 1000)) s ahead"
    ((skew >= 0)) || now="$(((500 - skew) / 1000)) s behind"
    if ((${skew#-} > MAX_SKEW_MS + round)); then
        finding clock "the clock of Redis is $now of this machine's" \
            'let both follow a time server (NTP)'
    else
        good clock "of Redis and of this machine: ${skew#-} ms apart"
    fi
}

# The connections that track changes: workers of nginx.  Sets WORKER_USERS, and
# WORKERS to their number, or to nothing where this user may not ask.
read_clients() {
    local line

    WORKERS=''
    WORKER_USERS=()
    redis_call CLIENT LIST TYPE pubsub
    [[ $reply != *[A-Z]*' '* || $reply == id=* ]] || return 0
    [[ -z $reply || $reply == id=* ]] || return 0
    WORKERS=0
    while IFS= read -r line; do
        [[ $line =~ \ flags=[A-Za-z]*t && $line =~ \ sub=[1-9] ]] || continue
        ((WORKERS++, 1))
        [[ ! $line =~ \ user=([^ ]+) ]] || WORKER_USERS[${BASH_REMATCH[1]}]=1
    done <<<"$reply"
}

check_workers() {
    local reported

    redis_call HLEN "${REDIS_PREFIX}workers"
    reported=$reply
    if [[ $reported =~ ^[1-9][0-9]*$ ]]; then
        good workers "$reported have reported; \`scoped-key workers\` lists them"
    elif [[ -n $WORKERS ]]; then
        good workers "$WORKERS connected and told of changes"
    else
        unknown workers 'how many are connected' 'give this user +client|list'
    fi
}

who_am_i() {
    ME=$REDIS_USER
    redis_call ACL WHOAMI
    [[ ! $reply =~ ^[^\ ]+$ ]] || ME=$reply
    ME=${ME:-default}
}

command_doctor() {
    local CHECK_ID='' CHECK_DIGEST=''
    local -A WORKER_USERS=()

    need_arguments 0 0 'no arguments'
    need_programs
    read_target
    read_key
    trap end_unanswered EXIT
    redis_open
    who_am_i
    if read_info; then
        check_server
        check_mode
    else
        unknown server "what Redis at $ADDRESS is, its persistence, memory and \
replicas: $ME may not ask" 'give this user +info, or ask as an administrator'
    fi
    check_keys
    check_pepper
    check_key
    read_clients
    check_own_rights
    check_worker_rights
    if [[ -n ${INFO[redis_version]:-} ]]; then
        check_persistence
        check_loading
        check_memory
        check_clients
        check_replicas
    fi
    check_clock
    check_workers
    redis_close
    trap - EXIT
    sum_up
}

sum_up() {
    local text

    text="$CHECKS checks, $FINDINGS findings"
    ((FINDINGS != 1)) || text="$CHECKS checks, 1 finding"
    ((UNKNOWN == 0)) || text+=", $UNKNOWN unknown"
    [[ -n ${OPTION[quiet]:-}${OPTION[json]:-} ]] || say "$text"
    ((FINDINGS == 0)) || exit 1
}
