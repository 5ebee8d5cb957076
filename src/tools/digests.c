/*
 * Ids and digests by the core, which is a hundred times quicker than a shell.
 * Invariant: a key is read from a pipe or a file, and written nowhere.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/digest.h"
#include "../core/token.h"
#include "digests.h"


#define DIGESTS_FAILED  2


static int
digests_failed(const char *why)
{
    fprintf(stderr, "%s\n", why);

    return DIGESTS_FAILED;
}


/* as the module reads it: the bytes of the file but one final newline */
static bool
digests_read_pepper(const char *name, scoped_key_pepper_t *pepper)
{
    FILE           *file;
    size_t          len;
    unsigned char   bytes[SCOPED_KEY_PEPPER_MAX_BYTES + 2];

    file = fopen(name, "rb");
    if (file == NULL) {
        return false;
    }

    /* no second copy in memory that nobody wipes */
    setbuf(file, NULL);

    len = fread(bytes, 1, sizeof(bytes), file);
    len -= (len > 0 && bytes[len - 1] == '\n');

    (void) fclose(file);

    pepper->len = len;

    if (len >= SCOPED_KEY_PEPPER_MIN_BYTES
        && len <= SCOPED_KEY_PEPPER_MAX_BYTES)
    {
        memcpy(pepper->bytes, bytes, len);

    } else {
        pepper->len = 0;
    }

    scoped_key_wipe(bytes, sizeof(bytes));

    return pepper->len > 0;
}


static bool
digests_is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}


/* our form with a wrong checksum is all that is malformed of such a text */
static bool
digests_is_printable(scoped_key_str_t text)
{
    size_t  i;

    if (text.len < SCOPED_KEY_LEGACY_MIN_BYTES
        || text.len > SCOPED_KEY_TOKEN_MAX_BYTES)
    {
        return false;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') {
            return false;
        }
    }

    return true;
}


static void
digests_print(scoped_key_str_t id, const scoped_key_digest_t *digest,
    scoped_key_str_t object)
{
    unsigned char  hex[SCOPED_KEY_DIGEST_HEX_BYTES];

    scoped_key_digest_to_hex(digest, hex);

    printf("{\"id\":\"%.*s\",\"digest\":\"%.*s\"", (int) id.len,
           (const char *) id.data, (int) sizeof(hex), (const char *) hex);

    if (object.len > 0) {
        printf(",\"record\":");
        fwrite(object.data, 1, object.len, stdout);
    }

    printf("}\n");
}


static void
digests_key(const scoped_key_pepper_t *pepper, scoped_key_str_t text,
    scoped_key_str_t object)
{
    unsigned char        legacy[SCOPED_KEY_LEGACY_ID_BYTES];
    scoped_key_str_t     id;
    scoped_key_digest_t  digest;

    switch (scoped_key_token_parse(text, &id)) {

    case SCOPED_KEY_TOKEN_ISSUED:
        scoped_key_digest_make(&digest, pepper, text);
        digests_print(id, &digest, object);
        return;

    case SCOPED_KEY_TOKEN_LEGACY:
        scoped_key_digest_make(&digest, pepper, text);
        scoped_key_digest_legacy_id(&digest, legacy);

        id.data = legacy;
        id.len = SCOPED_KEY_LEGACY_ID_BYTES;

        digests_print(id, &digest, object);
        return;

    default: /* SCOPED_KEY_TOKEN_MALFORMED */
        break;
    }

    if (digests_is_printable(text)) {
        printf("!looks like a key, but its checksum is wrong\n");
        return;
    }

    printf("!is not %d to %d printable characters without spaces\n",
           SCOPED_KEY_LEGACY_MIN_BYTES, SCOPED_KEY_TOKEN_MAX_BYTES);
}


static void
digests_line(const scoped_key_pepper_t *pepper, const char *line, size_t len)
{
    size_t            start, key;
    scoped_key_str_t  text, object;

    for (key = 0; key < len && !digests_is_space(line[key]); key++) {
        /* void */
    }

    for (start = key; start < len && digests_is_space(line[start]); start++) {
        /* void */
    }

    text.data = (const unsigned char *) line;
    text.len = key;

    object.data = (const unsigned char *) line + start;
    object.len = len - start;

    if (text.len == 0) {
        printf("\n");
        return;
    }

    if (object.len > 0) {
        if (object.len < 2 || object.data[0] != '{'
            || object.data[object.len - 1] != '}')
        {
            printf("!has something behind the text that is no JSON object\n");
            return;
        }
    }

    digests_key(pepper, text, object);
}


int
digests(const char *name)
{
    char                 *line;
    size_t                room;
    ssize_t               len;
    scoped_key_pepper_t   pepper;

    if (!scoped_key_digest_init()) {
        return digests_failed("sodium_init() failed");
    }

    pepper.len = 0;

    if (name != NULL && !digests_read_pepper(name, &pepper)) {
        return digests_failed("the pepper must be 16 to 64 bytes");
    }

    line = NULL;
    room = 0;

    while ((len = getline(&line, &room, stdin)) > 0) {
        len -= (line[len - 1] == '\n');
        digests_line(&pepper, line, (size_t) len);
    }

    if (line != NULL) {
        scoped_key_wipe(line, room);
    }

    free(line);
    scoped_key_wipe(&pepper, sizeof(pepper));

    if (ferror(stdin) || fflush(stdout) != 0 || ferror(stdout)) {
        return digests_failed("reading or writing failed");
    }

    return 0;
}
