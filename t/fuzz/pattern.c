/* links: core/pattern core/text */

/*
 * First line a pattern, then a text.  A pattern matches what the words of the
 * contract, written down as a recursion, say it matches, for hosts and for
 * params; the recursion remembers where it was, so that it ends.  Larger
 * inputs are run for the sanitizers and the clock alone.
 */

#include "core/pattern.h"
#include "fuzz.h"

#include <ctype.h>


#define SMALL_PATTERN_BYTES  200
#define SMALL_TEXT_BYTES     200


typedef struct {
    scoped_key_str_t  pattern;
    scoped_key_str_t  text;
    bool              fold;
    /* places from which there is no match */
    bool              dead[SMALL_PATTERN_BYTES + 1][SMALL_TEXT_BYTES + 1];
} reference_t;


static bool
reference_from(reference_t *r, size_t p, size_t t);


static bool
reference_run(reference_t *r, size_t p, size_t t)
{
    bool  any;

    any = p + 1 < r->pattern.len && r->pattern.data[p + 1] == '*';

    /* the run ends here, or takes one more */

    if (reference_from(r, p + 1 + any, t)) {
        return true;
    }

    return t < r->text.len
           && (any || (r->text.data[t] != '.' && r->text.data[t] != '/'))
           && reference_from(r, p, t + 1);
}


static bool
reference_literal(reference_t *r, size_t p, size_t t)
{
    int  a, b;

    if (t == r->text.len) {
        return false;
    }

    a = r->pattern.data[p];
    b = r->text.data[t];

    return (r->fold ? tolower(a) == tolower(b) : a == b)
           && reference_from(r, p + 1, t + 1);
}


static bool
reference_from(reference_t *r, size_t p, size_t t)
{
    bool  match;

    if (p == r->pattern.len) {
        return t == r->text.len;
    }

    if (r->dead[p][t]) {
        return false;
    }

    match = r->pattern.data[p] == '*' ? reference_run(r, p, t)
                                      : reference_literal(r, p, t);
    r->dead[p][t] = !match;

    return match;
}


static bool
reference(scoped_key_str_t pattern, scoped_key_str_t text, bool fold)
{
    static reference_t  r;

    memset(&r, 0, sizeof(r));
    r.pattern = pattern;
    r.text = text;
    r.fold = fold;

    return reference_from(&r, 0, 0);
}


static bool
is_valid(scoped_key_str_t pattern)
{
    size_t  i;

    for (i = 0; i + 2 < pattern.len; i++) {

        if (memcmp(&pattern.data[i], "***", 3) == 0) {
            return false;
        }
    }

    return pattern.len >= 1 && pattern.len <= SCOPED_KEY_PATTERN_MAX_BYTES;
}


static scoped_key_str_t
bare(scoped_key_str_t host)
{
    host.len -= host.len != 0 && host.data[host.len - 1] == '.';

    return host;
}


static void
match_holds(scoped_key_str_t pattern, scoped_key_str_t text)
{
    bool              match, host;
    scoped_key_str_t  bare_pattern, bare_text;

    match = scoped_key_pattern_match(pattern, text);
    host = scoped_key_host_pattern_match(pattern, text);
    bare_pattern = bare(pattern);
    bare_text = bare(text);

    must(!match || is_valid(pattern));
    must(!host || (is_valid(bare_pattern) && bare_text.len != 0));

    if (pattern.len > SMALL_PATTERN_BYTES || text.len > SMALL_TEXT_BYTES) {
        return;
    }

    if (is_valid(pattern)) {
        must(match == reference(pattern, text, false));
    }

    if (is_valid(bare_pattern) && bare_text.len != 0) {
        must(host == reference(bare_pattern, bare_text, true));
    }
}


static void
host_valid_holds(scoped_key_str_t pattern)
{
    size_t            i;
    scoped_key_str_t  name;

    name = bare(pattern);

    if (!scoped_key_host_pattern_valid(pattern)) {
        return;
    }

    must(is_valid(name) && name.len <= 253);

    for (i = 0; i < name.len; i++) {
        must(isalnum(name.data[i]) || strchr("-_.*:[]", name.data[i]));
        must(name.data[i] != '\0');
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t  pattern, text;

    pattern = fuzz_line(&data, &size);
    text = fuzz_copy(data, size);

    must(scoped_key_pattern_valid(pattern) == is_valid(pattern));
    host_valid_holds(pattern);
    match_holds(pattern, text);

    /* every pattern without asterisks matches itself, and none other does */

    if (is_valid(pattern) && memchr(pattern.data, '*', pattern.len) == NULL) {
        must(scoped_key_pattern_match(pattern, pattern));
    }

    fuzz_free(pattern);
    fuzz_free(text);

    return 0;
}
