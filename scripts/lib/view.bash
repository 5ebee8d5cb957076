# Commands that read: `show`, `list`, `unused`, and the pages that `export`
# uses too.  Two connections: one walks the index a page at a time, the other
# fetches the records of each page, straight into jq.  Neither end ever holds
# more than a page.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

PAGE=500
# so that the first rows are there at once
FIRST_PAGE=100
LEGACY_ID=25
PLAIN_ID=12

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
    core_call view "$reply" || fail_refused "$reply"
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
    local text id

    need_arguments 1 -1 'an id, or several'
    redis_open
    # shellcheck disable=SC2153  # of options.bash
    for text in "${ARGUMENTS[@]}"; do
        resolve_id "$text" && show_one
    done
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

# The ids with their last uses, as item_of in lua/index.lua has them: in a cluster
# the two sets of these may be on two nodes.
ids_with_uses() {
    local i names=() used=()

    read -r -a names <<<"$ids"
    if [[ $before != all ]]; then
        lua_call "${REDIS_PREFIX}last_used" uses "$before" "${names[@]}"
        redis_expect '^([0-9A-Za-z]+:[0-9]*( |$))*$'
        ids=$reply
        return
    fi
    lua_call "${REDIS_PREFIX}last_used" times last_used "${names[@]}"
    redis_expect '^(:[0-9]*( |$))+$'
    read -r -a used <<<"$reply"
    lua_call "${REDIS_PREFIX}last_used_previous" times last_used_previous \
        "${names[@]}"
    redis_expect '^(:[0-9]*( |$))+$'
    ids=''
    for i in $reply; do
        ids+="${names[0]}${used[0]}$i "
        names=("${names[@]:1}") used=("${used[@]:1}")
    done
}

# In a cluster each record may be on another node: the ids come here first.
walk_cluster() {
    local after='' score='' ids id view_start page=$FIRST_PAGE

    while :; do
        lua_call "${REDIS_PREFIX}ids" page "$after" "$score" "$page" 1
        redis_expect '^(-|[0-9a-f]+ )'
        [[ $reply != - ]] || break
        read -r after score ids <<<"$reply"
        page=$PAGE
        [[ -z $before || -z $ids ]] || ids_with_uses
        for id in $ids; do
            view_start "$REDIS_PREFIX{${id%%:*}}" view
            printf '%s %s\n' "$view_start" "$id"
        done
    done
}

# A lone server finds the ids of a page itself, between two places that are
# settled here.
walk_server() {
    local after='' score='' to to_score view_start page=$FIRST_PAGE

    view_start "${REDIS_PREFIX}ids" browse
    while :; do
        lua_call "${REDIS_PREFIX}ids" page "$after" "$score" "$page" 0
        redis_expect '^(-|[0-9a-f]+ )'
        [[ $reply != - ]] || break
        read -r to to_score <<<"$reply"
        printf '%s "%s" "%s" "%s" "%s" "%s"\n' "$view_start" "$before" \
            "$after" "$score" "$to" "$to_score"
        after=$to score=$to_score page=$PAGE
    done
}

# The whole index, a page at a time, as commands for the second connection.
# before: `all`, with the last uses; a time, only keys that were not used since,
# with their last uses; or nothing.
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

# view_lines FILTER BEFORE COMMAND...: the records that pass the filter, a line
# each, and at the end the marker, to the command.  Once it has read enough,
# Redis is asked no more: redis-cli itself would go on when nobody reads.
view_lines() {
    local filter=$1 before=$2 records fetcher
    local -a statuses

    shift 2
    exec {records}< <(redis_relay \
        < <(walk_index '' "$before" && printf 'ECHO %s\n' "$MARKER"))
    fetcher=$!
    core_lines view "$filter" <&"$records" | "$@"
    statuses=("${PIPESTATUS[@]}")
    exec {records}<&-
    kill "$fetcher" 2>/dev/null
    wait "$fetcher" 2>/dev/null
    (($? == 3)) && fetcher=3 || fetcher=0
    check_stream "${statuses[0]}" "$fetcher" "${statuses[1]}"
}

