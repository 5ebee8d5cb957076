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

# no terminal: 80 characters, whatever the environment
unset COLUMNS
run list
is 'list: a line for each and the heading' "$(wc -l <"$DIR/out")" 7
like 'list: heading' "$out" '^ID +NAME +OWNER +STATE +EXPIRES +SCOPES'
like 'list: a row' "$out" "$a  first +ops +enabled +never +dns:write …|dns:write zo…"
like 'list: global' "$out" "$c .* disabled .* everything"
is 'list: the count' "$err" 'scoped-key: 6 keys'
run list --wide
like 'list --wide: heading' "$out" \
    '^ID +NAME +OWNER +MODE +STATE +CREATED +EXPIRES +LAST USED +SCOPES'
like 'list --wide: a row' "$out" "$a  first +ops +scoped  enabled +.* never +no use +dns:write zone/\*:read"

# every width: no line is longer, no id is cut, and what is cut says so
long=$(printf 'n%.0s' {1..100})
new_key --name "$long" --owner "$long" "$long:read" "$long/x:write"; g=$id
for width in 40 60 80 120 150 1000; do
    COLUMNS=$width run list
    is "list: $width characters" \
        "$(($(wc -L <"$DIR/out") <= width))" 1
    is "list: $width characters: ids" "$(awk '{ print $1 }' "$DIR/out" | sed 1d | sort)" \
        "$(sk list --quiet | sort)"
done
COLUMNS=80 run list
like 'list: an ellipsis' "$out" "$g  n+…  n+…  enabled"
run list --wide
like 'list --wide: nothing is cut' "$out" "$long:read $long/x:write|$long/x:write $long:read"
for width in 0 x -5 ''; do
    COLUMNS=$width run list
    is "list: COLUMNS=\"$width\"" "$(wc -L <"$DIR/out")" 80
done
sk delete "$g" --quiet

# columns of one's own, and their order
run list --columns id,owner
is 'list --columns: the heading' "$(head -1 "$DIR/out" | tr -s ' ')" 'ID OWNER'
like 'list --columns: a row' "$out" "$a  ops"$'(\n|$)'
run list --columns 'mode, id , meta.x'
is 'list --columns: spaces' "$(head -1 "$DIR/out" | tr -s ' ')" 'MODE ID X'
for column in nonsense '' id,,owner id,ID; do
    run list --columns "$column"
    is "list --columns: $column" "$status [$out]" '2 []'
done
sorted_by() {
    sk list --columns id "$@" 2>/dev/null | sed 1d | tr -d ' ' | tr '\n' ' '
}
is 'list --sort name: a missing one last' "$(sorted_by --sort name | cut -d' ' -f1-3)" \
    "$a $b $c"
is 'list --sort -name' "$(sorted_by --sort -name | cut -d' ' -f4-6)" "$c $b $a"
is 'list --sort expires' "$(sorted_by --sort expires | cut -d' ' -f1-2)" "$b $e"
is 'list --sort created' "$(sorted_by --sort created)" "$(sorted_by)"
is 'list --sort id' "$(sorted_by --sort id)" "$(sorted "$a" "$b" "$c" "$d" "$e" "$f")"
is 'list --sort: and --limit' "$(sorted_by --sort name --limit 2)" "$a $b "
is 'list --sort: JSON' "$(sk list --sort name --json --limit 1 | jq -r .id)" "$a"
is 'list --sort: the ids' "$(sk list --sort name -q --limit 1)" "$a"
for column in nonsense '' scopes meta.x; do
    run list --sort "$column"
    is "list --sort: $column" "$status [$out]" '2 []'
done
run list --owner nobody
is 'list: none: only the heading' "$(wc -l <"$DIR/out")" 1
is 'list: none is said' "$err" 'scoped-key: no key matches'
run list --owner nobody --quiet
is 'list --quiet: none: not said' "[$out$err]" '[]'
run list --limit 2
is 'list --limit: the count' "$err" 'scoped-key: the first 2 keys'
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
is 'list: columns are aligned' "$(awk '/^ID/ { at = index($0, "STATE") }
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
is 'list: and no error' "$(sk list 2>&1 >/dev/null)" 'scoped-key: 6 keys'

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

# a connection that breaks off: no list that looks whole
mkdir "$DIR/broken"
printf '#!/bin/sh\nexec "%s" "$@" | head -c 40000\n' "$(command -v redis-cli)" \
    >"$DIR/broken/redis-cli"
chmod +x "$DIR/broken/redis-cli"
PATH=$DIR/broken:$PATH run list
is 'list: broken off: status' "$((status != 0))" 1

redis FLUSHALL >/dev/null
run list
is 'list: no keys at all' "$err" 'scoped-key: there are no keys'
new_key --owner new; a=$id
new_key; b=$id
new_key; c=$id
for id in "$b" "$c"; do
    redis HSET "scoped_key:{$id}" created_at 1700000000 >/dev/null
done
is 'unused: never used and old' "$(sk unused --days 90 --quiet | sort)" \
    "$(printf '%s\n' "$b" "$c" | sort)"
run unused --days 90 --quiet
like 'unused: it cannot know' "$err" 'no use of any key is recorded'
redis ZADD scoped_key:last_used "$EPOCHSECONDS" "$b" >/dev/null
run unused --days 90
like 'unused: it cannot know of that time' "$err" 'the oldest use on record is of 20'
redis ZADD scoped_key:last_used $((EPOCHSECONDS - 100 * 86400)) "$b" \
    $((EPOCHSECONDS - 86400)) "$c" $((EPOCHSECONDS - 86400)) "$a" >/dev/null
is 'unused: used long ago' "$(sk unused --days 90 --quiet)" "$b"
run unused --days 90
like 'unused: columns' "$out" "LAST USED.*$b .*100 days ago"
is 'unused --json' "$(sk unused --days 90 --json | jq -r .id)" "$b"
unlike 'unused: it knows' "$err" 'cannot be known'
run unused
is 'unused: no days' "$status" 2
run unused --days x
is 'unused: days that are none' "$status" 2

# keys of which two are accepted, and who uses which
redis FLUSHALL >/dev/null
new_key --name turned; a=$id
new_key --name plain; b=$id
sk rotate "$a" --grace 1d --quiet >/dev/null
is 'list --rotating' "$(sk list --rotating --quiet)" "$a"
run list
like 'list: rotating' "$out" "$a  turned +- +rotating "
like 'list: not rotating' "$out" "$b  plain +- +enabled "
run list --rotating
like 'list --rotating: columns' "$out" 'OLD KEY ENDS  OLD KEY USED'
like 'list --rotating: nobody' "$out" "$a .* in 2[34]h +no use"
redis ZADD scoped_key:last_used_previous "$((EPOCHSECONDS + 1))" "$a" >/dev/null
run list
like 'list: the old key is in use' "$out" "$a  turned +- +old in use "
is 'list --rotating --json' \
    "$(sk list --rotating --json | jq -r '.previous_last_used | length')" 20
redis HSET "scoped_key:{$a}" previous_until 5 >/dev/null
is 'list --rotating: over' "$(sk list --rotating --quiet)" ''
