# Commands that read: `show`, `list`, `unused`, and the pages that `export`
# uses too.  Two connections: one walks the index a page at a time, the other
# fetches the records of each page, straight into jq.  Neither end ever holds
# more than a page.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

PAGE=500

jq_view() {
    local program=$1

    shift
    # jq 1.6 is an hour off where it is summer
    TZ=UTC jq -L "$LIB" -r --argjson now "$NOW" --arg colour "$COLOUR" "$@" \
        -f "$LIB/$program.jq"
}

# the unix second at which `id` stands in a sorted set, to `used`; what is none
# was written by hand, and is nothing
fetch_use() {
    redis_call ZSCORE "$REDIS_PREFIX$1" "$id"
    redis_expect '^([0-9.e+-]+|-?inf|-?nan)?$'
    used=${reply%%.*}
    [[ $used =~ ^[0-9]{1,18}$ ]] || used=''
}

# the same as it is shown
fetch_record() {
    local used last

    fetch_use last_used
    last=$used
    fetch_use last_used_previous
    fetch_raw ":$last:$used" || return
    core_call view "$reply" || fail "Redis: ${reply%%$'\n'*}"
    reply=$answer
}

show_one() {
    local answer

    fetch_record || return 0
    if [[ -n ${OPTION[json]:-} ]]; then
        printf '%s\n' "$reply"
    else
        jq_view show <<<"$reply"
    fi
}

command_show() {
    for_each_id show_one
}

# every primary of a cluster must know the script before the records are asked
# for, since those commands are not looked at one by one
load_everywhere() {
    local line address rest

    ((CLUSTER)) || return 0
    redis_call CLUSTER NODES
    while read -r _ address rest; do
        [[ $rest == *master* && $rest != *fail* ]] || continue
        address=${address%%@*}
        (
            # a node that nobody has spoken to does not know its own host
            [[ $address == :* ]] || REDIS_OPTIONS+=(-h "${address%:*}")
            REDIS_OPTIONS+=(-p "${address##*:}" -x)
            printf %s "$LUA" | redis_cli SCRIPT LOAD
        ) >/dev/null || fail "cannot load the script on $address"
    done <<<"$reply"
}

# The start of a command on records, as redis-cli reads it; missing: 1 for those,
# too, that are in the index alone.
view_start() {
    local word

    view_start="EVALSHA $LUA_SHA 1"
    for word in "$1" "$2" "$REDIS_PREFIX" "$NOW" "$missing"; do
        quote_argument "$word"
        view_start+=" $result"
    done
}

# In a cluster each record may be on another node: the ids come here first.
walk_cluster() {
    local after='' score='' ids id view_start

    while :; do
        lua_call "${REDIS_PREFIX}ids" page "$after" "$score" "$PAGE" 1
        redis_expect '^(-|[0-9a-f]+ )'
        [[ $reply != - ]] || break
        read -r after score ids <<<"$reply"
        if [[ -n $before && -n $ids ]]; then
            # shellcheck disable=SC2086 # the ids are words
            lua_call "${REDIS_PREFIX}last_used" uses "$before" $ids
            ids=$reply
        fi
        for id in $ids; do
            view_start "$REDIS_PREFIX{${id%%:*}}" view
            printf '%s %s\n' "$view_start" "$id"
        done
    done
}

# A lone server finds the ids of a page itself, between two places that are
# settled here.
walk_server() {
    local after='' score='' to to_score view_start

    view_start "${REDIS_PREFIX}ids" browse
    while :; do
        lua_call "${REDIS_PREFIX}ids" page "$after" "$score" "$PAGE" 0
        redis_expect '^(-|[0-9a-f]+ )'
        [[ $reply != - ]] || break
        read -r to to_score <<<"$reply"
        printf '%s "%s" "%s" "%s" "%s" "%s"\n' "$view_start" "$before" \
            "$after" "$score" "$to" "$to_score"
        after=$to score=$to_score
    done
}

# The whole index, a page at a time, as commands for the second connection.
# before: a time; then only keys that were not used since, with their last use.
walk_index() {
    local missing=$1 before=$2

    redis_open
    if ((CLUSTER)); then
        load_everywhere
        walk_cluster
    else
        walk_server
    fi
    redis_close
}

# filter, before, jq program, its arguments: walks, fetches, judges, shows
view_all() {
    local filter=$1 before=$2 status

    shift 2
    find_core
    redis_try
    walk_index '' "$before" | (redis_cli) | core_lines view "$filter" \
        | jq_view "$@" -R -n
    for status in "${PIPESTATUS[@]}"; do
        ((status == 0 || status == 141)) || exit 1
    done
}

view_form() {
    form=no wanted=''
    [[ -z ${OPTION[quiet]:-} ]] || form=ids
    [[ -z ${OPTION[json]:-} ]] || form=yes
    [[ $form != ids ]] || wanted=',"ids":true'
    limit=${OPTION[limit]:-0}
    [[ $limit =~ ^[0-9]{1,9}$ ]] || usage_error '--limit: give a number'
}

# what the options select, as options of the core, to `filter`
list_filter() {
    local name state

    filter=''

    for name in owner name scope; do
        [[ -n ${OPTION[$name]+set} ]] || continue
        json_string "${OPTION[$name]}"
        filter+=",\"$name\":$result"
    done
    if [[ -n ${OPTION[state]+set} ]]; then
        state=${OPTION[state]//[- ]/_}
        [[ $state =~ ^(enabled|disabled|expired|not_yet_valid|invalid)$ ]] \
            || usage_error '--state: enabled, disabled, expired,' \
                'not_yet_valid or invalid'
        filter+=",\"state\":\"$state\""
    fi
    if [[ -n ${OPTION[expiring]+set} ]]; then
        need_moment --expiring "${OPTION[expiring]}"
        [[ -n $result ]] || usage_error '--expiring: give a time'
        filter+=",\"expiring\":$result"
    fi
    filter+=$wanted
}

check_scope() {
    local answer refusal

    [[ -n ${OPTION[scope]+set} ]] || return 0
    json_string "${OPTION[scope]}"
    core_call match "{\"scope\":$result}" || usage_error "--scope: $refusal"
}

command_list() {
    local filter form limit wanted

    need_arguments 0 0 'no words'
    view_form
    list_filter
    check_scope
    view_all "$filter" '' list --arg last expires_at --arg json "$form" \
        --argjson limit "$limit"
}

command_unused() {
    local days=${OPTION[days]:-} before form limit wanted

    need_arguments 0 0 'no words'
    [[ $days =~ ^[0-9]{1,6}$ ]] || usage_error 'unused needs --days N'
    before=$((NOW - 10#$days * 86400))
    view_form
    view_all ",\"created_before\":$before$wanted" "$before" list \
        --arg last last_used --arg json "$form" --argjson limit "$limit"
}
