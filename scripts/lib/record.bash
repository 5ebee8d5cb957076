# A record as JSON, from the options that `create` and `import` share, and its
# way into Redis.  The core judges it: nothing is checked twice.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# what the options say of a key, as members of an object of the import format,
# a comma before each, to `json`
options_json() {
    local name validity

    json=''
    [[ -z ${OPTION[global]:-} ]] || json+=',"mode":"global"'
    [[ -z ${OPTION[disabled]:-} ]] || json+=',"enabled":false'
    for name in "${FREE_TEXT[@]}"; do
        [[ -n ${OPTION[$name]:-} ]] || continue
        json_string "${OPTION[$name]}"
        json+=",\"$name\":$result"
    done
    validity_json
    json+=$validity
    bounds_json
    json+=$result
    meta_json
    if (($# + ${#MANY_scope[@]} > 0)); then
        json_array "${MANY_scope[@]}" "$@"
        json+=",\"scopes\":$result"
    fi
}

# where a key or a grant is good for, from --host, --ip and --method: members of
# an object, a comma before each
bounds_json() {
    local name bounds=''
    local -a items

    for name in host ip method; do
        local -n given=MANY_$name
        ((${#given[@]} > 0)) || continue
        split_items "${given[@]}"
        [[ $name != method ]] || items=("${items[@]^^}")
        json_array "${items[@]}"
        bounds+=",\"${name}s\":$result"
    done
    result=$bounds
}

# the times between which something is good, as JSON members, to `validity`
validity_json() {
    local starts='' ends=''

    validity=''
    if [[ -n ${OPTION[not-before]+set} ]]; then
        need_timestamp --not-before "${OPTION[not-before]}"
        starts=$result
        validity+=${starts:+,\"not_before\":$starts}
    fi
    if [[ -n ${OPTION[expires]+set} ]]; then
        need_timestamp --expires "${OPTION[expires]}"
        ends=$result
        validity+=${ends:+,\"expires_at\":$ends}
    fi
    [[ -z $starts || -z $ends ]] || ((starts < ends)) \
        || usage_error '--expires: that is not after --not-before'
}

meta_json() {
    local pair value list=''
    local -A seen=()

    for pair in "${MANY_meta[@]}"; do
        [[ $pair == ?*=* ]] || usage_error "--meta: give NAME=VALUE, not \"$pair\""
        value=${pair#*=} pair=${pair%%=*}
        [[ -z ${seen[$pair]:-} ]] || usage_error "--meta: $pair is given twice"
        seen[$pair]=1
        json_string "$value"
        value=$result
        json_string "$pair"
        list+=",$result:$value"
    done
    [[ -z $list ]] || json+=",\"meta\":{${list:1}}"
}

# One record, from line $2 of the input, to Redis; else the reason to `refusal`.
# In a cluster the index is another node's, and goes first: an id without a
# record is nothing, a record outside the index would be a key that nobody sees.
# A lone server does both in one step.
put_record() {
    local id=$1 line=$2 json=$3 options=${4:-}

    if ((CLUSTER)); then
        redis_call ZADD "${REDIS_PREFIX}ids" NX "$NOW" "$id"
        redis_expect '^[0-9]+$'
    else
        options='"index":true'
    fi
    lua_call "$REDIS_PREFIX{$id}" put "{$options}" "$line" "$json"
    redis_expect '^put added='
    ((CLUSTER == 0)) || settle_index "$id"
    [[ $reply == *' refused=1 '* ]] || return 0
    refusal=${reply#*$'\n'line *: }
    return 1
}

# the index after a record was put, or refused
settle_index() {
    local id=$1 created=${reply##* created=} reply

    created=${created%%$'\n'*}
    if [[ -n $created && $created != "$NOW" ]]; then
        redis_call ZADD "${REDIS_PREFIX}ids" XX "$created" "$id"
    elif [[ -z $created ]] && ! key_exists "$id"; then
        redis_call ZREM "${REDIS_PREFIX}ids" "$id"
    fi
}

# the record of `id` as Redis has it, its last uses in it, to `reply`
fetch_raw() {
    lua_call "$REDIS_PREFIX{$id}" view '' "$id${1:-}"
    redis_expect '^(\{.*)?$'
    [[ -n $reply ]] || refuse "there is no key $id"
    [[ -n $reply ]]
}
