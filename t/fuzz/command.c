/* links: redis/resp -lhiredis */

/*
 * The lines of the input are the words of a command: hiredis reads from it just
 * these words and nothing else, whatever bytes they hold, and it is written
 * whole or not at all into any less room.  The first byte says how much less.
 */

#include "fuzz.h"

#include "redis/resp.h"


#define MAX_WORDS  64


static void
read_back(const unsigned char *command, size_t len, size_t n,
    const char *const *words, const size_t *lens)
{
    size_t                          i;
    scoped_key_resp_t              *resp;
    const scoped_key_resp_value_t  *root, *word;

    resp = scoped_key_resp_create();
    must(resp != NULL);
    must(scoped_key_resp_feed(resp, command, len));
    must(scoped_key_resp_next(resp, &root) == SCOPED_KEY_RESP_REPLY);
    must(root->type == SCOPED_KEY_RESP_ARRAY);
    must(root->len == n);

    for (i = 0; i < n; i++) {
        word = scoped_key_resp_element(root, i);

        must(word->type == SCOPED_KEY_RESP_STRING);
        must(word->len == lens[i]);
        must(lens[i] == 0 || memcmp(word->data, words[i], lens[i]) == 0);
    }

    must(scoped_key_resp_next(resp, &root) == SCOPED_KEY_RESP_MORE);
    scoped_key_resp_free(resp);
}


static void
command_holds(size_t less, size_t n, const char *const *words,
    const size_t *lens)
{
    size_t          len, room;
    unsigned char  *whole, *cut;

    room = scoped_key_resp_command_room(n, lens);
    whole = malloc(room);
    must(whole != NULL);

    len = scoped_key_resp_command(whole, room, n, words, lens);
    must(len != 0 && len <= room);
    read_back(whole, len, n, words, lens);

    room = less < len ? len - less : 0;
    cut = malloc(room);
    must(cut != NULL || room == 0);

    must(scoped_key_resp_command(cut, room, n, words, lens)
         == (room == len ? len : 0));
    must(room != len || memcmp(cut, whole, len) == 0);

    free(cut);
    free(whole);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n, i, less, lens[MAX_WORDS];
    const char       *words[MAX_WORDS];
    scoped_key_str_t  lines[MAX_WORDS];

    if (size == 0) {
        return 0;
    }

    less = *data++;
    size--;

    for (n = 0; n == 0 || (size != 0 && n < MAX_WORDS); n++) {
        lines[n] = fuzz_line(&data, &size);
        words[n] = (const char *) lines[n].data;
        lens[n] = lines[n].len;
    }

    command_holds(less, n, words, lens);

    for (i = 0; i < n; i++) {
        fuzz_free(lines[i]);
    }

    return 0;
}
