/*
 * What the name of a pair could mean.  Upstreams differ: PHP makes `_` of `.`,
 * space and `[`; Rack, qs and PHP make `name[k]` a part of `name`; binders of
 * .NET and Spring read `x.name`, `name.x`, `!name`; some know no case, some
 * mend or drop broken UTF-8.  Here a name becomes symbols: lower-case letters,
 * digits and `-`; SOFT for `_`; HARD for all other ASCII.  Invariant:
 * separators side by side are one, HARD if one of them is; SOFT and HARD are
 * alike but where a name begins or ends, and there only HARD will do.
 */

#include "query_reading.h"


#define SCOPED_KEY_SYMBOL_END   0
#define SCOPED_KEY_SYMBOL_SOFT  '_'
#define SCOPED_KEY_SYMBOL_HARD  '.'

#define SCOPED_KEY_FULLWIDTH_FIRST  0xff01   /* `!` and all up to `~` */
#define SCOPED_KEY_FULLWIDTH_LAST   0xff5e


/* one bit a byte: a-z, 0-9 and `-`, which are themselves in any reading */
static const uint32_t  scoped_key_query_plain[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x03ff2000, /* 0000 0011 1111 1111  0010 0000 0000 0000 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x07fffffe, /* 0000 0111 1111 1111  1111 1111 1111 1110 */

    0x00000000, 0x00000000, 0x00000000, 0x00000000
};

/* letters that become ASCII when case is not told apart */
static const struct {
    uint32_t       code;
    unsigned char  letter;
} scoped_key_query_letters[] = {
    { 0x0130, 'i' },
    { 0x0131, 'i' },
    { 0x017f, 's' },
    { 0x212a, 'k' }
};


static bool
scoped_key_query_is_plain(unsigned char c)
{
    return (scoped_key_query_plain[c >> 5] & (1U << (c & 0x1f))) != 0;
}


/*
 * Takes one character beyond ASCII, with no objection to one that is longer
 * than it should be; a byte that begins none is one by itself.
 */
static uint32_t
scoped_key_query_utf8(scoped_key_str_t *text)
{
    size_t         i, len;
    uint32_t       code;
    unsigned char  c;

    c = *text->data;
    len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (len > text->len) {
        len = 1;
    }

    code = c & (0x7fu >> len);

    for (i = 1; i < len && (text->data[i] & 0xc0) == 0x80; i++) {
        code = (code << 6) | (text->data[i] & 0x3f);
    }

    if (i < len || len == 1) {
        i = 1;
        code = 0xfffd;
    }

    text->data += i;
    text->len -= i;

    return code;
}


/* the ASCII that some upstream could make of it; 0: none */
static unsigned char
scoped_key_query_narrow(uint32_t code)
{
    size_t  i, n;

    if (code < 0x20) {
        return SCOPED_KEY_SYMBOL_HARD;
    }

    if (code < 0x80) {
        return (unsigned char) code;
    }

    if (code >= SCOPED_KEY_FULLWIDTH_FIRST
        && code <= SCOPED_KEY_FULLWIDTH_LAST)
    {
        return (unsigned char) (code - SCOPED_KEY_FULLWIDTH_FIRST + '!');
    }

    n = sizeof(scoped_key_query_letters) / sizeof(scoped_key_query_letters[0]);

    for (i = 0; i < n; i++) {

        if (scoped_key_query_letters[i].code == code) {
            return scoped_key_query_letters[i].letter;
        }
    }

    return 0;
}


/*
 * Takes one character: ASCII in lower case, or 0 for what is left out.
 * narrow: what can be made ASCII is; else all beyond ASCII is left out.
 */
static unsigned char
scoped_key_query_letter(scoped_key_str_t *text, bool narrow)
{
    uint32_t       code;
    unsigned char  c;

    c = *text->data;

    if (c >= 0x80) {
        code = scoped_key_query_utf8(text);
        c = narrow ? scoped_key_query_narrow(code) : 0;

    } else {
        c = scoped_key_query_narrow(c);
        text->data++;
        text->len--;
    }

    return c >= 'A' && c <= 'Z' ? (unsigned char) (c | 0x20) : c;
}


