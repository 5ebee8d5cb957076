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
