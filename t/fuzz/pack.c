/* links: core/pack core/str */

/*
 * Texts, one a line, into as much room as the first byte says, and back: all
 * that fit come back as they were, and those that do not are refused for want
 * of room alone.
 */

#include "core/pack.h"
#include "fuzz.h"


#define MAX_TEXTS  64


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                i, n, before;
    scoped_key_str_t      text[MAX_TEXTS], back;
    scoped_key_pack_t     pack;
    const unsigned char  *at;

    n = 0;
    pack.len = 0;
    pack.room = size != 0 ? *data : 0;
    pack.start = malloc(pack.room);

    while (size != 0 && n < MAX_TEXTS) {
        before = pack.len;
        text[n] = fuzz_line(&data, &size);

        if (scoped_key_pack_str(&pack, text[n])) {
            must(pack.len == before + 2 + text[n].len);
            n++;

        } else {
            must(pack.len == before);
            must(pack.room - pack.len < 2 + text[n].len);
            fuzz_free(text[n]);
        }
    }

    at = pack.start;

    for (i = 0; i < n; i++) {
        at = scoped_key_unpack_str(at, &back);
        must(scoped_key_str_equal(back, text[i]));
        fuzz_free(text[i]);
    }

    must(at == pack.start + pack.len || n == 0);
    before = pack.len;
    must(scoped_key_pack_align(&pack)
         ? pack.len % SCOPED_KEY_PACK_ALIGNMENT == 0 && pack.len - before < 8
         : pack.len == before);

    free(pack.start);

    return 0;
}
