# grant, ungrant: constraints in words and in JSON, what the contract refuses
source ./lib.bash

new_key
run grant "$id" dns:write '!dns:read' 'zone/**:edit'
is 'grant: done' "$status" 0
is 'grant: members' "$(members)" $'!dns:read\ndns:write\nzone/**:edit'
run grant "$id" dns:write
like 'grant: what is there already' "$status $out" '^0 .* has it already: dns:write$'
run grant "$id" dns:write e:f
is 'grant: one of two is there' "$status [$err]" \
    '0 [scoped-key: it had already: dns:write]'
run grant "$id" dns:write e:f --json
is 'grant --json: what is there already' "$(jq -c '[.added, .already]' "$DIR/out")" \
    '[0,["dns:write","e:f"]]'
run ungrant "$id" e:f
run ungrant "$id" dns:write '!dns:read' 'zone/**:edit'
is 'ungrant: nothing left' "$status $(members)" '0 '
run ungrant "$id" dns:write
refused 'ungrant: what is not there' 'no grant'

run grant "$id" topics:read topic_id=2,1 topic_id=3 deletes= \
    --host 'B.example.com, a.example.com' --method post --ip '10.0.0.0/8,!10.1.1.1' \
    --not-before 2026-01-01 --expires 2027-01-01T01:00:00+01:00
is 'grant in words: one canonical object' "$(members)" '{"expires_at":1798761600,"hosts":["B.example.com","a.example.com"],"ips":["!10.1.1.1","10.0.0.0/8"],"methods":["POST"],"not_before":1767225600,"params":{"deletes":[],"topic_id":["1","2","3"]},"scope":"topics:read"}'
run ungrant "$id" topics:read deletes= topic_id=1,2,3 \
    --host a.example.com --host B.example.com --method POST \
    --ip '!10.1.1.1' --ip 10.0.0.0/8 --expires 2027-01-01 --not-before 1767225600
is 'ungrant in other words of the same meaning' "$status $(members)" '0 '

for value in $'two\nlines' $'end\n' 'a "quoted" value' 'back\\slash' '$(id)' 'ü' "it's" '=' 'a=b'; do
    run grant "$id" a:b "p=$value"
    is "grant: value $value" "$(members | jq '.params.p[0]')" \
        "$(jq -n --arg v "$value" '$v')"
    run ungrant "$id" a:b "p=$value"
    is "ungrant: value $value" "$(members)" ''
done

redis SADD "scoped_key:{$id}:scopes" '{ "scope": "a:b", "params": {"x": ["1"]} }' \
    'unreadable member' >/dev/null
run ungrant "$id" a:b x=1
is 'ungrant: what a hand has spelt otherwise' "$(members)" 'unreadable member'
run ungrant "$id" 'unreadable member'
is 'ungrant: what nobody can read' "$status $(members)" '0 '

run grant "$id" a:b c:d --method GET
is 'grant: constraints hold for each scope' "$(members)" \
    $'{"methods":["GET"],"scope":"a:b"}\n{"methods":["GET"],"scope":"c:d"}'
run grant "$id" e:f 'g h'
refused 'grant: one bad scope' 'resource:action'
is 'grant: and none is added' "$(members | grep -c e:f)" 0
run ungrant "$id" c:d --method GET
run ungrant "$id" a:b nonsense --method GET
is 'ungrant: one that is not there, and none is taken' \
    "$status $(members)" '1 {"methods":["GET"],"scope":"a:b"}'
run ungrant "$id" a:b --method GET

run grant "$id" '!a:b' --method GET
is 'a refusal has no constraints' "$status" 2
run grant "$id" x=1
is 'constraints without a scope' "$status" 2
run grant "$id" '{"scope":"a:b"}' x=1
is 'constraints in words beside JSON' "$status" 2
for word in =1 @=1 '*=1' 'a b=1' 'a]=1' 'a"=1' '$(id)=1' 'ä=1' "$(printf %065d 0)=1"; do
    run grant "$id" a:b "$word"
    is "a param that no location can declare: $word" "$status" 2
    like "and says so: $word" "$err" 'no name of a param'
done
run grant "$id" a:b -- a-b_c.D9=1
is 'a param of every character' "$status $(members)" \
    '0 {"params":{"a-b_c.D9":["1"]},"scope":"a:b"}'
run ungrant "$id" a:b -- a-b_c.D9=1
run grant "$id" a:b --not-before 10d --expires 5d
is 'a grant that ends before it begins' "$status" 2
run grant "$id" a:b --expires 2020-01-01
like 'a grant that has ended' "$status $err" '^0 .*is past: the grant has expired'
run ungrant "$id" a:b --expires 2020-01-01

