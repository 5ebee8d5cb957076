/* links: core/basic core/str */

/*
 * Basic credentials: cases are lines of t/data/basic; what they decode to was
 * written by another implementation.
 */

#include "core/basic.h"
#include "cases.h"


static void
read_case(const unit_case_t *c)
{
    unsigned char     *scratch;
    scoped_key_str_t   key = { 77, NULL };

    /* of just the size that is promised to do */

    scratch = malloc(SCOPED_KEY_BASIC_BYTES(c->field[0].len));

    if (unit_field_is(c->field[1], "-")) {
        check_case(c, !scoped_key_basic_read(c->field[0], scratch, &key));
        check_case(c, key.len == 77 && key.data == NULL);

    } else {
        check_case(c, scoped_key_basic_read(c->field[0], scratch, &key));
        check_case(c, scoped_key_str_equal(key, c->field[1]));
    }

    free(scratch);
}


/* in each place of a group, every byte that is no digit of base64 */
static void
test_every_byte(void)
{
    int               byte;
    size_t            i;
    unsigned          read;
    unsigned char     text[8], scratch[6];
    scoped_key_str_t  credential = { sizeof(text), text }, key;

    for (i = 4; i < sizeof(text); i++) {
        read = 0;

        for (byte = 0; byte < 256; byte++) {
            memcpy(text, "dTpwYXNz", sizeof(text));
            text[i] = (unsigned char) byte;
            read += scoped_key_basic_read(credential, scratch, &key);
        }

        check(read == 64);
    }
}


static void
test_no_data(void)
{
    unsigned char     scratch[1];
    scoped_key_str_t  none = { 0, NULL }, key;

    check(!scoped_key_basic_read(none, scratch, &key));
}


int
main(void)
{
    unit_cases("t/data/basic/read", 2, read_case);
    test_every_byte();
    test_no_data();

    return unit_done("basic");
}
