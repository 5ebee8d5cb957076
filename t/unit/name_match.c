/* links: core/name_match core/str */

/*
 * The cases of t/data/name_match; a byte of each kind around a name, in both
 * kinds of it; and that nothing but the length of a name adds to its cost.
 */

#include "core/name_match.h"
#include "cases.h"

#include <time.h>


static void
run(const unit_case_t *c, scoped_key_name_kind_e kind)
{
    const char                *got;
    static const char *const   words[] = { "other", "same", "suspect" };

    got = words[scoped_key_name_match(c->field[2], c->field[1], kind)];

    if (!check_case(c, unit_field_is(c->field[0], got))) {
        fprintf(stderr, "    got %s\n", got);
    }
}


static void
run_pair(const unit_case_t *c)
{
    run(c, SCOPED_KEY_NAME_PAIR);
}


static void
run_member(const unit_case_t *c)
{
    run(c, SCOPED_KEY_NAME_MEMBER);
}


static bool
is_one_of(int c, const char *bytes)
{
    return c != 0 && strchr(bytes, c) != NULL;
}


static bool
is_letter(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}


/* whether a byte before the name is no part of it, in either kind of name */
static bool
is_no_part(int c, scoped_key_name_kind_e kind)
{
    if (c <= ' ' || c >= 0x7f || is_one_of(c, ".[]")) {
        return true;
    }

    return kind == SCOPED_KEY_NAME_PAIR && !is_letter(c)
           && !is_one_of(c, "_-/");
}


static void
test_each_byte(scoped_key_name_kind_e kind)
{
    int                c;
    char               text[8];
    scoped_key_str_t   found;
    scoped_key_name_e  want;

    for (c = 0; c < 256; c++) {
        want = is_no_part(c, kind) ? SCOPED_KEY_NAME_SUSPECT
                                   : SCOPED_KEY_NAME_OTHER;

        snprintf(text, sizeof(text), "?name");
        text[0] = (char) c;
        found = unit_str("?name");
        found.data = (unsigned char *) text;
        check(scoped_key_name_match(found, unit_str("name"), kind) == want);

        if (is_one_of(c, "_-") && kind == SCOPED_KEY_NAME_MEMBER) {
            want = SCOPED_KEY_NAME_SUSPECT;
        }

        memcpy(text, "name?", 5);
        text[4] = (char) c;
        check(scoped_key_name_match(found, unit_str("name"), kind) == want);
    }
}


static void
test_just(void)
{
    check(scoped_key_name_is_just(unit_str("name"), unit_str("name")));
    check(scoped_key_name_is_just(unit_str(" Name "), unit_str("name")));
    check(!scoped_key_name_is_just(unit_str(" name is"), unit_str("name")));
    check(!scoped_key_name_is_just(unit_str("my name"), unit_str("name")));
    check(!scoped_key_name_is_just(unit_str(""), unit_str("name")));
    check(!scoped_key_name_is_just(unit_str("na\xff" "me is"),
                                   unit_str("name")));
}


/* names of a megabyte, of what could be looked at again and again */
static void
test_long(void)
{
    size_t             i, n;
    clock_t            start;
    unsigned char     *bytes;
    scoped_key_str_t   found;
    static const char  fills[] = ";_[n\xff&";

    n = 1 << 20;
    bytes = malloc(n);

    if (bytes == NULL) {
        abort();
    }

    found.data = bytes;
    found.len = n;
    start = clock();

    for (i = 0; i < sizeof(fills) - 1; i++) {
        memset(bytes, fills[i], n);
        bytes[0] = 'n';
        check(scoped_key_name_match(found, unit_str("name"),
                                    SCOPED_KEY_NAME_PAIR)
              == SCOPED_KEY_NAME_OTHER);
    }

    check(clock() - start < 2 * CLOCKS_PER_SEC);
    free(bytes);
}


int
main(void)
{
    unit_cases("t/data/name_match/pair", 3, run_pair);
    unit_cases("t/data/name_match/member", 3, run_member);
    test_each_byte(SCOPED_KEY_NAME_PAIR);
    test_each_byte(SCOPED_KEY_NAME_MEMBER);
    test_just();
    test_long();

    return unit_done("name_match");
}
