/* links: core/pattern core/str */

/*
 * First line a pattern, then a text.  A pattern matches what the words of the
 * contract, written down as a recursion over the pattern as written, say it
 * matches, for hosts and for params; the recursion remembers where it was, so
 * that it ends.  Larger inputs are run for the sanitizers and the steps alone.
 */

#include "core/pattern.h"
#include "fuzz.h"

#include <ctype.h>


#define SMALL_PATTERN_BYTES  200
#define SMALL_TEXT_BYTES     200

#define PLENTY  ((size_t) 1 << 40)


typedef struct {
    scoped_key_str_t  pattern;
    scoped_key_str_t  text;
    bool              host;
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

    if (!r->host && r->pattern.data[p] == '\\') {
        p++;
    }

    a = r->pattern.data[p];
    b = r->text.data[t];

    return (r->host ? tolower(a) == tolower(b) : a == b)
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
reference(scoped_key_str_t pattern, scoped_key_str_t text, bool host)
{
    static reference_t  r;

    memset(&r, 0, sizeof(r));
    r.pattern = pattern;
    r.text = text;
    r.host = host;

    return reference_from(&r, 0, 0);
}


/* without the `!` of an exclusion */
static bool
is_valid_body(scoped_key_str_t pattern)
{
    size_t  i;

    for (i = 0; i < pattern.len; i++) {

        if (pattern.data[i] >= 0xfe
            || (i + 2 < pattern.len
                && memcmp(&pattern.data[i], "***", 3) == 0))
        {
            return false;
        }

        if (pattern.data[i] != '\\') {
            continue;
        }

        i++;

        if (i == pattern.len || strchr("*\\!", pattern.data[i]) == NULL
            || pattern.data[i] == '\0')
        {
            return false;
        }
    }

    return pattern.len >= 1;
}


static scoped_key_str_t
body(scoped_key_str_t pattern)
{
    if (pattern.len != 0 && pattern.data[0] == '!') {
        pattern.data++;
        pattern.len--;
    }

    return pattern;
}


static bool
is_valid(scoped_key_str_t pattern)
{
    return pattern.len <= SCOPED_KEY_PATTERN_MAX_BYTES
           && is_valid_body(body(pattern));
}


static scoped_key_str_t
bare(scoped_key_str_t host)
{
    host.len -= host.len != 0 && host.data[host.len - 1] == '.';

    return host;
}


static bool
is_valid_host(scoped_key_str_t pattern)
{
    size_t  i;
    bool    brackets;

    pattern = bare(pattern);
    brackets = pattern.len > 2 && pattern.data[0] == '['
               && pattern.data[pattern.len - 1] == ']';

    for (i = brackets; i + brackets < pattern.len; i++) {

        if (!isalnum(pattern.data[i])
            && memchr("-_.*:", pattern.data[i], brackets ? 5 : 4) == NULL)
        {
            return false;
        }
    }

    return pattern.len <= 253 && is_valid_body(pattern);
}


static void
check_match(scoped_key_str_t source, scoped_key_str_t compiled,
    scoped_key_str_t text, bool host)
{
    bool    match;
    size_t  left, needed;

    left = PLENTY;
    match = scoped_key_pattern_match(compiled, text, &left);
    needed = PLENTY - left;

    /* a step is some work: no less than to look at all bytes once in a while */
    must(needed >= 1 && needed <= 100 * (1 + compiled.len) * (100 + text.len));

    left = needed;
    must(!scoped_key_pattern_match(compiled, text, &left));
    must(left == 0);

    if (source.len <= SMALL_PATTERN_BYTES && text.len <= SMALL_TEXT_BYTES) {
        must(match == reference(source, text, host));
    }
}


static void
check_param(scoped_key_str_t source, scoped_key_str_t text)
{
    unsigned char     *out;
    scoped_key_str_t   compiled;

    out = malloc(source.len);
    must(out != NULL || source.len == 0);

    compiled.data = out;
    compiled.len = scoped_key_pattern_compile(source, out);

    must((compiled.len != 0) == is_valid(source));
    must(compiled.len <= source.len);

    if (compiled.len != 0) {
        must(scoped_key_pattern_is_exclusion(source)
             == (source.data[0] == '!'));
        must(scoped_key_pattern_exclusion_next(&compiled)
             == (source.data[0] == '!'));
        check_match(body(source), compiled, text, false);
    }

    free(out);
}


static void
check_host(scoped_key_str_t source, scoped_key_str_t host)
{
    unsigned char     *out;
    unsigned char      lower[SCOPED_KEY_HOST_MAX_BYTES];
    scoped_key_str_t   compiled, text;

    out = malloc(source.len);
    must(out != NULL || source.len == 0);

    compiled.data = out;
    compiled.len = scoped_key_host_pattern_compile(source, out);

    must((compiled.len != 0) == is_valid_host(source));

    if (scoped_key_host_read(host, lower, &text)) {
        must(text.len == bare(host).len);

        if (compiled.len != 0) {
            check_match(bare(source), compiled, text, true);
        }

    } else {
        must(bare(host).len == 0 || bare(host).len > 255);
    }

    free(out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t  pattern, text;

    pattern = fuzz_line(&data, &size);
    text = fuzz_copy(data, size);

    check_param(pattern, text);
    check_host(pattern, text);

    fuzz_free(pattern);
    fuzz_free(text);

    return 0;
}
