/* links: core/str */

/*
 * Texts: equality with and without case, numbers, lists, hexadecimal digits.
 * What must be refused comes first, every byte value among it.
 * Cases are lines of t/data/text.
 */

#include "cases.h"


static void
decimal_case(const unit_case_t *c)
{
    bool     read;
    char     decimal[32];
    int64_t  value;

    value = -77;
    read = scoped_key_decimal_parse(c->field[0], &value);

    if (unit_field_is(c->field[1], "no")) {
        check_case(c, !read);
        check_case(c, value == -77);
        return;
    }

    snprintf(decimal, sizeof(decimal), "%lld", (long long) value);

    check_case(c, read);
    check_case(c, unit_field_is(c->field[1], decimal));
}


static void
list_case(const unit_case_t *c)
{
    size_t            n;
    unsigned char     seen[CASE_MAX_BYTES];
    scoped_key_str_t  rest, item, all;

    rest = c->field[0];
    n = 0;

    while (scoped_key_list_next(&rest, &item)) {
        seen[n++] = '[';

        if (item.len != 0) {
            memcpy(&seen[n], item.data, item.len);
        }

        n += item.len;
        seen[n++] = ']';
    }

    all.data = seen;
    all.len = n;

    check_case(c, scoped_key_str_equal(all, c->field[1]));
    check_case(c, !scoped_key_list_next(&rest, &item));
}


static void
equal_case(const unit_case_t *c)
{
    int  same;

    same = unit_field_is(c->field[2], "same");

    check_case(c, scoped_key_str_equal(c->field[0], c->field[1]) == same);
    check_case(c, scoped_key_str_equal(c->field[1], c->field[0]) == same);
}


static void
test_no_data(void)
{
    int64_t           value;
    scoped_key_str_t  none = { 0, NULL }, empty = scoped_key_str(""), item;

    check(scoped_key_str_equal(none, none));
    check(scoped_key_str_equal(none, empty));
    check(!scoped_key_str_equal(none, unit_str("a")));
    check(!scoped_key_decimal_parse(none, &value));
    check(!scoped_key_list_next(&none, &item));
}


static void
test_hex_digits(void)
{
    int          c, value;
    const char  *at;

    static const char  digits[] = "0123456789abcdef0123456789ABCDEF";

    for (c = 0; c < 256; c++) {
        at = c != 0 ? strchr(digits, c) : NULL;
        value = at != NULL ? (int) (at - digits) % 16 : -1;

        if (scoped_key_hex_digit((unsigned char) c) != value) {
            check(!"every byte's hexadecimal value");
        }
    }

    check(scoped_key_hex_digit('f') == 15);
    check(scoped_key_hex_digit('g') == -1);
}


static void
test_classes(void)
{
    int            c;
    bool           digit, letter;
    unsigned char  byte;

    for (c = 0; c < 256; c++) {
        byte = (unsigned char) c;
        digit = c != 0 && strchr("0123456789", c) != NULL;
        letter = c != 0 && strchr("abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL;

        if (scoped_key_is_digit(byte) != digit
            || scoped_key_is_letter(byte) != letter
            || scoped_key_is_alnum(byte) != (digit || letter)
            || scoped_key_lower(byte) != (letter ? (byte | 0x20) : byte))
        {
            check(!"every byte's classes");
        }
    }

    check(scoped_key_is_letter('Z') && !scoped_key_is_letter('['));
}


/* pieces: joined by a `|` */
static void
cut_into(const char *text, const char *pieces)
{
    char              joined[64];
    scoped_key_str_t  rest, piece;

    rest.len = strlen(text);
    rest.data = (const unsigned char *) text;
    joined[0] = '\0';

    while (rest.len != 0) {
        piece = scoped_key_cut_pair(&rest);
        strncat(joined, (const char *) piece.data, piece.len);
        strcat(joined, "|");
    }

    check(strcmp(joined, pieces) == 0);
    check(rest.data == (const unsigned char *) text + strlen(text));
}


static void
test_cut_pair(void)
{
    cut_into("", "");
    cut_into("a", "a|");
    cut_into("a=1&b;c", "a=1|b|c|");
    cut_into("&", "|");
    cut_into("a;&b&", "a||b|");
}


/* every length, and a byte that differs in every place of it */
static void
test_bytes_equal(void)
{
    size_t         len, at;
    unsigned char  a[41], b[41];

    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));

    for (len = 0; len < sizeof(a); len++) {
        a[len] = 'x';
        check(scoped_key_bytes_equal(a, b, len));
        a[len] = 'a';

        for (at = 0; at < len; at++) {
            b[at] ^= 0x80;
            check(!scoped_key_bytes_equal(a, b, len));
            b[at] ^= 0x80;
        }
    }

    check(scoped_key_bytes_equal(NULL, NULL, 0));
}


int
main(void)
{
    test_bytes_equal();
    unit_cases("t/data/str/decimal", 2, decimal_case);
    unit_cases("t/data/str/list", 2, list_case);
    unit_cases("t/data/str/equal", 3, equal_case);
    test_no_data();
    test_hex_digits();
    test_classes();
    test_cut_pair();

    return unit_done("str");
}
