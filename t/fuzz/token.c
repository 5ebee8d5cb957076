/* links: core/token core/str */

/*
 * Every text is read as a regular expression and a bit-by-bit CRC-32 read it;
 * the text with a right checksum put at its end too, so that issued keys are
 * met; and none of these with one byte changed is an issued key.
 */

#include "core/token.h"
#include "fuzz.h"

#include <regex.h>


#define ISSUED_MAX_BYTES  68


static bool
has_issued_form(scoped_key_str_t text)
{
    char            buf[ISSUED_MAX_BYTES + 1];
    static bool     compiled;
    static regex_t  form;

    if (!compiled) {
        must(regcomp(&form, "^[a-z][a-z0-9]{1,15}_[0-9A-Za-z]{12}"
                     "_[0-9A-Za-z]{38}$", REG_EXTENDED | REG_NOSUB) == 0);
        compiled = true;
    }

    if (text.len > ISSUED_MAX_BYTES || text.len == 0
        || memchr(text.data, '\0', text.len) != NULL)
    {
        return false;
    }

    memcpy(buf, text.data, text.len);
    buf[text.len] = '\0';

    return regexec(&form, buf, 0, NULL, 0) == 0;
}


static bool
has_legacy_form(scoped_key_str_t text)
{
    size_t  i, graphic;

    graphic = 0;

    for (i = 0; i < text.len; i++) {
        graphic += text.data[i] >= 0x21 && text.data[i] <= 0x7e;
    }

    return graphic == text.len && text.len >= 8 && text.len <= 2048;
}


static uint32_t
crc32_by_bits(scoped_key_str_t text)
{
    size_t    bit;
    uint32_t  crc;

    crc = 0xffffffff;

    for (bit = 0; bit < text.len * 8; bit++) {
        crc ^= (uint32_t) (text.data[bit / 8] >> bit % 8 & 1);
        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }

    return ~crc;
}


/* the number that the last six characters say, in 64 bits */
static uint64_t
checksum_said(scoped_key_str_t text)
{
    size_t       i;
    uint64_t     n;

    static const char  digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    n = 0;

    for (i = text.len - 6; i < text.len; i++) {
        n = n * 62 + (uint64_t) (strchr(digits, text.data[i]) - digits);
    }

    return n;
}


static scoped_key_token_e
expected(scoped_key_str_t text)
{
    scoped_key_str_t  body = { text.len - 6, text.data };

    if (!has_issued_form(text)) {
        return has_legacy_form(text) ? SCOPED_KEY_TOKEN_LEGACY
                                     : SCOPED_KEY_TOKEN_MALFORMED;
    }

    return checksum_said(text) == crc32_by_bits(body)
           ? SCOPED_KEY_TOKEN_ISSUED : SCOPED_KEY_TOKEN_MALFORMED;
}


static scoped_key_token_e
parse_holds(scoped_key_str_t text)
{
    scoped_key_str_t    id = { 0, NULL }, prefix;
    scoped_key_token_e  form;

    form = scoped_key_token_parse(text, &id);
    must(form == expected(text));
    must(scoped_key_token_prefix(text, &prefix) == has_issued_form(text));

    if (form == SCOPED_KEY_TOKEN_ISSUED) {
        must(id.len == SCOPED_KEY_ID_BYTES);
        must(id.data == (const unsigned char *) memchr(text.data, '_',
                                                       text.len) + 1);

    } else {
        must(id.data == NULL && id.len == 0);
    }

    return form;
}


/* a CRC-32 sees every change of one byte; `how` is never 0 */
static void
changed_holds(scoped_key_str_t text, size_t at, unsigned char how)
{
    unsigned char  *byte;

    byte = (unsigned char *) text.data + at % text.len;

    *byte ^= how;
    must(parse_holds(text) != SCOPED_KEY_TOKEN_ISSUED);
    *byte ^= how;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            i;
    scoped_key_str_t  text, body;

    text = fuzz_copy(data, size);
    parse_holds(text);

    if (text.len > SCOPED_KEY_CHECKSUM_BYTES) {
        body.data = text.data;
        body.len = text.len - SCOPED_KEY_CHECKSUM_BYTES;
        scoped_key_token_checksum(body, (unsigned char *) text.data
                                        + body.len);

        if (parse_holds(text) == SCOPED_KEY_TOKEN_ISSUED) {

            for (i = 0; i < text.len; i++) {
                changed_holds(text, i, (unsigned char) (data[i] | 1));
            }
        }
    }

    fuzz_free(text);

    return 0;
}
