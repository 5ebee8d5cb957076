# What every case of t/scripts begins with: the command, and checks that count.
# A failed check tells where it stands, and the case goes on.
# shellcheck shell=bash disable=SC2034

set -u
export LC_ALL=C.UTF-8
SCOPED_KEY=$PWD/../../scripts/scoped-key
unset SCOPED_KEY_URI SCOPED_KEY_PEPPER_FILE REDISCLI_AUTH NO_COLOR

# the command, its two streams and its status: $out, $err, $status
run() {
    "$SCOPED_KEY" -s "$SOCKET" "$@" >"$DIR/out" 2>"$DIR/err"
    status=$?
    out=$(<"$DIR/out") err=$(<"$DIR/err")
}

# the same, for use in pipelines and substitutions
sk() {
    "$SCOPED_KEY" -s "$SOCKET" "$@"
}

redis() {
    redis-cli -s "$SOCKET" "$@"
}

passed() {
    echo "passed $1" >>"$RESULTS"
}

failed() {
    echo "failed $1" >>"$RESULTS"
    printf '%s:%s: failed: %s\n' "${BASH_SOURCE[2]##*/}" \
        "${BASH_LINENO[1]}" "$1" >&2
    [[ $# -lt 2 ]] || printf '    %s\n' "${@:2}" >&2
}

# is WHAT GOT WANTED
is() {
    if [[ $2 == "$3" ]]; then
        passed "$1"
    else
        failed "$1" "got:    $2" "wanted: $3"
    fi
}

# like WHAT GOT REGEX
like() {
    if [[ $2 =~ $3 ]]; then
        passed "$1"
    else
        failed "$1" "got:    $2" "wanted: $3"
    fi
}

# unlike WHAT GOT REGEX
unlike() {
    if [[ $2 =~ $3 ]]; then
        failed "$1" "got: $2" "unwanted: $3"
    else
        passed "$1"
    fi
}

# ok WHAT COMMAND...: it succeeds
ok() {
    if "${@:2}"; then
        passed "$1"
    else
        failed "$1" "${*:2}"
    fi
}

# refused WHAT REGEX: the last run changed nothing and said why
refused() {
    if [[ $status == 1 && -z $out && $err =~ $2 ]]; then
        passed "$1"
    else
        failed "$1" "status $status" "out: $out" "err: $err" "wanted: $2"
    fi
}

# a new key: its text to $text, its id to $id
new_key() {
    text=$(sk create --quiet "$@") || failed "create $*"
    id=${text#*_}
    id=${id%%_*}
}

members() {
    redis SMEMBERS "scoped_key:{$id}:scopes" | sort
}

field() {
    redis HGET "scoped_key:{$id}" "$1"
}
