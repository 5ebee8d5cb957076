# secrets: in no command line, no environment, no MONITOR, no file, no trace
source ./lib.bash

# a slow stand-in for each program that is started, which notes its own command
# line and environment and those of all processes of this test
mkdir "$DIR/bin"
for program in redis-cli b2sum od jq sha1sum openssl date cat; do
    real=$(command -v "$program") || continue
    cat >"$DIR/bin/$program" <<END
#!/bin/sh
for p in /proc/[0-9]*; do
    tr '\\0' ' ' <\$p/cmdline; tr '\\0' ' ' <\$p/environ
done >>"$DIR/seen" 2>/dev/null
exec "$real" "\$@"
END
    chmod +x "$DIR/bin/$program"
done
redis-cli -s "$SOCKET" MONITOR >"$DIR/monitor" &
monitor=$!
for ((i = 0; i < 40; i++)); do
    [[ -s $DIR/monitor ]] && break
    sleep 0.05
done

head -c 30 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$DIR/pepper"
export HOME=$DIR/home
mkdir "$HOME"
touch "$DIR/mark"
texts=()
legacy=legacy-text-0123456789-abcdef
(
    export PATH=$DIR/bin:$PATH
    sk create --quiet
    sk create --quiet --pepper-file "$DIR/pepper" --name secret-less
    sk create --json | jq -r .key
    id=$(sk list --quiet --limit 1)
    sk rotate "$id" --quiet --grace 1h
    sk rotate "$id" --quiet --pepper-file "$DIR/pepper"
    echo "$legacy-1" | sk import --texts --quiet
    echo "$legacy-2" | sk import --texts --quiet --pepper-file "$DIR/pepper"
    env SHELLOPTS=xtrace bash "$SCOPED_KEY" -s "$SOCKET" create --quiet
    bash "$SCOPED_KEY" -s "$SOCKET" list
    sk export
) >"$DIR/out" 2>"$DIR/err"
readarray -t texts < <(grep -E '^sk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}$' "$DIR/out")
is 'secrets: all texts were shown' "${#texts[@]}" 6
sleep 0.2
kill "$monitor"
ok 'secrets: MONITOR heard something' grep -q EVALSHA "$DIR/monitor"
ok 'secrets: the stand-ins saw something' grep -q redis-cli "$DIR/seen"
ok 'secrets: environments were seen' grep -q "HOME=$DIR/home" "$DIR/seen"

found() {
    local secret

    for secret in "${texts[@]:+${texts[@]#*_*_}}" "$legacy-1" "$legacy-2" \
        "$(<"$DIR/pepper")"; do
        grep -l -r -F -- "$secret" "$@" && return
        # the pepper, in hex as some tools take it
        secret=$(printf %s "$secret" | od -An -v -tx1 | tr -d ' \n')
        grep -l -r -F -- "$secret" "$@" && return
    done
    return 0
}
is 'secrets: no command line, no environment' "$(found "$DIR/seen")" ''
is 'secrets: not in MONITOR' "$(found "$DIR/monitor")" ''
is 'secrets: not in notes or traces' "$(found "$DIR/err")" ''
is 'secrets: no history' "$(found "$HOME")" ''
redis --rdb "$DIR/dump" >/dev/null 2>&1
is 'secrets: not in what Redis stores' "$(found "$DIR/dump")" ''
is 'secrets: no file left behind' "$(find /dev/shm -maxdepth 1 \
    -newer "$DIR/mark" -name 'scoped-key.??????')" ''
like 'secrets: the search would find one' "$(found "$DIR/out")" out
