# Commands that change keys that exist, one or many.  The records are fetched, the
# core says what the change makes of each, and the script in Redis writes that, as
# long as what it depends on is still as it was seen; else the key is looked at
# again.  So each change happens whole or not at all, and two of them at once
# lose nothing.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

CHANGE_TRIES=8
END=end-of-$MARKER

# Words that are ids, to `ids`: the first, unless it cannot be one, and all up to
# one that is no beginning of an id, or to --; the others to `words`.
split_words() {
    ids=() words=()
    if (($# > 0)) && [[ $1 != *[:=@!'{']* ]]; then
        ids+=("$1")
        shift
    fi
    while (($# > 0 && ${#ids[@]} > 0 && ${#ids[@]} < DASHES)) \
        && [[ $1 == - || $1 =~ ^[0-9A-Za-z]{4,25}$ ]]
    do
        ids+=("$1")
        shift
    done
    words=("$@")
}

has_filter() {
    local name

    for name in owner name scope state expiring; do
        [[ -z ${OPTION[$name]+set} ]] || return 0
    done
    return 1
}

# the ids that the filters choose, to `ids`
choose_ids() {
    local line filter whole='' wanted=',"ids":true'

    ((${#ids[@]} == 0)) || usage_error 'give ids, or --all with what to choose by'
    [[ -n ${OPTION[all]:-} ]] || usage_error \
        'this chooses several keys: add --all if you mean all of them'
    list_filter
    check_scope
    redis_try
    while IFS= read -r line; do
        case $line in
            '{"id":"'*'"}') line=${line#*:\"} ids+=("${line%\"\}}") ;;
            "$END") whole=1 ;;
            '' | 'Error: '* | '-> Redirected '*) ;;
            *) error=$line ;;
        esac
    done < <(walk_index '' '' | redis_stream | core_lines view "$filter" && echo "$END")
    [[ -z $error ]] || fail_refused "$error"
    [[ -n $whole ]] || fail_redis "Redis at $ADDRESS: the keys could not be listed"
    redis_open
    ((${#ids[@]} > 0)) || note 'no key is chosen'
}

# the first word of each line of standard input, to `ids`
read_ids() {
    local line

    [[ ! -t 0 ]] || warn_unless_quiet 'reading ids from what is typed here; Ctrl-D ends it'
    while IFS=$' \t' read -r line _ || [[ -n $line ]]; do
        [[ -z $line ]] || ids+=("$line")
    done
}

# the ids that are meant, each once; those that are none are refused
gather_ids() {
    local word id
    local -a given=("${ids[@]}")
    local -A seen=()

    if has_filter || [[ -n ${OPTION[all]:-} ]]; then
        choose_ids
        return
    fi
    ids=()
    for word in "${given[@]}"; do
        if [[ $word == - ]]; then
            read_ids
        else
            ids+=("$word")
        fi
    done
    given=("${ids[@]}") ids=()
    for word in "${given[@]}"; do
        id=$word
        is_whole_id "$word" || resolve_id "$word" || continue
        [[ -z ${seen[$id]:-} ]] || continue
        seen[$id]=1
        ids+=("$id")
    done
}

# A question on a terminal, where there may be more at stake than one thinks.
need_yes() {
    local answer

    [[ -z ${OPTION[yes]:-}${OPTION[dry-run]:-} && -t 2 ]] || return 0
    { exec {TTY}<>/dev/tty; } 2>/dev/null || return 0
    printf 'scoped-key: %s? [y/N] ' "$1" >&"$TTY"
    IFS= read -r answer <&"$TTY" || answer=''
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]] \
        || fail 'nothing was changed'
}

# a command of the script in Redis on the record of `id`, as redis-cli reads it;
# the first of a stream brings the script with it
record_line() {
    local name=$1 line word

    shift
    line="EVALSHA $LUA_SHA"
    if ((first)); then
        quote_argument "$LUA"
        line="EVAL $result"
    fi
    first=$CLUSTER
    line+=' 1'
    for word in "$REDIS_PREFIX{$id}" "$name" "$REDIS_PREFIX" "$NOW" "$@"; do
        quote_argument "$word"
        line+=" $result"
    done
    printf '%s\n' "$line"
}

record_lines() {
    local id first=1

    for id in "${ids[@]}"; do
        record_line view 1 "$id"
    done
    echo "ECHO $END"
}

# What the change makes of each of `ids`: to `state`, `text`, `plan` and `told`, by
# id.  False, with what Redis said in `error`, when it did not say all.
plan_changes() {
    local id i error_line
    local -a lines

    error=''
    readarray -t lines < <(record_lines | redis_stream | core_lines change "$asked")
    for ((i = 0; i < ${#lines[@]}; )); do
        case ${lines[i]} in
            'change '* | 'again '* | 'same '* | 'refused '*)
                id=${lines[i]#* }
                state[$id]=${lines[i]%% *} text[$id]=${lines[i + 1]}
                plan[$id]=${lines[i + 2]} told[$id]=${lines[i + 3]}
                ((i += 4, 1)) ;;
            "$END") return 0 ;;
            '' | 'Error: '* | '-> Redirected '*) ((i++, 1)) ;;
            *) error=${lines[i]}; return 1 ;;
        esac
    done
    return 1
}

# the ids of `todo` to Redis, one after another
apply_lines() {
    local id first=1

    for id in "${todo[@]}"; do
        if [[ $COMMAND == delete ]]; then
            record_line delete "$id" "$((1 - CLUSTER))"
        else
            record_line apply "$id" "${plan[$id]}"
        fi
        ((!CLUSTER)) || wait_line
    done
    ((CLUSTER)) || wait_line
    echo "ECHO $END"
}

wait_line() {
    [[ -z ${OPTION[durable]:-} ]] || echo "WAIT ${OPTION[replicas]:-1} $WAIT_MS"
}

# One reply for each of `todo`, in this order: to `state`, which becomes done,
# stale, refused or lost.
apply_changes() {
    local line id n=0 fewest=''
    local -a lines

    for id in "${todo[@]}"; do
        state[$id]=lost
    done
    readarray -t lines < <(apply_lines | redis_stream)
    for line in "${lines[@]}"; do
        id=${todo[n]:-}
        case $line in
            "$END") break ;;
            '' | 'Error: '* | '-> Redirected '*) continue ;;
            '{"stale":true}') state[$id]=stale ;;
            '{"refused":'*) state[$id]=refused
                text[$id]=$(jq -r .refused <<<"$line") ;;
            '{"id":'*) state[$id]='done' revision[$id]=$line ;;
            *[!0-9]*) [[ -n $error ]] || error=$line ;;
            *) [[ -n $fewest ]] && ((line >= fewest)) || fewest=$line
                continue ;;
        esac
        ((n++, 1))
    done
    [[ -z $fewest ]] || note_replicas "$fewest" || true
}

