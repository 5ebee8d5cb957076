# The key as text: random parts, checksum, digest.  The only file that handles
# secrets.  Invariant: a secret is in shell variables and pipes alone: on no
# command line, in no environment, in no file; printf is the shell's own.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

BASE62=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz

# of every value of four bits; the checksum goes through two of them a byte
CRC32_NIBBLES=(
    0x00000000 0x1db71064 0x3b6e20c8 0x26d930ac 0x76dc4190 0x6b6b51f4
    0x4db26158 0x5005713c 0xedb88320 0xf00f9344 0xd6d6a3e8 0xcb61b38c
    0x9b64c2b0 0x86d3d2d4 0xa00ae278 0xbdbdf21c
)

# as many base62 characters as asked for; a byte over 247 is thrown away, since
# only 4 x 62 = 248 values give each character the same chance
random_base62() {
    local wanted=$1 byte bytes

    result=''
    while ((${#result} < wanted)); do
        bytes=$(od -An -v -N 96 -tu1 /dev/urandom) || return 1
        for byte in $bytes; do
            ((byte < 248 && ${#result} < wanted)) || continue
            result+=${BASE62:byte % 62:1}
        done
    done
}

# the CRC-32 of a text of ASCII as six base62 digits
checksum() {
    local text=$1 i byte crc=$((0xffffffff))

    for ((i = 0; i < ${#text}; i++)); do
        printf -v byte %d "'${text:i:1}"
        ((crc ^= byte,
          crc = crc >> 4 ^ CRC32_NIBBLES[crc & 15],
          crc = crc >> 4 ^ CRC32_NIBBLES[crc & 15], 1))
    done
    crc=$((crc ^ 0xffffffff))
    result=''
    for i in 1 2 3 4 5 6; do
        result=${BASE62:crc % 62:1}$result
        ((crc /= 62, 1))
    done
}

# whether the pepper's file is one that can be read; the core reads it
read_pepper() {
    [[ -z $PEPPER_FILE || (-r $PEPPER_FILE && ! -d $PEPPER_FILE) ]] \
        || fail "cannot read the pepper file $PEPPER_FILE"
}

# lines of standard input, each the text of a key, to ids and digests
core_digests() {
    "$CORE" digest ${PEPPER_FILE:+"$PEPPER_FILE"}
}

digest_text() {
    local answer

    find_core
    answer=$(printf '%s\n' "$1" | core_digests 2>&1) \
        || fail "${answer##*$'\n'}${PEPPER_FILE:+: $PEPPER_FILE}"
    [[ $answer =~ \"digest\":\"([0-9a-f]{64})\" ]] || fail "$CORE gave no digest"
    result=${BASH_REMATCH[1]}
}

# a new text for an id: to KEY_TEXT, and its digest to KEY_DIGEST
make_text() {
    local prefix=$1 id=$2

    random_base62 32 || fail 'the random source gave nothing'
    KEY_TEXT=${prefix}_${id}_$result
    checksum "$KEY_TEXT"
    KEY_TEXT+=$result
    digest_text "$KEY_TEXT"
    KEY_DIGEST=$result
}
