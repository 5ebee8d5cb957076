# BLAKE2b-256 (RFC 7693) keyed with the pepper, in Bash alone.  `openssl mac`
# takes its key on the command line only, where every user of the machine can
# read it; b2sum has no key; so neither may see the pepper.
# Invariant: a text is 1 to 2048 bytes of printable ASCII; the block of the pepper
# is compressed once and kept.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# RFC 7693, section 2.6 and 2.7
BLAKE2B_IV=(
    $((0x6a09e667f3bcc908)) $((0xbb67ae8584caa73b)) $((0x3c6ef372fe94f82b))
    $((0xa54ff53a5f1d36f1)) $((0x510e527fade682d1)) $((0x9b05688c2b3e6c1f))
    $((0x1f83d9abfb41bd6b)) $((0x5be0cd19137e2179))
)
BLAKE2B_SIGMA=(
    '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15'
    '14 10 4 8 9 15 13 6 1 12 0 2 11 7 5 3'
    '11 8 12 0 5 2 15 13 10 14 3 6 7 1 9 4'
    '7 9 3 1 13 12 11 14 2 6 5 10 4 0 15 8'
    '9 0 5 7 2 4 10 15 14 1 11 12 6 8 3 13'
    '2 12 6 10 0 11 8 3 4 13 7 5 15 14 1 9'
    '12 5 1 15 14 13 4 10 0 7 6 3 9 2 8 11'
    '13 11 7 14 12 1 3 9 5 0 15 4 8 6 2 10'
    '6 15 14 9 11 3 0 8 12 2 13 7 1 4 10 5'
    '10 2 8 4 7 6 1 5 15 11 9 14 3 12 13 0'
)
BLAKE2B_QUARTETS=('0 4 8 12' '1 5 9 13' '2 6 10 14' '3 7 11 15'
    '0 5 10 15' '1 6 11 12' '2 7 8 13' '3 4 9 14')
BLAKE2B_STEPS=()

# the 96 mixings of one block, each as one arithmetic expression
blake2b_prepare() {
    local round i a b c d
    local -a sigma

    for round in 0 1 2 3 4 5 6 7 8 9 0 1; do
        read -r -a sigma <<<"${BLAKE2B_SIGMA[round]}"
        for i in 0 1 2 3 4 5 6 7; do
            read -r a b c d <<<"${BLAKE2B_QUARTETS[i]}"
            BLAKE2B_STEPS+=("v$a += v$b + m[${sigma[2 * i]}],
                x = v$d ^ v$a, v$d = x << 32 | x >> 32 & 0xffffffff,
                v$c += v$d,
                x = v$b ^ v$c, v$b = x << 40 | x >> 24 & 0xffffffffff,
                v$a += v$b + m[${sigma[2 * i + 1]}],
                x = v$d ^ v$a, v$d = x << 48 | x >> 16 & 0xffffffffffff,
                v$c += v$d,
                x = v$b ^ v$c, v$b = x << 1 | x >> 63 & 1")
        done
    done
}

# the state h, the block m (16 words), bytes so far, -1 if it is the last
blake2b_compress() {
    local step x=0 v0=${h[0]} v1=${h[1]} v2=${h[2]} v3=${h[3]} v4=${h[4]}
    local v5=${h[5]} v6=${h[6]} v7=${h[7]} v8=${BLAKE2B_IV[0]}
    local v9=${BLAKE2B_IV[1]} v10=${BLAKE2B_IV[2]} v11=${BLAKE2B_IV[3]}
    local v12=$((BLAKE2B_IV[4] ^ $1)) v13=${BLAKE2B_IV[5]}
    local v14=$((BLAKE2B_IV[6] ^ $2)) v15=${BLAKE2B_IV[7]}

    for step in "${BLAKE2B_STEPS[@]}"; do
        ((step, 1))
    done
    ((h[0] ^= v0 ^ v8, h[1] ^= v1 ^ v9, h[2] ^= v2 ^ v10, h[3] ^= v3 ^ v11,
      h[4] ^= v4 ^ v12, h[5] ^= v5 ^ v13, h[6] ^= v6 ^ v14,
      h[7] ^= v7 ^ v15, 1))
}

# bytes as numbers to the words of a block, little end first
blake2b_block() {
    local i=0 byte

    m=(0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
    for byte in "$@"; do
        ((m[i >> 3] |= byte << (i & 7) * 8, i++, 1))
    done
}

# takes the pepper's bytes as numbers; keeps the state after its block
blake2b_key() {
    local -a h=("${BLAKE2B_IV[@]}") m

    blake2b_prepare
    ((h[0] ^= 0x01010020 ^ $# << 8, 1))
    blake2b_block "$@"
    blake2b_compress 128 0
    BLAKE2B_KEYED=("${h[@]}")
}

# the digest of a text, in hex, to `result`
blake2b_digest() {
    local text=$1 i n=${#1} at=0 byte word
    local -a h=("${BLAKE2B_KEYED[@]}") m bytes

    for ((i = 0; i < n; i++)); do
        printf -v byte %d "'${text:i:1}"
        bytes[i]=$byte
    done
    while ((n - at > 128)); do
        blake2b_block "${bytes[@]:at:128}"
        ((at += 128))
        blake2b_compress $((128 + at)) 0
    done
    blake2b_block "${bytes[@]:at}"
    blake2b_compress $((128 + n)) -1
    result=''
    for i in 0 1 2 3; do
        for byte in 0 8 16 24 32 40 48 56; do
            printf -v word %02x $((h[i] >> byte & 255))
            result+=$word
        done
    done
}
