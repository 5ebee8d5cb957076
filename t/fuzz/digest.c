/* links: core/digest core/str -lsodium */

/*
 * First line a pepper, then a text, or a digest in hexadecimal.  A digest has
 * one spelling, which leads back to it; it depends on every byte of the text
 * and of the pepper; so does a tag on its text and its key.
 */

#include "core/digest.h"
#include "core/token.h"
#include "fuzz.h"


static scoped_key_pepper_t
pepper_of(scoped_key_str_t line)
{
    scoped_key_pepper_t  pepper;

    memset(&pepper, 0, sizeof(pepper));
    pepper.len = line.len;

    if (line.len < SCOPED_KEY_PEPPER_MIN_BYTES) {
        pepper.len = 0;
    }

    if (line.len > SCOPED_KEY_PEPPER_MAX_BYTES) {
        pepper.len = SCOPED_KEY_PEPPER_MAX_BYTES;
    }

    if (pepper.len != 0) {
        memcpy(pepper.bytes, line.data, pepper.len);
    }

    return pepper;
}


static void
from_hex_holds(scoped_key_str_t text)
{
    bool                 hex;
    size_t               i;
    unsigned char        again[SCOPED_KEY_DIGEST_HEX_BYTES];
    scoped_key_digest_t  digest;

    hex = text.len == SCOPED_KEY_DIGEST_HEX_BYTES;

    for (i = 0; i < text.len; i++) {
        hex = hex && text.data[i] != '\0'
              && strchr("0123456789abcdef", text.data[i]) != NULL;
    }

    must(scoped_key_digest_from_hex(&digest, text) == hex);

    if (hex) {
        scoped_key_digest_to_hex(&digest, again);
        must(memcmp(again, text.data, sizeof(again)) == 0);
    }
}


static void
spelling_holds(const scoped_key_digest_t *digest)
{
    unsigned char        hex[SCOPED_KEY_DIGEST_HEX_BYTES];
    unsigned char        id[SCOPED_KEY_LEGACY_ID_BYTES];
    scoped_key_str_t     text = { sizeof(hex), hex };
    scoped_key_digest_t  read;

    scoped_key_digest_to_hex(digest, hex);
    must(scoped_key_digest_from_hex(&read, text));
    must(scoped_key_digest_equal(digest, &read));

    scoped_key_digest_legacy_id(digest, id);
    must(id[0] == 'x' && memcmp(&id[1], hex, sizeof(id) - 1) == 0);
}


static void
pepper_holds(const scoped_key_digest_t *digest,
    const scoped_key_pepper_t *pepper, scoped_key_str_t text)
{
    scoped_key_digest_t  other;
    scoped_key_pepper_t  changed;

    changed = *pepper;

    if (pepper->len == 0) {
        changed.len = SCOPED_KEY_PEPPER_MAX_BYTES;

    } else {
        changed.bytes[text.len % pepper->len] ^= 1;
    }

    scoped_key_digest_make(&other, &changed, text);
    must(!scoped_key_digest_equal(digest, &other));
}


static void
tag_holds(scoped_key_str_t text, scoped_key_str_t changed)
{
    scoped_key_hash_t      hash, other;
    scoped_key_hash_key_t  key, other_key;

    memset(&key, 0x42, sizeof(key));
    memset(&other_key, 0x43, sizeof(other_key));

    scoped_key_hash_make(&hash, &key, text);
    scoped_key_hash_make(&other, &key, text);
    must(memcmp(&hash, &other, sizeof(hash)) == 0);

    scoped_key_hash_make(&other, &key, changed);
    must(memcmp(&hash, &other, sizeof(hash)) != 0);

    scoped_key_hash_make(&other, &other_key, text);
    must(memcmp(&hash, &other, sizeof(hash)) != 0);
}


static void
text_holds(const scoped_key_pepper_t *pepper, scoped_key_str_t text)
{
    scoped_key_str_t     changed;
    scoped_key_digest_t  digest, other;

    scoped_key_digest_make(&digest, pepper, text);
    spelling_holds(&digest);
    pepper_holds(&digest, pepper, text);

    scoped_key_digest_make(&other, pepper, text);
    must(scoped_key_digest_equal(&digest, &other));

    if (text.len == 0) {
        return;
    }

    changed = fuzz_copy(text.data, text.len);
    ((unsigned char *) changed.data)[text.data[0] % text.len] ^= 0x10;

    scoped_key_digest_make(&other, pepper, changed);
    must(!scoped_key_digest_equal(&digest, &other));
    tag_holds(text, changed);

    scoped_key_wipe((void *) changed.data, changed.len);
    must(changed.data[0] == 0 && changed.data[changed.len - 1] == 0);

    fuzz_free(changed);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t     line, text;
    scoped_key_pepper_t  pepper;

    must(scoped_key_digest_init());

    line = fuzz_line(&data, &size);
    text = fuzz_copy(data, size);
    pepper = pepper_of(line);

    from_hex_holds(text);
    text_holds(&pepper, text);

    fuzz_free(line);
    fuzz_free(text);

    return 0;
}
