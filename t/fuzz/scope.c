/* links: core/scope core/str */

/*
 * First line a pattern, then a scope.  Both are also cut into their parts by
 * the words of the contract, with memory and in several passes; what is valid
 * and what matches must be the same.  Any text, escaped, is one segment.
 */

#include "core/scope.h"
#include "fuzz.h"

#include <ctype.h>


#define MAX_PARTS  64


/* the resource's segments, and the action as the last part */
typedef struct {
    size_t            n;
    scoped_key_str_t  part[MAX_PARTS];
} parts_t;


static scoped_key_str_t
slice(scoped_key_str_t text, size_t from, size_t to)
{
    scoped_key_str_t  s = { to - from, text.data + from };

    return s;
}


static bool
is(scoped_key_str_t text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}


static bool
is_word(scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '\0'
            || (!isalnum(text.data[i]) && !strchr("._~@%-", text.data[i])))
        {
            return false;
        }
    }

    return text.len != 0;
}


/* false: not one colon only, or more parts than there may be */
static bool
cut(scoped_key_str_t text, parts_t *parts)
{
    size_t                i, from;
    const unsigned char  *colon;

    colon = text.len != 0 ? memchr(text.data, ':', text.len) : NULL;
    parts->n = 0;
    from = 0;

    if (colon == NULL) {
        return false;
    }

    for (i = 0; &text.data[i] <= colon; i++) {

        if (text.data[i] != '/' && text.data[i] != ':') {
            continue;
        }

        if (parts->n == 16) {
            return false;
        }

        parts->part[parts->n++] = slice(text, from, i);
        from = i + 1;
    }

    parts->part[parts->n++] = slice(text, from, text.len);

    return true;
}


static bool
is_valid(scoped_key_str_t text, parts_t *parts, bool pattern)
{
    size_t            i;
    scoped_key_str_t  part;

    if (text.len > 255 || !cut(text, parts)) {
        return false;
    }

    for (i = 0; i < parts->n; i++) {
        part = parts->part[i];

        if (is_word(part) || (pattern && is(part, "*"))) {
            continue;
        }

        if (!pattern || i != parts->n - 2 || !is(part, "**")) {
            return false;
        }
    }

    return true;
}


static bool
part_matches(scoped_key_str_t pattern, scoped_key_str_t scope)
{
    return is(pattern, "*") || scoped_key_str_equal(pattern, scope);
}


static bool
matches(const parts_t *pattern, const parts_t *scope)
{
    bool    deep;
    size_t  i;

    deep = is(pattern->part[pattern->n - 2], "**");

    if (deep ? scope->n < pattern->n : scope->n != pattern->n) {
        return false;
    }

    for (i = 0; i < pattern->n - 1 - deep; i++) {

        if (!part_matches(pattern->part[i], scope->part[i])) {
            return false;
        }
    }

    return part_matches(pattern->part[pattern->n - 1],
                        scope->part[scope->n - 1]);
}


static void
escape_holds(scoped_key_str_t text)
{
    size_t            i, k, len, room;
    unsigned char    *out, *some;
    scoped_key_str_t  escaped;

    len = scoped_key_scope_escape(text, NULL, 0);
    out = malloc(len);
    must(scoped_key_scope_escape(text, out, len) == len);

    escaped.data = out;
    escaped.len = len;
    must(text.len == 0 ? len == 0 : is_word(escaped));

    /* decoded once it is the text again: no two texts become one */

    for (i = 0, k = 0; i < text.len; i++) {

        if (out[k] == '%') {
            must(!islower(out[k + 1]) && !islower(out[k + 2]));
            must((scoped_key_hex_digit(out[k + 1]) << 4
                  | scoped_key_hex_digit(out[k + 2])) == text.data[i]);
            k += 3;

        } else {
            must(out[k++] == text.data[i]);
        }
    }

    must(k == len);

    room = len / 2;
    some = malloc(room);
    must(scoped_key_scope_escape(text, some, room) == len);
    must(room == 0 || memcmp(some, out, room) == 0);

    free(some);
    free(out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool              pattern_valid, scope_valid, match;
    parts_t           pattern_parts, scope_parts;
    scoped_key_str_t  pattern, scope;

    pattern = fuzz_line(&data, &size);
    scope = fuzz_line(&data, &size);

    pattern_valid = is_valid(pattern, &pattern_parts, true);
    must(scoped_key_scope_pattern_valid(pattern) == pattern_valid);
    must(scoped_key_scope_valid(pattern)
         == is_valid(pattern, &pattern_parts, false));

    scope_valid = is_valid(scope, &scope_parts, false);
    must(scoped_key_scope_valid(scope) == scope_valid);

    match = scoped_key_scope_match(pattern, scope);

    if (pattern_valid && scope_valid) {
        must(is_valid(pattern, &pattern_parts, true));
        must(match == matches(&pattern_parts, &scope_parts));
    }

    escape_holds(pattern);
    escape_holds(scope);

    fuzz_free(pattern);
    fuzz_free(scope);

    return 0;
}
