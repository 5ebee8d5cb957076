# status: one screen, what it counts, what this user may not ask
source ./lib.bash
source ./servers.bash

run status
is 'no keys: status' "$status [$err]" '0 []'
like 'no keys' "$out" 'keys: +0$'
like 'the server' "$out" "^server: +(Redis|Valkey) [0-9.]+ at $SOCKET, database 0, user default"
new_key --name enabled dns:read; a=$id
new_key --name '"state":"invalid"' --expires 3d; b=$id
new_key --expires 30d --disabled
new_key --not-before 1h
new_key
redis HSET "scoped_key:{$id}" enabled maybe >/dev/null
new_key --disabled --expires 1d
# six in one second: the five newest are those of the greatest ids
redis ZADD scoped_key:ids "$((EPOCHSECONDS + 1))" "$a" >/dev/null
run status
like 'states' "$out" 'keys: +6: 2 enabled, 2 disabled, 1 not yet valid, 1 invalid'$'\n'
like 'what expires' "$out" 'expiring: +1 within 7 days'
like 'the newest keys' "$out" "created:.*create $a"
ok 'one screen' test "$(wc -l <"$DIR/out")" -le 24
ok 'in 80 columns' test "$(grep -v "$SOCKET" "$DIR/out" | wc -L)" -le 80
run status --json
is 'JSON' "$(jq -c '[.keys, .looked_at, .states.disabled, .expiring_in_7_days, .workers]' \
    <"$DIR/out")" '[6,6,2,1,0]'
redis XADD scoped_key:audit '*' who admin action disable id "$b" >/dev/null
redis XADD scoped_key:audit '*' who admin action grant id "$a" after $'a\nb' >/dev/null
run status
like 'the last changes' "$out" "changes:.*grant $a who=admin.*disable $b who=admin"
redis-cli -s "$SOCKET" ACL SETUSER poor on '>p' '~*' '&*' +@all -info -client \
    -xrevrange >/dev/null
REDISCLI_AUTH=p run status --user poor
is 'few rights: status' "$status" 0
like 'few rights: the server' "$out" 'server: +unknown'
like 'few rights: the workers' "$out" 'workers: +unknown'
like 'few rights: keys' "$out" 'keys: +6: 2 enabled'
redis-cli -s "$SOCKET" ACL DELUSER poor >/dev/null
at -s "$DIR/nobody" status
is 'no server' "$status [$out]" '3 []'
run status words
is 'words' "$status" 2
