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

# PEPPER: the pepper's bytes as numbers; empty: none
read_pepper() {
    local bytes

    PEPPER=()
    [[ -n $PEPPER_FILE ]] || return 0
    [[ -r $PEPPER_FILE && ! -d $PEPPER_FILE ]] \
        || fail "cannot read the pepper file $PEPPER_FILE"
    bytes=$(od -An -v -N 66 -tu1 -- "$PEPPER_FILE") \
        || fail "cannot read the pepper file $PEPPER_FILE"
    # no here-document: some releases of Bash keep those in files
    # shellcheck disable=SC2206 # the numbers are words
    PEPPER=($bytes)
    if ((${#PEPPER[@]} > 0 && PEPPER[-1] == 10)); then
        unset 'PEPPER[-1]'
    fi
    ((${#PEPPER[@]} >= 16 && ${#PEPPER[@]} <= 64)) \
        || fail "the pepper must be 16 to 64 bytes: $PEPPER_FILE"
    # shellcheck source=blake2b.bash
    source "$LIB/blake2b.bash"
    blake2b_key "${PEPPER[@]}"
}

digest_text() {
    if ((${#PEPPER[@]} > 0)); then
        blake2b_digest "$1"
    else
        result=$(printf %s "$1" | b2sum -l 256) || return 1
        result=${result%% *}
    fi
}

# a new text for an id: to KEY_TEXT, and its digest to KEY_DIGEST
make_text() {
    local prefix=$1 id=$2

    random_base62 32 || fail 'the random source gave nothing'
    KEY_TEXT=${prefix}_${id}_$result
    checksum "$KEY_TEXT"
    KEY_TEXT+=$result
    digest_text "$KEY_TEXT" || fail 'b2sum failed'
    KEY_DIGEST=$result
    [[ $KEY_DIGEST =~ ^[0-9a-f]{64}$ ]] || fail 'b2sum gave no digest'
}

# a glob, since a bounded repetition in a regular expression is a thousand
# times slower
is_printable() {
    ((${#1} <= 2048)) && [[ $1 != *[!!-~]* ]]
}

# What a text is: `issued` (ours, checksum right; its id to `result`),
# `damaged` (ours, checksum wrong), `legacy`, or `no` key.
kind_of_text() {
    local text=$1

    if [[ $text =~ ^[a-z][a-z0-9]{1,15}_([0-9A-Za-z]{12})_[0-9A-Za-z]{38}$ ]]
    then
        local id=${BASH_REMATCH[1]}
        checksum "${text:0:-6}"
        [[ $result == "${text: -6}" ]] && kind=issued || kind=damaged
        result=$id
    elif ((${#text} >= 8)) && is_printable "$text"; then
        kind=legacy
    else
        kind=no
    fi
}
