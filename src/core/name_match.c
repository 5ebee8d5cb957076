/*
 * A name becomes symbols: letters, which are all that must be equal, and
 * separators.  SOFT are `_` and `-`, which some upstreams leave out or put in;
 * HARD are what some take for the end of a name, or for a `_`.  Invariant: what
 * is one symbol here is never told apart by an upstream that knows no case.
 */

#include "name_match.h"


#define SCOPED_KEY_SYMBOL_END    0x0
#define SCOPED_KEY_SYMBOL_SOFT   0x1
#define SCOPED_KEY_SYMBOL_HARD   0x2
#define SCOPED_KEY_SYMBOL_CASED  0x3     /* any letter beyond ASCII that has a
                                            case, or its marks */
#define SCOPED_KEY_SYMBOL_NONE   0x4     /* left out */
#define SCOPED_KEY_SYMBOL_BLANK  0x8     /* HARD that no member goes on with */

#define SCOPED_KEY_FULLWIDTH_FIRST  0xff01   /* `!` and all up to `~` */
#define SCOPED_KEY_FULLWIDTH_LAST   0xff5e
#define SCOPED_KEY_UNCASED_FIRST    0x2e80   /* from here on, few have a case */
#define SCOPED_KEY_BROKEN           0xfffd

/* what becomes of characters beyond ASCII */
typedef enum {
    SCOPED_KEY_BEYOND_NARROWED = 0,      /* ASCII where it can be, else none */
    SCOPED_KEY_BEYOND_DROPPED,           /* none */
    SCOPED_KEY_BEYOND_KEPT               /* ASCII where it can be, else kept */
} scoped_key_beyond_e;

typedef struct {
    scoped_key_str_t         rest;
    scoped_key_name_kind_e   kind;
    scoped_key_beyond_e      beyond;
    bool                     met;        /* something beyond ASCII */
} scoped_key_symbols_t;

/* characters from first to last */
typedef struct {
    uint32_t                 first;
    uint32_t                 last;
} scoped_key_range_t;


/* one bit a byte: what separates nothing in a name of either kind */
static const uint32_t  scoped_key_name_letters[2][4] = {
    {
        0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                    /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
        0x03ff8000, /* 0000 0011 1111 1111  1000 0000 0000 0000 */

                    /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
        0x07fffffe, /* 0000 0111 1111 1111  1111 1111 1111 1110 */

                    /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
        0x07fffffe  /* 0000 0111 1111 1111  1111 1111 1111 1110 */
    },
    {
        0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                    /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
        0xffff9ffe, /* 1111 1111 1111 1111  1001 1111 1111 1110 */

                    /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
        0x57ffffff, /* 0101 0111 1111 1111  1111 1111 1111 1111 */

                    /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
        0x7fffffff  /* 0111 1111 1111 1111  1111 1111 1111 1111 */
    }
};

/* letters that become ASCII when case is not told apart */
static const struct {
    uint32_t       code;
    unsigned char  letter;
} scoped_key_name_folds[] = {
    { 0x0130, 'i' },
    { 0x0131, 'i' },
    { 0x017f, 's' },
    { 0x212a, 'k' }
};

/* spaces, marks and invisible characters beyond ASCII */
static const scoped_key_range_t  scoped_key_name_blanks[] = {
    { 0x0080, 0x00a0 },
    { 0x00ad, 0x00ad },
    { 0x0300, 0x036f },
    { 0x2000, 0x206f },
    { 0x3000, 0x3000 },
    { 0xfe00, 0xfe0f },
    { 0xfeff, 0xfeff },
    { SCOPED_KEY_BROKEN, SCOPED_KEY_BROKEN }
};

static const scoped_key_str_t  scoped_key_name_proto =
    scoped_key_str("__proto__");


static bool
scoped_key_name_is_blank(uint32_t code)
{
    size_t                     i;
    const scoped_key_range_t  *range;

    range = scoped_key_name_blanks;

    for (i = 0; i < sizeof(scoped_key_name_blanks) / sizeof(*range); i++) {

        if (code >= range[i].first && code <= range[i].last) {
            return true;
        }
    }

    return false;
}


static unsigned
scoped_key_name_ascii(unsigned char c, scoped_key_name_kind_e kind)
{
    if (c == '_' || c == '-') {
        return SCOPED_KEY_SYMBOL_SOFT;
    }

    if (!(scoped_key_name_letters[kind][c >> 5] >> (c & 0x1f) & 1)) {
        return kind == SCOPED_KEY_NAME_MEMBER && (c <= ' ' || c == 0x7f)
               ? SCOPED_KEY_SYMBOL_BLANK : SCOPED_KEY_SYMBOL_HARD;
    }

    return c >= 'A' && c <= 'Z' ? c | 0x20U : c;
}


