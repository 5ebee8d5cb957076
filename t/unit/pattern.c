/* links: core/pattern core/str */

/*
 * Patterns: what must not match first; hosts; exclusions; what is valid; and
 * that the worst of them, and the worst of them all together, are done in time,
 * which is counted in steps.
 * Cases are lines of t/data/pattern.
 */

#include "core/pattern.h"
#include "cases.h"

#include <time.h>


#define LONG_TEXT_BYTES   65536
#define LONG_SECONDS      2              /* of backtracking: years */

/* of a matching that may take as long as it likes */
#define PLENTY  ((size_t) 1 << 40)


static bool
match_in(scoped_key_str_t source, scoped_key_str_t text, size_t *left)
{
    unsigned char     compiled[SCOPED_KEY_PATTERN_MAX_BYTES];
    scoped_key_str_t  pattern = { 0, compiled };

    pattern.len = scoped_key_pattern_compile(source, compiled);
    check(pattern.len <= source.len);

    return scoped_key_pattern_match(pattern, text, left);
}


static bool
match(scoped_key_str_t source, scoped_key_str_t text)
{
    size_t  left = PLENTY;

    return match_in(source, text, &left);
}


static bool
host_match(scoped_key_str_t source, scoped_key_str_t host)
{
    size_t            left = PLENTY;
    unsigned char     compiled[SCOPED_KEY_HOST_PATTERN_MAX_BYTES + 1];
    unsigned char     lower[SCOPED_KEY_HOST_MAX_BYTES];
    scoped_key_str_t  pattern = { 0, compiled }, bare;

    pattern.len = scoped_key_host_pattern_compile(source, compiled);

    return scoped_key_host_read(host, lower, &bare)
           && scoped_key_pattern_match(pattern, bare, &left);
}


static bool
valid(scoped_key_str_t source)
{
    bool            is_valid;
    unsigned char  *out;

    /* of just the room that is said to suffice */
    out = malloc(source.len);
    is_valid = scoped_key_pattern_compile(source, out) != 0;
    free(out);

    return is_valid;
}


static bool
host_valid(scoped_key_str_t source)
{
    bool            is_valid;
    unsigned char  *out;

    out = malloc(source.len);
    is_valid = scoped_key_host_pattern_compile(source, out) != 0;
    free(out);

    return is_valid;
}


static void
match_case(const unit_case_t *c)
{
    check_case(c, valid(c->field[0]));
    check_case(c, !scoped_key_pattern_is_exclusion(c->field[0]));
    check_case(c, match(c->field[0], c->field[1])
                  == unit_field_is(c->field[2], "yes"));
}


/* the same pattern with a `!` before it is an exclusion, and matches as it */
static void
exclusion_case(const unit_case_t *c)
{
    size_t            left;
    unsigned char     source[512], compiled[512];
    scoped_key_str_t  excluded = { c->field[0].len + 1, source };
    scoped_key_str_t  pattern = { 0, compiled };

    source[0] = '!';
    memcpy(source + 1, c->field[0].data, c->field[0].len);

    left = PLENTY;
    pattern.len = scoped_key_pattern_compile(excluded, compiled);

    check_case(c, scoped_key_pattern_is_exclusion(excluded));
    check_case(c, scoped_key_pattern_exclusion_next(&pattern));
    check_case(c, !scoped_key_pattern_exclusion_next(&pattern));
    check_case(c, scoped_key_pattern_match(pattern, c->field[1], &left)
                  == unit_field_is(c->field[2], "yes"));
}


static void
host_case(const unit_case_t *c)
{
    check_case(c, host_valid(c->field[0]));
    check_case(c, host_match(c->field[0], c->field[1])
                  == unit_field_is(c->field[2], "yes"));
}


static void
valid_case(const unit_case_t *c)
{
    check_case(c, valid(c->field[0]) == unit_field_is(c->field[1], "yes"));
    check_case(c, host_valid(c->field[0])
                  == unit_field_is(c->field[2], "yes"));
}


