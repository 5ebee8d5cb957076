# `export` and `import`: JSON lines.  An import is a pipeline: texts to digests
# (texts only), lines to commands (jq), redis-cli, and a reader of replies, who
# alone says what was done.  A hundred keys are one step of Redis, so none is
# ever half there; what is there already, unchanged, is passed over, so that an
# import which broke off goes on when it is run again.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

BATCH=100
DIGEST_FILES=500

# a file as standard input, unless it is `-`
open_input() {
    if [[ $1 == - ]]; then
        [[ ! -t 0 ]] || remark 'reading what is typed here; Ctrl-D ends it'
        return
    fi
    [[ -e $1 ]] || fail "there is no file $1"
    [[ -r $1 && ! -d $1 ]] || fail "cannot read $1"
    exec <"$1" || exit 1
}

command_export() {
    local status

    need_arguments 0 0 'no words'
    find_core
    redis_try
    walk_index '{}' '' | (redis_cli) | core_lines view ',"digests":true' | jq -L "$LIB" -R -r \
        'include "people"; select(startswith("{") or records)'
    for status in "${PIPESTATUS[@]}"; do
        ((status == 0 || status == 141)) || exit 1
    done
}

# Files in memory that have no name: what is written to them goes when this
# process goes, however it ends.  To the array `slots`; false: no such place.
open_slots() {
    local directory n fd most

    most=$(ulimit -n)
    [[ $most == unlimited ]] || ((most > DIGEST_FILES + 50)) || return 1
    directory=$(mktemp -d /dev/shm/scoped-key.XXXXXX 2>/dev/null) || return 1
    for ((n = 0; n < DIGEST_FILES; n++)); do
        exec {fd}<>"$directory/$n" || break
        slots+=("$fd")
    done
    rm -rf -- "$directory"
    ((n == DIGEST_FILES))
}

# the digests of all `texts` at once, by one b2sum, to the array `digests`
digest_together() {
    local n=0 text
    local -a files=() sums

    for text in "${texts[@]}"; do
        printf %s "$text" >"/proc/self/fd/${slots[n]}" || return 1
        files[n]=/dev/fd/${slots[n]}
        ((n++, 1))
    done
    readarray -t sums < <(b2sum -l 256 -- "${files[@]}")
    digests=("${sums[@]%% *}")
    ((${#digests[@]} == n))
}

digest_singly() {
    local text

    digests=()
    for text in "${texts[@]}"; do
        digest_text "$text" || return 1
        digests+=("$result")
    done
}

# What to import for a text, or `!` and why nothing.  The id and the digest come
# last, where they win over what the line itself may say of them.
text_line() {
    local text=$1 digest=$2 record=$3 kind id

    kind_of_text "$text"
    case $kind in
        issued) id=$result ;;
        legacy) id=x${digest:0:24} ;;
        damaged) printf '!looks like a key, but its checksum is wrong\n'
            return ;;
        no) printf '!is not 8 to 2048 printable characters without spaces\n'
            return ;;
    esac
    printf '{%s"id":"%s","digest":"%s"}\n' "${record:+$record,}" "$id" "$digest"
}

