# check: findings of every kind, in Redis and in a file, and nothing else
source ./lib.bash

# the findings of the key $id, kinds and texts, a line each
found() {
    sk check --json | jq -r --arg id "$id" \
        'select(.id == $id) | "\(.kind): \(.text)"'
}

set_field() {
    redis HSET "scoped_key:{$id}" "$1" "$2" >/dev/null
}

add_members() {
    redis SADD "scoped_key:{$id}:scopes" "$@" >/dev/null
}

run check
is 'nothing there' "$status [$out] $err" \
    '0 [] scoped-key: 0 records looked at, 0 findings'
new_key --name fine --meta a=b --expires 90d --ip 10.0.0.0/8 a:b '**:*' '!c:d'
sk rotate "$id" --grace 1h --quiet >/dev/null
sk grant "$id" x:y p=1 --method M-SEARCH,VERSION_CONTROL --expires 90d --quiet
new_key --global --disabled
fine=$id
run check
is 'keys that are well' "$status [$out] $err" \
    '0 [] scoped-key: 2 records looked at, 0 findings'
run check --quiet
is 'keys that are well: --quiet' "$status [$out$err]" '0 []'

new_key
is 'no grant' "$(found)" \
    'grants: no grant: it opens only what asks for valid_key'
run check
is 'findings: status' "$status" 1
like 'findings: columns' "$out" "^$id  grants    no grant: "
is 'findings: a count' "$err" 'scoped-key: 3 records looked at, 1 finding'
run check --quiet
is 'findings: --quiet' "$status [$out] $err" "1 [$id] "

new_key a:b
set_field expires_at 1700000000
is 'expired' "$(found)" 'expired: expired at 2023-11-14T22:13:20Z'
set_field not_before 1800000000
like 'never valid' "$(found)" 'expired: expires before it is valid'
new_key a:b
redis HDEL "scoped_key:{$id}" digest >/dev/null
is 'no digest' "$(found)" 'invalid: digest: is missing'
new_key a:b
set_field ips 10.0.0.0/99
set_field enabled maybe
like 'unreadable values' "$(found)" 'invalid: enabled: is neither 0 nor 1
invalid: ips: "10.0.0.0/99" '
new_key a:b
set_field methods '-X,_Y,M-SEARCH'
is 'methods that the module takes' "$(found)" ''
set_field methods 'GET,get'
is 'methods that it does not' "$(found)" \
    'invalid: methods: "get" is no method in upper case'
new_key a:b
set_field expire_at 5
set_field meta. x
is 'fields that are none' "$(found)" \
'field: "expire_at" is no field: nothing reads it
field: "meta." is no field: nothing reads it'

# members
new_key a:b
add_members junk '{"scope":"a:b","x":1}' '!bad' \
    '{"scope":"c:d","expires_at":1700000000}' \
    '{"scope":"e:f","not_before":1900000000,"expires_at":1800000000}'
all=$(found)
for line in 'invalid: scopes: "!bad" is not resource:action' \
    'member: "junk" is not resource:action; it grants nothing' \
    'member: .*unknown field "x"; it grants nothing' \
    'member: .*"c:d".* grants nothing: it ended at 2023-11-14T22:13:20Z' \
    'member: .*"e:f".* grants nothing: it ends before it begins'; do
    like "members: $line" "$all" "$line"
done
is 'members: no more than that' "$(wc -l <<<"$all")" 5
new_key zone/x:read zone/y:read 'zone/*:read' '!zone/x:*'
is 'a grant that a refusal beats' "$(found)" \
    'member: "zone/x:read" grants nothing: !zone/x:* refuses all of it'
new_key a:b 'c/*:d' '!**:*'
is 'refusals that beat everything' "$(found)" \
'member: "a:b" grants nothing: !**:* refuses all of it
member: "c/*:d" grants nothing: !**:* refuses all of it
refusal: "!**:*" refuses every scope
grants: no grant that grants anything'
new_key --global '!**:*'
is 'of a global key' "$(found)" 'refusal: "!**:*" refuses every scope'
new_key --global a:b
is 'a grant of a global key' "$(found)" \
    'member: "a:b" does nothing: a global key needs no grant'
redis SET 'scoped_key:{wrongtypekey}' x >/dev/null
redis ZADD scoped_key:ids 1 wrongtypekey >/dev/null
id=wrongtypekey
is 'wrong type' "$(found)" 'invalid: record: is no hash'
new_key a:b
redis DEL "scoped_key:{$id}:scopes" >/dev/null
redis SET "scoped_key:{$id}:scopes" x >/dev/null
like 'scopes of a wrong type' "$(found)" 'invalid: scopes: is no set'

# what a terminal would obey
new_key
add_members $'\e[31m\xff'
run check
unlike 'no control bytes' "$out" $'[\e\xff]'

# a file, judged as an import would
redis DEL "scoped_key:{$id}:scopes" >/dev/null
sk export >"$DIR/export"
run check "$DIR/export" --quiet
is 'a file: status' "$status" 1
unlike 'a file: a key that is well' "$out" "$fine"
like 'a file: the key without a grant' "$out" "$id"
like 'a file: an expired key' "$(sk check --json "$DIR/export" | jq -r .text)" \
    'expired at 2023-11-14T22:13:20Z'
