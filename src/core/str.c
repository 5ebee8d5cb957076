/*
 * Readings of a text that every core file shares: equality, decimal numbers,
 * lists, hexadecimal digits.  Knows nothing of keys, scopes, nginx or Redis.
 * Invariants: no byte outside the given text is read, a text of length 0 may
 * have no data at all, and case means that of ASCII, whatever the locale.
 */

#include "str.h"

#include <string.h>


#define SCOPED_KEY_DECIMAL_MAX_DIGITS  18


bool
scoped_key_str_equal(scoped_key_str_t a, scoped_key_str_t b)
{
    if (a.len != b.len) {
        return false;
    }

    return a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
}


bool
scoped_key_decimal_parse(scoped_key_str_t text, int64_t *value)
{
    size_t         i;
    int64_t        n;
    unsigned char  c;

    if (text.len == 0 || text.len > SCOPED_KEY_DECIMAL_MAX_DIGITS) {
        return false;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c < '0' || c > '9') {
            return false;
        }

        n = n * 10 + (c - '0');
    }

    *value = n;

    return true;
}


static bool
scoped_key_is_blank(unsigned char c)
{
    return c == ' ' || c == '\t';
}


static scoped_key_str_t
scoped_key_trim(scoped_key_str_t text)
{
    while (text.len != 0 && scoped_key_is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && scoped_key_is_blank(text.data[text.len - 1])) {
        text.len--;
    }

    return text;
}


bool
scoped_key_list_next(scoped_key_str_t *rest, scoped_key_str_t *item)
{
    const unsigned char            *comma;
    scoped_key_str_t                first;
    static const scoped_key_str_t   blank = scoped_key_str(" ");

    if (rest->len == 0) {
        return false;
    }

    first = *rest;
    comma = memchr(rest->data, ',', rest->len);

    if (comma == NULL) {
        rest->data += rest->len;
        rest->len = 0;

    } else {
        first.len = (size_t) (comma - rest->data);
        rest->data += first.len + 1;
        rest->len -= first.len + 1;

        if (rest->len == 0) {

            /*
             * An empty item is still to come after a last comma, which an
             * empty rest could not say: a blank one is the same item.
             */

            *rest = blank;
        }
    }

    *item = scoped_key_trim(first);

    return true;
}


int
scoped_key_hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = scoped_key_lower(c);

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


scoped_key_str_t
scoped_key_cut_pair(scoped_key_str_t *rest)
{
    size_t            i;
    scoped_key_str_t  part;

    part = *rest;

    for (i = 0; i < part.len; i++) {

        if (part.data[i] == ';' || part.data[i] == '&') {
            rest->data += i + 1;
            rest->len -= i + 1;
            part.len = i;

            return part;
        }
    }

    rest->data += rest->len;
    rest->len = 0;

    return part;
}
