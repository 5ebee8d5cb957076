# set, and what all commands that change have in common: several keys, ids on
# standard input, filters, --dry-run, the question on a terminal, revisions
source ./lib.bash
source ./servers.bash

new_key a:b
# what must not be set
while IFS='|' read -r word why; do
    before=$(redis HGETALL "scoped_key:{$id}")
    run set "$id" "$word"
    refused "set $word" "$why"
    is "set $word: nothing was changed" "$(redis HGETALL "scoped_key:{$id}")" "$before"
done <<'END'
digest=0|cannot be set: give name, owner
enabled=0|cannot be set
mode=global|cannot be set
revision=1|cannot be set
created_at=2020-01-01|cannot be set
prefix=sk|cannot be set
colour=red|"colour" cannot be set: give name, owner, .*meta.NAME
meta.=x|cannot be set
meta.A=x|cannot be set
ips=10.0.0.0/33|prefix length over 32
ips=10.0.0.1,x|no address
hosts=a:80|port
methods=G T|no method
END
for words in 'name' 'name=' 'expires=tomorrow' '=x' 'expires_at=200y'; do
    # shellcheck disable=SC2086
    run set "$id" $words
    is "set $words: wrong use" "$status [$out]" '2 []'
done
run set "$id"
is 'set: nothing to set' "$status" 2
run set name=x
is 'set: no key' "$status" 2
run set 000000000000 name=x
refused 'set: no such key' 'no key'
run set "$id" expires=30d not_before=60d
refused 'set: it would end before it begins' 'expire before it is valid'
is 'set: and nothing of it' "[$(field expires_at)$(field not_before)]" '[]'

is 'create: the first revision' "$(field revision)" 1
run set "$id" name='a "b"' owner=ops meta.plan=gold host=a.b,c.d ips=10.0.0.0/8 \
    method=get,put expires=90d not_before=now
is 'set: status' "$status [$err]" '0 []'
is 'set: all fields' "$(field name)|$(field owner)|$(field meta.plan)|$(field hosts)|$(
    field ips)|$(field methods)" 'a "b"|ops|gold|a.b,c.d|10.0.0.0/8|GET,PUT'
ok 'set: the time' test $(($(field expires_at) - EPOCHSECONDS - 7776000)) -le 1
is 'set: the revision' "$(field revision)" 2
run set "$id" name='a "b"'
is 'set: as it was' "$status $out $(field revision)" "0 $id has it already 2"
run set "$id" owner=dev --unset hosts --unset meta.plan --json
is 'set --json' "$status $(jq -c . <<<"$out")" \
    "0 {\"id\":\"$id\",\"set\":{\"owner\":\"dev\"},\"unset\":[\"hosts\",\"meta.plan\"]}"
is 'set: unset' "[$(field hosts)$(field meta.plan)]" '[]'
run set "$id" expires=never
is 'set expires=never' "$status [$(field expires_at)]" '0 []'
like 'show: the revision' "$(sk show "$id" --json | jq -c .revision)" '^4$'

# an old text never outlives the key, whichever command sets its end
sk rotate "$id" --grace 10d --quiet >/dev/null
run set "$id" expires=1d
is 'set: the old text ends with the key' "$(field previous_until)" "$(field expires_at)"

# of a record that cannot be read: what does not make it worse
redis HSET "scoped_key:{$id}" ips nonsense >/dev/null
run set "$id" name=n
is 'set: of an invalid record' "$status $(field name)" '0 n'
run set "$id" ips=10.0.0.1
is 'set: what makes it valid' "$status $(sk check --quiet)" '0 '

# many at once
redis FLUSHALL >/dev/null
for n in {1..200}; do
    printf '{"digest":"%024x%040d","owner":"o%d","scopes":["a:b"]}\n' "$n" 0 $((n % 2))
done | sk import --quiet
run disable --owner o1
is 'a filter without --all' "$status [$out]" '2 []'
run disable --owner o1 --all 000000000000
is 'a filter and ids' "$status [$out]" '2 []'
run disable --owner nobody --all
is 'nobody is chosen' "$status $out" '0 no key is chosen'
took=${EPOCHREALTIME/./}
run grant --owner o1 --all c:d
took=$(((${EPOCHREALTIME/./} - took) / 1000))
is '100 keys by a filter' "$status $(tail -n 1 <<<"$out")" '0 100 of 100 keys changed'
is 'those and no others' "$(sk list --scope c:d --json | jq -r .owner | sort | uniq -c |
    tr -s ' ')" ' 100 o1'
