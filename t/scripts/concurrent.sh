# many at once: no change of one is lost to another
source ./lib.bash

new_key
for n in {1..20}; do
    for m in 1 2 3; do
        sk grant "$id" "s$n:a$m" --quiet
    done &
done
wait
is '20 processes grant: all grants are there' "$(members | wc -l)" 60
for n in {1..20}; do
    sk ungrant "$id" "s$n:a1" --quiet &
    sk grant "$id" "t$n:a" --quiet &
done
wait
is 'grants and ungrants at once' "$(members | grep -c :a1)$(members |
    grep -c ^t)" 020

for n in {1..20}; do
    sk create --quiet "s:a$n" >"$DIR/new.$n" &
done
wait
is '20 processes create: 20 keys' "$(sk list --quiet | wc -l)" 21
is '20 processes create: each text its own' \
    "$(cat "$DIR"/new.* | sort -u | wc -l)" 20

new_key
for n in {1..10}; do
    sk rotate "$id" --quiet --grace 1h >"$DIR/rotated.$n" &
done
wait
digests=$(for n in {1..10}; do
    printf %s "$(<"$DIR/rotated.$n")" | b2sum -l 256 | cut -d' ' -f1
done)
is '10 processes rotate: the key has one of their texts' \
    "$(grep -c "$(field digest)" <<<"$digests")" 1
is '10 processes rotate: and another as the old one' \
    "$(grep -c "$(field previous_digest)" <<<"$digests")" 1

for n in {1..400}; do
    printf '{"digest":"%024x%040d","name":"n%d","scopes":["a:b"]}\n' "$n" 0 "$n"
done >"$DIR/lines"
for n in 1 2 3 4; do
    sk import "$DIR/lines" >"$DIR/imported.$n" &
done
wait
is '4 imports of the same: each key once' \
    "$(cat "$DIR"/imported.* | awk '{ n += $1; s += $3 } END { print n, s }')" \
    '400 1200'
