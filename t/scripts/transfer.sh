# export, import: the same keys again; texts; what is refused, line by line
source ./lib.bash

new_key --name 'a "q" \ ü' --owner ops dns:write '!a:b' --expires 90d \
    --host '*.a.b,c' --ip '!10.0.0.1' --method GET --meta k='v "w"'
sk grant "$id" t:r x=1,2 y= --quiet
sk rotate "$id" --grace 5h --quiet >/dev/null
new_key --global --disabled --not-before 1d
sk export >"$DIR/export"
is 'export: a line for each' "$(wc -l <"$DIR/export")" 2
ok 'export: JSON' jq -e .digest "$DIR/export" >/dev/null
dump() {
    local key

    for key in $(redis KEYS '*' | sort); do
        echo "$key"
        case $(redis TYPE "$key") in
            hash) redis HGETALL "$key" | paste - - | sort ;;
            set) redis SMEMBERS "$key" | sort ;;
            zset) redis ZRANGE "$key" 0 -1 WITHSCORES ;;
        esac
    done
}
before=$(dump)
run import "$DIR/export"
is 'import: all there already' "$status $out" \
    '0 0 added, 2 there already, 0 replaced, 0 refused'
is 'import: nothing changed' "$(dump)" "$before"
redis FLUSHALL >/dev/null
run import "$DIR/export"
is 'import: into nothing' "$status $out" \
    '0 2 added, 0 there already, 0 replaced, 0 refused'
is 'import: what was exported, bit by bit' "$(dump)" "$before"
sk disable "$id" --quiet
sk enable "$id" --quiet
run import "$DIR/export"
refused_line=$err
is 'import: another content is not touched' "$status $(field enabled)" '1 1'
like 'import: and is named' "$refused_line" 'line [12]: key .* another content'
# what was changed since is not changed back
run import --replace "$DIR/export"
is 'import --replace: of an older revision' "$status $(field enabled)" '1 1'
like 'import --replace: of an older revision: said' "$err" \
    'changed since: it is at revision [0-9]+, this at [0-9]+.*--force'
without_revisions() {
    dump | grep -v ^revision
}
run import --replace --force "$DIR/export" --json
is 'import --replace --force' "$status $(jq -c . "$DIR/out") $(without_revisions)" \
    "0 {\"added\":0,\"unchanged\":1,\"replaced\":1,\"refused\":0} $(
        grep -v ^revision <<<"$before")"
sk export >"$DIR/edited"
sed -i 's/"owner":"[^"]*"/"owner":"another"/' "$DIR/edited"
run import --replace "$DIR/edited"
is 'export | edit | import --replace' "$status $(redis --scan --pattern \
    'scoped_key:{*}' | while read -r key; do redis HGET "$key" owner; done | sort -u |
    tr '\n' ' ')" '0  another '
run import --replace "$DIR/edited"
is 'the same again changes nothing' "$status $out" \
    '0 0 added, 2 there already, 0 replaced, 0 refused'
redis DEL scoped_key:ids >/dev/null
redis --scan --pattern 'scoped_key:{*' | xargs redis-cli -s "$SOCKET" DEL >/dev/null
echo "{\"digest\":\"$(printf '%064d' 8)\",\"name\":\"a\"}" >"$DIR/line"
sk import --quiet "$DIR/line"
sed -i 's/"a"/"b"/' "$DIR/line"
run import --replace --quiet "$DIR/line"
is 'a line without a revision replaces what was never changed' "$status" 0
sed -i 's/"b"/"c"/' "$DIR/line"
run import --replace --quiet "$DIR/line"
is 'a line without a revision does not replace what was' "$status" 1
run import --replace --force --quiet "$DIR/line"
is 'a line without a revision, --force' "$status" 0

redis FLUSHALL >/dev/null
zeros=$(printf '%064d' 0)
cat >"$DIR/lines" <<END
{"id":"aaaaaaaaaaaa","digest":"$zeros"}