static void
test_lengths(void)
{
    unsigned char     text[SCOPED_KEY_PATTERN_MAX_BYTES + 1];
    scoped_key_str_t  pattern = { sizeof(text), text };

    memset(text, 'a', sizeof(text));

    check(!valid(pattern));
    text[0] = '!';
    check(!valid(pattern));
    text[0] = 'a';

    pattern.len = SCOPED_KEY_PATTERN_MAX_BYTES;
    check(valid(pattern));
    check(match(pattern, pattern));

    pattern.len = 254;
    check(!host_valid(pattern));

    text[253] = '.';
    check(host_valid(pattern));

    text[252] = '.';
    check(host_valid(pattern));

    pattern.len = 253;
    check(host_valid(pattern));

    text[254] = '.';
    text[253] = '.';
    pattern.len = 255;
    check(!host_valid(pattern));
}


/* no host has more bytes than a name in the DNS may have */
static void
test_host_lengths(void)
{
    unsigned char     text[SCOPED_KEY_HOST_MAX_BYTES + 2];
    scoped_key_str_t  host = { SCOPED_KEY_HOST_MAX_BYTES, text };

    memset(text, 'a', sizeof(text));

    check(host_match(unit_str("**"), host));
    check(host_match(unit_str("*a*a*"), host));

    host.len++;
    check(!host_match(unit_str("**"), host));

    text[SCOPED_KEY_HOST_MAX_BYTES] = '.';
    check(host_match(unit_str("**"), host));

    host.len++;
    check(!host_match(unit_str("**"), host));

    host.len = 7500;
    host.data = malloc(host.len);
    memset((void *) host.data, 'a', host.len);
    check(!host_match(unit_str("**"), host));
    free((void *) host.data);
}


/* whoever forgets to ask whether a pattern is valid must not open a door */
static void
test_invalid_matches_nothing(void)
{
    size_t            i, left;
    scoped_key_str_t  none = { 0, NULL };
    scoped_key_str_t  text = scoped_key_str("a");

    /* nor may what never was compiled from anything */
    static const scoped_key_str_t  made[] = {
        scoped_key_str("\xff\xff\xff"),
        scoped_key_str("\xff\xff\xff\xff"),
        scoped_key_str("\xff\xff\xff\xff\xff"),
        scoped_key_str("\xff""a\xff\xff\xff"),
        scoped_key_str("\xfe"),
        scoped_key_str("\xfe""a"),
        scoped_key_str("")
    };

    for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        left = PLENTY;
        check(!scoped_key_pattern_match(made[i], text, &left));
    }

    check(!match(unit_str("***"), unit_str("a")));
    check(!match(unit_str("***"), unit_str("")));
    check(!match(unit_str("a***b"), unit_str("ab")));
    check(!match(unit_str("*a***b*"), unit_str("ab")));
    check(!match(unit_str("****"), unit_str("****")));
    check(!match(unit_str("!"), unit_str("")));
    check(!match(none, none));
    check(!match(none, unit_str("a")));
    check(!host_match(none, none));
    check(!host_match(none, unit_str("a")));
    check(!host_match(unit_str("."), unit_str("a")));
    check(!host_match(unit_str("."), unit_str("..")));
}


static void
test_no_data(void)
{
    scoped_key_str_t  none = { 0, NULL };

    check(match(unit_str("*"), none));
    check(match(unit_str("**"), none));
    check(!match(unit_str("a*"), none));
    check(!match(unit_str("*a*"), none));
    check(!match(unit_str("a"), none));
    check(!host_match(unit_str("**"), none));
    check(!valid(none));
    check(!host_valid(none));
    check(!scoped_key_pattern_is_exclusion(none));
    check(!scoped_key_pattern_exclusion_next(&none));
}


