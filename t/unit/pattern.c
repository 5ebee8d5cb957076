/* links: core/pattern core/text */

/*
 * Patterns: what must not match first; hosts; what is valid; and that the
 * worst of them are done in time.
 * Cases are lines of t/data/pattern.
 */

#include "core/pattern.h"
#include "cases.h"

#include <time.h>


#define LONG_TEXT_BYTES   65536
#define LONG_SECONDS      2              /* of backtracking: years */


static void
match_case(const unit_case_t *c)
{
    check_case(c, scoped_key_pattern_valid(c->field[0]));
    check_case(c, scoped_key_pattern_match(c->field[0], c->field[1])
                  == unit_field_is(c->field[2], "yes"));
}


static void
host_case(const unit_case_t *c)
{
    check_case(c, scoped_key_host_pattern_valid(c->field[0]));
    check_case(c, scoped_key_host_pattern_match(c->field[0], c->field[1])
                  == unit_field_is(c->field[2], "yes"));
}


static void
valid_case(const unit_case_t *c)
{
    check_case(c, scoped_key_pattern_valid(c->field[0])
                  == unit_field_is(c->field[1], "yes"));
    check_case(c, scoped_key_host_pattern_valid(c->field[0])
                  == unit_field_is(c->field[2], "yes"));
}


static void
test_lengths(void)
{
    unsigned char     text[SCOPED_KEY_PATTERN_MAX_BYTES + 1];
    scoped_key_str_t  pattern = { sizeof(text), text };

    memset(text, 'a', sizeof(text));

    check(!scoped_key_pattern_valid(pattern));
    check(!scoped_key_pattern_match(pattern, pattern));

    pattern.len = SCOPED_KEY_PATTERN_MAX_BYTES;
    check(scoped_key_pattern_valid(pattern));
    check(scoped_key_pattern_match(pattern, pattern));

    pattern.len = 254;
    check(!scoped_key_host_pattern_valid(pattern));

    text[253] = '.';
    check(scoped_key_host_pattern_valid(pattern));

    text[252] = '.';
    check(scoped_key_host_pattern_valid(pattern));

    pattern.len = 253;
    check(scoped_key_host_pattern_valid(pattern));

    text[254] = '.';
    text[253] = '.';
    pattern.len = 255;
    check(!scoped_key_host_pattern_valid(pattern));
}


/* whoever forgets to ask whether a pattern is valid must not open a door */
static void
test_invalid_matches_nothing(void)
{
    scoped_key_str_t  none = { 0, NULL };

    check(!scoped_key_pattern_match(unit_str("***"), unit_str("a")));
    check(!scoped_key_pattern_match(unit_str("***"), unit_str("")));
    check(!scoped_key_pattern_match(unit_str("a***b"), unit_str("ab")));
    check(!scoped_key_pattern_match(unit_str("*a***b*"), unit_str("ab")));
    check(!scoped_key_pattern_match(unit_str("****"), unit_str("****")));
    check(!scoped_key_pattern_match(none, none));
    check(!scoped_key_pattern_match(none, unit_str("a")));
    check(!scoped_key_host_pattern_match(none, none));
    check(!scoped_key_host_pattern_match(none, unit_str("a")));
    check(!scoped_key_host_pattern_match(unit_str("."), unit_str("a")));
    check(!scoped_key_host_pattern_match(unit_str("."), unit_str("..")));
}


static void
test_no_data(void)
{
    scoped_key_str_t  none = { 0, NULL };

    check(scoped_key_pattern_match(unit_str("*"), none));
    check(scoped_key_pattern_match(unit_str("**"), none));
    check(!scoped_key_pattern_match(unit_str("a*"), none));
    check(!scoped_key_pattern_match(unit_str("*a*"), none));
    check(!scoped_key_pattern_match(unit_str("a"), none));
    check(!scoped_key_host_pattern_match(unit_str("**"), none));
    check(!scoped_key_pattern_valid(none));
    check(!scoped_key_host_pattern_valid(none));
}


/* a text that is shorter than what a pattern says literally: on both sides */
static void
test_short_texts(void)
{
    check(!scoped_key_pattern_match(unit_str("*ab*cd*"), unit_str("abc")));
    check(!scoped_key_pattern_match(unit_str("**abcd**"), unit_str("bcd")));
    check(!scoped_key_pattern_match(unit_str("x*ab*y"), unit_str("xay")));
    check(!scoped_key_host_pattern_match(unit_str("*a*.b*"), unit_str("a.")));
    check(scoped_key_pattern_match(unit_str("*ab*cd*"), unit_str("abcd")));
    check(scoped_key_pattern_match(unit_str("**abcd**"), unit_str("abcd")));
    check(scoped_key_pattern_match(unit_str("x*ab*y"), unit_str("xaby")));
    check(scoped_key_host_pattern_match(unit_str("*a*.b*"), unit_str("A.B")));
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
        check(scoped_key_pattern_valid(p));
        check(scoped_key_pattern_match(p, t) == cases[i].match);
        check((clock() - start) / CLOCKS_PER_SEC < LONG_SECONDS);
    }

    free(pattern);
    free(text);
}


int
main(void)
{
    unit_cases("t/data/pattern/match", 3, match_case);
    unit_cases("t/data/pattern/host", 3, host_case);
    unit_cases("t/data/pattern/valid", 3, valid_case);
    test_invalid_matches_nothing();
    test_no_data();
    test_short_texts();
    test_lengths();
    test_worst_cases();

    return unit_done("pattern");
}
