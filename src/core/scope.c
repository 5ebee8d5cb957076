/*
 * Scopes and scope patterns: their form, and whether one matches the other.
 * Knows nothing of grants, refusals or precedence.  No memory, no copies.
 * Invariants: a pattern's parts are matched one to one with the scope's, so
 * that one pass from left to right decides; nothing but an asterisk that
 * stands alone in its part is a wildcard.
 */

#include "scope.h"

#include <string.h>


#define SCOPED_KEY_SCOPE_WORD   1
#define SCOPED_KEY_SCOPE_PLAIN  2

/* of each byte: whether it may stand in a word, and unescaped at that */
#define W  SCOPED_KEY_SCOPE_WORD
#define P  (SCOPED_KEY_SCOPE_WORD|SCOPED_KEY_SCOPE_PLAIN)

static const unsigned char  scoped_key_scope_bytes[256] = {
    ['%'] = W, ['-'] = P, ['.'] = P, ['@'] = P, ['_'] = P, ['~'] = P,

    ['0'] = P, ['1'] = P, ['2'] = P, ['3'] = P, ['4'] = P, ['5'] = P,
    ['6'] = P, ['7'] = P, ['8'] = P, ['9'] = P,

    ['A'] = P, ['B'] = P, ['C'] = P, ['D'] = P, ['E'] = P, ['F'] = P,
    ['G'] = P, ['H'] = P, ['I'] = P, ['J'] = P, ['K'] = P, ['L'] = P,
    ['M'] = P, ['N'] = P, ['O'] = P, ['P'] = P, ['Q'] = P, ['R'] = P,
    ['S'] = P, ['T'] = P, ['U'] = P, ['V'] = P, ['W'] = P, ['X'] = P,
    ['Y'] = P, ['Z'] = P,

    ['a'] = P, ['b'] = P, ['c'] = P, ['d'] = P, ['e'] = P, ['f'] = P,
    ['g'] = P, ['h'] = P, ['i'] = P, ['j'] = P, ['k'] = P, ['l'] = P,
    ['m'] = P, ['n'] = P, ['o'] = P, ['p'] = P, ['q'] = P, ['r'] = P,
    ['s'] = P, ['t'] = P, ['u'] = P, ['v'] = P, ['w'] = P, ['x'] = P,
    ['y'] = P, ['z'] = P
};

#undef W
#undef P


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


/*
 * The length of the word, or of the wildcard, that text begins with.
 * asterisks: the longest wildcard that may stand here.  0: neither is there.
 */
static size_t
scoped_key_part_read(scoped_key_str_t text, size_t asterisks)
{
    size_t  i;

    i = 0;

    if (text.len != 0 && text.data[0] == '*') {

        while (i < text.len && text.data[i] == '*') {
            i++;
        }

        return i <= asterisks ? i : 0;
    }

    while (i < text.len && scoped_key_scope_bytes[text.data[i]] != 0) {
        i++;
    }

    return i;
}


static bool
scoped_key_scope_read(scoped_key_str_t text, bool pattern)
{
    bool           deep;
    size_t         n, len;
    unsigned char  end;

    if (text.len > SCOPED_KEY_SCOPE_MAX_BYTES) {
        return false;
    }

    for (n = 0; n < SCOPED_KEY_SCOPE_MAX_SEGMENTS; n++) {
        len = scoped_key_part_read(text, pattern ? 2 : 0);

        if (len == 0 || len == text.len) {
            return false;
        }

        deep = len == 2 && text.data[0] == '*';
        end = text.data[len];
        scoped_key_skip(&text, len + 1);

        if (end == ':') {
            return text.len != 0
                   && scoped_key_part_read(text, pattern) == text.len;
        }

        if (end != '/' || deep) {
            return false;
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


/* as much of %XX as there is room for */
static void
scoped_key_escape_byte(unsigned char c, unsigned char *out, size_t room)
{
    static const unsigned char  hex[] = "0123456789ABCDEF";

    if (room > 0) {
        out[0] = '%';
    }

    if (room > 1) {
        out[1] = hex[c >> 4];
    }

    if (room > 2) {
        out[2] = hex[c & 0xf];
    }
}


size_t
scoped_key_scope_escape(scoped_key_str_t text, unsigned char *out, size_t room)
{
    size_t         i, n;
    unsigned char  c;

    n = 0;

    /* most texts have nothing to escape */

    while (n < text.len && n < room
           && (scoped_key_scope_bytes[text.data[n]] & SCOPED_KEY_SCOPE_PLAIN))
    {
        out[n] = text.data[n];
        n++;
    }

    for (i = n; i < text.len; i++) {
        c = text.data[i];

        if (!(scoped_key_scope_bytes[c] & SCOPED_KEY_SCOPE_PLAIN)) {

            if (n < room) {
                scoped_key_escape_byte(c, out + n, room - n);
            }

            n += 3;
            continue;
        }

        if (n < room) {
            out[n] = c;
        }

        n++;
    }

    return n;
}
