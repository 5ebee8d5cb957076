# What is said to people: standard error for notes and reasons, standard output
# for results; colours only on a terminal.  Never told of a secret.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

UNACKNOWLEDGED=0
FAILED=0
UNSURE=''

# Without what a terminal obeys or what turns text round, whoever sent it: bytes
# of ASCII, the same as UTF-8 has them (U+0080 on), and marks without a width.
clean_text() {
    cleaned=${*//[[:cntrl:]]/?}
    [[ $cleaned == *[!\ -~]* ]] || return 0
    cleaned=${cleaned//$'\xc2'[$'\x80'-$'\x9f']/?}
    cleaned=${cleaned//$'\xe2\x80'[$'\x8b'-$'\x8f'$'\xa8'-$'\xae']/?}
    cleaned=${cleaned//$'\xe2\x81'[$'\xa0'-$'\xaf']/?}
    cleaned=${cleaned//$'\xef\xbb\xbf'/?}
}

say() {
    local cleaned

    clean_text "$@"
    printf '%s\n' "scoped-key: $cleaned" >&2
}

warn() {
    local bold='' plain='' cleaned

    if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
        bold=$'\e[33m' plain=$'\e[0m'
    fi
    clean_text "$@"
    printf '%s%s%s\n' "$bold" "scoped-key: $cleaned" "$plain" >&2
}

# what cannot be done
fail() {
    warn "$@"
    exit 1
}

# Redis did not let us in as whom we were told to be, and nothing was asked of it.
fail_login() {
    redis_kill
    warn "Redis: $*; nothing was done"
    exit 3
}

# one of several that cannot be done: the others go on
refuse() {
    warn "$@"
    FAILED=1
}

usage_error() {
    warn "$@"
    say "see: scoped-key ${COMMAND:+$COMMAND }--help"
    exit 2
}

# What an operator may not have meant, though it was done; on standard error,
# so that programs can read on.
warn_unless_quiet() {
    [[ -n ${OPTION[quiet]:-} ]] || warn "$@"
}

# of the members that were given to a global key
warn_idle() {
    local member

    for member in "$@"; do
        [[ $member == '!'* ]] && continue
        warn_unless_quiet 'scopes of a global key limit nothing: it may do everything;' \
            'only deny rules (!SCOPE) bind it'
        return
    done
}

# of an option whose time was not meant to be over
warn_past() {
    local what=$2 result

    need_timestamp "$1" "${OPTION[${1#--}]}"
    [[ -z $result ]] || ((result > NOW)) || {
        timestamp_text "$result"
        warn_unless_quiet "$1: $result is past: $what has expired already"
    }
}

# --expires of what is only now made: it was not meant to be over
refuse_past() {
    local result

    [[ -n ${OPTION[expires]:-} ]] || return 0
    need_timestamp --expires "${OPTION[expires]}"
    [[ -z $result ]] || ((result > NOW)) || {
        timestamp_text "$result"
        usage_error "--expires: $result is past: $1 would have expired already"
    }
}

# a note on what was done, for people; nothing for programs
note() {
    [[ -n ${OPTION[quiet]:-} || -n ${OPTION[json]:-} ]] && return 0
    local cleaned

    clean_text "$@"
    printf '%s\n' "$cleaned"
}
