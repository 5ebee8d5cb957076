/*
 * Base64 with one spelling for each text: a credential that two readers could
 * decode differently is none.
 */

#include "basic.h"


static int scoped_key_base64_digit(unsigned char c);
static bool scoped_key_base64_group(const unsigned char *from,
    unsigned char *to, size_t n);
static bool scoped_key_base64_decode(scoped_key_str_t text,
    unsigned char *out, size_t *len);


static int
scoped_key_base64_digit(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}


/* n: bytes that the four characters stand for, 1 to 3 */
static bool
scoped_key_base64_group(const unsigned char *from, unsigned char *to, size_t n)
{
    int       digit;
    size_t    i;
    uint32_t  bits;

    bits = 0;

    for (i = 0; i < 4; i++) {
        digit = i <= n ? scoped_key_base64_digit(from[i]) : 0;

        if (digit < 0) {
            return false;
        }

        bits = bits << 6 | (uint32_t) digit;
    }

    for (i = 0; i < n; i++) {
        to[i] = (unsigned char) (bits >> (16 - 8 * i));
    }

    return (bits & (0xffffffU >> 8 * n)) == 0;
}


static bool
scoped_key_base64_decode(scoped_key_str_t text, unsigned char *out,
    size_t *len)
{
    size_t  i, n, padding;

    if (text.len % 4 != 0) {
        return false;
    }

    *len = 0;

    for (i = 0; i < text.len; i += 4) {
        padding = 0;

        if (i + 4 == text.len) {
            padding = text.data[i + 3] != '=' ? 0
                      : text.data[i + 2] != '=' ? 1 : 2;
        }

        n = 3 - padding;

        if (!scoped_key_base64_group(text.data + i, out + *len, n)) {
            return false;
        }

        *len += n;
    }

    return true;
}


bool
scoped_key_basic_read(scoped_key_str_t credential, unsigned char *scratch,
    scoped_key_str_t *key)
{
    size_t                len, user;
    const unsigned char  *colon;

    if (credential.len == 0
        || !scoped_key_base64_decode(credential, scratch, &len))
    {
        return false;
    }

    /* a user name has no colon, a password may have some */

    colon = memchr(scratch, ':', len);

    if (colon == NULL) {
        return false;
    }

    user = (size_t) (colon - scratch);

    if (user + 1 < len) {
        key->data = colon + 1;
        key->len = len - user - 1;

    } else {
        key->data = scratch;
        key->len = user;
    }

    return true;
}
