# the fields of a record: one table, in the core's program; what the documentation
# and the help say of them
source ./lib.bash

PROGRAM=$PWD/../../build/scoped-key-core
ok 'the program is built' ../../scripts/build core
"$PROGRAM" fields >"$DIR/fields"
is 'the table has all that the module reads' "$?" 0
is 'docs/redis.md: what the module reads' \
    "$(sed -n '/^| field | meaning |/,/^$/s/^| \(`[^|]*`\) |.*/\1/p' ../../docs/redis.md |
        grep -o '`[^`]*`' | tr -d '`' | sort)" \
    "$({ jq -r 'select(.module) | .name' "$DIR/fields"; echo 'meta.<name>'; } | sort)"
other=$(sed -n '/`scoped-key` also writes/,/^$/p' ../../docs/redis.md |
    grep -o '`[^`]*`' | tr -d '`' | sed 1d | sort)
is 'docs/redis.md: what it does not' "$other" \
    "$(jq -r 'select(.module | not) | .name' "$DIR/fields" | sort)"

# what sets a field is a command, and an option of its help and of the completion
"$SCOPED_KEY" completion >"$DIR/completion"
while read -r field command option; do
    help=$("$SCOPED_KEY" "$command" --help)
    is "$field: the command $command" "$?" 0
    [[ -n $option ]] || continue
    like "$field: $command $option: its help" "$help" "(^|[[:space:]])$option([[:space:]=]|\$)"
    ok "$field: $command $option: the completion" grep -q -e "$option" "$DIR/completion"
done < <(jq -r '.name as $name | .set_by / ", " | .[] | "\($name) \(.)"' "$DIR/fields")

# a record that has them all comes back as it was
mapfile -t pairs < <(jq -r '.name, ({
        "64 hex digits": ("7" * 64),
        time: (if .name | test("until|expires") then 4102444801 else 1700000000 end),
        "1 or 0": 0, number: 7, "scoped or global": "global", text: "for people",
        "prefix of keys": "sk", "list of host patterns": "a.b",
        "list of CIDR blocks": "10.0.0.1", "list of methods": "GET"
    }[.type] // "a type without an example")' "$DIR/fields")
redis HSET 'scoped_key:{aaaaaaaaaaaa}' "${pairs[@]}" meta.x y >/dev/null
is 'a record with every field' "$(redis HLEN 'scoped_key:{aaaaaaaaaaaa}')" \
    "$(($(wc -l <"$DIR/fields") + 1))"
redis ZADD scoped_key:ids 1700000000 aaaaaaaaaaaa >/dev/null
before=$(redis HGETALL 'scoped_key:{aaaaaaaaaaaa}' | paste - - | sort)
is 'check finds nothing in it' "$(sk check --quiet)" ''
sk export >"$DIR/export"
redis FLUSHALL >/dev/null
sk import --quiet "$DIR/export"
is 'export and import keep every field' \
    "$(redis HGETALL 'scoped_key:{aaaaaaaaaaaa}' | paste - - | sort)" "$before"
