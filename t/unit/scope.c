/* links: core/scope core/str */

/*
 * Scopes: what must not be valid or match first; every character; and that a
 * variable's text cannot leave its segment.
 * Cases are lines of t/data/scope.
 */

#include "core/scope.h"
#include "cases.h"


#define ESCAPE_ROOM  64


static void
valid_case(const unit_case_t *c)
{
    check_case(c, scoped_key_scope_valid(c->field[0])
                  == unit_field_is(c->field[1], "yes"));
    check_case(c, scoped_key_scope_pattern_valid(c->field[0])
                  == unit_field_is(c->field[2], "yes"));
}


static void
match_case(const unit_case_t *c)
{
    check_case(c, scoped_key_scope_pattern_valid(c->field[0]));
    check_case(c, scoped_key_scope_valid(c->field[1]));
    check_case(c, scoped_key_scope_match(c->field[0], c->field[1])
                  == unit_field_is(c->field[2], "yes"));
}


/* at every size of room: the same length, and not a byte too many */
static void
escape_case(const unit_case_t *c)
{
    size_t            room, len, i, fit;
    unsigned char     out[ESCAPE_ROOM];
    scoped_key_str_t  whole = c->field[1];

    for (room = 0; room < ESCAPE_ROOM; room++) {
        memset(out, 0xa5, sizeof(out));
        len = scoped_key_scope_escape(c->field[0], out, room);
        fit = len < room ? len : room;

        check_case(c, len == whole.len);

        for (i = 0; i < ESCAPE_ROOM; i++) {

            if (out[i] != (i < fit ? whole.data[i] : 0xa5)) {
                check_case(c, !"what was written, and no more");
            }
        }
    }
}


static void
test_every_character(void)
{
    int                byte, in_scope, escaped;
    unsigned char      text[] = "a/x:x", c, out[3];
    scoped_key_str_t   scope = { sizeof(text) - 1, text }, one = { 1, &c };

    static const char  chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789._~@%-";

    for (byte = 0; byte < 256; byte++) {
        c = (unsigned char) byte;
        in_scope = byte != 0 && strchr(chars, byte) != NULL;
        escaped = !in_scope || byte == '%';

        check(scoped_key_scope_escape(one, out, 3) == (escaped ? 3u : 1u));

        text[2] = c;
        text[4] = 'x';
        check(scoped_key_scope_valid(scope) == in_scope);
        check(scoped_key_scope_pattern_valid(scope)
              == (in_scope || byte == '*'));

        text[2] = 'x';
        text[4] = c;
        check(scoped_key_scope_valid(scope) == in_scope);
        check(scoped_key_scope_pattern_valid(scope)
              == (in_scope || byte == '*'));
    }
}


static void
test_no_data(void)
{
    scoped_key_str_t  none = { 0, NULL };

    check(!scoped_key_scope_valid(none));
    check(!scoped_key_scope_pattern_valid(none));
    check(!scoped_key_scope_match(unit_str("**:*"), none));
    check(!scoped_key_scope_match(none, unit_str("a:b")));
    check(!scoped_key_scope_match(none, none));
    check(scoped_key_scope_escape(none, NULL, 0) == 0);
}


/* whoever forgets to ask whether a scope is valid must not open a door */
static void
test_invalid_matches_nothing(void)
{
    check(!scoped_key_scope_match(unit_str("*:r"), unit_str(":r")));
    check(!scoped_key_scope_match(unit_str("**:r"), unit_str(":r")));
    check(!scoped_key_scope_match(unit_str("a/*:r"), unit_str("a/:r")));
    check(!scoped_key_scope_match(unit_str("a:*"), unit_str("a:")));
    check(!scoped_key_scope_match(unit_str("**"), unit_str("a/b")));
    check(!scoped_key_scope_match(unit_str("**:*"), unit_str("a/b")));
}


int
main(void)
{
    unit_cases("t/data/scope/valid", 3, valid_case);
    unit_cases("t/data/scope/match", 3, match_case);
    unit_cases("t/data/scope/escape", 2, escape_case);
    test_every_character();
    test_no_data();
    test_invalid_matches_nothing();

    return unit_done("scope");
}
