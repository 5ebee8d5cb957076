/*
 * How a name, as sent, relates to an asked-for one: told at once for ordinary
 * names, and by all readings of name_match.c for the others.  No memory but
 * SCOPED_KEY_QUERY_MAX_NAME bytes of stack.
 * Invariant: OTHER is said only when no reading is the asked-for name.
 */

#include "query.h"


size_t
scoped_key_query_decode_fully(unsigned char *data, size_t len)
{
    int     high, low;
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        data[n++] = data[i];

        /* a byte that was encoded may be part of a further %XX */
        while (n >= 3 && data[n - 3] == '%') {
            high = scoped_key_hex_digit(data[n - 2]);
            low = scoped_key_hex_digit(data[n - 1]);

            if (high < 0 || low < 0) {
                break;
            }

            n -= 2;
            data[n - 1] = (unsigned char) (high << 4 | low);
        }
    }

    return n;
}


/* whether the text, fully decoded, holds what no name should hold */
static bool
scoped_key_query_is_odd(scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] < 0x20 || text.data[i] == 0x7f
            || text.data[i] == '%')
        {
            return true;
        }
    }

    return false;
}


/* a name as sent that is no word */
static scoped_key_name_e
scoped_key_query_encoded_name(scoped_key_str_t sent, scoped_key_str_t name)
{
    unsigned char     decoded[SCOPED_KEY_QUERY_MAX_NAME];
    scoped_key_str_t  text;

    if (sent.len > SCOPED_KEY_QUERY_MAX_NAME
        || !scoped_key_query_decode(sent, decoded, &text.len))
    {
        return SCOPED_KEY_NAME_SUSPECT;
    }

    text.data = decoded;

    if (scoped_key_str_equal(text, name)) {
        return SCOPED_KEY_NAME_SAME;
    }

    text.len = scoped_key_query_decode_fully(decoded, text.len);

    if (scoped_key_query_is_odd(text)) {
        return SCOPED_KEY_NAME_SUSPECT;
    }

    return scoped_key_name_match(text, name, SCOPED_KEY_NAME_PAIR)
           != SCOPED_KEY_NAME_OTHER ? SCOPED_KEY_NAME_SUSPECT
                                    : SCOPED_KEY_NAME_OTHER;
}


/* whether all of a name are letters, digits, `-` and `_` */
static bool
scoped_key_query_is_word(scoped_key_str_t sent)
{
    size_t         i;
    unsigned char  c, lower;

    for (i = 0; i < sent.len; i++) {
        c = sent.data[i];
        lower = (unsigned char) (c | 0x20);

        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9')
            && c != '_' && c != '-')
        {
            return false;
        }
    }

    return true;
}


scoped_key_name_e
scoped_key_query_name(scoped_key_str_t sent, scoped_key_str_t name)
{
    if (!scoped_key_query_is_word(sent)) {
        return scoped_key_query_encoded_name(sent, name);
    }

    if (sent.len == 0 || name.len == 0) {
        return sent.len == name.len ? SCOPED_KEY_NAME_SAME
                                    : SCOPED_KEY_NAME_OTHER;
    }

    if (scoped_key_name_differs(sent, name)) {
        return SCOPED_KEY_NAME_OTHER;
    }

    return scoped_key_name_match(sent, name, SCOPED_KEY_NAME_PAIR);
}


bool
scoped_key_query_name_decode(scoped_key_str_t sent, unsigned char *decoded,
    scoped_key_query_name_t *name)
{
    unsigned char  *fully;

    name->once = sent;
    name->fully = sent;

    name->encoded = !scoped_key_query_is_word(sent);

    if (!name->encoded) {
        return !scoped_key_name_is_proto(sent);
    }

    if (sent.len > SCOPED_KEY_QUERY_MAX_NAME
        || !scoped_key_query_decode(sent, decoded, &name->once.len))
    {
        return false;
    }

    name->once.data = decoded;

    fully = decoded + name->once.len;
    memcpy(fully, decoded, name->once.len);

    name->fully.data = fully;
    name->fully.len = scoped_key_query_decode_fully(fully, name->once.len);

    return !scoped_key_query_is_odd(name->fully)
           && !scoped_key_name_is_proto(name->fully);
}
