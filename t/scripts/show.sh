# show: for people, for programs, ids cut short, damage, a terminal's safety
source ./lib.bash

new_key --name one --owner ops --expires 90d --meta team=a 'dns:write'
sk grant "$id" topics:read topic_id=2,1 --host '*.a.b' --quiet
run show "$id"
is 'show: done' "$status" 0
for line in 'id: +'"$id" 'name: +one' 'owner: +ops' 'mode: +scoped' \
    'state: +enabled' 'created: +(just now|[0-9]+ seconds? ago)  \(20' \
    'expires: +in 90 days' 'last used: +no use recorded' 'meta: +team=a' \
    'scopes: +dns:write' 'topics:read topic_id=1,2 --host \*\.a\.b'; do
    like "show: $line" "$out" "$line"
done
unlike 'show: no digest' "$out" "$(field digest)"
unlike 'show: no colours in a pipe' "$out" $'\e'
run show "$id" --json
is 'show --json: one line' "$(wc -l <"$DIR/out")" 1
is 'show --json: fields' "$(jq -r '[.id,.name,.owner,.mode,.state,.enabled,
    .meta.team,.last_used,(.problems|length)] | join(" ")' "$DIR/out")" \
    "$id one ops scoped enabled true a  0"
like 'show --json: RFC 3339' "$(jq -r .expires_at "$DIR/out")" \
    '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
is 'show --json: the moment is right' \
    "$(date -d "$(jq -r .expires_at "$DIR/out")" +%s)" "$(field expires_at)"

redis ZADD scoped_key:last_used $((EPOCHSECONDS - 3 * 86400)) "$id" >/dev/null
run show "$id"
like 'show: last used' "$out" 'last used: +3 days ago'
unlike 'show: never rotated' "$out" 'old secret'
is 'show --json: never rotated' "$(sk show "$id" --json |
    jq 'has("previous_last_used"), .previous_last_used')" $'true\nnull'
redis ZADD scoped_key:last_used $((EPOCHSECONDS - 180)) "$id" >/dev/null
# where it is always summer
like 'show: in summer too' "$(TZ='AAA0BBB,0/0,J365/25' sk show "$id")" \
    'last used: +3 minutes ago'

run show "${id:0:5}"
like 'show: an id cut short' "$out" "id: +$id"
run show "${id:0:3}"
refused 'show: cut too short' 'too short'
redis ZADD scoped_key:ids 1 "${id:0:6}aaaaaa" 1 "${id:0:6}bbbbbb" >/dev/null
run show "${id:0:6}"
refused 'show: ambiguous' 'several keys'
run show 000000000000
refused 'show: no such key' 'no key 000000000000'
run show "$text"
refused 'show: the text of a key' 'not an id'
unlike 'show: does not repeat the text' "$err" "${text:17:20}"
run show 'a*b?[c]'
refused 'show: a glob is no id' 'no id'
run show
is 'show: no id' "$status" 2

# broken by hand
new_key a:b
redis HSET "scoped_key:{$id}" enabled yes ips '10.0.0.0/99' >/dev/null
redis SADD "scoped_key:{$id}:scopes" '!bad' 'worse' '{"scope":"a:b","x":1}' \
    >/dev/null
run show "$id"
for line in 'state: +invalid' 'problem: +enabled' 'problem: +ips' \
    'problem: +scopes: "!bad"' 'problem: +scopes: "worse"' 'unknown field'; do
    like "show: $line" "$out" "$line"
done
run show "$id" --json
is 'show --json: enabled is not guessed' "$(jq .enabled "$DIR/out")" null
redis HDEL "scoped_key:{$id}" digest >/dev/null
run show "$id"
like 'show: no digest is a problem' "$out" 'digest: is missing'
redis SET 'scoped_key:{wrongtypekey}' x >/dev/null
run show wrongtypekey
like 'show: wrong type' "$out" 'problem: +record: is no hash'
run enable wrongtypekey
refused 'enable: wrong type' 'wrong type'

# what a terminal would obey
new_key
redis HSET "scoped_key:{$id}" name $'\e[31mred\a\r' owner $'\xe2\x80\xaetxt' \
    >/dev/null
run show "$id"
unlike 'show: no control bytes' "$out" $'[\e\a\r]'
unlike 'show: no turned text' "$out" $'\xe2\x80\xae'
run list
unlike 'list: no control bytes' "$out" $'[\e\a\r]'
is 'show --json: the name as it is' "$(sk show "$id" --json | jq -r .name)" \
    $'\e[31mred\a\r'

for escape in '\r' '\b' '\n' '\u001b'; do
    new_key
    redis SADD "scoped_key:{$id}:scopes" \
        "{\"scope\":\"a:b\",\"params\":{\"x\":[\"1${escape}2\"]}}" >/dev/null
    for command in list "show $id"; do
        # shellcheck disable=SC2086
        run $command
        is "$command: no $escape of a member" "$(grep -c 'a:b x=1?2' "$DIR/out")" 1
    done
    sk delete "$id" --quiet
done

# the same in reasons and in errors: of ASCII, of C1, marks that turn text
new_key a:b
redis SADD "scoped_key:{$id}:scopes" $'!\e[31m\xc2\x9b31m\xe2\x80\xae\xef\xbb\xbf\xe2\x81\xa6x' \
    >/dev/null
for command in "rotate $id" "show $id"; do
    # shellcheck disable=SC2086
    run $command
    unlike "$command: nothing that a terminal obeys" "$(LC_ALL=C grep -cP \
        '\x1b|\xc2[\x80-\x9f]|\xe2\x80\xae|\xef\xbb\xbf|\xe2\x81\xa6' \
        "$DIR/out" "$DIR/err")" ':[1-9]'
done
run show $'\xc2\x9b31mabcd'
is 'no id: nothing that a terminal obeys' "$err" 'scoped-key: "?31mabcd" is no id'
run show 'Größe'
is 'no id: letters stay' "$err" 'scoped-key: "Größe" is no id'

# uses that a hand has written
for score in 1.5 -5 inf -inf 1e300; do
    redis ZADD scoped_key:last_used "$score" "$id" >/dev/null
    run show "$id" --json
    is "show: a last use at $score" "$status [$err]" '0 []'
    run unused --days 1 --json
    is "unused: a last use at $score" "$status [$err]" '0 []'
done
redis ZREM scoped_key:last_used "$id" >/dev/null

# states by the clock
new_key --not-before 1h
like 'show: not yet valid' "$(sk show "$id")" 'state: +not yet valid'
new_key
redis HSET "scoped_key:{$id}" expires_at "$EPOCHSECONDS" >/dev/null
like 'show: expired' "$(sk show "$id")" 'state: +expired'

run show "$id" --redis-prefix other:
refused 'another prefix is another place' 'no key'
