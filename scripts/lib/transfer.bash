# `export` and `import`: JSON lines.  An import is a pipeline: texts to digests
# (texts only), lines to records (both by the core), records to commands (jq),
# redis-cli, and a reader of replies, who alone says what was done.  A hundred keys are one step of Redis, so none is
# ever half there; what is there already, unchanged, is passed over, so that an
# import which broke off goes on when it is run again.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

BATCH=100

# a file as standard input, unless it is `-`
open_input() {
    if [[ $1 == - ]]; then
        [[ ! -t 0 ]] || warn_unless_quiet 'reading what is typed here; Ctrl-D ends it'
        return
    fi
    [[ -e $1 ]] || fail "there is no file $1"
    [[ -r $1 && ! -d $1 ]] || fail "cannot read $1"
    exec <"$1" || exit 1
}

command_export() {
    need_arguments 0 0 'no arguments'
    find_core
    redis_try
    walk_index '' all | redis_stream | core_lines view ',"digests":true' \
        | jq -L "$LIB" -R -r 'include "human"; select(startswith("{") or records)'
    check_stream "${PIPESTATUS[@]}"
}

# the lines of the input as the records that they make, or why they make none
import_source() {
    local options=",\"defaults\":$defaults"

    if [[ -n ${OPTION[texts]:-} ]]; then
        core_digests | core_lines record "$options,\"texts\":true"
    else
        core_lines record "$options"
    fi
}

# the same as commands of redis-cli, a batch each
frame_lines() {
    jq -R -r -n --arg start "$1" --argjson batch "$BATCH" --arg wait "$2" \
        --arg marker "$MARKER" '(label $all
        | foreach range(1; infinite; $batch) as $first (null;
            [limit($batch; inputs)];
            if . == [] then break $all
            else "\($start) \($first) \(map(tojson) | join(" "))" end)),
        ($wait | select(. != "")), "ECHO \($marker)"'
}

# the start of the command that puts a batch
put_start() {
    local word

    start="EVALSHA $LUA_SHA 1"
    for word in "${REDIS_PREFIX}ids" put "$REDIS_PREFIX" "$NOW" "{$1}"; do
        quote_argument "$word"
        start+=" $result"
    done
}

# a bar that is drawn again and again, on a terminal only
draw_progress() {
    local end=$1 bar='' width=30 filled

    [[ -t 2 && -z ${OPTION[quiet]:-} ]] || return 0
    ((EPOCHSECONDS != drawn || end)) || return 0
    drawn=$EPOCHSECONDS
    if ((total > 0)); then
        filled=$((done * width / total))
        printf -v bar '%*s' "$filled" ''
        printf -v bar '[%-*s] %3d%%  ' "$width" "${bar// /#}" \
            $((done * 100 / total))
    fi
    printf '\r%s%d keys, %d refused' "$bar" "$done" "$refused" >&2
    ((!end)) || echo >&2
}

count_reply() {
    [[ $1 =~ added=([0-9]+)\ same=([0-9]+)\ replaced=([0-9]+)\ refused=([0-9]+)\ idle=([0-9]+) ]]
    ((added += BASH_REMATCH[1], same += BASH_REMATCH[2],
      replaced += BASH_REMATCH[3], refused += BASH_REMATCH[4],
      idle += BASH_REMATCH[5],
      done = added + same + replaced + refused, 1))
    draw_progress 0
}

# replies of redis-cli, one for a batch; the end is a marker, else all was not
read_replies() {
    local line waited='' complete=0

    while IFS= read -r line; do
        case $line in
            'put '*) count_reply "$line" ;;
            'line '*) warn "$line" ;;
            "$MARKER") complete=1 ;;
            '') ;;
            *) if [[ $line =~ ^[0-9]+$ ]]; then
                   waited=$line
               elif [[ $line != 'Error: '* ]]; then
                   draw_progress 1
                   end_import "Redis refused: $line"
               fi ;;
        esac
    done
    draw_progress 1
    ((complete)) || end_import "Redis at $ADDRESS gave no answer, or the input broke off"
    [[ -z $waited ]] || note_replicas "$waited" || true
    report_import
}

