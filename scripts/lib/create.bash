# New texts: `create` and `rotate`.  The text is shown once, after Redis has
# taken its digest; when it cannot be shown the change is undone.  From the
# change to the showing no signal is heard, so that Ctrl-C leaves either a key
# whose text was shown, or none.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

ignore_signals() {
    trap '' INT TERM HUP PIPE
}

restore_signals() {
    trap - INT TERM HUP PIPE
}

# a key, once; false when it cannot be written out
show_text() {
    local id=$1 extra=$2

    if [[ -n ${OPTION[json]:-} ]]; then
        printf '{"id":"%s","key":"%s"%s}\n' "$id" "$KEY_TEXT" "$extra" || return
    else
        printf '%s\n' "$KEY_TEXT" || return
    fi
}

# what was done may be other than what was meant
warn_created() {
    [[ -z ${OPTION[global]:-} ]] || warn_idle "${MANY_scope[@]}" "${members[@]}"
    warn_open_ended "${MANY_scope[@]}" "${members[@]}"
}

command_create() {
    local prefix=${OPTION[prefix]:-sk} id json answer refusal pepper
    local -a members

    read_grant_words '' "${ARGUMENTS[@]}"
    refuse_past 'the key'
    read_pepper
    make_key "$prefix" ''
    options_json "${members[@]}"
    json="{\"id\":\"$id\",\"digest\":\"$KEY_DIGEST\"$json"
    json+=",\"prefix\":\"$prefix\",\"created_at\":$NOW}"
    core_call record "$json" || fail "$refusal"
    json=$answer
    OUTCOME=no
    redis_open
    ignore_signals
    set_patience 45
    OUTCOME=unknown UNSURE="delete $id if it was" VERIFY=verify_key \
        RESUME=finish_create
    put_record "$id" 1 "$json" || fail "$refusal"
    finish_create
}

# whether the key has the text that was made here
verify_key() {
    redis_open
    redis_call HGET "$REDIS_PREFIX{$id}" digest
    # once more: what was on its way is there by now
    redis_call HGET "$REDIS_PREFIX{$id}" digest
    redis_expect '^[0-9a-f]*$'
    [[ $reply == "$KEY_DIGEST" ]] && echo made || echo no
}

finish_create() {
    OUTCOME=made VERIFY='' UNSURE=''
    if ! show_text "$id" '' 2>/dev/null; then
        record_call delete "$id" "$((1 - CLUSTER))"
        ((CLUSTER == 0)) || redis_call ZREM "${REDIS_PREFIX}ids" "$id"
        fail 'the key could not be written out: it was taken back'
    fi
    KEY_TEXT=''
    durable
    restore_signals
    note_created "$id"
    warn_created
}

note_created() {
    [[ -z ${OPTION[quiet]:-}${OPTION[json]:-} ]] || return 0
    say "created key $1; it is shown this once and stored nowhere"
    if [[ -n ${OPTION[global]:-} ]]; then
        say 'it may do everything, as far as no deny rule and no option forbids it'
    elif ((${#MANY_scope[@]} + ${#members[@]} == 0)); then
        say "it has no grant yet: scoped-key grant $1 SCOPE"
    fi
    if ((${#MANY_scope[@]} + ${#members[@]} > 0)); then
        say "granted: ${MANY_scope[*]}${MANY_scope[0]:+ }${members[*]}"
    fi
}

# seconds that the old secret goes on, of --grace
read_grace() {
    grace=0
    [[ -n ${OPTION[grace]+set} ]] || return 0
    if [[ ${OPTION[grace]} != 0 ]]; then
        parse_duration "${OPTION[grace]}" \
            || usage_error "--grace: \"${OPTION[grace]}\" is no duration:" \
                'give 24h, 30m, 7d'
        grace=$result
        ! is_too_far "$((NOW + grace))" || usage_error \
            "--grace: \"${OPTION[grace]}\" is over 100 years"
    fi
}

undo_rotation() {
    local id=$1
    local -a before

    readarray -t before < <(jq -r '.before[]' <<<"$2")
    record_call unrotate "$id" "$KEY_DIGEST" "${before[@]}" \
        || fail "the key could not be written out, and $refusal"
    fail 'the key could not be written out: the rotation was taken back'
}

# the prefix of the new secret: as asked for, or as the key had it
rotation_prefix() {
    local id=$1

    prefix=${OPTION[prefix]:-}
    [[ -z $prefix ]] || return 0
    redis_call HGET "$REDIS_PREFIX{$id}" prefix
    redis_expect '^[a-z0-9]*$'
    prefix=${reply:-sk}
}

# what the module would not take is not rotated
check_rotation() {
    local id=$1 answer refusal

    fetch_raw || return
    core_call view "$reply" || fail "Redis: ${reply%%$'\n'*}"
    [[ $answer == *'"state":"invalid"'* ]] || return 0
    refuse "key $id is invalid: $(jq -r '.problems[0]' <<<"$answer")"
    return 1
}

command_rotate() {
    local id prefix grace pepper

    need_arguments 1 1 'an id'
    read_grace
    read_pepper
    OUTCOME=no
    redis_open
    resolve_id "${ARGUMENTS[0]}" || return
    ((${#id} == 12)) || fail "$id is a legacy key: its id is computed from the key;" \
        'create a new key and let this one expire'
    check_rotation "$id" || return
    rotation_prefix "$id"
    make_key "$prefix" "$id"
    ignore_signals
    set_patience 45
    OUTCOME=unknown UNSURE='rotate it again' VERIFY=verify_key RESUME=finish_rotate
    if ! record_call rotate "$id" "$KEY_DIGEST" "$prefix" "$grace" "$((1 - CLUSTER))"
    then
        refuse "$refusal"
        return
    fi
    finish_rotate "$reply"
}

# answer: of the script, which knows what was there before; none if it was lost
finish_rotate() {
    local answer=${1:-} until=null

    OUTCOME=made VERIFY='' UNSURE=''
    if [[ -z $answer ]]; then
        redis_call HGET "$REDIS_PREFIX{$id}" previous_until
        answer="\"previous_until\":\"$reply\""
    fi
    if [[ $answer =~ \"previous_until\":\"([0-9]+)\" ]]; then
        timestamp_text "${BASH_REMATCH[1]}"
        until="\"$result\""
    fi
    show_text "$id" ",\"previous_until\":$until" 2>/dev/null \
        || undo_rotation "$id" "$answer"
    KEY_TEXT=''
    durable
    # last, since replicas are asked on the node of the record
    ((CLUSTER == 0)) \
        || redis_call ZREM "${REDIS_PREFIX}last_used_previous" "$id"
    restore_signals
    [[ -z ${OPTION[quiet]:-}${OPTION[json]:-} ]] || return 0
    if [[ $until == null ]]; then
        say "rotated $id; the old secret is refused from now on"
    else
        say "rotated $id; the old secret is good until ${until//\"/}"
    fi
}