{"id":"bbbbbbbbbbbb"}
{"id":"short","digest":"$zeros"}
{"id":"cccccccccccc","digest":"ABC"}
nonsense
{"id":"dddddddddddd","digest":"$zeros","key":"TheSecretText"}
{"id":"eeeeeeeeeeee","digest":"$zeros","scopes":["a"]}
{"id":"ffffffffffff","digest":"$zeros","scopes":[{"scope":"a:b","params":{"x":[]}}],"meta":{"a":"b"}}
{"id":"gggggggggggg","digest":"$zeros","expires_at":"tomorrow"}
{"id":"hhhhhhhhhhhh","digest":"$zeros","expires_at":"2027-01-01T00:00:00+02:00","enabled":false}
{"id":"iiiiiiiiiiii","digest":"$zeros","ips":["1.2.3"]}
{"id":"jjjjjjjjjjjj","digest":"$zeros","enabled":"maybe"}
{"id":"kkkkkkkkkkkk","digest":"$zeros","name":"a\u001bb"}
{"id":"llllllllllll","digest":"$zeros","meta":{"A":"b"}}
{"id":"mmmmmmmmmmmm","digest":"$zeros","mode":"root"}
["id"]
{"id":"nnnnnnnnnnnn","digest":"$zeros","hosts":["a,b"]}
{"digest":"$zeros","created_at":1700000000}
{"id":"pppppppppppp","digest":"$zeros","expires_at":1798761600000}
{"id":"qqqqqqqqqqqq","digest":"$zeros","created_at":"1798761600000"}
{"id":"rrrrrrrrrrrr","digest":"$zeros","scopes":[{"scope":"a:b","params":{"x":["!5"]}}]}
{"id":"ssssssssssss","digest":"$zeros","scopes":[{"scope":"a:b","not_before":1798761600000}]}
{"id":"tttttttttttt","digest":"$zeros","hosts":["a.b:80"]}
END
printf '{"id":"oooooooooooo","digest":"%s","name":"\xff"}' "$zeros" \
    >>"$DIR/lines"
run import "$DIR/lines"
is 'import: counts' "$status $out" \
    '1 4 added, 0 there already, 0 replaced, 20 refused'
for n in 3 4 5 6 7 8 10 12 13 14 15 16 17 18 20 21 22 23 24 25; do
    like "import: line $n is named" "$err" "line $n: "
done
unlike 'import: an unknown field is not repeated' "$err" TheSecretText
is 'import: objects as grants' "$(redis SMEMBERS 'scoped_key:{ffffffffffff}:scopes')" \
    '{"params":{"x":[]},"scope":"a:b"}'
is 'import: RFC 3339' "$(redis HGET 'scoped_key:{hhhhhhhhhhhh}' expires_at)" \
    "$(date -d 2027-01-01T00:00:00+02:00 +%s)"
is 'import: a digest alone is a legacy key' "$(redis ZSCORE scoped_key:ids \
    x000000000000000000000000)" 1700000000
is 'import: nothing half' "$(redis DBSIZE)" 6
run import "$DIR/lines"
is 'import: again' "$out" '0 added, 4 there already, 0 replaced, 20 refused'
run import "$DIR/none"
refused 'import: no such file' "^scoped-key: there is no file $DIR/none\$"
run import "$DIR"
refused 'import: a directory' '^scoped-key: cannot read '
sk import <<<'{"digest":"ab"}' >"$DIR/out" 2>"$DIR/err"
like 'import: a short digest' "$(<"$DIR/err")" 'line 1: digest: is not 64'
sk import <<<'{"name":"ab"}' >"$DIR/out" 2>"$DIR/err"
like 'import: neither id nor digest' "$(<"$DIR/err")" 'line 1: digest: is missing'
sk import <<<"{\"id\":null,\"digest\":\"$(printf 8%063d 0)\",\"mode\":\"global\",\"scopes\":[\"a:b\"]}" \
    >"$DIR/out" 2>"$DIR/err"
like 'import: a global key with scopes' "$? $(<"$DIR/err")" \
    '^0 .*global keys with scopes: 1; .*limit nothing'
sk delete "x8$(printf %023d 0)" --quiet
run import a b
is 'import: two files' "$status" 2
sk import </dev/null >"$DIR/out"
is 'import: nothing' "$? $(<"$DIR/out")" \
    '0 0 added, 0 there already, 0 replaced, 0 refused'