# `lines`: each a text, and after a space perhaps a JSON object; to JSON lines
digest_lines() {
    local n text record how=digest_singly
    local -a texts=() digests=()

    for n in "${!lines[@]}"; do
        text=${lines[n]%%[[:space:]]*}
        texts[n]=${text:-empty}
        is_printable "$text" || texts[n]=unreadable
    done
    ((${#PEPPER[@]} > 0 || ${#slots[@]} < DIGEST_FILES)) \
        || how=digest_together
    "$how" || fail 'b2sum failed'
    for n in "${!lines[@]}"; do
        text=${lines[n]%%[[:space:]]*}
        record=${lines[n]#"$text"}
        record=${record#"${record%%[![:space:]]*}"}
        if [[ -z $text ]]; then
            echo
        elif [[ -n $record && $record != '{'*'}' ]]; then
            printf '!has something behind the text that is no JSON object\n'
        else
            [[ -z $record ]] || record=${record:1:-1}
            text_line "$text" "${digests[n]}" "$record"
        fi
    done
}

# The program that does the same a hundred times quicker, to `program`; false:
# it is not there, or is an older one, which answers to no input, too.
find_digester() {
    for program in "$HOME_DIR/scoped-key-core" \
        "$HOME_DIR/../build/scoped-key-core"
    do
        [[ -x $program ]] || continue
        [[ -n $("$program" digest </dev/null 2>&1) ]] || return 0
    done
    return 1
}

# texts on standard input to JSON lines on standard output
digest_input() {
    local program
    local -a lines slots=()

    if find_digester; then
        "$program" digest ${PEPPER_FILE:+"$PEPPER_FILE"} \
            || fail "$program failed"
        return
    fi
    ((${#PEPPER[@]} > 0)) || open_slots || slots=()
    while readarray -t -n "$DIGEST_FILES" lines && ((${#lines[@]} > 0)); do
        digest_lines
    done
}

# the lines of the input as JSON lines, whatever they are
import_source() {
    if [[ -n ${OPTION[texts]:-} ]]; then
        digest_input
    else
        cat
    fi
}

frame_lines() {
    jq -L "$LIB" -R -r -n --argjson defaults "$defaults" --arg start "$1" \
        --argjson batch "$2" --arg wait "$3" --arg marker "$MARKER" \
        -f "$LIB/import.jq"
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
                   fail "Redis: $line; after $done keys; run it again to go on"
               fi ;;
        esac
    done
    draw_progress 1
    ((complete)) || fail "broke off after $done keys; run it again to go on"
    if [[ -n $waited ]] && ((waited < ${OPTION[replicas]:-1})); then
        UNACKNOWLEDGED=1
        warn "done on the primary, but only $waited replicas acknowledged it"
    fi
    report_import
}

report_import() {
    if [[ -n ${OPTION[json]:-} ]]; then
        printf '{"added":%d,"unchanged":%d,"replaced":%d,"refused":%d}\n' \
            "$added" "$same" "$replaced" "$refused"
    fi
    note "$added added, $same there already, $replaced replaced," \
        "$refused refused"
    ((idle == 0)) || remark "global keys with scopes: $idle; scopes of a" \
        'global key limit nothing, only refusals (!SCOPE) bind it'
    ((refused == 0 && UNACKNOWLEDGED == 0))
}

import_batches() {
    local start wait=''

    [[ -z ${OPTION[durable]:-} ]] || wait="WAIT ${OPTION[replicas]:-1} 2000"
    put_start "\"index\":true$options"
    import_source | frame_lines "$start" "$BATCH" "$wait" | (redis_cli 2>&1) \
        | read_replies
    set -- "${PIPESTATUS[@]}"
    (($1 == 0 && $2 == 0 && $3 == 0 && $4 == 0)) || exit 1
}

# In a cluster each key is a conversation with two nodes: slower, as safe.
import_singly() {
    local number=0 id json refusal

    while IFS=$'\t' read -r id json; do
        if [[ $id == "$MARKER" ]]; then
            draw_progress 1
            report_import
            return
        fi
        ((number++, 1))
        case $json in
            -) continue ;;
            '!'*) refusal=${json:1} ;;
            *) if put_record "$id" "$number" "$json" "${options:1}"; then
                   durable
                   count_reply "$reply"
                   continue
               fi ;;
        esac
        warn "line $number: $refusal"
        ((refused++, done++, 1))
    done
    fail "broke off after $done keys; run it again to go on"
}

command_import() {
    local json defaults options='' drawn=0 total=0
    local done=0 added=0 same=0 replaced=0 refused=0 idle=0

    need_arguments 0 1 'one file, or nothing for standard input'
    open_input "${ARGUMENTS[0]:--}"
    [[ ${ARGUMENTS[0]:--} == - || ! -f ${ARGUMENTS[0]} || ! -t 2 ]] \
        || total=$(wc -l <"${ARGUMENTS[0]}")
    [[ -z ${OPTION[texts]:-} ]] || read_pepper
    [[ -z ${OPTION[replace]:-} ]] || options=',"replace":true'
    options_json
    defaults="{${json:1}}"
    [[ -z ${OPTION[expires]:-} ]] || remark_past --expires 'a key without its own'
    redis_try
    if ((CLUSTER)); then
        redis_open
        import_singly < <(import_source | frame_lines '' 0 '') || FAILED=1
    else
        import_batches
    fi
}