# What became of those whose answer is missing, asked over a fresh connection:
# done, kept or unknown.
verify_changes() {
    local id
    local -a ids=("${lost[@]}")
    # what is asked now says nothing of what the change was to say
    local -A text=() plan=() told=()

    for id in "${ids[@]}"; do
        state[$id]=''
    done
    # twice: what was on its way is there when the second answer comes
    if plan_changes; then
        plan_changes || true
    fi
    for id in "${ids[@]}"; do
        case ${state[$id]} in
            same | again) state[$id]='done' ;;
            change) state[$id]=kept ;;
            refused) [[ $COMMAND == delete || $COMMAND == ungrant ]] \
                && state[$id]='done' || state[$id]=unknown ;;
            *) state[$id]=unknown ;;
        esac
        [[ $COMMAND != delete || ${state[$id]} != 'done' ]] || forget_index "$id"
    done
}

# Which keys were changed and which not, where Redis has failed.
fail_changes() {
    local id what=$error
    local -a made=() unknown=()

    verify_changes
    for id in "${lost[@]}"; do
        case ${state[$id]} in
            'done') made+=("$id") ;;
            unknown) unknown+=("$id") ;;
        esac
    done
    OUTCOME=no VERIFY=''
    if ((${#lost[@]} == 1)); then
        ((${#made[@]} == 0)) || OUTCOME=made
        ((${#unknown[@]} == 0)) || OUTCOME=unknown
    fi
    if ((${#chosen[@]} > 1)); then
        OUTCOME=''
        report_changes
        warn "of ${#chosen[@]} keys $changed were changed;" \
            "$((${#lost[@]} - ${#made[@]} - ${#unknown[@]})) were not;" \
            "of ${#unknown[@]} it is not known${unknown[0]:+: ${unknown[*]}}"
    fi
    [[ -z $what ]] || fail_refused "$what"
    fail_unanswered
}

# In a cluster the index is another node's; what an interruption leaves is an id
# in the index without a record, which a second delete removes.
forget_index() {
    ((CLUSTER)) || return 0
    redis_call ZREM "${REDIS_PREFIX}ids" "$1"
    redis_expect '^[0-9]+$'
    gone=$reply
    redis_call ZREM "${REDIS_PREFIX}last_used" "$1"
    redis_call ZREM "${REDIS_PREFIX}last_used_previous" "$1"
}

# of a key that was deleted: whether there was anything
settle_delete() {
    local id=$1 gone=0

    forget_index "$id"
    [[ ${revision[$id]} =~ \"deleted\":([0-9]+) ]] && ((gone += BASH_REMATCH[1], 1))
    ((gone > 0)) || { state[$id]=refused; text[$id]="there is no key $id"; }
}

# each of `chosen` as far as it is settled, in its order
report_changes() {
    local id

    for id in "${chosen[@]}"; do
        case ${state[$id]} in
            'done' | same)
                [[ ${state[$id]} == same ]] || ((changed++, 1))
                [[ -z ${OPTION[json]:-} ]] || printf '%s\n' "${told[$id]}"
                note "${text[$id]}"
                after_change "$id" ;;
            refused)
                refuse "${text[$id]}"
                [[ $COMMAND != ungrant ]] || hint_constrained "$id" "${told[$id]}" ;;
            stale) refuse "key $id is being changed by others: try again" ;;
        esac
    done
}

# what may not have been meant
after_change() {
    case $COMMAND in
        grant)
            [[ ${told[$1]} == *'"added":0,'* || ${told[$1]} == *'"already":[]'* ]] \
                || warn_unless_quiet 'it had already:' \
                    "$(jq -r '.already | join(" ")' <<<"${told[$1]}")"
            [[ ${told[$1]} != *'"mode":"global"'* ]] || warn_idle "${members[@]}" ;;
    esac
}

# what would be done, and nothing of it
report_dry_run() {
    local id

    for id in "${chosen[@]}"; do
        if [[ ${state[$id]} == refused ]]; then
            refuse "${text[$id]}"
        elif [[ -n ${OPTION[json]:-} ]]; then
            printf '%s,"dry_run":true,"change":%s}\n' "${told[$id]%\}}" \
                "$([[ ${state[$id]} != same ]] && echo true || echo false)"
        else
            note "dry run: ${text[$id]}"
        fi
    done
}

# ids of `chosen` in one of the states, to `todo`
in_state() {
    local id

    todo=()
    for id in "${chosen[@]}"; do
        [[ " $* " != *" ${state[$id]} "* ]] || todo+=("$id")
    done
}

# Words of redis-cli that are an error of a connection end the command before
# anything was written.
plan_or_fail() {
    plan_changes && return
    [[ -z $error ]] || fail_refused "$error"
    fail_unanswered
}

# what the change makes of the keys, as far as that is asked before they are changed
plan_first() {
    local id

    if [[ $COMMAND != delete || -n ${OPTION[dry-run]:-} ]]; then
        plan_or_fail
    else
        for id in "${ids[@]}"; do
            state[$id]=change text[$id]="deleted $id"
            told[$id]="{\"id\":\"$id\",\"deleted\":true}"
        done
    fi
}

# the changes that are planned, and again of those that others changed meanwhile
apply_all() {
    local try id

    set_patience 45
    for ((try = 0; try < CHANGE_TRIES; try++)); do
        in_state change again
        ((${#todo[@]} > 0)) || break
        apply_changes
        in_state lost
        lost=("${todo[@]}")
        ((${#lost[@]} == 0)) || fail_changes
        in_state stale
        ids=("${todo[@]}")
        ((${#ids[@]} == 0)) || plan_or_fail
    done
    [[ $COMMAND == delete ]] || return 0
    in_state 'done'
    for id in "${todo[@]}"; do
        settle_delete "$id"
    done
}

# The change $1, more options of the core, of all keys in `ids`.
change_all() {
    local asked=",\"change\":{\"command\":\"$COMMAND\"$1}" error='' changed=0
    local -a chosen todo lost
    local -A state=() text=() plan=() told=() revision=()

    find_core
    OUTCOME=no
    redis_open
    gather_ids
    chosen=("${ids[@]}")
    ((${#chosen[@]} > 0)) || return 0
    plan_first
    if [[ -n ${OPTION[dry-run]:-} ]]; then
        report_dry_run
        return
    fi
    [[ $COMMAND != delete && ${#chosen[@]} -eq 1 && -z ${OPTION[all]:-} ]] \
        || need_yes "$COMMAND $(counted_keys "${#chosen[@]}")"
    apply_all
    report_changes
    ((${#chosen[@]} < 2)) || note "$changed of ${#chosen[@]} keys changed"
}

counted_keys() {
    (($1 == 1)) && printf '1 key' || printf '%d keys' "$1"
}

# the words that are ids, and no others
need_ids() {
    split_words "${ARGUMENTS[@]}"
    ((${#words[@]} == 0)) || usage_error "\"${words[0]}\" is no id"
    need_some_ids "$1"
}

need_some_ids() {
    ((${#ids[@]} > 0)) || has_filter || [[ -n ${OPTION[all]:-} ]] \
        || usage_error "$COMMAND needs $1"
}

command_enable() {
    local -a ids words

    need_ids 'an id, or several'
    change_all ',"set":{"enabled":true}'
}

command_disable() {
    local -a ids words

    need_ids 'an id, or several'
    change_all ',"set":{"enabled":false}'
}

command_delete() {
    local -a ids words

    need_ids 'an id, or several'
    change_all ''
}

command_expire() {
    local when
    local -a ids words

    need_arguments 1 -1 'ids and a time, as in: expire 4mQ2xV9tKc1Z 90d'
    when=${ARGUMENTS[-1]}
    unset 'ARGUMENTS[-1]'
    ids=("${ARGUMENTS[@]}")
    need_some_ids 'ids and a time, as in: expire 4mQ2xV9tKc1Z 90d'
    need_timestamp expire "$when"
    change_all ",\"set\":{\"expires_at\":${result:-null}}"
}

# FIELD=VALUE as a member of JSON, a comma before it, to `set`
set_word() {
    local name=${1%%=*} value=${1#*=}

    [[ -n $value ]] || usage_error "$name: the value is empty; --unset $name" \
        'removes the field'
    case $name in
        expires | *_at | not_before)
            need_timestamp "$name" "$value"
            value=${result:-null} ;;
        *)
            [[ $name != method && $name != methods ]] || value=${value^^}
            json_string "$value"
            value=$result ;;
    esac
    json_string "$name"
    set+=",$result:$value"
}

command_set() {
    local word set=''
    local -a ids words

    split_words "${ARGUMENTS[@]}"
    need_some_ids 'ids and FIELD=VALUE, as in: set 4mQ2xV9tKc1Z owner=ops'
    ((${#words[@]} + ${#MANY_unset[@]} > 0)) \
        || usage_error 'set needs FIELD=VALUE, or --unset FIELD'
    for word in "${words[@]}"; do
        [[ $word == ?*=* ]] || usage_error "\"$word\" is not FIELD=VALUE"
        set_word "$word"
    done
    for word in "${MANY_unset[@]}"; do
        json_string "$word"
        set+=",$result:null"
    done
    change_all ",\"set\":{${set:1}}"
}
