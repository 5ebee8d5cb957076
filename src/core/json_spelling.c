/*
 * Names that some upstream would read as one another: see json_spelling.h.
 * Both names are read through a fold that gives one byte at a time; nothing is
 * copied.
 */

#include "json_spelling.h"


#define SCOPED_KEY_SPELLING_END  (-1)

/* letters beyond ASCII, in UTF-8, that fold to an ASCII letter */
typedef struct {
    scoped_key_str_t  sent;
    int               letter;
} scoped_key_fold_t;


static const scoped_key_fold_t  scoped_key_folds[] = {
    { scoped_key_str("\xC5\xBF"), 's' },
    { scoped_key_str("\xE2\x84\xAA"), 'k' },
    { scoped_key_str("\xC4\xB0"), 'i' },
    { scoped_key_str("\xC4\xB1"), 'i' }
};

static const scoped_key_str_t  scoped_key_spelling_proto =
    scoped_key_str("__proto__");


static bool
scoped_key_spelling_blank(unsigned char c)
{
    return c <= ' ' || c == 0x7f;
}


static scoped_key_str_t
scoped_key_spelling_trim(scoped_key_str_t text)
{
    while (text.len != 0 && scoped_key_spelling_blank(text.data[0])) {
        text.data++;
        text.len--;
    }

    while (text.len != 0 && scoped_key_spelling_blank(text.data[text.len - 1]))
    {
        text.len--;
    }

    return text;
}


/* takes one of the letters of the table off the front; 0: there is none */
static int
scoped_key_spelling_beyond(scoped_key_str_t *rest)
{
    size_t            i;
    scoped_key_str_t  sent, head;

    for (i = 0; i < sizeof(scoped_key_folds) / sizeof(scoped_key_folds[0]);
         i++)
    {
        sent = scoped_key_folds[i].sent;
        head = (scoped_key_str_t) { sent.len, rest->data };

        if (rest->len >= sent.len && scoped_key_str_equal(head, sent)) {
            rest->data += sent.len;
            rest->len -= sent.len;

            return scoped_key_folds[i].letter;
        }
    }

    return 0;
}


/* takes the next byte off the front, folded */
static int
scoped_key_spelling_next(scoped_key_str_t *rest)
{
    int  c, letter;

    if (rest->len == 0) {
        return SCOPED_KEY_SPELLING_END;
    }

    c = rest->data[0];
    letter = (c >= 0x80) ? scoped_key_spelling_beyond(rest) : 0;

    if (letter != 0) {
        return letter;
    }

    rest->data++;
    rest->len--;

    return (c >= 'A' && c <= 'Z') ? c + ('a' - 'A') : c;
}


/* the same past the first byte, where `_` and `-` do not count */
static int
scoped_key_spelling_later(scoped_key_str_t *rest)
{
    int  c;

    do {
        c = scoped_key_spelling_next(rest);
    } while (c == '_' || c == '-');

    return c;
}


scoped_key_spelling_e
scoped_key_spelling(scoped_key_str_t name, scoped_key_str_t found)
{
    int  asked, got;

    if (scoped_key_str_equal(name, found)) {
        return SCOPED_KEY_SPELLING_SAME;
    }

    if (scoped_key_str_equal(found, scoped_key_spelling_proto)) {
        return SCOPED_KEY_SPELLING_SUSPECT;
    }

    name = scoped_key_spelling_trim(name);
    found = scoped_key_spelling_trim(found);

    asked = scoped_key_spelling_next(&name);
    got = scoped_key_spelling_next(&found);

    while (asked == got && asked != SCOPED_KEY_SPELLING_END) {
        asked = scoped_key_spelling_later(&name);
        got = scoped_key_spelling_later(&found);
    }

    if (asked == SCOPED_KEY_SPELLING_END
        && (got == SCOPED_KEY_SPELLING_END || got == '.' || got == '['))
    {
        return SCOPED_KEY_SPELLING_SUSPECT;
    }

    return SCOPED_KEY_SPELLING_DIFFERENT;
}