# The statuses of a pipeline, in which redis_stream is the second: who met an
# error of Redis has said so and ends with 3, a relay that waited in vain alone
# has not.
check_stream() {
    local stream=${2:-0} status worst=0

    for status in "$1" "${@:3}"; do
        ((status == 0 || status == 141 || worst == 3)) || worst=$status
    done
    if ((stream == 3)); then
        (fail_unanswered)
        worst=3
    fi
    ((worst != 0 || stream == 0 || stream == 141)) || worst=$stream
    ((worst == 0)) || exit $((worst == 3 ? 3 : 1))
}

# the width of the terminal, to `width`; 0: without end
find_width() {
    local size

    width=0
    [[ -z ${OPTION[wide]:-} && $form == no ]] || return 0
    width=${COLUMNS:-}
    if [[ -z $width && -t 1 ]]; then
        size=$(stty size <&1 2>/dev/null) && width=${size#* }
    fi
    [[ $width =~ ^[1-9][0-9]{0,4}$ ]] || width=80
    ((width >= 40)) || width=40
}

# whether ids are long, told by the first page of the index, to `ids`
find_id_width() {
    local id

    redis_open
    lua_call "${REDIS_PREFIX}ids" page '' '' "$FIRST_PAGE" 1
    redis_expect '^(-|[0-9a-f]+ )'
    redis_close
    ids=$PLAIN_ID
    for id in ${reply#* * }; do
        ((${#id} != LEGACY_ID)) || ids=$LEGACY_ID
    done
}

# the pager that rows go through, to `pager`; none where no terminal is
find_pager() {
    pager=${SCOPED_KEY_PAGER-${PAGER-less}}
    [[ $form == no && -t 1 ]] && command -v "${pager%% *}" >/dev/null || pager=''
}

# The rows, through the pager if they are more than the terminal shows.
page_rows() {
    local height
    local -a lines

    height=$(stty size <&1 2>/dev/null)
    height=${height% *}
    [[ $height =~ ^[1-9][0-9]*$ ]] || height=24
    readarray -n "$height" lines
    if ((${#lines[@]} < height)); then
        printf %s "${lines[@]}"
    else
        { printf %s "${lines[@]}" && cat; } | LESS=${LESS-FRSX} sh -c "$pager"
    fi
}

# the records in the order of a field, the marker last
sort_rows() {
    local field=${1#-} reverse=''

    [[ $1 != -* ]] || reverse=-r
    jq --unbuffered -R -r -n --arg field "$field" --arg marker "$MARKER" \
        'include "human"; foreach (inputs, null) as $line (null;
            if $line == $marker then halt
            elif $line == null then "" | halt_error(3)
            else $line | [records] | first end;
            if . == null then empty
            else "\(.[$field] // null | if . == null then "~" else tojson end)\t\(tojson)"
            end)' -L "$LIB" \
        | sort -s -t $'\t' -k 1,1 $reverse | cut -f 2- && echo "$MARKER"
}

show_rows() {
    jq_view list --unbuffered -R -n "$@"
}

# view_rows FILTER BEFORE KIND: rows for people, or objects for programs
view_rows() {
    local filter=$1 before=$2 kind=$3 width ids all=yes terminal=no pager status
    local -a arguments

    find_core
    find_id_width
    find_width
    [[ ! -t 1 || ! -t 2 ]] || terminal=yes
    [[ -z ${filter//,\"ids\":true/} ]] || all=no
    [[ -z ${OPTION[sort]:-} ]] || filter=${filter//,\"ids\":true/}
    arguments=(--arg json "$form" --argjson limit "$limit" --arg kind "$kind"
        --argjson width "$width" --argjson ids "$ids" --arg all "$all"
        --arg columns "${OPTION[columns]:-}" --arg marker "$MARKER"
        --arg terminal "$terminal" --arg warning "${warning:-}")
    find_pager
    if [[ -n $pager ]]; then
        show_sorted | page_rows
    else
        show_sorted
    fi
    check_stream "${PIPESTATUS[0]}" 0 "${PIPESTATUS[1]:-0}"
}

show_sorted() {
    if [[ -n ${OPTION[sort]:-} ]]; then
        view_lines "$filter" "$before" sort_rows "$sort_field" \
            | show_rows "${arguments[@]}"
    else
        view_lines "$filter" "$before" show_rows "${arguments[@]}"
    fi
}

# the columns that --columns and --sort may name, and the fields behind them
declare -A COLUMN_FIELD=([id]=id [name]=name [owner]=owner [mode]=mode
    [state]=state [created]=created_at [not_before]=not_before
    [expires]=expires_at [rotated]=rotated_at [previous_until]=previous_until
    [previous_used]=previous_last_used [last_used]=last_used [hosts]=hosts
    [ips]=ips [methods]=methods [scopes]=scopes)

check_columns() {
    local column field
    local -a items=()

    if [[ -n ${OPTION[columns]:-} ]]; then
        split_items "${OPTION[columns]}"
        for column in "${items[@]}"; do
            [[ -n ${COLUMN_FIELD[$column]:-} || $column == meta.?* ]] \
                || unknown_column --columns "$column"
        done
        OPTION[columns]=$(IFS=,; echo "${items[*]}")
    fi
    sort_field=''
    if [[ -n ${OPTION[sort]:-} ]]; then
        column=${OPTION[sort]#-}
        field=${COLUMN_FIELD[$column]:-}
        [[ -n $field && $column != @(hosts|ips|methods|scopes) ]] \
            || unknown_column --sort "$column"
        sort_field=$field
        [[ ${OPTION[sort]} != -* ]] || sort_field=-$field
    fi
}

unknown_column() {
    usage_error "$1: \"$2\" is no column: id, name, owner, mode, state," \
        'created, not_before, expires, rotated, previous_until, previous_used,' \
        'last_used (--columns also: hosts, ips, methods, scopes, meta.NAME)'
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
        need_timestamp --expiring "${OPTION[expiring]}"
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
    local filter form limit wanted sort_field kind=list uses=''

    need_arguments 0 0 'no arguments'
    view_form
    check_columns
    list_filter
    check_scope
    # programs get what they always got, unless they ask for uses
    [[ $form != no && ${OPTION[sort]:-} != *_used ]] || uses=all
    if [[ -n ${OPTION[rotating]:-} ]]; then
        kind=rotating uses=all
        filter+=',"rotating":true'
    fi
    view_rows "$filter" "$uses" "$kind"
}

# What is not on record cannot be told from what was not used: said, even with
# --quiet, since the ids may go into `disable`.  To `warning`.
warn_of_uses() {
    local before=$1 oldest

    redis_open
    redis_call ZRANGE "${REDIS_PREFIX}last_used" 0 0 WITHSCORES
    oldest=${reply##*$'\n'}
    if [[ -z $reply ]]; then
        warning="no use of any key is recorded: it cannot be known which are \
unused (is scoped_key_last_used on, and may the workers write there?)"
    elif [[ $oldest =~ ^[0-9]+$ ]] && ((oldest > before)); then
        timestamp_text "$oldest"
        warning="the oldest use on record is of $result: whether a key was \
used before that cannot be known"
    fi
}

command_unused() {
    local days=${OPTION[days]:-} before form limit wanted sort_field warning=''

    need_arguments 0 0 'no arguments'
    [[ $days =~ ^[0-9]{1,6}$ ]] || usage_error 'unused needs --days N'
    before=$((NOW - 10#$days * 86400))
    view_form
    check_columns
    warn_of_uses "$before"
    view_rows ",\"created_before\":$before$wanted" "$before" unused
}
