/*
 * Text as pointer and length, and the few readings of it that every core file
 * shares.  Knows nothing of keys, scopes, nginx or Redis; owns no memory; has
 * no state.  A text need not end in a NUL and may hold any byte.
 */

#ifndef SCOPED_KEY_STR_H
#define SCOPED_KEY_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


/* the same layout as ngx_str_t, so that http may pass one for the other */
typedef struct {
    size_t                len;
    const unsigned char  *data;
} scoped_key_str_t;

#define scoped_key_str(s)  { sizeof(s) - 1, (const unsigned char *) (s) }


/*
 * Whether len bytes are the same.  For names of a few bytes, of which a call of
 * memcmp() would cost more than the comparison; not for secrets.
 */
static inline bool
scoped_key_bytes_equal(const unsigned char *a, const unsigned char *b,
    size_t len)
{
    const size_t  word = sizeof(uint64_t);

    if (len < word) {
        while (len != 0 && *a == *b) {
            a++;
            b++;
            len--;
        }

        return len == 0;
    }

    /* a compiler makes one comparison of this */

    for ( /* void */ ; len > word; len -= word) {

        if (memcmp(a, b, word) != 0) {
            return false;
        }

        a += word;
        b += word;
    }

    /* the last word, of which some may have been compared before */

    return memcmp(a + len - word, b + len - word, word) == 0;
}

bool scoped_key_str_equal(scoped_key_str_t a, scoped_key_str_t b);

/*
 * Plain decimal digits, 1 to 18 of them, to a number.  No sign, no space.
 * Returns false, and leaves *value alone, on anything else.
 */
bool scoped_key_decimal_parse(scoped_key_str_t text, int64_t *value);

/*
 * Takes the next comma-separated item off the front of *rest, spaces and tabs
 * around it removed; items may be empty.  Returns false when nothing is left:
 * "" has no items, "a," has two.
 */
bool scoped_key_list_next(scoped_key_str_t *rest, scoped_key_str_t *item);

/*
 * Takes what comes before the next `&` or `;` off the front of *rest, and that
 * byte.
 */
scoped_key_str_t scoped_key_cut_pair(scoped_key_str_t *rest);


/* classes of ASCII; a byte from 0x80 on is in none of them */

static inline bool
scoped_key_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


static inline bool
scoped_key_is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}


static inline bool
scoped_key_is_alnum(unsigned char c)
{
    return scoped_key_is_letter(c) || scoped_key_is_digit(c);
}


static inline unsigned char
scoped_key_lower(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') ? (unsigned char) (c | 0x20) : c;
}


/* value of one hexadecimal digit of either case, or -1 */
int scoped_key_hex_digit(unsigned char c);

#endif