/* a text that is shorter than what a pattern says literally: on both sides */
static void
test_short_texts(void)
{
    check(!match(unit_str("*ab*cd*"), unit_str("abc")));
    check(!match(unit_str("**abcd**"), unit_str("bcd")));
    check(!match(unit_str("x*ab*y"), unit_str("xay")));
    check(!host_match(unit_str("*a*.b*"), unit_str("a.")));
    check(match(unit_str("*ab*cd*"), unit_str("abcd")));
    check(match(unit_str("**abcd**"), unit_str("abcd")));
    check(match(unit_str("x*ab*y"), unit_str("xaby")));
    check(host_match(unit_str("*a*.b*"), unit_str("A.B")));
}


/* what would match does not, once the steps do not suffice; nor later on */
static void
test_steps(void)
{
    size_t            i, left, needed;
    scoped_key_str_t  text = scoped_key_str("abcab");

    static const char *const  patterns[] = {
        "abcab", "ab*ab", "*", "**", "*a*", "*b*b*", "**c**"
    };

    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        left = PLENTY;
        check(match_in(unit_str(patterns[i]), text, &left));
        needed = PLENTY - left;

        left = needed + 1;
        check(match_in(unit_str(patterns[i]), text, &left));
        check(left == 1);

        left = needed;
        check(!match_in(unit_str(patterns[i]), text, &left));
        check(left == 0);
        check(!match_in(unit_str(patterns[i]), text, &left));
        check(!match_in(unit_str("**"), text, &left));
        check(left == 0);
    }

    left = 5;
    check(scoped_key_steps_spend(&left, 0) && left == 5);
    check(scoped_key_steps_spend(&left, 4) && left == 1);
    check(!scoped_key_steps_spend(&left, SIZE_MAX) && left == 0);
    check(!scoped_key_steps_spend(&left, 0));
}


/* as many whole units as fit before the end, then the end */
static scoped_key_str_t
repeat(unsigned char *at, size_t room, const char *unit, const char *end)
{
    size_t            n;
    scoped_key_str_t  text = { 0, at };

    n = strlen(unit);

    while (text.len + n + strlen(end) <= room) {
        memcpy(&at[text.len], unit, n);
        text.len += n;
    }

    memcpy(&at[text.len], end, strlen(end));
    text.len += strlen(end);

    return text;
}


/* each of these costs a backtracking matcher a power of its length */
static void
test_worst_cases(void)
{
    size_t            i;
    clock_t           start;
    unsigned char    *pattern, *text;
    scoped_key_str_t  p, t;

    static const struct {
        const char  *unit, *end;
        const char  *text, *text_end;
        bool         match;
    } cases[] = {
        { "*a",     "*",     "a",   "a.",  false },
        { "*a",     "*",     "a",   "aa",  true },
        { "**a",    "**",    "a",   "b",   true },
        { "**a",    "*b*",   "a",   "c",   false },
        { "**a*b",  "**",    "a",   "a",   false },
        { "**a*b",  "**",    "ab",  ".",   true },
        { "**.*-",  "*x**",  ".-",  ".",   false },
        { "*.**a",  "*z**",  "a.",  "y",   false },
        { "**ab*c", "*d**",  "abc", "e",   false }
    };

    pattern = malloc(SCOPED_KEY_PATTERN_MAX_BYTES);
    text = malloc(LONG_TEXT_BYTES);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = repeat(pattern, SCOPED_KEY_PATTERN_MAX_BYTES, cases[i].unit,
                   cases[i].end);
        t = repeat(text, LONG_TEXT_BYTES, cases[i].text, cases[i].text_end);

        start = clock();
        check(valid(p));
        check(match(p, t) == cases[i].match);
        check((clock() - start) / CLOCKS_PER_SEC < LONG_SECONDS);
    }

    free(pattern);
    free(text);
}


int
main(void)
{
    unit_cases("t/data/pattern/match", 3, match_case);
    unit_cases("t/data/pattern/match", 3, exclusion_case);
    unit_cases("t/data/pattern/host", 3, host_case);
    unit_cases("t/data/pattern/valid", 3, valid_case);
    test_invalid_matches_nothing();
    test_no_data();
    test_short_texts();
    test_lengths();
    test_host_lengths();
    test_steps();
    test_worst_cases();

    return unit_done("pattern");
}
