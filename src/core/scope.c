/*
 * Scopes and scope patterns: their form, and whether one matches the other.
 * Knows nothing of grants, refusals or precedence.  No memory, no copies.
 * Invariants: a pattern's parts are matched one to one with the scope's, so
 * that one pass from left to right decides; nothing but an asterisk that
 * stands alone in its part is a wildcard.
 */

#include "scope.h"

#include <string.h>


bool
scoped_key_scope_char(unsigned char c)
{
    unsigned char  letter;

    switch (c) {

    case '.':
    case '_':
    case '~':
    case '@':
    case '%':
    case '-':
        return true;
    }

    letter = (unsigned char) (c | 0x20);

    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
}


static bool
scoped_key_is_word(scoped_key_str_t part)
{
    size_t  i;

    for (i = 0; i < part.len; i++) {

        if (!scoped_key_scope_char(part.data[i])) {
            return false;
        }
    }

    return part.len != 0;
}


/* asterisks: the longest wildcard that may stand here; 0: none */
static bool
scoped_key_part_valid(scoped_key_str_t part, size_t asterisks)
{
    size_t  i;

    if (part.len == 0 || part.data[0] != '*') {
        return scoped_key_is_word(part);
    }

    for (i = 0; i < part.len; i++) {

        if (part.data[i] != '*') {
            return false;
        }
    }

    return part.len <= asterisks;
}


static void
scoped_key_skip(scoped_key_str_t *text, size_t len)
{
    text->data += len;
    text->len -= len;
}


/* the length of the part that text begins with: up to `/`, `:` or its end */
static size_t
scoped_key_part_len(scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '/' || text.data[i] == ':') {
            break;
        }
    }

    return i;
}


static bool
scoped_key_scope_read(scoped_key_str_t text, bool pattern)
{
    size_t            n;
    bool              last;
    scoped_key_str_t  part;

    if (text.len > SCOPED_KEY_SCOPE_MAX_BYTES) {
        return false;
    }

    for (n = 0; n < SCOPED_KEY_SCOPE_MAX_SEGMENTS; n++) {
        part.data = text.data;
        part.len = scoped_key_part_len(text);

        if (part.len == text.len) {
            return false;
        }

        last = part.data[part.len] == ':';

        if (!scoped_key_part_valid(part, pattern ? 1 + last : 0)) {
            return false;
        }

        scoped_key_skip(&text, part.len + 1);

        if (last) {

            /* neither `/` nor `:` is a word's character */

            return scoped_key_part_valid(text, pattern);
        }
    }

    return false;
}


bool
scoped_key_scope_valid(scoped_key_str_t scope)
{
    return scoped_key_scope_read(scope, false);
}


bool
scoped_key_scope_pattern_valid(scoped_key_str_t pattern)
{
    return scoped_key_scope_read(pattern, true);
}


/* the length of what a wildcard stands for; scope: from there on; 0: nothing */
static size_t
scoped_key_wildcard_len(bool deep, scoped_key_str_t scope)
{
    const unsigned char  *colon;

    if (!deep) {
        return scoped_key_part_len(scope);
    }

    colon = memchr(scope.data, ':', scope.len);

    return colon != NULL ? (size_t) (colon - scope.data) : 0;
}


/* whether a pattern with p here and a scope with s here cannot match */
static bool
scoped_key_differ(unsigned char p, unsigned char s)
{
    return p != s && p != '*';
}


/* how many bytes a and b, of n bytes each, have in common at their front */
static size_t
scoped_key_common_len(const unsigned char *a, const unsigned char *b, size_t n)
{
    size_t  i;

    i = 0;

    /* a compiler makes one comparison of a word of this */

    while (n - i >= sizeof(uint64_t)
           && memcmp(a + i, b + i, sizeof(uint64_t)) == 0)
    {
        i += sizeof(uint64_t);
    }

    while (i < n && a[i] == b[i]) {
        i++;
    }

    return i;
}


bool
scoped_key_scope_match(scoped_key_str_t pattern, scoped_key_str_t scope)
{
    bool    deep;
    size_t  len;

    /* most grants of a key are of another resource or of another action */

    if (pattern.len == 0
        || scope.len == 0
        || scoped_key_differ(pattern.data[0], scope.data[0])
        || scoped_key_differ(pattern.data[pattern.len - 1],
                             scope.data[scope.len - 1]))
    {
        return false;
    }

    while (pattern.len != 0 && scope.len != 0) {

        /* a scope has no asterisk: none is taken for a literal here */

        len = scoped_key_common_len(pattern.data, scope.data,
                                    pattern.len < scope.len ? pattern.len
                                                            : scope.len);
        scoped_key_skip(&pattern, len);
        scoped_key_skip(&scope, len);

        if (pattern.len == 0 || scope.len == 0) {
            break;
        }

        if (pattern.data[0] != '*') {
            return false;
        }

        deep = pattern.len > 1 && pattern.data[1] == '*';
        len = scoped_key_wildcard_len(deep, scope);

        if (len == 0) {
            return false;
        }

        scoped_key_skip(&pattern, deep ? 2 : 1);
        scoped_key_skip(&scope, len);
    }

    return pattern.len == 0 && scope.len == 0;
}


size_t
scoped_key_scope_escape(scoped_key_str_t text, unsigned char *out, size_t room)
{
    size_t                      i, k, n, len;
    unsigned char               c, piece[3];
    static const unsigned char  hex[] = "0123456789ABCDEF";

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];
        piece[0] = c;
        len = 1;

        if (c == '%' || !scoped_key_scope_char(c)) {
            piece[0] = '%';
            piece[1] = hex[c >> 4];
            piece[2] = hex[c & 0xf];
            len = 3;
        }

        for (k = 0; k < len; k++, n++) {

            if (n < room) {
                out[n] = piece[k];
            }
        }
    }

    return n;
}
