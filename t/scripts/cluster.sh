# a cluster of three: each command, and that it must be asked for with -c
source ./lib.bash
source ./servers.bash

ports=()
for n in 1 2 3; do
    free_node_port
    start "node$n" --port "$port" --bind 127.0.0.1 --cluster-enabled yes \
        --cluster-node-timeout 2000 --cluster-port $((port + 10000))
    ports+=("$port")
done
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-yes >/dev/null
for port in "${ports[@]}"; do
    for ((i = 0; i < 100; i++)); do
        redis-cli -p "$port" CLUSTER INFO | grep -q cluster_state:ok && break
        sleep 0.1
    done
done

c() {
    at -c -p "${ports[0]}" "$@"
}

get() {
    redis-cli -c -p "${ports[0]}" "$@"
}

ids=()
for n in {1..12}; do
    c create --quiet --name "n$n" --owner o "s:a$n"
    ids+=("${out:3:12}")
done
is 'create' "$status [$err]" '0 []'
is 'the index has all' "$(get ZCARD scoped_key:ids)" 12
used=0
for port in "${ports[@]}"; do
    [[ -z $(redis-cli -p "$port" KEYS 'scoped_key:{*}') ]] || ((used++, 1))
done
ok 'keys are on several nodes' test "$used" -ge 2
c list --quiet
is 'list' "$status $(sort <<<"$out" | tr '\n' ' ')" \
    "0 $(printf '%s\n' "${ids[@]}" | sort | tr '\n' ' ')"
c list --quiet --scope s:a7
is 'list --scope' "$out" "${ids[6]}"
for id in "${ids[@]:0:4}"; do
    c show "${id:0:6}"
    like 'show, cut short' "$out" "id: +$id"
    c grant "$id" a:b x=1
    is 'grant' "$status" 0
    c ungrant "$id" a:b x=1
    is 'ungrant' "$status" 0
    c rotate "$id" --grace 1h --quiet
    is 'rotate' "$status ${#out}" '0 54'
    get ZADD scoped_key:last_used_previous 1900000000 "$id" >/dev/null
    c show "$id" --json
    is 'show: the previous secret' "$(jq -r .previous_last_used "$DIR/out")" \
        2030-03-17T17:46:40Z
    c rotate "$id" --grace 1h --quiet
    is 'rotate: its uses are forgotten' "$status $(get ZSCORE \
        scoped_key:last_used_previous "$id")" '0 '
    c expire "$id" 90d
    is 'expire' "$status" 0
    c disable "$id"
    is 'disable' "$status $(get HGET "scoped_key:{$id}" enabled)" '0 0'
done
get ZADD scoped_key:last_used_previous 5 "${ids[0]}" >/dev/null
c delete "${ids[0]}" "${ids[1]}"
is 'delete: nothing of its uses' "$(get ZSCORE scoped_key:last_used_previous \
    "${ids[0]}")" ''
is 'delete' "$status $(get ZCARD scoped_key:ids)" '0 10'
is 'delete: no record' "$(get EXISTS "scoped_key:{${ids[0]}}")" 0
c delete "${ids[0]}"
is 'delete again' "$status" 1
before=$(get ZCARD scoped_key:ids)
c create 'no scope'
is 'create, refused: not in the index' "$status $(get ZCARD scoped_key:ids)" \
    "1 $before"
get ZADD scoped_key:last_used 5 "${ids[5]}" >/dev/null
for id in "${ids[5]}" "${ids[6]}"; do
    get HSET "scoped_key:{$id}" created_at 1700000000 >/dev/null
done
get ZADD scoped_key:last_used "$EPOCHSECONDS" "${ids[6]}" >/dev/null
c unused --days 90 --quiet
is 'unused' "$out" "${ids[5]}"
c list
is 'list for people' "$status $(grep -c "^[0-9A-Za-z]\{12\}  " "$DIR/out")" '0 10'
get ZADD scoped_key:last_used_previous "$EPOCHSECONDS" "${ids[6]}" >/dev/null
c export
is 'export' "$status $(wc -l <"$DIR/out")" '0 10'
ok 'export: with its last use' grep -q "\"id\":\"${ids[6]}\".*\"last_used\":" "$DIR/out"
c expire "${ids[5]}" "${ids[6]}" "${ids[7]}" 90d
is 'several at once' "$status $(tail -n 1 "$DIR/out")" '0 3 of 3 keys changed'
c expire --all never --quiet
is 'all of them' "$status [$out$err]" '0 []'
c export
cp "$DIR/out" "$DIR/export"
c import "$DIR/export"
is 'import: all there' "$out" \
    '0 added, 10 there already, 0 replaced, 0 refused'
c delete "${ids[2]}" "${ids[3]}" --quiet
{
    cat "$DIR/export"
    echo nonsense
    echo '{"id":"aaaaaaaaaaaa","digest":"x"}'
    printf '%s\n' '{"id":"bad\nid","digest":"x"}'
} >"$DIR/lines"
c import "$DIR/lines"
is 'import: counts' "$status $out" \
    '1 2 added, 8 there already, 0 replaced, 3 refused'
like 'import: reasons' "$err" 'line 11: .*line 12: digest.*line 13: id '
is 'import: the index' "$(get ZCARD scoped_key:ids)" 10
c import --replace "$DIR/export"
is 'import --replace' "$status" 0
is 'import: creation times in the index' "$(get ZSCORE scoped_key:ids \
    "${ids[5]}")" 1700000000

for port in "${ports[@]}"; do
    redis-cli -p "$port" SCRIPT FLUSH >/dev/null
done
c list --quiet
is 'list: nodes that have forgotten the script' "$status $(wc -l <"$DIR/out")" \
    '0 10'
c check
is 'check: all is well' "$status [$out] $err" \
    '0 [] scoped-key: 10 records looked at, 0 findings'
get ZREM scoped_key:ids "${ids[7]}" "${ids[8]}" >/dev/null
get ZADD scoped_key:ids 5 bbbbbbbbbbbb >/dev/null
get SADD "scoped_key:{${ids[9]}}:scopes" junk >/dev/null
c check --quiet
is 'check: the index and a member' "$status $(sort <<<"$out" | tr '\n' ' ')" \
    "1 $(printf '%s\n' "${ids[@]:7:3}" bbbbbbbbbbbb | sort | tr '\n' ' ')"
c check --quiet "$DIR/export"
is 'check: a file' "$status [$out]" '0 []'
for id in "${ids[@]:4:3}"; do
    c explain "$id" GET / --require nothing:here
    like 'explain' "$status $out" "^1 key: +$id"
done
at -p "${ports[0]}" list
is 'without -c' "$status" 3