/*
 * Takes one character beyond ASCII, with no objection to one that is longer
 * than it should be; a byte that begins none is one by itself.
 */
static uint32_t
scoped_key_name_utf8(scoped_key_str_t *text)
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
        code = SCOPED_KEY_BROKEN;
    }

    text->data += i;
    text->len -= i;

    return code;
}


/* the ASCII that some upstream could make of it; 0: none */
static unsigned char
scoped_key_name_narrow(uint32_t code)
{
    size_t  i, n;

    if (code < 0x80) {
        return code != 0 ? (unsigned char) code : ' ';
    }

    if (code >= SCOPED_KEY_FULLWIDTH_FIRST
        && code <= SCOPED_KEY_FULLWIDTH_LAST)
    {
        return (unsigned char) (code - SCOPED_KEY_FULLWIDTH_FIRST + '!');
    }

    n = sizeof(scoped_key_name_folds) / sizeof(scoped_key_name_folds[0]);

    for (i = 0; i < n; i++) {

        if (scoped_key_name_folds[i].code == code) {
            return scoped_key_name_folds[i].letter;
        }
    }

    return 0;
}


static unsigned
scoped_key_name_beyond(scoped_key_symbols_t *symbols)
{
    uint32_t       code;
    unsigned char  narrow;

    code = scoped_key_name_utf8(&symbols->rest);
    symbols->met = true;

    if (symbols->beyond == SCOPED_KEY_BEYOND_DROPPED) {
        return SCOPED_KEY_SYMBOL_NONE;
    }

    narrow = scoped_key_name_narrow(code);

    if (narrow != 0) {
        return scoped_key_name_ascii(narrow, symbols->kind);
    }

    if (symbols->beyond == SCOPED_KEY_BEYOND_NARROWED
        || scoped_key_name_is_blank(code))
    {
        return SCOPED_KEY_SYMBOL_NONE;
    }

    return code < SCOPED_KEY_UNCASED_FIRST ? SCOPED_KEY_SYMBOL_CASED : code;
}


static unsigned
scoped_key_name_symbol(scoped_key_symbols_t *symbols)
{
    unsigned       symbol;
    unsigned char  c;

    while (symbols->rest.len != 0) {
        c = *symbols->rest.data;

        if (c >= 0x80) {
            symbol = scoped_key_name_beyond(symbols);

            if (symbol != SCOPED_KEY_SYMBOL_NONE) {
                return symbol;
            }

            continue;
        }

        symbols->rest.data++;
        symbols->rest.len--;

        return scoped_key_name_ascii(c, symbols->kind);
    }

    return SCOPED_KEY_SYMBOL_END;
}


/* the next letter, or END; *separators: which kinds stood before it */
static unsigned
scoped_key_name_letter(scoped_key_symbols_t *symbols, unsigned *separators)
{
    unsigned  symbol;

    *separators = 0;

    do {
        symbol = scoped_key_name_symbol(symbols);

        if (symbol == SCOPED_KEY_SYMBOL_SOFT
            || symbol == SCOPED_KEY_SYMBOL_HARD
            || symbol == SCOPED_KEY_SYMBOL_BLANK)
        {
            *separators |= symbol;
            continue;
        }

        return symbol;

    } while (true);
}


/* SOFT may be left out, HARD may be one */
static bool
scoped_key_name_separators_agree(unsigned found, unsigned asked)
{
    const unsigned  hard = SCOPED_KEY_SYMBOL_HARD|SCOPED_KEY_SYMBOL_BLANK;

    return (found & hard ? asked != 0 : true)
           && (asked & hard ? found != 0 : true);
}


/* before the first letter, HARD means nothing, and SOFT is not left out */
static bool
scoped_key_name_fronts_agree(unsigned found, unsigned asked)
{
    return asked == SCOPED_KEY_SYMBOL_SOFT ? found != 0
                                           : found != SCOPED_KEY_SYMBOL_SOFT;
}


/* whether it begins with the name, and goes on, if at all, with HARD */
static bool
scoped_key_name_begins(scoped_key_symbols_t *found, scoped_key_symbols_t name,
    bool *goes_on)
{
    bool      agree;
    unsigned  got, asked, before, asked_before;

    got = scoped_key_name_letter(found, &before);
    asked = scoped_key_name_letter(&name, &asked_before);
    agree = scoped_key_name_fronts_agree(before, asked_before);

    if (asked == SCOPED_KEY_SYMBOL_END) {
        *goes_on = false;
        return agree && got == SCOPED_KEY_SYMBOL_END;
    }

    while (agree && got == asked) {
        got = scoped_key_name_letter(found, &before);
        asked = scoped_key_name_letter(&name, &asked_before);

        if (asked == SCOPED_KEY_SYMBOL_END) {
            *goes_on = got != SCOPED_KEY_SYMBOL_END;

            if (*goes_on || found->kind == SCOPED_KEY_NAME_PAIR) {
                return before & SCOPED_KEY_SYMBOL_HARD
                       || (before == 0 && !*goes_on);
            }

            return true;
        }

        agree = scoped_key_name_separators_agree(before, asked_before);
    }

    return false;
}


