# How one file of t/unit or t/fuzz becomes a program: its first line names what
# it links, as in `/* links: core/token core/str -lsodium */`.
# Needs common.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # what others set and use

# compile COMPILER "FLAGS" PROGRAM SOURCE...: the first source is the one that
# names the others
compile() {
    local compiler=$1 flags=$2 program=$3 word words links=() libraries=()
    shift 3

    read -ra words < <(sed -n '1s|^/\* links:\(.*\)\*/$|\1|p' "$1")
    for word in "${words[@]}"; do
        case $word in
            -[lW]*) libraries+=("$word") ;;
            *) links+=("$root/src/$word.c") ;;
        esac
    done

    mkdir -p "$(dirname "$program")"
    # shellcheck disable=SC2086  # flags are several words
    "$compiler" -std=gnu11 -D_GNU_SOURCE -g -O1 $flags -I"$root/src" -I"$root/t/unit" \
        -o "$program" "$@" "${links[@]}" "${libraries[@]}"
}

# clang_with_fuzzer: the newest version of clang whose runtime for fuzzers is
# installed, too
clang_with_fuzzer() {
    local file

    for file in /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*; do
        [[ $file =~ ^/usr/lib/llvm-([0-9]+)/ ]] || continue
        ! command -v "clang-${BASH_REMATCH[1]}" >/dev/null \
            || say "${BASH_REMATCH[1]}"
    done | sort -n | tail -n 1
}

sanitizers=-fsanitize=address,undefined
warnings='-Wall -Wextra -Werror'
