# A key: made by the core, with its checksum and digest.  The only file
# that handles secrets.  Invariant: a secret is in shell variables and pipes
# alone: on no command line, in no environment, in no file; printf is the
# shell's own.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# the pepper's file, which the core reads, as a member of options: to `pepper`
read_pepper() {
    pepper=''
    [[ -n $PEPPER_FILE ]] || return 0
    [[ -r $PEPPER_FILE && ! -d $PEPPER_FILE ]] \
        || fail "cannot read the pepper file $PEPPER_FILE"
    json_string "$PEPPER_FILE"
    pepper=",\"pepper_file\":$result"
}

# lines of standard input, each a key, to ids and digests
core_digests() {
    local pepper

    read_pepper
    core_lines digest "$pepper"
}

command_id() {
    local line pepper

    need_arguments 0 0 'no arguments; the key comes on standard input'
    [[ ! -t 0 ]] || warn_unless_quiet 'type the key, and Enter; Ctrl-D ends it'
    find_core
    read_pepper
    while IFS= read -r line; do
        case $line in
            '{"id":"'*) line=${line#*:\"} line=${line%%\"*}
                [[ -z ${OPTION[json]:-} ]] || line="{\"id\":\"$line\"}"
                printf '%s\n' "$line" ;;
            '!'*) refuse "what standard input brings ${line#!}" ;;
        esac
    done < <(core_digests || echo '!cannot be read')
}

# a new key with a prefix and perhaps an id: to KEY_TEXT, its digest to
# KEY_DIGEST and its id to `id`
make_key() {
    local answer refusal

    find_core
    json_string "$1"
    answer="{\"prefix\":$result"
    [[ -z $2 ]] || answer+=",\"id\":\"$2\""
    answer=$(printf '%s\n' "$answer}" | core_lines issue "$pepper" 2>&1) \
        || fail "${answer#scoped-key-core: }${PEPPER_FILE:+: $PEPPER_FILE}"
    [[ $answer != '{"refused":'* ]] || fail "$(jq -r .refused <<<"$answer")"
    [[ $answer =~ ^\{\"id\":\"([0-9A-Za-z]{12})\",\"digest\":\"([0-9a-f]{64})\",\"key\":\"([0-9A-Za-z_]+)\"\}$ ]] \
        || fail "$CORE made no key"
    id=${BASH_REMATCH[1]} KEY_DIGEST=${BASH_REMATCH[2]} KEY_TEXT=${BASH_REMATCH[3]}
}
