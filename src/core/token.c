/*
 * The form of a key: what is issued, what may be legacy, what is neither; and
 * the checksum that filters typing mistakes.  Knows no record and no digest.
 * Invariants: the form of an issued key is fixed from its end, so that a text
 * has one reading at most; nothing is written but *id and the checksum.
 */

#include "token.h"

#include <string.h>


/* all that follows the prefix: _id_secretchecksum */
#define SCOPED_KEY_TOKEN_TAIL_BYTES                                           \
    (1 + SCOPED_KEY_ID_BYTES                                                  \
     + 1 + SCOPED_KEY_SECRET_BYTES + SCOPED_KEY_CHECKSUM_BYTES)

#define SCOPED_KEY_ISSUED_MIN_BYTES                                           \
    (SCOPED_KEY_PREFIX_MIN_BYTES + SCOPED_KEY_TOKEN_TAIL_BYTES)
#define SCOPED_KEY_ISSUED_MAX_BYTES                                           \
    (SCOPED_KEY_PREFIX_MAX_BYTES + SCOPED_KEY_TOKEN_TAIL_BYTES)


/* the CRC-32 of ISO 3309, bits reflected, for each value of four bits */
static const uint32_t  scoped_key_crc32_table[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
    0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
};

static const unsigned char  scoped_key_base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";


static uint32_t
scoped_key_crc32(scoped_key_str_t text)
{
    size_t    i;
    uint32_t  crc;

    crc = 0xffffffff;

    for (i = 0; i < text.len; i++) {
        crc ^= text.data[i];
        crc = (crc >> 4) ^ scoped_key_crc32_table[crc & 0xf];
        crc = (crc >> 4) ^ scoped_key_crc32_table[crc & 0xf];
    }

    return ~crc;
}


void
scoped_key_token_checksum(scoped_key_str_t text, unsigned char *out)
{
    size_t    i;
    uint32_t  n;

    n = scoped_key_crc32(text);

    for (i = SCOPED_KEY_CHECKSUM_BYTES; i > 0; i--) {
        out[i - 1] = scoped_key_base62[n % 62];
        n /= 62;
    }
}


static bool
scoped_key_is_prefix(const unsigned char *p, size_t len)
{
    size_t  i;

    if (p[0] < 'a' || p[0] > 'z') {
        return false;
    }

    for (i = 1; i < len; i++) {

        if ((p[i] < 'a' || p[i] > 'z') && (p[i] < '0' || p[i] > '9')) {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_is_base62(const unsigned char *p, size_t len)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < len; i++) {
        c = (unsigned char) (p[i] | 0x20);

        if ((c < 'a' || c > 'z') && (p[i] < '0' || p[i] > '9')) {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_is_issued_form(scoped_key_str_t text)
{
    size_t                prefix;
    const unsigned char  *id, *secret;

    if (text.len < SCOPED_KEY_ISSUED_MIN_BYTES
        || text.len > SCOPED_KEY_ISSUED_MAX_BYTES)
    {
        return false;
    }

    prefix = text.len - SCOPED_KEY_TOKEN_TAIL_BYTES;
    id = text.data + prefix + 1;
    secret = id + SCOPED_KEY_ID_BYTES + 1;

    return id[-1] == '_'
           && secret[-1] == '_'
           && scoped_key_is_prefix(text.data, prefix)
           && scoped_key_is_base62(id, SCOPED_KEY_ID_BYTES)
           && scoped_key_is_base62(secret, SCOPED_KEY_SECRET_BYTES
                                           + SCOPED_KEY_CHECKSUM_BYTES);
}


static bool
scoped_key_is_legacy_form(scoped_key_str_t text)
{
    size_t  i;

    if (text.len < SCOPED_KEY_LEGACY_MIN_BYTES
        || text.len > SCOPED_KEY_TOKEN_MAX_BYTES)
    {
        return false;
    }

    for (i = 0; i < text.len; i++) {

        if (text.data[i] <= ' ' || text.data[i] >= 0x7f) {
            return false;
        }
    }

    return true;
}


scoped_key_token_e
scoped_key_token_parse(scoped_key_str_t text, scoped_key_str_t *id)
{
    unsigned char     checksum[SCOPED_KEY_CHECKSUM_BYTES];
    scoped_key_str_t  body;

    if (!scoped_key_is_issued_form(text)) {
        return scoped_key_is_legacy_form(text) ? SCOPED_KEY_TOKEN_LEGACY
                                               : SCOPED_KEY_TOKEN_MALFORMED;
    }

    body.data = text.data;
    body.len = text.len - SCOPED_KEY_CHECKSUM_BYTES;

    scoped_key_token_checksum(body, checksum);

    if (memcmp(body.data + body.len, checksum, SCOPED_KEY_CHECKSUM_BYTES)) {
        return SCOPED_KEY_TOKEN_MALFORMED;
    }

    id->data = text.data + text.len - SCOPED_KEY_TOKEN_TAIL_BYTES + 1;
    id->len = SCOPED_KEY_ID_BYTES;

    return SCOPED_KEY_TOKEN_ISSUED;
}
