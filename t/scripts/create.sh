# create: the text, the record, what is refused, and no key without its text
source ./lib.bash

base62=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz

# the checksum by way of gzip, whose trailer holds the same CRC-32
gzip_checksum() {
    local crc text='' i

    crc=$(printf %s "$1" | gzip -c | tail -c 8 | od -An -N4 -tu4 | tr -d ' ')
    for i in 1 2 3 4 5 6; do
        text=${base62:crc % 62:1}$text
        ((crc /= 62, 1))
    done
    echo "$text"
}

run create --name 'ACME client' --owner ops dns:write --scope '!dns:read' \
    --expires 90d --not-before 2026-01-01 --host '*.example.com,a.b' \
    --ip 10.0.0.0/8 --ip '!10.1.2.3' --method get,POST --meta k=v --meta l=a=b \
    --prefix rpa
is 'create: done' "$status" 0
like 'create: the text' "$out" '^rpa_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}$'
text=$out id=${out:4:12}
is 'create: checksum' "${text: -6}" "$(gzip_checksum "${text:0:-6}")"
is 'create: digest' "$(field digest)" \
    "$(printf %s "$text" | b2sum -l 256 | cut -d' ' -f1)"
like 'create: note on the other stream' "$err" "created key $id"
unlike 'create: the note has no secret' "$err" "${text:17:10}"
is 'create: name' "$(field name)" 'ACME client'
is 'create: owner' "$(field owner)" ops
is 'create: enabled' "$(field enabled)" 1
is 'create: hosts' "$(field hosts)" '*.example.com,a.b'
is 'create: ips' "$(field ips)" '10.0.0.0/8,!10.1.2.3'
is 'create: methods' "$(field methods)" 'GET,POST'
is 'create: meta' "$(field meta.k) $(field meta.l)" 'v a=b'
is 'create: not before' "$(field not_before)" 1767225600
is 'create: scopes' "$(members)" $'!dns:read\ndns:write'
is 'create: index' "$(redis ZSCORE scoped_key:ids "$id")" "$(field created_at)"
expires=$(field expires_at)
ok 'create: expires in 90 days' test $((expires - $(field created_at))) = 7776000
is 'create: no secret in the record' \
    "$(redis HGETALL "scoped_key:{$id}" | grep -c -- "${text:17:32}")" 0

run create --global --quiet
is 'create --quiet: one line' "$(wc -l <"$DIR/out") [$err]" '1 []'
id=${out:3:12}
is 'create --global: mode' "$(field mode)" global
run create --global dns:read
like 'create --global with a scope' "$status $err" '^0 .*global key limit nothing'
run create --global --scope dns:read --json
like 'create --global with a scope, --json' "$status $err" '^0 .*limit nothing'
ok 'create --global with a scope: JSON alone' jq -e .key "$DIR/out" >/dev/null
run create --global '!dns:read' --scope '!a:b'
unlike 'create --global with refusals' "$err" 'limit nothing'
run create --global dns:read --quiet
is 'create --global with a scope, --quiet' "$status [$err]" '0 []'
run create topics:read topic_id=1,2 t:w --scope users:read
id=${out:3:12}
is 'create: a constrained grant' "$status $(members)" '0 users:read
{"params":{"topic_id":["1","2"]},"scope":"t:w"}
{"params":{"topic_id":["1","2"]},"scope":"topics:read"}'
run create topic_id=1 --scope a:b
is 'create: a param without a scope' "$status [$out]" '2 []'
run create '!a:b' x=1
is 'create: a refusal with a param' "$status [$out]" '2 []'
for options in '' --quiet --json; do
    run create --expires 2020-01-01 a:b $options
    is "create: expired, $options" "$status [$out]" '2 []'
    like "create: expired, $options: why" "$err" \
        '2020-01-01T00:00:00Z is past: the key would have expired already'
