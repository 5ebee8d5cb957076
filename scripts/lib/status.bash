# `status`: Redis, the keys and the workers in one screen.  Counts what the core
# says of each record, up to a limit; the doctor's own questions are asked by it.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# more keys than this are not looked at: a second or two
STATUS_KEYS=20000
STATUS_SOON=$((7 * 86400))
STATUS_CHANGES=5

# lines of the core to an object of counts
count_states() {
    # names are escaped in JSON: these words stand for members alone
    grep -oE '"(state|expires_at)":"[^"]*"|^'"$MARKER\$" \
        | jq -R -n -c --arg marker "$MARKER" --argjson limit "$STATUS_KEYS" \
            --arg now "$1" --arg soon "$2" '
            foreach (inputs, null) as $line ({looked: 0, states: {}, soon: 0};
                if $line == $marker then .how = "whole"
                elif $line == null then .how = "broken"
                elif $line | startswith("\"state\":") then
                    if .looked == $limit then .how = "part"
                    else ($line[9:-1]) as $state | .state = $state
                        | .looked += 1 | .states[$state] += 1 end
                else $line[14:-1] as $time
                    | if .state == "enabled" and $time > $now and $time <= $soon
                      then .soon += 1 else . end end;
                if .how then ., (null | halt_error(0)) else empty end)'
}

# the counts, to `counts`
read_counts() {
    local now soon result

    timestamp_text "$NOW"
    now=$result
    timestamp_text "$((NOW + STATUS_SOON))"
    soon=$result
    counts=$(view_lines '' '' count_states "$now" "$soon") \
        && [[ $counts != *'"how":"broken"'* ]] || exit 3
}

# the newest entries of the audit stream, or else the newest keys, as JSON
read_changes() {
    local i lines list=''

    changes='[]' changed_by=audit
    redis_call XREVRANGE "${REDIS_PREFIX}audit" + - COUNT "$STATUS_CHANGES"
    if [[ $reply =~ ^[0-9]+-[0-9]+$'\n' ]]; then
        changes=$(jq -R -n -c '[foreach inputs as $line ({};
            if $line | test("^[0-9]{13}-[0-9]+$") then
                {done: .entry, entry: {at: ($line[:10] | tonumber)}}
            else .done = null
                | if .name then .entry[.name] = $line | .name = null
                  else .name = $line end
            end; .done // empty), empty]' <<<"$reply"$'\n9999999999999-0')
        return
    fi
    changed_by=index
    redis_call ZRANGE "${REDIS_PREFIX}ids" "-$STATUS_CHANGES" -1 WITHSCORES
    [[ $reply =~ ^[0-9A-Za-z]+$'\n'[0-9]+ ]] || return 0
    readarray -t lines <<<"$reply"
    for ((i = 0; i + 1 < ${#lines[@]}; i += 2)); do
        [[ ${lines[i]} =~ ^[0-9A-Za-z]+$ && ${lines[i + 1]} =~ ^[0-9]+$ ]] || continue
        list=",{\"at\":${lines[i + 1]},\"action\":\"create\",\"id\":\"${lines[i]}\"}$list"
    done
    changes="[${list:1}]"
}

# what INFO says, as JSON; nothing of what this user may not ask
status_info() {
    local name text=''

    for name in redis_version valkey_version used_memory maxmemory role \
        connected_clients connected_slaves aof_enabled uptime_in_seconds
    do
        [[ -n ${INFO[$name]:-} ]] || continue
        json_string "${INFO[$name]}"
        text+=",\"$name\":$result"
    done
    info="{${text:1}}"
}

command_status() {
    local counts changes changed_by info total result
    local -A WORKER_USERS=()

    need_arguments 0 0 'no arguments'
    find_core
    read_target
    trap end_unanswered EXIT
    redis_open
    who_am_i
    read_info || true
    redis_call ZCARD "${REDIS_PREFIX}ids"
    redis_expect '^[0-9]+$'
    total=$reply
    read_clients
    redis_call HLEN "${REDIS_PREFIX}workers"
    [[ ! $reply =~ ^[1-9][0-9]*$ ]] || WORKERS=$reply
    read_changes
    status_info
    redis_close
    trap - EXIT
    read_counts
    json_string "$ADDRESS"
    jq_view status -n --arg form "${OPTION[json]:+json}" --argjson info "$info" \
        --argjson counts "$counts" --argjson changes "$changes" \
        --arg changed_by "$changed_by" --argjson address "$result" \
        --argjson database "$DATABASE" --arg user "$ME" --argjson total "$total" \
        --arg workers "$WORKERS" || fail 'jq failed'
}
