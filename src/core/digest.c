/*
 * Digests, tags and the wiping of secrets, by libsodium; no other core file
 * includes it.  Knows neither keys' form nor records.
 * Invariants: digests are compared in constant time; a digest that could not
 * be made equals none that was stored.
 */

#include "digest.h"
#include "token.h"

#include <sodium.h>
#include <string.h>


#define SCOPED_KEY_LEGACY_ID_DIGITS  (SCOPED_KEY_LEGACY_ID_BYTES - 1)

_Static_assert(SCOPED_KEY_DIGEST_HEX_BYTES == 2 * SCOPED_KEY_DIGEST_BYTES,
               "two digits a byte");
_Static_assert(SCOPED_KEY_LEGACY_ID_DIGITS < SCOPED_KEY_DIGEST_HEX_BYTES,
               "an id tells a part of the digest only");
_Static_assert(SCOPED_KEY_PEPPER_MAX_BYTES == crypto_generichash_KEYBYTES_MAX,
               "what BLAKE2b takes as a key");
_Static_assert(sizeof(scoped_key_hash_key_t)
               == crypto_shorthash_siphashx24_KEYBYTES,
               "the key of SipHash");
_Static_assert(sizeof(scoped_key_hash_t) == crypto_shorthash_siphashx24_BYTES,
               "the output of SipHash-2-4-128");


#define SCOPED_KEY_HEX_KNOWN  0x10

static const unsigned char  scoped_key_hex[] = "0123456789abcdef";

/* lower-case digits: the digest has one spelling only; 0: no digit */
static const unsigned char  scoped_key_hex_values[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14,
    ['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19,
    ['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e,
    ['f'] = 0x1f
};


bool
scoped_key_digest_init(void)
{
    /* 1 says that it was done before */

    return sodium_init() >= 0;
}


void
scoped_key_digest_make(scoped_key_digest_t *digest,
    const scoped_key_pepper_t *pepper, scoped_key_str_t text)
{
    int                   rc;
    const unsigned char  *key;

    key = pepper->len != 0 ? pepper->bytes : NULL;

    rc = crypto_generichash(digest->bytes, SCOPED_KEY_DIGEST_BYTES, text.data,
                            text.len, key, pepper->len);

    if (rc != 0) {

        /* a pepper of impossible length: random bytes are nobody's digest */

        randombytes_buf(digest->bytes, SCOPED_KEY_DIGEST_BYTES);
    }
}


bool
scoped_key_digest_equal(const scoped_key_digest_t *a,
    const scoped_key_digest_t *b)
{
    return sodium_memcmp(a->bytes, b->bytes, SCOPED_KEY_DIGEST_BYTES) == 0;
}


bool
scoped_key_digest_from_hex(scoped_key_digest_t *digest, scoped_key_str_t hex)
{
    size_t               i;
    unsigned char        high, low, known;
    scoped_key_digest_t  read;

    if (hex.len != SCOPED_KEY_DIGEST_HEX_BYTES) {
        return false;
    }

    known = SCOPED_KEY_HEX_KNOWN;
    memset(&read, 0, sizeof(scoped_key_digest_t));

    for (i = 0; i < SCOPED_KEY_DIGEST_BYTES; i++) {
        high = scoped_key_hex_values[hex.data[2 * i]];
        low = scoped_key_hex_values[hex.data[2 * i + 1]];

        known &= high & low;
        read.bytes[i] = (unsigned char) (high << 4 | (low & 0xf));
    }

    if (!known) {
        return false;
    }

    *digest = read;

    return true;
}


/* n digits, not more than the digest has */
static void
scoped_key_digest_write(const scoped_key_digest_t *digest, unsigned char *hex,
    size_t n)
{
    size_t         i;
    unsigned char  byte;

    for (i = 0; i < n; i++) {
        byte = digest->bytes[i / 2];
        hex[i] = scoped_key_hex[i % 2 == 0 ? byte >> 4 : byte & 0xf];
    }
}


void
scoped_key_digest_to_hex(const scoped_key_digest_t *digest, unsigned char *hex)
{
    scoped_key_digest_write(digest, hex, SCOPED_KEY_DIGEST_HEX_BYTES);
}


void
scoped_key_digest_legacy_id(const scoped_key_digest_t *digest,
    unsigned char *id)
{
    id[0] = 'x';
    scoped_key_digest_write(digest, &id[1], SCOPED_KEY_LEGACY_ID_DIGITS);
}


void
scoped_key_hash_key_make(scoped_key_hash_key_t *key)
{
    randombytes_buf(key->bytes, sizeof(key->bytes));
}


void
scoped_key_hash_make(scoped_key_hash_t *hash, const scoped_key_hash_key_t *key,
    scoped_key_str_t text)
{
    /* the result is 0 whatever is given */

    (void) crypto_shorthash_siphashx24((unsigned char *) hash->word, text.data,
                                       text.len, key->bytes);
}


void
scoped_key_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