redis FLUSHALL >/dev/null
new_key; issued=$text; issued_id=$id
sk delete "$id" --quiet
{
    printf '%s\n' old-system-key-1 'old-system-key-2 {"name":"two","scopes":["a:b"]}' \
        "$issued" "${issued%?}_" short 'has space' '' "$(printf '%02049d' 1)" \
        'liar-of-a-line {"digest":"'"$zeros"'","id":"aaaaaaaaaaaa"}'
    printf 'k\xc3\xa4se-key-1\nlast-without-newline'
} >"$DIR/texts"
is 'the damaged text is as long as a key' "${#issued}" 54
sk import --texts --global --owner old --meta from=x <"$DIR/texts" \
    >"$DIR/out" 2>"$DIR/err"
is 'import --texts: counts' "$? $(<"$DIR/out")" \
    '1 6 added, 0 there already, 0 replaced, 4 refused'
id_of_text() {
    printf %s "$1" | b2sum -l 256 | cut -c1-24 | sed s/^/x/
}
id=$(id_of_text old-system-key-1)
is 'import --texts: as the options say' "$(field mode) $(field owner) $(
    field meta.from)" 'global old x'
id=$(id_of_text old-system-key-2)
is 'import --texts: a line of its own' "$(field name) $(members)" 'two a:b'
id=$issued_id
is 'import --texts: a key of ours has its own id' "$(field digest)" \
    "$(printf %s "$issued" | b2sum -l 256 | cut -d' ' -f1)"
id=$(id_of_text last-without-newline)
is 'import --texts: the last line' "$(field mode)" global
is 'import --texts: a line cannot choose its id' "$(redis EXISTS \
    'scoped_key:{aaaaaaaaaaaa}')" 0
unlike 'import --texts: no text in the messages' "$(<"$DIR/err")" 'has space|old-system|liar'
(ulimit -n 100 && sk import --texts <<<'few-open-files-1') >"$DIR/out" 2>"$DIR/err"
is 'import --texts: few open files' "$? $(<"$DIR/out") [$(<"$DIR/err")]" \
    '0 1 added, 0 there already, 0 replaced, 0 refused []'
sk import --texts --scope a:b --scope c:d <<<'another-old-key' >/dev/null
id=$(id_of_text another-old-key)
is 'import --texts --scope' "$(field mode) $(members)" $' a:b\nc:d'

# last uses go with the keys, the later one stays, and none is in the future
redis FLUSHALL >/dev/null
new_key --name used dns:read; a=$id
new_key --name unused dns:read; b=$id
sk rotate "$a" --grace 1d --quiet >/dev/null
rotated=$(field rotated_at) now=$EPOCHSECONDS
redis ZADD scoped_key:last_used 1700000000 "$a" >/dev/null
redis ZADD scoped_key:last_used_previous "$((now + 5))" "$a" >/dev/null
sk export >"$DIR/uses"
is 'export: a last use' "$(jq -r "select(.id == \"$a\") | .last_used" "$DIR/uses")" \
    2023-11-14T22:13:20Z
is 'export: none' "$(jq -c "select(.id == \"$b\") | has(\"last_used\")" "$DIR/uses")" false
redis FLUSHALL >/dev/null
ok 'import with last uses' sk import --quiet "$DIR/uses"
is 'import: a last use' "$(redis ZSCORE scoped_key:last_used "$a")" 1700000000
is 'import: of the previous text, not in the future' \
    "$(($(redis ZSCORE scoped_key:last_used_previous "$a") <= EPOCHSECONDS))" 1
is 'import: none' "$(redis ZSCORE scoped_key:last_used "$b")" ''
redis ZADD scoped_key:last_used 1800000000 "$a" 1 "$b" >/dev/null
sk import --quiet "$DIR/uses"
is 'import: an earlier use changes nothing' "$(redis ZSCORE scoped_key:last_used "$a")" 1800000000
redis ZADD scoped_key:last_used 5 "$a" >/dev/null
sk import --quiet "$DIR/uses"
is 'import: a later one does, of a key that is there' \
    "$(redis ZSCORE scoped_key:last_used "$a")" 1700000000
run import - <<<"{\"digest\":\"$(printf '%064d' 3)\",\"last_used\":\"soon\"}"
like 'import: no time' "$err" 'last_used'
is 'import: no time: status' "$status" 1
