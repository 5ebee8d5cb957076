# The compiled core of the module, asked by JSON lines: what a scope, a grant or
# a record is, and what a request may do, is said by it alone.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# whether the program is there, and as new as its sources
core_is_new() {
    local file

    [[ -x $CORE ]] || return 1
    for file in "$HOME_DIR"/../src/{core,tools}/*.[ch]; do
        [[ ! $file -nt $CORE ]] || return 1
    done
}

# the path of the program, built if need be, to CORE
find_core() {
    [[ -z ${CORE:-} ]] || return 0
    CORE=$HOME_DIR/scoped-key-core
    [[ ! -x $CORE ]] || return 0
    [[ -x $HOME_DIR/build ]] || fail "the program $CORE is missing: it is" \
        'built with the module, and belongs beside this command'
    CORE=$HOME_DIR/../build/scoped-key-core
    ! core_is_new || return 0
    [[ -x $CORE ]] || say 'building scoped-key-core, once'
    # others of this machine may run it too
    (umask 022 && exec "$HOME_DIR/build" core) >&2 || exit 1
}

# the version of all of it to VERSION
find_version() {
    find_core
    VERSION=$("$CORE" --version) || fail "$CORE failed"
    VERSION=${VERSION##* }
}

# Lines through a verb; options: members of an object, a comma before each.
core_lines() {
    "$CORE" "$1" "{\"now\":$NOW${2:-}}"
}

# One object to a verb: its answer to `answer`; false, and the reason in
# `refusal`, when it is refused.
core_call() {
    find_core
    answer=$(printf '%s\n' "$2" | core_lines "$1" "${3:-}") \
        || fail "$CORE failed"
    refusal=''
    [[ $answer == '{"refused":'* ]] || return 0
    refusal=$(jq -r .refused <<<"$answer")
    return 1
}
