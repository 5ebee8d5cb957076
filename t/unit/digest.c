/* links: core/digest core/str -lsodium */

/*
 * Digests against vectors of another implementation, their one spelling,
 * ids of legacy keys, tags, and the wiping of secrets.
 * Vectors are lines of t/data/digest.
 */

#include "core/digest.h"
#include "core/token.h"
#include "cases.h"


static scoped_key_pepper_t
pepper_of(scoped_key_str_t bytes)
{
    scoped_key_pepper_t  pepper;

    /* what lies beyond len must not count */

    memset(&pepper, 0xee, sizeof(pepper));
    pepper.len = bytes.len;

    if (bytes.len != 0) {
        memcpy(pepper.bytes, bytes.data, bytes.len);
    }

    return pepper;
}


static void
blake2b_case(const unit_case_t *c)
{
    unsigned char        hex[SCOPED_KEY_DIGEST_HEX_BYTES + 1];
    scoped_key_str_t     written = { SCOPED_KEY_DIGEST_HEX_BYTES, hex };
    scoped_key_digest_t  made, read;
    scoped_key_pepper_t  pepper;

    pepper = pepper_of(c->field[0]);
    scoped_key_digest_make(&made, &pepper, c->field[1]);

    hex[SCOPED_KEY_DIGEST_HEX_BYTES] = 0xa5;
    scoped_key_digest_to_hex(&made, hex);

    check_case(c, scoped_key_str_equal(written, c->field[2]));
    check_case(c, hex[SCOPED_KEY_DIGEST_HEX_BYTES] == 0xa5);

    check_case(c, scoped_key_digest_from_hex(&read, c->field[2]));
    check_case(c, scoped_key_digest_equal(&made, &read));
}


static void
not_hex_case(const unit_case_t *c)
{
    size_t               i, left;
    scoped_key_digest_t  digest;

    memset(&digest, 0x77, sizeof(digest));
    check_case(c, !scoped_key_digest_from_hex(&digest, c->field[0]));

    left = 0;

    for (i = 0; i < SCOPED_KEY_DIGEST_BYTES; i++) {
        left += digest.bytes[i] == 0x77;
    }

    check_case(c, left == SCOPED_KEY_DIGEST_BYTES);
}


static void
test_every_digit(void)
{
    size_t               i;
    int                  byte;
    bool                 digit;
    unsigned char        hex[SCOPED_KEY_DIGEST_HEX_BYTES];
    scoped_key_str_t     text = { sizeof(hex), hex };
    scoped_key_digest_t  digest;

    memset(hex, '0', sizeof(hex));

    for (i = 0; i < sizeof(hex); i++) {

        for (byte = 0; byte < 256; byte++) {
            hex[i] = (unsigned char) byte;
            digit = byte != 0 && strchr("0123456789abcdef", byte) != NULL;
            check(scoped_key_digest_from_hex(&digest, text) == digit);
        }

        hex[i] = '0';
    }
}


static void
test_equal_sees_every_bit(void)
{
    size_t               bit;
    scoped_key_digest_t  a, b;

    memset(&a, 0x5c, sizeof(a));
    b = a;
    check(scoped_key_digest_equal(&a, &b));

    for (bit = 0; bit < 8 * SCOPED_KEY_DIGEST_BYTES; bit++) {
        b.bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
        check(!scoped_key_digest_equal(&a, &b));
        b = a;
    }
}


/* a pepper that BLAKE2b does not take must not give a digest to be guessed */
static void
test_impossible_pepper(void)
{
    scoped_key_digest_t  a, b;
    scoped_key_pepper_t  pepper;

    memset(&pepper, 0, sizeof(pepper));
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    pepper.len = SCOPED_KEY_PEPPER_MAX_BYTES + 1;

    scoped_key_digest_make(&a, &pepper, unit_str("some text"));
    scoped_key_digest_make(&b, &pepper, unit_str("some text"));

    check(!scoped_key_digest_equal(&a, &b));
}


static void
test_legacy_id(void)
{
    unsigned char        id[SCOPED_KEY_LEGACY_ID_BYTES + 1];
    scoped_key_str_t     text = { SCOPED_KEY_LEGACY_ID_BYTES, id };
    scoped_key_digest_t  digest;
    scoped_key_pepper_t  pepper = { 0, { 0 } };

    id[SCOPED_KEY_LEGACY_ID_BYTES] = 0xa5;
    scoped_key_digest_make(&digest, &pepper, unit_str("abc"));
    scoped_key_digest_legacy_id(&digest, id);

    check(scoped_key_str_equal(text, unit_str("xbddd813c634239723171ef3f")));
    check(id[SCOPED_KEY_LEGACY_ID_BYTES] == 0xa5);
}


static bool
tags_equal(const scoped_key_hash_t *a, const scoped_key_hash_t *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}


/* from the authors' vectors.h of SipHash-2-4-128: key 00..0f, text 00..0e */
static void
test_tag_vector(void)
{
    size_t                 i;
    unsigned char          in[15];
    scoped_key_str_t       text = { sizeof(in), in };
    scoped_key_hash_t      hash;
    scoped_key_hash_key_t  key;

    static const unsigned char  expected[16] = {
        0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11,
        0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9
    };

    for (i = 0; i < sizeof(key.bytes); i++) {
        key.bytes[i] = (unsigned char) i;
    }

    for (i = 0; i < sizeof(in); i++) {
        in[i] = (unsigned char) i;
    }

    scoped_key_hash_make(&hash, &key, text);

    check(memcmp(hash.word, expected, sizeof(expected)) == 0);
}


static void
test_tag_keys_differ(void)
{
    scoped_key_hash_t      a, b;
    scoped_key_hash_key_t  one, other;

    memset(&one, 0, sizeof(one));
    memset(&other, 0, sizeof(other));
    scoped_key_hash_key_make(&one);
    scoped_key_hash_key_make(&other);

    check(memcmp(&one, &other, sizeof(one)) != 0);

    scoped_key_hash_make(&a, &one, unit_str("some text"));
    scoped_key_hash_make(&b, &one, unit_str("some text"));
    check(tags_equal(&a, &b));

    scoped_key_hash_make(&b, &one, unit_str("some texu"));
    check(!tags_equal(&a, &b));

    scoped_key_hash_make(&b, &other, unit_str("some text"));
    check(!tags_equal(&a, &b));
}


static void
test_wipe(void)
{
    char  secret[] = "a secret and more";

    scoped_key_wipe(secret, 8);
    check(memcmp(secret, "\0\0\0\0\0\0\0\0 and more", sizeof(secret)) == 0);

    scoped_key_wipe(NULL, 0);
}


int
main(void)
{
    check(scoped_key_digest_init());
    check(scoped_key_digest_init());

    unit_cases("t/data/digest/not_hex", 1, not_hex_case);
    test_every_digit();
    test_equal_sees_every_bit();
    test_impossible_pepper();
    unit_cases("t/data/digest/blake2b", 3, blake2b_case);
    test_legacy_id();
    test_tag_vector();
    test_tag_keys_differ();
    test_wipe();

    return unit_done("digest");
}