# an import that did not come to its end; what was added stays so
end_import() {
    warn "$1; $((added + replaced)) keys were imported, of the next $BATCH it is" \
        'not known; run it again to go on'
    exit 3
}

report_import() {
    if [[ -n ${OPTION[json]:-} ]]; then
        printf '{"added":%d,"unchanged":%d,"replaced":%d,"refused":%d}\n' \
            "$added" "$same" "$replaced" "$refused"
    fi
    note "$added added, $same there already, $replaced replaced," \
        "$refused refused"
    ((idle == 0)) || warn_unless_quiet "global keys with scopes: $idle; scopes of a" \
        'global key limit nothing, only deny rules (!SCOPE) bind it'
    ((refused == 0 && UNACKNOWLEDGED == 0))
}

import_batches() {
    local start wait=''

    [[ -z ${OPTION[durable]:-} ]] || wait="WAIT ${OPTION[replicas]:-1} $WAIT_MS"
    put_start "\"index\":true$options"
    import_source | frame_lines "$start" "$wait" | redis_stream | read_replies
    set -- "${PIPESTATUS[@]}"
    (($3 != 3 && $4 != 3)) || exit 3
    (($1 == 0 && $2 == 0 && $3 == 0 && $4 == 0)) || exit 1
}

# in a cluster the last uses are another node's; the later one counts
put_uses() {
    local id=$1 json=$2

    [[ ! $json =~ ,\"last_used\":\"([0-9]+)\" ]] || redis_call ZADD \
        "${REDIS_PREFIX}last_used" GT "${BASH_REMATCH[1]}" "$id"
    [[ ! $json =~ ,\"previous_last_used\":\"([0-9]+)\" ]] || redis_call ZADD \
        "${REDIS_PREFIX}last_used_previous" GT "${BASH_REMATCH[1]}" "$id"
}

# In a cluster each key is a conversation with two nodes: slower, as safe.
import_singly() {
    local number=0 id json refusal

    while IFS= read -r json; do
        if [[ $json == "$MARKER" ]]; then
            draw_progress 1
            report_import
            return
        fi
        ((number++, 1))
        case $json in
            '{}') continue ;;
            '{"refused":'*) refusal=$(jq -r .refused <<<"$json") ;;
            *) id=${json#'{"id":"'}
               id=${id%%\"*}
               if put_record "$id" "$number" "$json" "${options:1}"; then
                   durable
                   count_reply "$reply"
                   put_uses "$id" "${json##*,\"idle\"}"
                   continue
               fi ;;
        esac
        warn "line $number: $refusal"
        ((refused++, done++, 1))
    done
    fail "broke off after $done keys; run it again to go on"
}

command_import() {
    local json defaults options='' drawn=0 total=0 pepper
    local done=0 added=0 same=0 replaced=0 refused=0 idle=0

    need_arguments 0 1 'one file, or nothing for standard input'
    open_input "${ARGUMENTS[0]:--}"
    [[ ${ARGUMENTS[0]:--} == - || ! -f ${ARGUMENTS[0]} || ! -t 2 ]] \
        || total=$(wc -l <"${ARGUMENTS[0]}")
    [[ -z ${OPTION[texts]:-} ]] || read_pepper
    [[ -z ${OPTION[replace]:-} ]] || options=',"replace":true'
    [[ -z ${OPTION[force]:-} ]] || options+=',"force":true'
    options_json
    defaults="{${json:1}}"
    [[ -z ${OPTION[expires]:-} ]] || warn_past --expires 'a key without its own'
    find_core
    redis_try
    if ((CLUSTER)); then
        redis_open
        import_singly < <(import_source && echo "$MARKER") || FAILED=1
    else
        import_batches
    fi
}