/* takes one symbol; END stays */
static unsigned char
scoped_key_query_symbol(scoped_key_str_t *text, bool narrow)
{
    unsigned char     c, separator;
    scoped_key_str_t  rest;

    if (text->len != 0 && scoped_key_query_is_plain(*text->data)) {
        text->len--;
        return *text->data++;
    }

    rest = *text;
    separator = SCOPED_KEY_SYMBOL_END;

    while (rest.len != 0) {
        c = scoped_key_query_letter(&rest, narrow);

        if (scoped_key_query_is_plain(c)) {

            if (separator != SCOPED_KEY_SYMBOL_END) {
                return separator;
            }

            *text = rest;
            return c;
        }

        if (c != 0 && separator != SCOPED_KEY_SYMBOL_HARD) {
            separator = c == '_' ? SCOPED_KEY_SYMBOL_SOFT
                                 : SCOPED_KEY_SYMBOL_HARD;
        }

        *text = rest;
    }

    return separator;
}


static bool
scoped_key_query_separates(unsigned char symbol)
{
    return symbol == SCOPED_KEY_SYMBOL_SOFT
           || symbol == SCOPED_KEY_SYMBOL_HARD;
}


/* HARD off the front: it means nothing there */
static scoped_key_str_t
scoped_key_query_trim(scoped_key_str_t text, bool narrow)
{
    unsigned char     symbol;
    scoped_key_str_t  rest;

    rest = text;
    symbol = scoped_key_query_symbol(&rest, narrow);

    return symbol == SCOPED_KEY_SYMBOL_HARD ? rest : text;
}


/* whether a text begins with the name, and goes on, if at all, with HARD */
static bool
scoped_key_query_begins(scoped_key_str_t text, scoped_key_str_t name,
    bool narrow, scoped_key_str_t *rest)
{
    unsigned char     t, n;

    do {
        n = scoped_key_query_symbol(&name, narrow);

        if (n == SCOPED_KEY_SYMBOL_HARD && name.len == 0) {
            n = SCOPED_KEY_SYMBOL_END;
        }

        t = scoped_key_query_symbol(&text, narrow);

        if (n == SCOPED_KEY_SYMBOL_END) {
            *rest = text;
            return t == SCOPED_KEY_SYMBOL_END || t == SCOPED_KEY_SYMBOL_HARD;
        }

    } while (t == n || (scoped_key_query_separates(t)
                        && scoped_key_query_separates(n)));

    return false;
}


/* whether it does so at its front, or behind any HARD in it */
static bool
scoped_key_query_holds(scoped_key_str_t text, scoped_key_str_t name,
    bool narrow)
{
    unsigned char     symbol;
    scoped_key_str_t  rest;

    name = scoped_key_query_trim(name, narrow);

    do {
        if (scoped_key_query_begins(text, name, narrow, &rest)) {
            return true;
        }

        do {
            symbol = scoped_key_query_symbol(&text, narrow);

            if (symbol == SCOPED_KEY_SYMBOL_END) {
                return false;
            }
        } while (symbol != SCOPED_KEY_SYMBOL_HARD);

    } while (text.len != 0);

    return false;
}


static bool
scoped_key_query_is_ascii(scoped_key_str_t text)
{
    size_t         i;
    unsigned char  bits;

    bits = 0;

    for (i = 0; i < text.len; i++) {
        bits |= text.data[i];
    }

    return bits < 0x80;
}


bool
scoped_key_query_reads_as(scoped_key_str_t text, scoped_key_str_t name)
{
    return scoped_key_query_holds(text, name, true)
           || (!scoped_key_query_is_ascii(text)
               && scoped_key_query_holds(text, name, false));
}


static bool
scoped_key_query_is(scoped_key_str_t text, scoped_key_str_t name, bool narrow)
{
    scoped_key_str_t  rest;

    text = scoped_key_query_trim(text, narrow);
    name = scoped_key_query_trim(name, narrow);

    return scoped_key_query_begins(text, name, narrow, &rest) && rest.len == 0;
}


bool
scoped_key_query_reads_just_as(scoped_key_str_t text, scoped_key_str_t name)
{
    return scoped_key_query_is(text, name, true)
           || scoped_key_query_is(text, name, false);
}


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
