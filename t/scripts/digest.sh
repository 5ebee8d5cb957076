# digests: the same as b2sum, OpenSSL and Python have, with and without pepper
source ./lib.bash

openssl_digest() {
    local key

    key=$(od -An -v -tx1 "$1" | tr -d ' \n')
    printf %s "$2" | openssl mac -macopt "hexkey:${key%0a}" -macopt size:32 \
        BLAKE2BMAC | tr A-F a-f
}

python_digest() {
    python3 -c 'import hashlib, sys
key = open(sys.argv[1], "rb").read()
key = key[:-1] if key.endswith(b"\n") else key
print(hashlib.blake2b(sys.argv[2].encode(), digest_size=32, key=key).hexdigest())' \
        "$1" "$2"
}

head -c 40 /dev/urandom | tr '\n' x >"$DIR/pepper"
echo >>"$DIR/pepper"
printf 0123456789abcdef >"$DIR/pepper16"
head -c 64 /dev/urandom | tr '\n' y >"$DIR/pepper64"
for pepper in pepper pepper16 pepper64; do
    run create --quiet --pepper-file "$DIR/$pepper"
    id=${out:3:12}
    is "$pepper: as openssl" "$(field digest)" \
        "$(openssl_digest "$DIR/$pepper" "$out")"
    ! command -v python3 >/dev/null \
        || is "$pepper: as python" "$(field digest)" \
            "$(python_digest "$DIR/$pepper" "$out")"
done

# texts of all lengths that meet a block's edge
for n in 8 9 127 128 129 255 256 257 384 385 1000 2048; do
    printf -v text "%0${n}d" 7
    wanted=$(openssl_digest "$DIR/pepper" "$text")
    id=x${wanted:0:24}
    echo "$text" | sk import --texts --quiet --pepper-file "$DIR/pepper"
    is "import of $n bytes with pepper" "$(field digest)" "$wanted"
    wanted=$(printf %s "$text" | b2sum -l 256 | cut -d' ' -f1)
    id=x${wanted:0:24}
    echo "$text" | sk import --texts --quiet
    is "import of $n bytes" "$(field digest)" "$wanted"
done

run create --pepper-file "$DIR/none"
refused 'no pepper file' 'cannot read'
printf 0123456789abcde >"$DIR/short"
run create --pepper-file "$DIR/short"
refused 'a short pepper' '16 to 64'
head -c 65 /dev/zero >"$DIR/long"
run create --pepper-file "$DIR/long"
refused 'a long pepper' '16 to 64'
export SCOPED_KEY_PEPPER_FILE=$DIR/pepper16
run create --quiet
id=${out:3:12}
is 'the pepper of the environment' "$(field digest)" \
    "$(openssl_digest "$DIR/pepper16" "$out")"

# lines of every kind, each against another program's digest
ok 'the program is built' ../../scripts/build core
unset SCOPED_KEY_PEPPER_FILE
run create --quiet --pepper-file "$DIR/pepper"
issued=$out
printf -v long '%0256d' 7
printf '%s\n' "$issued" "$issued {\"name\":\"x\"}" "${issued%?}_" "${issued:0:55}" \
    old-system-key $'old-system-tab\t{"name":"y", "scopes":["a:b"]}' short \
    'old-system-key  { }' 'old-system-key {}' 'old-system-key {} ' \
    'old-system-key x' 'old-system-key {' "$long" "${long}7" '' ' old-system-key' \
    'old-system-cr '$'\r' $'old\x01system\x7fkey' 'öld-system-key' \
    'a"b\c$d`e%f!g'"'h" >"$DIR/lines"
printf 'no-newline-at-the-end' >>"$DIR/lines"
good=("$issued" "${issued%?}_" old-system-cr old-system-key old-system-tab "$long" "${long}7"
    'a"b\c$d`e%f!g'"'h" no-newline-at-the-end)
for pepper in '' pepper pepper64; do
    redis FLUSHALL >/dev/null
    run import --texts "$DIR/lines" ${pepper:+"--pepper-file=$DIR/$pepper"}
    is "lines, $pepper: status" "$status" 1
    like "lines, $pepper: counts" "$out" '^9 added, 3 there already, 0 replaced, 7 refused$'
    is "lines, $pepper: each is named" "$(grep -c ': line [0-9]*: ' "$DIR/err")" \
        "$(sed 's/.* \([0-9]*\) refused/\1/' "$DIR/out")"
    for text in "${good[@]}"; do
        if [[ -n $pepper ]]; then
            wanted=$(openssl_digest "$DIR/$pepper" "$text")
        else
            wanted=$(printf %s "$text" | b2sum -l 256 | cut -d' ' -f1)
        fi
        id=x${wanted:0:24}
        [[ $text != "$issued" ]] || id=${issued:3:12}
        is "lines, $pepper: ${text:0:24}" "$(field digest)" "$wanted"
    done
done

# id: the same as in Redis, of every key, and nothing of what is none
redis FLUSHALL >/dev/null
for pepper in '' pepper; do
    run create --quiet ${pepper:+"--pepper-file=$DIR/$pepper"}
    issued=$out
    printf '%s\n' "$issued" old-system-key "${issued%?}_" >"$DIR/lines"
    sk import --texts --quiet ${pepper:+"--pepper-file=$DIR/$pepper"} <"$DIR/lines"
    run id ${pepper:+"--pepper-file=$DIR/$pepper"} <"$DIR/lines"
    is "id, $pepper: all of them are there" "$status $(sed 's/.*/scoped_key:{&}/' \
        "$DIR/out" | xargs redis-cli -s "$SOCKET" EXISTS)" '0 3'
    redis FLUSHALL >/dev/null
done
run id --pepper-file "$DIR/nowhere" <"$DIR/lines"
like 'id: a pepper that cannot be read' "$status [$out] $err" "^1 \\[\\] .*cannot read the pepper file"
run id <<<short
is 'id: of what is no key' "$status [$out]" '1 []'
run id --json <<<"$issued"
is 'id --json' "$status $out" "0 {\"id\":\"${issued:3:12}\"}"
run id "$issued"
is 'id: not on the command line' "$status [$out] $(grep -c "$issued" "$DIR/err")" '2 [] 0'

# a copy of the command has none, and says so
mkdir "$DIR/alone"
cp -r ../../scripts/{scoped-key,lib,lua,help} "$DIR/alone"
for words in 'create --quiet' 'import --texts' 'list' 'check' 'export'; do
    # shellcheck disable=SC2086
    "$DIR/alone/scoped-key" -s "$SOCKET" $words </dev/null >"$DIR/out" 2>"$DIR/err"
    is "alone: $words" "$? $(<"$DIR/out") $(wc -l <"$DIR/err")" '1  1'
    like "alone: $words: why" "$(<"$DIR/err")" 'alone/scoped-key-core is missing: it is built with the module'
done
is 'the program: a short pepper' "$(../../build/scoped-key-core digest \
    "{\"pepper_file\":\"$DIR/short\"}" <"$DIR/lines" 2>/dev/null; echo $?)" 2
is 'the program: no input' "$(../../build/scoped-key-core digest \
    </dev/null 2>&1; echo $?)" 0
is 'the program: another word' "$(../../build/scoped-key-core digests \
    <"$DIR/lines" 2>/dev/null; echo $?)" 2
