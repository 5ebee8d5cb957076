# enable, disable, expire, delete: what they change, what they publish
source ./lib.bash

redis-cli -s "$SOCKET" SUBSCRIBE scoped_key:invalidate >"$DIR/messages" &
listener=$!
heard() {
    local i

    for ((i = 0; i < 40; i++)); do
        [[ $(grep -c "^$1\$" "$DIR/messages") == "$2" ]] && break
        sleep 0.05
    done
    grep -c "^$1\$" "$DIR/messages"
}
for ((i = 0; i < 40; i++)); do
    [[ -s $DIR/messages ]] && break
    sleep 0.05
done

new_key a:b
is 'create publishes' "$(heard "$id" 1)" 1
run disable "$id"
is 'disable' "$status $out $(field enabled)" "0 disabled $id 0"
is 'disable publishes' "$(heard "$id" 2)" 2
run enable "$id"
is 'enable' "$status $out $(field enabled)" "0 enabled $id 1"
is 'enable publishes' "$(heard "$id" 3)" 3
run grant "$id" c:d
is 'grant publishes' "$(heard "$id" 4)" 4
run ungrant "$id" c:d
is 'ungrant publishes' "$(heard "$id" 5)" 5
run expire "$id" 90d
like 'expire' "$out" "^$id expires 20"
ok 'expire: the time' test $(($(field expires_at) - EPOCHSECONDS - 7776000)) \
    -le 1
is 'expire publishes' "$(heard "$id" 6)" 6
run expire "$id" never
is 'expire never' "$status [$(field expires_at)]" '0 []'
like 'expire: in UTC' "$(TZ=AAA-9 sk expire "$id" 2030-01-02T03:04:05Z)" \
    'expires 2030-01-02T03:04:05Z$'
run expire "$id" 2020-01-01
like 'expire: a time that is past' "$status $out" '^0 .* has expired'
run expire "$id" now
like 'expire now' "$(sk show "$id")" 'state: +expired'
run expire "$id" 2030-02-30
is 'expire: no such day' "$status" 2
run expire "$id" yesterday
is 'expire: nothing is guessed' "$status" 2
for time in 1798761600000 2999-01-01 200y; do
    run expire "$id" "$time"
    like "expire: $time is over 100 years from now" "$status $err" '^2 .*over 100 years'
done
ok 'expire: and nothing was changed' test "$(field expires_at)" -le "$EPOCHSECONDS"
run expire "$id"
is 'expire: no time' "$status" 2
before=$(heard "$id" 10)
run rotate "$id" --quiet
is 'rotate publishes' "$(heard "$id" $((before + 1)))" $((before + 1))

new_key --not-before 10d
run expire "$id" 5d
refused 'expire before it is valid' 'before it is valid'

new_key; a=$id
new_key; b=$id
run disable "$a" 000000000000 "$b"
is 'several, one of which is not: the others are done' \
    "$status $(redis HGET "scoped_key:{$a}" enabled)$(
        redis HGET "scoped_key:{$b}" enabled)" '1 00'
run disable "$a" --json
is 'disable --json' "$out" "{\"id\":\"$a\",\"enabled\":false}"
run disable "$a" --quiet
is 'disable --quiet' "$status [$out$err]" '0 []'

redis ZADD scoped_key:last_used 5 "$a" >/dev/null
run delete "$a"
is 'delete' "$status $out" "0 deleted $a"
is 'delete: nothing is left' "$(redis EXISTS "scoped_key:{$a}" \
    "scoped_key:{$a}:scopes")[$(redis ZSCORE scoped_key:ids "$a")$(
    redis ZSCORE scoped_key:last_used "$a")]" '0[]'
is 'delete publishes' "$(heard "$a" 5)" 5
run delete "$a"
refused 'delete again' 'no key'
redis ZADD scoped_key:ids 5 leftoverleft >/dev/null
run delete leftoverleft
is 'delete: what is left in the index' "$status $(redis ZSCORE scoped_key:ids \
    leftoverleft)" '0 '
kill "$listener"
