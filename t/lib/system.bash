# Bare systems of the machine's own release, for tests that install something.
# Need root, namespaces and Debian's archive; where they cannot be made, a test
# says so and tests nothing.
# Needs common.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # root and build are of common.sh, $system the test's

# shellcheck source=scripts/base/apt.sh
. "$root/scripts/base/apt.sh"

skip() {
    say "skipped: $*" "$system_test: 0 passed, 0 failed"
    exit
}

# need_system NAME: of the test, for its last line
need_system() {
    system_test=$1

    ((EUID == 0)) || skip 'this is for root'
    command -v mmdebstrap >/dev/null || command -v debootstrap >/dev/null \
        || skip 'neither mmdebstrap nor debootstrap is installed'
    unshare --mount --net --pid --fork mount -t tmpfs none /mnt 2>/dev/null \
        || skip 'namespaces are not allowed here'
    command -v ip >/dev/null || skip 'there is no ip (iproute2)'
}

# inside OPTION... -- COMMAND...: in the system, with mounts and processes that
# end with the command; options are unshare's
inside() {
    local options=()

    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    # shellcheck disable=SC2016  # of the inner shell
    unshare --mount --pid --fork --kill-child "${options[@]}" bash -c '
        mount -t proc proc "$0/proc" || exit
        [[ -c $0/dev/null ]] || mount --bind /dev "$0/dev" || exit
        ip link set lo up 2>/dev/null
        exec chroot "$0" "$@"' "$system" "${@:2}"
}

# the release that apt has nginx from, and its archive: to $suite and $archive
own_release() {
    read -r archive suite _ < <(nginx_sources \
        | grep -vE ' [^ ]*-(updates|security|backports) ' | head -n 1)
    [[ ${suite-} ]] || skip "apt does not know where this machine's nginx is from"
    suite=${SUITE:-$suite}
}

# a bare system in $system; it is kept for a day, so that the next test is quicker
make_system() {
    local log=$build/log/$system_test-system.log kept=$build/system/$suite.tar

    mkdir -p "$build/log" "$build/system" "$system"
    if [[ -z $(find "$kept" -mtime -1 2>/dev/null) ]]; then
        if command -v mmdebstrap >/dev/null; then
            mmdebstrap --quiet --variant=minbase "$suite" "$system" "$archive"
        else
            debootstrap --variant=minbase "$suite" "$system" "$archive"
        fi >"$log" 2>&1 || skip "a bare $suite cannot be made here, see $log"
        tar -c --one-file-system -C "$system" -f "$kept.$$" . \
            && mv "$kept.$$" "$kept"
    else
        tar -x -p --numeric-owner -C "$system" -f "$kept" \
            || { rm -f "$kept"; die "$kept cannot be unpacked"; }
    fi || skip "a bare $suite cannot be unpacked, see $log"
}