before=$(redis DBSIZE)
cat >"$DIR/lines" <<'END'
{"digest":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","scopes":["a:b",{"scope":"c:d","x":1}]}

nonsense
{"id":"aaaaaaaaaaaa","scopes":"a:b","ips":["x"],"meta":7,"created_at":[]}
{"id":"aaaaaaaaaaaa","digset":"x"}
{"id":"short","digest":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","scopes":["a:b"]}
END
run check - --json <"$DIR/lines"
is 'lines: status' "$status [$err]" '1 []'
all=$(jq -r '"\(.id) \(.kind): \(.text)"' "$DIR/out")
for line in 'x00112233445566778899aabb member: .*unknown field "x"' \
    'line 3 invalid: is no JSON object' 'aaaaaaaaaaaa invalid: digest: is missing' \
    'aaaaaaaaaaaa invalid: ips: ' 'aaaaaaaaaaaa invalid: meta: meta is no object' \
    'aaaaaaaaaaaa invalid: created_at: is no time' \
    'aaaaaaaaaaaa invalid: scopes: is no list' \
    'line 5 invalid: has the field "digset"' 'line 6 invalid: id: '; do
    like "lines: $line" "$all" "$line"
done
run check "$DIR/nowhere"
is 'no such file' "$status [$out]" '1 []'
run check a b
is 'two files' "$status" 2
is 'nothing was written' "$(redis DBSIZE)" "$before"
redis FLUSHALL >/dev/null
run check "$DIR/export" --quiet
is 'a file and an empty Redis' "$status $(wc -l <<<"$out" | tr -d ' ')" \
    "1 $(sk check --json "$DIR/export" | jq -r .id | uniq | wc -l)"
is 'a file and an empty Redis: nothing was written' "$(redis DBSIZE)" 0

# the index
new_key a:b
a=$id
redis ZADD scoped_key:ids 1 nothingthere 2 $'no\nid' 3 '' >/dev/null
new_key a:b
redis ZREM scoped_key:ids "$id" >/dev/null
redis SADD 'scoped_key:{orphanorphan}:scopes' a:b >/dev/null
redis MSET 'scoped_key:{not an id}' 1 'scoped_keyx{aaaaaaaaaaaa}' 1 >/dev/null
run check --json
is 'the index' "$(jq -r '"\(.id|@json) \(.kind): \(.text)"' "$DIR/out" | sort)" \
"$(sort <<END
"nothingthere" index: in the index, but without a record
"no\nid" index: in the index, but without a record
"" index: in the index, but without a record
"$id" index: not in the index: list, export and import do not see it
"orphanorphan" index: a scope list without a record
END
)"
redis DEL scoped_key:ids >/dev/null
run check --quiet
is 'no index at all' "$(sort <<<"$out")" "$(printf '%s\n' "$a" "$id" orphanorphan | sort)"

# more than a page, another prefix with wildcards in it
redis FLUSHALL >/dev/null
for ((i = 0; i < 1300; i++)); do
    printf '{"id":"many%08d","digest":"%064x","scopes":["a:b"]}\n' "$i" "$i"
done >"$DIR/many"
sk import --quiet "$DIR/many"
redis DEL 'scoped_key:{many00000777}' >/dev/null
run check
is 'pages' "$status $err" '1 scoped-key: 1300 records looked at, 1 finding'
sk import --quiet --redis-prefix 'a*[b]?:' "$DIR/many"
redis ZREM 'a*[b]?:ids' many00000001 many00000002 >/dev/null
run check --redis-prefix 'a*[b]?:' --quiet
is 'a prefix with wildcards' "$(sort <<<"$out")" $'many00000001\nmany00000002'

# times in milliseconds; patterns of before, and what they are now
redis FLUSHALL >/dev/null
new_key a:b
redis HSET "scoped_key:{$id}" expires_at 1798761600000 created_at 1798761600000 \
    not_before 9999999999 previous_until 1798761600000 >/dev/null
run check
is 'check: milliseconds' "$(grep -c 'over 100 years from now' "$DIR/out")" 4
redis DEL "scoped_key:{$id}" "scoped_key:{$id}:scopes" >/dev/null
redis ZREM scoped_key:ids "$id" >/dev/null
new_key a:b
redis SADD "scoped_key:{$id}:scopes" \
    '{"scope":"a:b","params":{"x":["!5","**"]}}' \
    '{"scope":"a:b","params":{"x":["\\*"],"y":["a!"]}}' \
    '{"scope":"a:b","params":{"x":["1"]}}' >/dev/null
run check
is 'check: patterns that are understood' "$status [$out]" '0 []'
run check --patterns
like 'check --patterns: an exclusion' "$out" 'pattern +param x: "!5" excludes, in .*"!5","\*\*"'
like 'check --patterns: an escape' "$out" 'pattern +param x: "[^"]*" has an escape'
is 'check --patterns: no other' "$status $(wc -l <"$DIR/out")" '1 2'
sk export >"$DIR/export"
run check --patterns "$DIR/export"
is 'check --patterns FILE' "$status $(wc -l <"$DIR/out")" '1 2'
redis SADD "scoped_key:{$id}:scopes" '{"scope":"a:b","params":{"x":["!5"]}}' \
    '{"scope":"a:b","params":{"x":["\\d"]}}' \
    '{"scope":"a:b","expires_at":1798761600000}' '{"scope":"a:b","hosts":["a:1"]}' >/dev/null
run check
is 'check: patterns that are not' "$status $(grep -c 'it grants nothing' "$DIR/out")" '1 4'

# a user of docs/redis.md, who may not look through all names
redis ACL SETUSER modest on '>p' '~scoped_key:*' +@all -scan >/dev/null
REDISCLI_AUTH=p run --user modest check
is 'check without +scan: the index' "$status $(grep -c 'it grants nothing' "$DIR/out")" '1 4'
like 'check without +scan: what it skips' "$(<"$DIR/err")" 'no index were not looked for.*\+scan'

# Redis goes away
"$SCOPED_KEY" -s "$DIR/nothing" check >"$DIR/out" 2>"$DIR/err"
is 'no Redis' "$? [$(<"$DIR/out")]" '3 []'
