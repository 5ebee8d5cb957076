/* links: core/basic core/str */

/*
 * What is read is what was written: the text that is decoded, encoded again,
 * is the credential byte for byte.
 */

#include "core/basic.h"
#include "fuzz.h"


static void
encoded_again(const unsigned char *from, size_t n, scoped_key_str_t as)
{
    size_t         i;
    char           group[4];
    unsigned long  bits;

    static const char  digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (i = 0; i < n; i += 3) {
        bits = (unsigned long) from[i] << 16;
        bits |= i + 1 < n ? (unsigned long) from[i + 1] << 8 : 0;
        bits |= i + 2 < n ? from[i + 2] : 0;

        group[0] = digits[bits >> 18 & 63];
        group[1] = digits[bits >> 12 & 63];
        group[2] = digits[bits >> 6 & 63];
        group[3] = digits[bits & 63];

        if (i + 2 >= n) {
            group[3] = '=';
        }

        if (i + 1 >= n) {
            group[2] = '=';
        }

        must(i / 3 * 4 + 4 <= as.len);
        must(memcmp(as.data + i / 3 * 4, group, 4) == 0);
    }

    must((n + 2) / 3 * 4 == as.len);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             len;
    unsigned char     *scratch;
    scoped_key_str_t   credential, key;

    credential = fuzz_copy(data, size);
    scratch = malloc(SCOPED_KEY_BASIC_BYTES(size) + 1);
    must(scratch != NULL);

    if (scoped_key_basic_read(credential, scratch, &key)) {

        /* a key from the front is all but a colon; one behind it ends it */

        len = key.data == scratch ? key.len + 1
                                  : (size_t) (key.data - scratch) + key.len;

        must(scratch[key.data == scratch ? key.len
                                         : (size_t) (key.data - scratch) - 1]
             == ':');
        encoded_again(scratch, len, credential);
    }

    free(scratch);
    fuzz_free(credential);

    return 0;
}