# exclusions, and characters that stand for themselves
run grant "$id" a:b category='!5,**' domain='\*.example.com' x='\!5,a\!b,!!c'
is 'grant: ! and \ in words' "$status $(members)" \
    '0 {"params":{"category":["!5","**"],"domain":["\\*.example.com"],"x":["!\\!c","\\!5","a!b"]},"scope":"a:b"}'
run ungrant "$id" '{"scope":"a:b","params":{"x":["\\!5","a!b","!\\!c","a\\!b"],"category":["**","!5"],"domain":["\\*.example.com"]}}'
is 'ungrant: ! and \ in other words' "$status $(members)" '0 '
run grant "$id" a:b category='!5'
refused 'grant: exclusions alone' 'param category only excludes'
run grant "$id" a:b category='!5,!6' x='**'
refused 'grant: exclusions alone, beside another' 'param category only excludes'
run grant "$id" a:b 'x=**,!'
refused 'grant: an exclusion of nothing' 'excludes nothing'
run grant "$id" a:b 'x=**,a\b'
refused 'grant: a backslash before anything' 'a backslash that stands before none'
run grant "$id" a:b --host '\*.example.com'
refused 'grant: a backslash in a host' 'no host pattern'
run grant "$id" a:b --host '!www.example.com'
refused 'grant: an exclusion of a host' 'no host pattern'
run grant "$id" a:b --host example.com:443
refused 'grant: a host with a port' 'has a port'
run grant "$id" a:b '{"scope":"a:b","params":{}}'
is 'grant: no params are none' "$status $(members)" $'0 a:b\n{"scope":"a:b"}'
run ungrant "$id" a:b '{"scope":"a:b"}'

# what can be seen to match more than is meant, perhaps
for value in 'logs-**' 'a,x/**' '\***' 'a\\**'; do
    run grant "$id" a:b index="$value"
    like "grant: ** at the end of $value" "$status $err" \
        '^0 .*index: a pattern that ends in \*\* matches lists and further segments'
    run ungrant "$id" a:b index="$value"
done
for value in '**' '!logs-**,**' 'a**b' 'a*' '\**' 'a*\**' '' 'x\**'; do
    run grant "$id" a:b index="$value"
    is "grant: nothing to be said of $value" "$status [$err]" '0 []'
    run ungrant "$id" a:b index="$value"
done
run grant "$id" '{"scope":"a:b","params":{"n":["a.**"],"m":["b/**","c"]}}' 'c/**:d'
like 'grant: ** at the end, in JSON' "$status $err" '^0 .*m, n: a pattern that ends'
run ungrant "$id" '{"scope":"a:b","params":{"n":["a.**"],"m":["b/**","c"]}}' 'c/**:d'
run grant "$id" a:b index='logs-**' --quiet
is 'grant: ** at the end, --quiet' "$status [$out$err]" '0 []'
run ungrant "$id" a:b index='logs-**'

# times in milliseconds
for option in --expires --not-before; do
    for time in 1798761600000 101y 2999-01-01 $((EPOCHSECONDS + 36525 * 86400 + 60)); do
        run grant "$id" a:b "$option" "$time"
        like "grant $option $time" "$status $err" '^2 .*over 100 years'
    done
done
run grant "$id" a:b --expires 100y
is 'grant: 100 years' "$status [$err]" '0 []'
run ungrant "$id" a:b --expires "$(members | jq .expires_at)"
is 'grant: nothing of it is left' "$(members)" ''

# a constrained grant, asked for by its scope alone
sk grant "$id" dns:write type=TXT,MX deletes= 'name=_acme.**' --ip 10.0.0.0/8 \
    --expires 2030-01-01 --quiet
sk grant "$id" '{"scope":"dns:write","params":{"x":["a,b"]}}' --quiet
run ungrant "$id" dns:write
refused 'ungrant: a constrained grant' 'no grant "dns:write"'
is 'ungrant: and what takes it' "$(grep -c 'to take this one: ' "$DIR/err")" 2
readarray -t hints < <(sed -n 's/.*to take this one: scoped-key //p' "$DIR/err")
for hint in "${hints[@]}"; do
    ok "ungrant: the hint: $hint" eval "sk $hint" >/dev/null
done
is 'ungrant: and the hints took them' "$(members)" ''
run ungrant "$id" dns:write
unlike 'ungrant: no hint where there is nothing' "$err" 'to take'
run grant "$id"
is 'grant without a scope' "$status" 2
run grant "$id" a:b --expires never
is 'a grant that never expires' "$status" 2
run grant 000000000000 a:b
refused 'grant: no such key' 'no key'
is 'wrong use changed nothing' "$(members)" ''

