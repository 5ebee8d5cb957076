# rotate: the two texts and their times, what cannot be rotated, the way back
source ./lib.bash

digest_of() {
    printf %s "$1" | b2sum -l 256 | cut -d' ' -f1
}

new_key --prefix rpa a:b
first=$text
run rotate "$id"
is 'rotate: done' "$status" 0
like 'rotate: id and prefix stay' "$out" "^rpa_${id}_[0-9A-Za-z]{38}$"
ok 'rotate: another text' test "$out" != "$first"
is 'rotate: digest' "$(field digest)" "$(digest_of "$out")"
is 'rotate: no grace, no old secret' "[$(field previous_digest)][$(
    field previous_until)]" '[][]'
unlike 'rotate: the note has no secret' "$err" "${out:18:12}"
is 'rotate: grants stay' "$(members)" a:b
second=$out

run rotate "$id" --grace 24h --json
third=$(jq -r .key "$DIR/out")
is 'rotate --grace: old digest' "$(field previous_digest)" \
    "$(digest_of "$second")"
is 'rotate --grace: new digest' "$(field digest)" "$(digest_of "$third")"
ok 'rotate --grace: until' test $(($(field previous_until) - EPOCHSECONDS \
    - 86400)) -le 1
is 'rotate --json: until' "$(date -d "$(jq -r .previous_until "$DIR/out")" +%s)" \
    "$(field previous_until)"
like 'show: old secret' "$(sk show "$id")" \
    'old secret: +accepted until 20.*Z, in 24 hours  \(no use known since the rotation\)'
unlike 'show: no digests' "$(sk show "$id" --json)" '[0-9a-f]{64}'

redis ZADD scoped_key:last_used $((EPOCHSECONDS - 600)) "$id" >/dev/null
like 'show: used before the rotation' "$(sk show "$id")" \
    '10 minutes ago .*before the rotation, with the old secret'
redis ZADD scoped_key:last_used $((EPOCHSECONDS + 5)) "$id" >/dev/null
like 'show: used after it' "$(sk show "$id")" 'after the rotation, with the current'

# which text was used: what is older than the rotation is of another text
use_previous() {
    redis ZADD scoped_key:last_used_previous "$1" "$id" >/dev/null
}
previous_use() {
    sk show "$id" --json | jq -r .previous_last_used
}
rotated_at=$(field rotated_at)
is 'show: the previous secret was not used' "$(previous_use)" null
use_previous $((rotated_at - 1))
is 'show: used before the rotation' "$(previous_use)" null
like 'show: used before the rotation, in words' "$(sk show "$id")" \
    '\(no use known since the rotation\)'
use_previous "$rotated_at"
is 'show: used since the rotation' "$(date -d "$(previous_use)" +%s)" "$rotated_at"
redis HSET "scoped_key:{$id}" rotated_at $((EPOCHSECONDS - 3600)) >/dev/null
used_at=$((EPOCHSECONDS - 180))
use_previous "$used_at"
like 'show: used since the rotation, in words' "$(sk show "$id")" \
    'accepted until .*, in 24 hours  \(last used 3 minutes ago\)'
redis ZADD scoped_key:last_used "$used_at" "$id" >/dev/null
like 'show: the last use was of the old secret' "$(sk show "$id")" \
    'last used: .*after the rotation, with the old secret'
redis ZADD scoped_key:last_used $((EPOCHSECONDS - 5)) "$id" >/dev/null
like 'show: the last use was of the new secret' "$(sk show "$id")" \
    'last used: .*after the rotation, with the current secret'
redis HDEL "scoped_key:{$id}" rotated_at >/dev/null
like 'show: the rotation is not known' "$(sk show "$id")" 'last used 3 minutes ago'
redis HSET "scoped_key:{$id}" previous_until $((EPOCHSECONDS - 60)) >/dev/null
like 'show: the old secret has ended' "$(sk show "$id")" \
    'old secret: +refused since 20.*Z  \(last used 3 minutes ago\)'
is 'import takes what show prints' "$(sk show "$id" --json | jq -c '. + {
    digest: "'"$(field digest)"'"}' | sk import --replace --quiet; echo $?)" 0
use_previous $((EPOCHSECONDS + 100))
sk rotate "$id" --grace 1h --quiet >/dev/null
is 'rotate: uses of the text before are forgotten' "$(redis ZSCORE \
    scoped_key:last_used_previous "$id")$(previous_use)" null
use_previous 5
sk delete "$id" --quiet
is 'delete: forgets them' "$(redis ZSCORE scoped_key:last_used_previous "$id")" ''

new_key --expires 1h
run rotate "$id" --grace 24h
is 'rotate: the old secret ends with the key' "$(field previous_until)" \
    "$(field expires_at)"
run expire "$id" 30m
is 'expire: and goes on doing so' "$(field previous_until)" \
    "$(field expires_at)"
new_key
run rotate "$id" --prefix abc --quiet
like 'rotate --prefix' "$out" '^abc_'
run rotate "$id" --quiet
like 'rotate: the prefix is remembered' "$out" '^abc_'

run rotate "$id" --prefix X
refused 'rotate: prefix' 'prefix'
run rotate "$id" --grace 101y
like 'rotate: grace of over 100 years' "$status $err" '^2 .*over 100 years'
run rotate "$id" --grace soon
is 'rotate: grace' "$status" 2
run rotate 000000000000
refused 'rotate: no such key' 'no key'
echo legacy-text-1 | sk import --texts --quiet
legacy=$(sk list --quiet | grep -x 'x[0-9a-f]\{24\}')
run rotate "$legacy"
refused 'rotate: a legacy key' 'legacy'
redis HSET "scoped_key:{$id}" enabled maybe >/dev/null
run rotate "$id"
refused 'rotate: an invalid record' 'invalid'

new_key --expires 90d
sk rotate "$id" --grace 1h --quiet >/dev/null
use_previous 1800000000
# all but the number of changes, which only grows
record() {
    redis HGETALL "scoped_key:{$id}" | paste - - | grep -v ^revision | sort
}
before=$(record) changes=$(field revision)
sk rotate "$id" --grace 2h --prefix other --quiet >/dev/full 2>"$DIR/err"
is 'rotate: no room for the text' "$?" 1
like 'rotate: says that it was taken back' "$(<"$DIR/err")" 'taken back'
is 'rotate: all is as before' "$(record)" "$before"
is 'rotate: but for two changes' "$(field revision)" $((changes + 2))
is 'rotate: the uses too' "$(redis ZSCORE scoped_key:last_used_previous "$id")" \
    1800000000
