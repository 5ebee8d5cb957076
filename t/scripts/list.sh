# list, unused: columns, filters, pages, an index that has junk in it
source ./lib.bash

ids_of() {
    sk list --quiet "$@" | sort | tr '\n' ' '
}

new_key --name first --owner ops dns:write 'zone/*:read'; a=$id
new_key --name second --owner dev '**:*' '!dns:write' --expires 3d; b=$id
new_key --name third --owner ops --global --disabled; c=$id
new_key --owner 'o "ps' --not-before 1h '{"scope":"dns:*","params":{"x":[]}}'; d=$id
new_key --owner x --expires 30d; e=$id
new_key; f=$id
redis HSET "scoped_key:{$f}" enabled maybe >/dev/null

sorted() {
    printf '%s\n' "$@" | sort | tr '\n' ' '
}

run list
is 'list: a line for each and the heading' "$(wc -l <"$DIR/out")" 7
like 'list: heading' "$out" '^ID +NAME +OWNER +MODE +STATE +CREATED +EXPIRES +SCOPES'
like 'list: a row' "$out" "$a  first +ops +scoped  enabled +.* never +dns:write zone/\*:read"
like 'list: global' "$out" "$c .* global  disabled .* everything"
is 'list --json: objects' "$(sk list --json | jq -s length)" 6
is 'list: all' "$(ids_of)" "$(sorted "$a" "$b" "$c" "$d" "$e" "$f")"
is 'list --owner' "$(ids_of --owner ops)" "$(sorted "$a" "$c")"
is 'list --owner, quotes' "$(ids_of --owner 'o "ps')" "$d "
is 'list --name' "$(ids_of --name second)" "$b "
is 'list --scope' "$(ids_of --scope dns:write)" "$(sorted "$a" "$d")"
is 'list --scope by a wildcard' "$(ids_of --scope zone/x:read)" \
    "$(sorted "$a" "$b")"
is 'list --scope, a pattern as wide' "$(ids_of --scope 'zone/*:read')" \
    "$(sorted "$a" "$b")"
is 'list --scope, a refusal' "$(ids_of --scope '!dns:write')" "$b "
is 'list --scope, a refusal that none has' "$(ids_of --scope '!dns:read')" ''
for scope in dns dns: 'a b:c' '!dns' '{"scope":"dns:*"}' a:b:c '**/a:b'; do
    run list --scope "$scope"
    is "list: no scope: $scope" "$status [$out]" '2 []'
    like "list: the reason: $scope" "$err" '^scoped-key: --scope: "'
done
for state in enabled:$a,$b,$e disabled:$c not_yet_valid:$d invalid:$f \
    not-yet-valid:$d expired:; do
    readarray -t -d , wanted < <(printf %s "${state#*:}")
    is "list --state ${state%%:*}" "$(ids_of --state "${state%%:*}")" \
        "$([[ -z ${state#*:} ]] || sorted "${wanted[@]}")"
done
is 'list --expiring' "$(ids_of --expiring 7d)" "$b "
is 'list --expiring and --owner' "$(ids_of --expiring 90d --owner x)" "$e "
is 'list --limit' "$(sk list --quiet --limit 2 | wc -l)" 2
is 'list --limit, columns' "$(sk list --limit 2 | wc -l)" 3
is 'list --limit, JSON' "$(sk list --limit 2 --json | wc -l)" 2
is 'unused --limit, columns' "$(sk unused --days 0 --limit 1 | wc -l)" 2
run list --state sleeping
is 'list: unknown state' "$status" 2
run list words
is 'list: words' "$status" 2

# ids of legacy keys are long
digest=$(printf '%064d' 7)
printf '{"digest":"%s","name":"old"}\n' "$digest" | sk import --quiet
run list
is 'list: columns stand below each other' "$(awk '/^ID/ { at = index($0, "STATE") }
    /^[0-9A-Za-z]/ && substr($0, at, 1) !~ /[SDEIN edin]/ || substr($0, at - 1, 1) != " "' \
    "$DIR/out")" ''
is 'list: no id is cut' "$(awk '{ print $1 }' "$DIR/out" | sed 1d | sort)" \
    "$(sk list --quiet | sort)"
sk delete "x${digest:0:24}" --quiet
is 'list: short ids, a narrow column' "$(sk list | head -1 | cut -c1-18)" \
    'ID            NAME'

# an id without a record, and junk, between the others
redis ZADD scoped_key:ids 5 nothingthere 6 $'a\nb' 7 '' 8 'x y"z' \
    $EPOCHSECONDS '{evil}' >/dev/null
is 'list: what is no key is not shown' "$(ids_of | wc -w)" 6
is 'list: and no error' "$(sk list 2>&1 >/dev/null)" ''

# pages: many keys of one time, ids deleted while the walk goes on
python='import sys
for i in range(3000):
    print("{\"id\":\"many%08d\",\"digest\":\"%064x\",\"created_at\":1700000000}" % (i, i))'
if command -v python3 >/dev/null; then python3 -c "$python"; else
    for ((i = 0; i < 3000; i++)); do
        printf '{"id":"many%08d","digest":"%064x","created_at":1700000000}\n' $i $i
    done
fi | sk import --quiet
is 'list: 3,000 of one time' "$(sk list --quiet | grep -c ^many)" 3000
is 'list: each once' "$(sk list --quiet | sort | uniq -d)" ''
sk list --quiet >"$DIR/walk" &
walk=$!
for ((i = 0; i < 3000; i += 2)); do
    printf 'DEL scoped_key:{many%08d}\nZREM scoped_key:ids many%08d\n' $i $i
done | redis >/dev/null
wait "$walk"
is 'list: while others go, all that stay are shown' \
    "$(grep -c '^many.*[13579]$' "$DIR/walk")" 1500
sk list | head -1 >/dev/null
is 'list: a reader that goes early' "${PIPESTATUS[0]}" 0

redis FLUSHALL >/dev/null
new_key --owner new; a=$id
new_key; b=$id
new_key; c=$id
for id in "$b" "$c"; do
    redis HSET "scoped_key:{$id}" created_at 1700000000 >/dev/null
done
is 'unused: never used and old' "$(sk unused --days 90 --quiet | sort)" \
    "$(printf '%s\n' "$b" "$c" | sort)"
redis ZADD scoped_key:last_used $((EPOCHSECONDS - 100 * 86400)) "$b" \
    $((EPOCHSECONDS - 86400)) "$c" $((EPOCHSECONDS - 86400)) "$a" >/dev/null
is 'unused: used long ago' "$(sk unused --days 90 --quiet)" "$b"
run unused --days 90
like 'unused: columns' "$out" "LAST USED.*$b .*100 days ago"
is 'unused --json' "$(sk unused --days 90 --json | jq -r .id)" "$b"
run unused
is 'unused: no days' "$status" 2
run unused --days x
is 'unused: days that are none' "$status" 2