took=${EPOCHREALTIME/./}
run set --all meta.x=y --quiet
took=$(((${EPOCHREALTIME/./} - took) / 1000))
is '200 keys' "$status [$out$err] $(sk list --json | jq -r .meta.x | sort | uniq -c |
    tr -s ' ')" '0 []  200 y'
ok "200 keys in a second, not $took ms" test "$took" -lt 1000
sk list --owner o0 --quiet | head -n 50 >"$DIR/ids"
run disable --quiet - <"$DIR/ids"
is 'ids of standard input' "$status $(sk list --state disabled --quiet | wc -l)" '0 50'
run enable --all --quiet
is 'all of them' "$status $(sk list --state disabled --quiet | wc -l)" '0 0'
readarray -t ids <"$DIR/ids"
run expire "${ids[@]}" 000000000000 "${ids[0]}" 90d --json
is 'one of several is none: the others are done' "$status $(wc -l <<<"$out") $(
    sk list --expiring 91d --quiet | wc -l)" '1 50 50'
like 'and it is named' "$err" 'no key 000000000000'
redis SET "scoped_key:{${ids[3]}}" x >/dev/null
run disable "${ids[@]:0:6}"
is 'one has data of a wrong type: the others are done' "$status $(
    sk list --state disabled --quiet | wc -l)" '1 5'
redis DEL "scoped_key:{${ids[3]}}" >/dev/null

# what would be done
before=$(sk export)
for words in 'disable --all' 'delete --all' 'set --all name=x' 'grant --all x:y' \
    'ungrant --owner o1 --all c:d' 'expire --all 1d'; do
    # shellcheck disable=SC2086
    run $words --dry-run
    is "$words --dry-run" "$status $(sort -u <<<"$out" | grep -vc '^dry run: ')" '0 0'
    like "$words --dry-run: each is said" "$(wc -l <<<"$out")" '^(100|199)$'
done
is '--dry-run: nothing was changed' "$(sk export)" "$before"
run disable "${ids[9]}" --dry-run --json
is '--dry-run --json' "$status $out" \
    "0 {\"id\":\"${ids[9]}\",\"enabled\":false,\"dry_run\":true,\"change\":true}"

# the question on a terminal; not elsewhere, and not with --yes
terminal() {
    python3 ./terminal.py "$@" "$SCOPED_KEY" -s "$SOCKET" "${words[@]}" >"$DIR/out" 2>&1
    status=$?
    out=$(<"$DIR/out")
}
words=(delete "${ids[0]}")
terminal n
is 'delete on a terminal: no' "$status $(redis EXISTS "scoped_key:{${ids[0]}}")" '1 1'
like 'delete on a terminal: asked' "$out" 'delete 1 key\? \[y/N\]'
terminal y
is 'delete on a terminal: yes' "$status $(redis EXISTS "scoped_key:{${ids[0]}}")" '0 0'
words=(disable --owner o1 --all)
terminal ''
is 'several on a terminal: no answer is no' "$status $(sk list --owner o1 --state \
    enabled --quiet | wc -l)" '1 100'
like 'several on a terminal: asked' "$out" 'disable 100 keys\?'
words+=(--yes)
terminal n
is 'several on a terminal: --yes' "$status $(sk list --owner o1 --state enabled \
    --quiet | wc -l)" '0 0'
unlike 'several on a terminal: --yes does not ask' "$out" '\[y/N\]'
words=(enable "${ids[1]}")
terminal n
is 'one on a terminal is not asked about' "$status" 0
run delete "${ids[1]}" "${ids[2]}"
is 'nobody is asked elsewhere' "$status" 0

# revisions: each change raises it
new_key a:b
n=1
for words in 'disable' 'enable' 'grant c:d' 'ungrant c:d' 'expire 9d' 'set name=x' \
    'rotate --quiet'; do
    command=${words%% *} rest=${words#"$command"}
    # shellcheck disable=SC2086
    run "$command" "$id" $rest
    ((n++, 1))
    is "$words raises the revision" "$status $(field revision)" "0 $n"
done
redis HSET "scoped_key:{$id}" revision nonsense >/dev/null
run disable "$id"
is 'a revision that is none' "$status $(field revision)" '0 1'