static bool
scoped_key_name_is_ascii(scoped_key_str_t text)
{
    size_t         i;
    unsigned char  bits;

    bits = 0;

    for (i = 0; i < text.len; i++) {
        bits |= text.data[i];
    }

    return bits < 0x80;
}


/* just: nothing may go on behind the name */
static bool
scoped_key_name_may_equal(scoped_key_str_t text, scoped_key_str_t name,
    scoped_key_name_kind_e kind, bool just)
{
    bool                  goes_on, ascii;
    scoped_key_symbols_t  found, asked;

    ascii = scoped_key_name_is_ascii(name);

    found.rest = text;
    found.kind = kind;
    found.met = false;
    found.beyond = ascii ? SCOPED_KEY_BEYOND_NARROWED
                         : SCOPED_KEY_BEYOND_KEPT;
    asked = found;
    asked.rest = name;

    if (scoped_key_name_begins(&found, asked, &goes_on)) {
        return !just || !goes_on;
    }

    if (!ascii || !found.met) {
        return false;
    }

    found.rest = text;
    found.beyond = SCOPED_KEY_BEYOND_DROPPED;

    return scoped_key_name_begins(&found, asked, &goes_on)
           && (!just || !goes_on);
}


bool
scoped_key_name_is_proto(scoped_key_str_t found)
{
    unsigned char  next;

    if (found.len > scoped_key_name_proto.len) {
        next = found.data[scoped_key_name_proto.len];

        if (next == '[' || next == '.') {
            found.len = scoped_key_name_proto.len;
        }
    }

    return scoped_key_str_equal(found, scoped_key_name_proto);
}


bool
scoped_key_name_may_be(scoped_key_str_t part, scoped_key_str_t name)
{
    return scoped_key_str_equal(part, name)
           || scoped_key_name_is_proto(part)
           || scoped_key_name_may_equal(part, name, SCOPED_KEY_NAME_PAIR,
                                        false);
}


scoped_key_name_e
scoped_key_name_match(scoped_key_str_t found, scoped_key_str_t name,
    scoped_key_name_kind_e kind)
{
    size_t            len;
    scoped_key_str_t  part;

    if (scoped_key_str_equal(found, name)) {
        return SCOPED_KEY_NAME_SAME;
    }

    if (kind == SCOPED_KEY_NAME_MEMBER && scoped_key_name_differs(found, name))
    {
        return SCOPED_KEY_NAME_OTHER;
    }

    if (scoped_key_name_is_proto(found)
        || scoped_key_name_may_equal(found, name, kind, false))
    {
        return SCOPED_KEY_NAME_SUSPECT;
    }

    if (kind == SCOPED_KEY_NAME_MEMBER) {
        return SCOPED_KEY_NAME_OTHER;
    }

    for (len = found.len; found.len != 0; /* void */ ) {
        part = scoped_key_cut_pair(&found);

        if (part.len != len && scoped_key_name_may_be(part, name)) {
            return SCOPED_KEY_NAME_SUSPECT;
        }
    }

    return SCOPED_KEY_NAME_OTHER;
}


bool
scoped_key_name_is_just(scoped_key_str_t found, scoped_key_str_t name)
{
    return scoped_key_name_may_equal(found, name, SCOPED_KEY_NAME_PAIR, true);
}


size_t
scoped_key_name_skeleton(scoped_key_str_t name, bool narrow,
    unsigned char *skeleton, size_t max)
{
    size_t                n;
    unsigned              symbol;
    scoped_key_symbols_t  symbols;

    symbols.rest = name;
    symbols.kind = SCOPED_KEY_NAME_PAIR;
    symbols.beyond = narrow ? SCOPED_KEY_BEYOND_NARROWED
                            : SCOPED_KEY_BEYOND_DROPPED;

    for (n = 0; n < max; /* void */ ) {
        symbol = scoped_key_name_symbol(&symbols);

        if (symbol == SCOPED_KEY_SYMBOL_END) {
            break;
        }

        /* a letter is its ASCII code, and all else that is one is less */

        if (symbol >= '0' && symbol <= 'z') {
            skeleton[n++] = (unsigned char) symbol;
        }
    }

    return n;
}
