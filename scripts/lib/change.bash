# Commands that change a key that exists.  Each change is one server-side
# command on the key's own slot, so it happens whole or not at all, and two of
# them at once lose nothing.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# prints the reply for programs, or says what was done
done_with() {
    [[ -z ${OPTION[json]:-} ]] || printf '%s\n' "$reply"
    note "$@"
}

# one change of one key; the reason when it is refused
change() {
    UNSURE=${UNSURE:-whether the change was made is not known}
    if ! record_call "$@"; then
        UNSURE=''
        refuse "$refusal"
        return 1
    fi
    UNSURE=''
}

# every argument is an id: "$@" is called with `id` set
for_each_id() {
    local text id

    need_arguments 1 -1 'an id, or several'
    redis_open
    for text in "${ARGUMENTS[@]}"; do
        resolve_id "$text" && "$@"
    done
}

enable_one() {
    local word=$1 value=$2

    change enable "$id" "$value" || return
    durable
    done_with "$word $id"
}

command_enable() {
    for_each_id enable_one enabled 1
}

command_disable() {
    for_each_id enable_one disabled 0
}

# The record goes first: what an interruption leaves is an id in the index
# without a record, which no command shows and a second delete removes.
delete_one() {
    local gone

    change delete "$id" "$((1 - CLUSTER))" || return
    [[ $reply =~ \"deleted\":([0-9]+) ]]
    gone=${BASH_REMATCH[1]}
    durable
    if ((CLUSTER)); then
        redis_call ZREM "${REDIS_PREFIX}ids" "$id"
        redis_expect '^[0-9]+$'
        ((gone += reply, 1))
        redis_call ZREM "${REDIS_PREFIX}last_used" "$id"
        redis_call ZREM "${REDIS_PREFIX}last_used_previous" "$id"
    fi
    if ((gone == 0)); then
        refuse "there is no key $id"
        return
    fi
    reply="{\"id\":\"$id\",\"deleted\":true}"
    done_with "deleted $id"
}

command_delete() {
    for_each_id delete_one
}

expire_one() {
    local when=$1

    change expire "$id" "$when" || return
    if [[ -n $when ]]; then
        timestamp_text "$when"
        reply="{\"id\":\"$id\",\"expires_at\":\"$result\"}"
    fi
    durable
    if [[ -z $when ]]; then
        done_with "$id never expires"
    elif ((when <= NOW)); then
        done_with "$id has expired: it is refused from now on"
    else
        done_with "$id expires $result"
    fi
}

command_expire() {
    local when

    need_arguments 2 -1 'a time and ids, as in: expire 4mQ2xV9tKc1Z 90d'
    when=${ARGUMENTS[-1]}
    unset 'ARGUMENTS[-1]'
    need_timestamp expire "$when"
    for_each_id expire_one "$result"
}
