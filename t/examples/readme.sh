# Runs what an example's README.md says, and compares what it prints.
# Sourced by t/examples/run.
# Invariant: the commands are run as they stand, but for the ports.
# shellcheck shell=bash
# shellcheck disable=SC2154  # dir and example are of the runner

# readme_blocks: to $dir/block.N.sh those that are to be run, with the line
# behind which they stand; to $dir/block.N.text what they must print
readme_blocks() {
    with_our_ports <"$example/README.md" \
        | sed -E "s#/(etc/nginx|etc/redis|var/log/nginx)/#$dir/#g" \
        | awk -v base="$dir/block." '
        /^```/ && inside { inside = 0; if (out) close(out); out = ""; next }
        /^```sh$/ && run { n += 1; out = base n ".sh"; print "# line " NR >out }
        /^```text$/ && behind { out = base n ".text"; printf "" >out }
        /^```/ { inside = 1; behind = run && /^```sh$/; run = 0; next }
        inside { if (out) print >out; next }
        /^<!-- run -->$/ { run = 1; next }
        /[^ \t]/ { run = behind = 0 }'
}

# prints_as FILE PATTERN-FILE: `...` is anything within a line
prints_as() {
    local wanted

    wanted=$(sed -e 's/[][\\^$*+?(){}|]/\\&/g' -e 's/\.\.\./\x01/g' \
        -e 's/\./\\./g' -e 's/\x01/[^\n]*/g' "$2")
    [[ $(<"$1") =~ ^${wanted//'[^\n]'/[^$'\n']}$ ]]
}

# in this very shell, so that the attacks have the keys that were made
run_readme() {
    local n=1 where out=$dir/printed

    readme_blocks
    while [[ -e $dir/block.$n.sh ]]; do
        where="README.md, $(head -n 1 "$dir/block.$n.sh" | tr -d '#')"
        # shellcheck source=/dev/null
        . "$dir/block.$n.sh" >"$out" 2>&1
        if [[ -e $dir/block.$n.text ]]; then
            prints_as "$out" "$dir/block.$n.text"
            check $? "$where" "$(<"$out")"
        else
            check "$([[ ! -s $out ]]; say $?)" "$where" "$(<"$out")"
        fi
        n=$((n + 1))
    done
    # a recipe may be a configuration alone
    [[ ${EXAMPLES-} ]] || check "$((n < 3))" 'README.md has commands'
}
