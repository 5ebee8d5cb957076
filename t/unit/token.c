/* links: core/token core/str */

/*
 * The form of keys: near misses first, then what is issued, then the rest.
 * Checksums are compared with those of another implementation.
 * Cases are lines of t/data/token.
 */

#include "core/token.h"
#include "cases.h"


/* issued by python's zlib, see t/data/token */
static const char  issued[] =
    "sk_4mQ2xV9tKc1Z_cqnLGp9NjmtNL1EihJvc7t3QMlJhc5B70YZEub";


/* all that stands before the id and its underscore */
static void
prefix_holds(const unit_case_t *c, scoped_key_str_t id)
{
    scoped_key_str_t  prefix;

    check_case(c, scoped_key_token_prefix(c->field[0], &prefix));
    check_case(c, prefix.data == c->field[0].data
                  && prefix.data + prefix.len + 1 == id.data);
}


static void
parse_case(const unit_case_t *c)
{
    scoped_key_str_t    id = { 77, NULL };
    scoped_key_token_e  form;

    form = scoped_key_token_parse(c->field[0], &id);

    if (!unit_field_is(c->field[1], "issued")) {
        check_case(c, form == (unit_field_is(c->field[1], "legacy")
                               ? SCOPED_KEY_TOKEN_LEGACY
                               : SCOPED_KEY_TOKEN_MALFORMED));
        check_case(c, id.len == 77 && id.data == NULL);
        return;
    }

    check_case(c, form == SCOPED_KEY_TOKEN_ISSUED);
    check_case(c, scoped_key_str_equal(id, c->field[2]));
    prefix_holds(c, id);
    check_case(c, id.data > c->field[0].data
                  && id.data < c->field[0].data + c->field[0].len);
}


static void
checksum_case(const unit_case_t *c)
{
    unsigned char     out[SCOPED_KEY_CHECKSUM_BYTES + 1];
    scoped_key_str_t  sum;

    out[SCOPED_KEY_CHECKSUM_BYTES] = 0xa5;
    scoped_key_token_checksum(c->field[0], out);

    sum.data = out;
    sum.len = SCOPED_KEY_CHECKSUM_BYTES;

    check_case(c, scoped_key_str_equal(sum, c->field[2]));
    check_case(c, out[SCOPED_KEY_CHECKSUM_BYTES] == 0xa5);
}


/* no single byte of an issued key can be another and be taken for issued */
static void
test_every_byte_changed(void)
{
    int                 byte;
    size_t              i;
    unsigned            taken;
    unsigned char       text[sizeof(issued) - 1];
    scoped_key_str_t    key = { sizeof(text), text }, id;

    taken = 0;

    for (i = 0; i < sizeof(text); i++) {
        memcpy(text, issued, sizeof(text));

        for (byte = 0; byte < 256; byte++) {
            text[i] = (unsigned char) byte;
            taken += scoped_key_token_parse(key, &id)
                     == SCOPED_KEY_TOKEN_ISSUED;
        }
    }

    /* each byte once as itself */

    check(taken == sizeof(text));
}


static void
test_every_legacy_length(void)
{
    size_t              len;
    unsigned char      *text;
    scoped_key_str_t    key, id;
    scoped_key_token_e  form;

    for (len = 0; len <= 2100; len++) {
        text = malloc(len);
        if (len != 0) {
            memset(text, '~', len);
        }

        key.data = text;
        key.len = len;
        form = len >= 8 && len <= 2048 ? SCOPED_KEY_TOKEN_LEGACY
                                      : SCOPED_KEY_TOKEN_MALFORMED;

        check(scoped_key_token_parse(key, &id) == form);
        free(text);
    }
}


static void
test_every_legacy_byte(void)
{
    int                 byte, at;
    unsigned char       text[8];
    scoped_key_str_t    key = { sizeof(text), text }, id;
    scoped_key_token_e  form;

    for (byte = 0; byte < 256; byte++) {
        form = byte >= 0x21 && byte <= 0x7e ? SCOPED_KEY_TOKEN_LEGACY
                                            : SCOPED_KEY_TOKEN_MALFORMED;

        for (at = 0; at < 8; at++) {
            memset(text, 'x', sizeof(text));
            text[at] = (unsigned char) byte;
            check(scoped_key_token_parse(key, &id) == form);
        }
    }
}


/* the form has a prefix, right checksum or not; nothing else has one */
static void
test_prefix(void)
{
    char              text[sizeof(issued)];
    scoped_key_str_t  key = { sizeof(text) - 1, (unsigned char *) text };
    scoped_key_str_t  prefix = { 77, NULL };

    memcpy(text, issued, sizeof(issued));
    text[sizeof(issued) - 2] = '0';

    check(scoped_key_token_prefix(key, &prefix));
    check(prefix.len == 2 && memcmp(prefix.data, "sk", 2) == 0);

    prefix.len = 77;
    key.len--;

    check(!scoped_key_token_prefix(key, &prefix));
    check(prefix.len == 77);
}


static void
test_no_data(void)
{
    scoped_key_str_t  none = { 0, NULL }, id;

    check(scoped_key_token_parse(none, &id) == SCOPED_KEY_TOKEN_MALFORMED);
}


int
main(void)
{
    unit_cases("t/data/token/parse", 3, parse_case);
    unit_cases("t/data/token/checksum", 3, checksum_case);
    test_every_byte_changed();
    test_every_legacy_length();
    test_every_legacy_byte();
    test_prefix();
    test_no_data();

    return unit_done("token");
}