done
run create --name said a:b '!c:d' --scope e:f
like 'create: says what it granted' "$err" 'granted: e:f a:b !c:d'
run create --global --name said
like 'create --global: says what it may' "$err" 'it may do everything'
run create --expires 5d --not-before 10d
is 'create: ends before it begins' "$status [$out]" '2 []'
run create --json
ok 'create --json: an object' jq -e \
    '(.key | test("^sk_[0-9A-Za-z]{12}_")) and (.id | length == 12)' "$DIR/out" \
    >/dev/null
is 'create --json: no note' "$err" ''
run create --disabled --quiet
id=${out:3:12}
is 'create --disabled' "$(field enabled)" 0

for name in "it's" 'say "x"' 'a; rm -rf /' '$(touch /tmp/x)' '`id`' 'a\nb\\' \
    'Größe 日本 ✓' '%s%n' '-n' '*' '{"a":1}' "#!'\"\\" ' spaced  '; do
    new_key --name "$name"
    is "create: name $name" "$(redis --no-raw HGET "scoped_key:{$id}" name)" \
        "$(redis --no-raw ECHO "$name")"
    is "show: name $name" "$(sk show "$id" --json | jq -r .name)" "$name"
done

before=$(redis DBSIZE)
run create --name $'two\nlines'
refused 'create: control bytes' 'control byte'
run create --name $'\xff\xfe'
refused 'create: no UTF-8' 'UTF-8'
run create --prefix Rpa
refused 'create: prefix' 'prefix'
run create --prefix a
refused 'create: short prefix' 'prefix'
run create nonsense
refused 'create: scope' 'resource:action'
run create 'a/**/b:c'
refused 'create: ** in the middle' '\*\*'
run create '{"scope":"a:b","colour":"red"}'
refused 'create: unknown field of a grant' 'unknown field'
run create --ip 10.0.0.0/33
refused 'create: block' 'prefix length'
run create --ip 10.0.0
refused 'create: address' 'no address'
run create --ip $'10.0.0.0/8\n!10.1.1.1'
refused 'create: a line end in a list' 'no address'
run create --host $'a\nb'
refused 'create: a line end in hosts' 'host'
run create --host 'a b'
refused 'create: host' 'host'
run create --method 'GE T'
refused 'create: method' 'method'
run create --meta 'A B=c'
refused 'create: meta name' 'meta name'
run create --name "$(printf '%070000d' 0)"
refused 'create: over 64 KiB' '64 KiB'
# shellcheck disable=SC2046
run create $(printf 's%d:r ' {1..1025})
refused 'create: over 1,024 members' '1,024'
for option in --expires --not-before; do
    run create "$option" 1798761600000 a:b
    like "create: $option in milliseconds" "$status [$out] $err" \
        '^2 \[\] .*over 100 years from now: are these milliseconds'
done
run create --host example.com:443 a:b
refused 'create: a host with a port' 'has a port'
run create --expires soon
is 'create: a time that is none is wrong use' "$status" 2
run create --expires 90
is 'create: a bare small number is no time' "$status" 2
is 'create: what was refused left nothing' "$(redis DBSIZE)" "$before"

sk create --quiet >/dev/full 2>"$DIR/err"
is 'create: no room for the text' "$?" 1
like 'create: says that it was taken back' "$(<"$DIR/err")" 'taken back'
sk create --quiet >&- 2>/dev/null
is 'create: closed standard output' "$?" 1
sk create --quiet 2>"$DIR/err" | true
is 'create: no key without its text' "$(redis DBSIZE)" "$before"
is 'create: nor in the index' "$(redis ZCARD scoped_key:ids)" "$(redis KEYS \
    'scoped_key:{*}' | grep -c '}$')"

run create a:b index='logs-**'
like 'create: a pattern with ** at the end' "$status $err" '^0 .*index: a pattern that ends in'
run create --scope '{"scope":"a:b","params":{"index":["logs-**"]}}'
like 'create: a pattern with ** at the end, in JSON' "$status $err" \
    '^0 .*index: a pattern that ends in'
