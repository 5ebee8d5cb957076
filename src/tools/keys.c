/*
 * New keys, and the ids and digests of keys.
 * Invariant: a key is read from a pipe or a file, and written to standard
 * output alone; memory that held one is wiped (memory.h, tool.c).
 */

#include <stdio.h>
#include <sys/random.h>

#include "../core/digest.h"
#include "../core/token.h"
#include "output.h"
#include "reason.h"
#include "tool.h"


/* of a byte below it every character of base62 is as likely: 4 x 62 */
#define KEYS_FAIR_BYTES    248
#define KEYS_RANDOM_BYTES   64

static const char  keys_base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static scoped_key_pepper_t  keys_pepper;


/* as the module reads it: the bytes of the file but one final newline */
static bool
keys_read_pepper(const char *name)
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

    if (len >= SCOPED_KEY_PEPPER_MIN_BYTES
        && len <= SCOPED_KEY_PEPPER_MAX_BYTES)
    {
        keys_pepper.len = len;
        memcpy(keys_pepper.bytes, bytes, len);
    }

    scoped_key_wipe(bytes, sizeof(bytes));

    return keys_pepper.len > 0;
}


const char *
tool_keys(const tool_t *tool)
{
    value_t  file = value_member(tool->options, "pepper_file");

    keys_pepper.len = 0;

    if (!scoped_key_digest_init()) {
        return "sodium_init() failed";
    }

    if (file != NULL
        && !keys_read_pepper(text_terminated(value_str(file))))
    {
        return "the pepper must be 16 to 64 bytes";
    }

    return NULL;
}


static bool
keys_is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}


/* our form with a wrong checksum is all that is malformed of such a key */
static bool
keys_is_printable(scoped_key_str_t key)
{
    size_t  i;

    if (key.len < SCOPED_KEY_LEGACY_MIN_BYTES
        || key.len > SCOPED_KEY_TOKEN_MAX_BYTES)
    {
        return false;
    }

    for (i = 0; i < key.len; i++) {
        if (key.data[i] < '!' || key.data[i] > '~') {
            return false;
        }
    }

    return true;
}


/* the members "id" and "digest" of an object */
static void
keys_write(scoped_key_str_t key, scoped_key_str_t id)
{
    unsigned char        hex[SCOPED_KEY_DIGEST_HEX_BYTES];
    unsigned char        legacy[SCOPED_KEY_LEGACY_ID_BYTES];
    scoped_key_digest_t  digest;

    scoped_key_digest_make(&digest, &keys_pepper, key);
    scoped_key_digest_to_hex(&digest, hex);

    if (id.len == 0) {
        scoped_key_digest_legacy_id(&digest, legacy);
        id = (scoped_key_str_t) { sizeof(legacy), legacy };
    }

    output_string("id", id);
    output_string("digest", (scoped_key_str_t) { sizeof(hex), hex });
}


static bool
keys_refused(const char *reason)
{
    output_json(NULL, str_format("!%s", str_static(reason)));

    return output_end();
}


/* object: what follows the key, or empty */
static bool
keys_digest(scoped_key_str_t key, scoped_key_str_t object)
{
    scoped_key_str_t  id = { 0, NULL };

    if (object.len > 0
        && (object.len < 2 || object.data[0] != '{'
            || object.data[object.len - 1] != '}'))
    {
        return keys_refused("has something after the key that is no JSON "
                            "object");
    }

    if (scoped_key_token_parse(key, &id) == SCOPED_KEY_TOKEN_MALFORMED) {
        return keys_refused(keys_is_printable(key)
                            ? "looks like a key, but its checksum is wrong"
                            : "is not 8 to 2048 printable characters without "
                              "spaces");
    }

    output_open(NULL, '{');
    keys_write(key, id);

    if (object.len > 0) {
        output_json("record", object);
    }

    output_close('}');

    return output_end();
}


/*
 * A key, and after white space perhaps a JSON object, which is not looked into
 * -> {"id","digest"}, and the object as "record"; `!` and why it cannot be; or
 * an empty line for an empty one
 */
bool
tool_digest(const tool_t *tool, value_t asked)
{
    size_t            start, end, len = tool->text.len;
    const char       *line = (const char *) tool->text.data;
    scoped_key_str_t  object;

    (void) asked;

    for (end = 0; end < len && !keys_is_space(line[end]); end++) {
        /* void */
    }

    for (start = end; start < len && keys_is_space(line[start]); start++) {
        /* void */
    }

    if (end == 0) {
        return output_end();
    }

    object.data = tool->text.data + start;
    object.len = len - start;

    return keys_digest((scoped_key_str_t) { end, tool->text.data }, object);
}


/* as many characters of base62 from the system's random source */
static bool
keys_random(buffer_t *key, size_t wanted)
{
    ssize_t        i, n;
    unsigned char  bytes[KEYS_RANDOM_BYTES];

    while (wanted > 0) {
        n = getrandom(bytes, sizeof(bytes), 0);

        if (n <= 0) {
            return false;
        }

        for (i = 0; i < n && wanted > 0; i++) {
            if (bytes[i] < KEYS_FAIR_BYTES) {
                buffer_bytes(key, &keys_base62[bytes[i] % 62], 1);
                wanted--;
            }
        }
    }

    scoped_key_wipe(bytes, sizeof(bytes));

    return true;
}


/* {"prefix":…,"id":…} -> {"id","digest","key"}; without an id, a new one */
bool
tool_issue(const tool_t *tool, value_t asked)
{
    buffer_t          key = { NULL, 0, 0 }, id = { NULL, 0, 0 };
    unsigned char     checksum[SCOPED_KEY_CHECKSUM_BYTES];
    scoped_key_str_t  prefix = value_str(value_member(asked, "prefix"));

    (void) tool;

    buffer_str(&id, value_str(value_member(asked, "id")));

    if (!reason_prefix_is_good(prefix)) {
        return output_refused(str_format("the prefix \"%s\" is not a-z, then "
                                         "1 to 15 of a-z and 0-9", prefix),
                              NULL);
    }

    if (id.len == 0 && !keys_random(&id, SCOPED_KEY_ID_BYTES)) {
        return output_refused(str_static("no random bytes"), NULL);
    }

    if (id.len != SCOPED_KEY_ID_BYTES
        || !reason_id_is_good(buffer_done(&id)))
    {
        return output_refused(str_format("\"%s\" is no id of an issued key",
                                         buffer_done(&id)), NULL);
    }

    buffer_str(&key, str_format("%s_%s_", prefix, buffer_done(&id)));

    if (!keys_random(&key, SCOPED_KEY_SECRET_BYTES)) {
        return output_refused(str_static("no random bytes"), NULL);
    }

    scoped_key_token_checksum(buffer_done(&key), checksum);
    buffer_bytes(&key, checksum, sizeof(checksum));

    output_open(NULL, '{');
    keys_write(buffer_done(&key), buffer_done(&id));
    output_string("key", buffer_done(&key));
    output_close('}');

    return output_end();
}