# shellcheck disable=SC2046
run grant "$id" $(printf 's%d:r ' {1..1024})
is 'grant: 1,024 members' "$status" 0
run grant "$id" one:more
refused 'grant: 1,025 members' '1,024'
is 'grant: still 1,024' "$(redis SCARD "scoped_key:{$id}:scopes")" 1024
new_key
run grant "$id" a:b "x=$(printf '%01000d' 0)"
is 'grant: a long pattern' "$status" 0
for ((i = 0; i < 80; i++)); do
    printf '{"scope":"a:b","params":{"x":["%s%d"]}}\n' "$(printf '%01000d' 0)" $i
done >"$DIR/many"
readarray -t many <"$DIR/many"
run grant "$id" "${many[@]}"
refused 'grant: over 64 KiB' '64 KiB'
is 'grant: and none is added' "$(redis SCARD "scoped_key:{$id}:scopes")" 1

new_key
while IFS=$'\t' read -r verdict member; do
    [[ $verdict == '#'* || -z ${member// } ]] && continue
    run grant "$id" --quiet -- "$member"
    if [[ $verdict == ok ]]; then
        is "grant takes $member" "$status $err" '0 '
        run ungrant "$id" -- "$member"
        is "ungrant finds $member" "$status" 0
    else
        refused "grant refuses $member" .
    fi
done < <(grep -v '^#' data/members)
is 'grant: refusals left nothing' "$(members)" ''
while IFS=$'\t' read -r verdict block; do
    run grant "$id" a:b --ip "$block"
    [[ $verdict == ok ]] && is "--ip takes $block" "$status" 0
    [[ $verdict == ok ]] || is "--ip refuses $block" "$status" 1
done < <(grep -v '^#' data/blocks)

run grant "$id" a:b x=1 --json
is 'grant --json' "$(jq -c '[.id, .granted]' "$DIR/out")" \
    "[\"$id\",[\"{\\\"params\\\":{\\\"x\\\":[\\\"1\\\"]},\\\"scope\\\":\\\"a:b\\\"}\"]]"
for method in M-SEARCH _X -X A; do
    run grant "$id" c:d --method="$method"
    is "grant takes the method $method" "$status $err" '0 '
done
for method in 'G T' G1 'A;' 'É'; do
    run grant "$id" c:d --method="$method"
    refused "grant refuses the method $method" 'no method'
done
new_key --global
run grant "$id" '!a:b'
is 'grant: a refusal of a global key' "$status [$err]" '0 []'
run grant "$id" a:b
like 'grant: a grant of a global key' "$status $err" '^0 .*global key limit nothing'
run grant "$id" a:b --quiet
is 'grant: a grant of a global key, --quiet' "$status [$out$err]" '0 []'

# what others change meanwhile: nothing is taken that was not looked at
new_key a:b c:d
lua=$(bash -c 'HOME_DIR=../../scripts; fail() { exit 1; }
    source ../../scripts/lib/redis.bash; load_lua; printf %s "$LUA"')
# apply PLAN: what the script in Redis answers
apply() {
    redis EVAL "$lua" 1 "scoped_key:{$id}" apply scoped_key: "$EPOCHSECONDS" "$id" \
        "{\"set\":[],\"unset\":[],\"expect\":[],\"add\":[],\"remove\":[],$1}"
}
is 'apply: a member that is gone' "$(apply '"remove":["a:b","e:f"]' |
    jq -c .stale)$(members | tr '\n' ' ')" 'truea:b c:d '
is 'apply: a field that is another by now' "$(apply \
    '"set":["name","n"],"expect":["owner","o"]' | jq -c .stale)[$(field name)]" 'true[]'
is 'apply: a field that is there by now' "$(redis HSET "scoped_key:{$id}" owner p)$(apply \
    '"set":["name","n"],"expect":["owner",""]' | jq -c .stale)[$(field name)]" '1true[]'
is 'apply: all are there' "$(apply '"remove":["a:b"]' | jq -c .revision)$(members)" '2c:d'
for n in 1 2 3 4; do
    sk ungrant "$id" c:d --quiet 2>>"$DIR/racers" &
    racers[n]=$!
done
done=0
for n in 1 2 3 4; do
    wait "${racers[n]}" && ((done++, 1))
done
is 'ungrant: four at once, one of them does it' "$done $(members)" '1 '
