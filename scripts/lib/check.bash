# `check`: what is wrong or pointless in the records, told by the core.  Two ways:
# from the index to the records, and from the records to the index.  Changes
# nothing.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

SCAN=500

# what the names of records and scope lists look like to SCAN, to `pattern`
names_pattern() {
    local c

    pattern=$REDIS_PREFIX
    for c in \\ '*' '?' '[' ']'; do
        pattern=${pattern//"$c"/"\\$c"}
    done
    pattern+='{*}*'
}

# The names in a cluster of all records and scope lists, one a line, each
# perhaps more than once, node by node.
cluster_names() {
    local pattern address rest

    names_pattern
    redis_open
    redis_call CLUSTER NODES
    redis_close
    while read -r _ address rest; do
        [[ $rest == *master* && $rest != *fail* ]] || continue
        address=${address%%@*}
        (
            [[ $address == :* ]] || REDIS_OPTIONS+=(-h "${address%:*}")
            REDIS_OPTIONS+=(-p "${address##*:}")
            redis_cli --scan --pattern "$pattern"
        ) </dev/null || return 1
    done <<<"$reply"
}

# the ids that names are made of; what has no id is no business of the module
names_to_ids() {
    local name id start=$((${#REDIS_PREFIX} + 1))

    ids=()
    for name in "$@"; do
        id=${name:start}
        id=${id%:scopes}
        [[ $id == *'}' ]] || continue
        id=${id%'}'}
        [[ $id != *[!0-9A-Za-z]* ]] || continue
        ((${#id} == 12 || ${#id} == 25)) && ids+=("$id")
    done
}

report_unlisted() {
    local id=$1 text='a scope list without a record'

    [[ -z ${told[$id]:-} ]] || return 0
    told[$id]=1
    if key_exists "$id"; then
        text='not in the index: list, export and import do not see it'
    fi
    printf '{"id":"%s","findings":[{"kind":"index","text":"%s"}]}\n' \
        "$id" "$text"
}

# names on standard input to findings on standard output
find_in_cluster() {
    local id
    local -a names ids
    local -A told=()

    redis_open
    while readarray -t -n "$SCAN" names && ((${#names[@]} > 0)); do
        names_to_ids "${names[@]}"
        ((${#ids[@]} > 0)) || continue
        lua_call "${REDIS_PREFIX}ids" unlisted "${ids[@]}"
        redis_expect '^[0-9A-Za-z ]*$'
        for id in $reply; do
            report_unlisted "$id"
        done
    done
    redis_close
}

# a lone server looks through the names by itself
find_in_server() {
    local cursor=0 id pattern
    local -a words
    local -A told=()

    names_pattern
    redis_open
    redis_call SCAN 0 COUNT 1
    if [[ $reply == NOPERM* ]]; then
        warn 'records that are in no index were not looked for: this user lacks' \
            '+scan (docs/redis.md)'
        redis_close
        return
    fi
    while :; do
        lua_call "${REDIS_PREFIX}ids" scan "$cursor" "$pattern"
        redis_expect '^[0-9]+ '
        read -r -a words <<<"$reply"
        for id in "${words[@]:1}"; do
            report_unlisted "$id"
        done
        cursor=${words[0]}
        [[ $cursor != 0 ]] || break
    done
    redis_close
}

check_redis() {
    walk_index 1 '' | redis_stream | core_lines check "$asked"
    check_stream "${PIPESTATUS[@]}"
    if ((CLUSTER)); then
        cluster_names | find_in_cluster
        check_stream "${PIPESTATUS[@]}"
    else
        (find_in_server)
        check_stream "$?"
    fi
    echo "$MARKER"
}

check_lines() {
    core_lines check-import "$asked" && echo "$MARKER"
}

command_check() {
    local form limit wanted how=check_redis asked=''

    need_arguments 0 1 'one file, - for standard input, or nothing for Redis'
    view_form
    [[ -z ${OPTION[patterns]:-} ]] || asked=',"patterns":true'
    if ((${#ARGUMENTS[@]} > 0)); then
        how=check_lines
        open_input "${ARGUMENTS[0]}"
    fi
    find_core
    [[ $how == check_lines ]] || redis_try
    "$how" | jq_view check -R -n --arg marker "$MARKER" --arg json "$form"
    check_stream "${PIPESTATUS[@]}"
}
