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
    durable
    if [[ -z $when ]]; then
        done_with "$id never expires"
    else
        printf -v when '%(%FT%TZ)T' "$when"
        done_with "$id expires $when"
    fi
}

command_expire() {
    local when

    need_arguments 2 -1 'a time and ids, as in: expire 4mQ2xV9tKc1Z 90d'
    when=${ARGUMENTS[-1]}
    unset 'ARGUMENTS[-1]'
    need_moment expire "$when"
    for_each_id expire_one "$result"
}

# the words param=v1,v2 into the associative array `params`, as JSON items
keep_param() {
    local name=${1%%=*} value=${1#*=} item
    local -a items=()

    [[ -n $name ]] || usage_error "\"$1\" has no param name"
    params[$name]=${params[$name]:-}
    [[ -n $value ]] || return 0
    split_items "$value"
    for item in "${items[@]}"; do
        json_string "$item"
        params[$name]+=,$result
    done
}

# what the constraint options say, as JSON members that follow the scope
constraints_json() {
    local name list=''
    local -a items

    for name in "${!params[@]}"; do
        json_string "$name"
        list+=",$result:[${params[$name]:1}]"
    done
    constraints=${list:+,\"params\":{${list:1}\}}
    for name in host ip method; do
        local -n given=MANY_$name
        ((${#given[@]} > 0)) || continue
        split_items "${given[@]}"
        [[ $name != method ]] || items=("${items[@]^^}")
        json_array "${items[@]}"
        constraints+=",\"${name}s\":$result"
    done
    for name in not-before expires; do
        [[ -n ${OPTION[$name]+set} ]] || continue
        need_moment "--$name" "${OPTION[$name]}"
        [[ -n $result ]] || usage_error "--$name: a grant cannot have \"never\""
        [[ $name == expires ]] && constraints+=",\"expires_at\":$result"
        [[ $name == not-before ]] && constraints+=",\"not_before\":$result"
    done
    return 0
}

# the members that the words after the id mean: into `members`
read_grant_words() {
    local word constraints
    local -A params=()
    local -a scopes=()

    members=()
    for word in "${ARGUMENTS[@]:1}"; do
        case $word in
            '{'*) members+=("$word") ;;
            *=*) keep_param "$word" ;;
            *) scopes+=("$word") ;;
        esac
    done
    constraints_json
    if [[ -n $constraints ]] && ((${#members[@]} > 0 || ${#scopes[@]} == 0))
    then
        usage_error 'constraints in words go with a scope in words'
    fi
    for word in "${scopes[@]}"; do
        if [[ -n $constraints ]]; then
            [[ $word != '!'* ]] \
                || usage_error "a refusal cannot have constraints: $word"
            json_string "$word"
            word="{\"scope\":$result$constraints}"
        fi
        members+=("$word")
    done
}

change_grants() {
    local command=$1 word=$2 id
    local -a members

    need_arguments 2 -1 'an id and at least one scope'
    read_grant_words
    redis_open
    resolve_id "${ARGUMENTS[0]}" || return
    change "$command" "$id" "${members[@]}" || return
    durable
    done_with "$word $id: ${members[*]}"
    [[ $reply != *'"mode":"global"'* ]] \
        || say "$id is a global key: it needs no grant, only refusals bind it"
}

command_grant() {
    change_grants grant 'granted to'
}

command_ungrant() {
    change_grants ungrant 'taken from'
}
