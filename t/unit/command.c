/* links: redis/resp -lhiredis */

/*
 * Commands as they go over the wire, and what becomes of them where there is
 * no room for them.  That a reader finds the same words again, whatever they
 * are, is the fuzzer's to say.
 */

#include "redis/resp.h"
#include "unit.h"

#include <stdint.h>
#include <string.h>


static const char *const  words[] = { "GET", "a\r\nDEL b\0c%s", "" };
static const size_t       lens[] = { 3, 12, 0 };
static const char         wanted[] =
    "*3\r\n$3\r\nGET\r\n$12\r\na\r\nDEL b\0c%s\r\n$0\r\n\r\n";


/* binary arguments arrive as they are: nothing can become a second command */
static void
test_bytes(void)
{
    size_t  len;
    char    out[sizeof(wanted)];

    len = scoped_key_resp_command(out, sizeof(out), 3, words, lens);

    check(len == sizeof(wanted) - 1);
    check(memcmp(out, wanted, len) == 0);
}


static void
test_room(void)
{
    size_t         room;
    unsigned char  out[sizeof(wanted) + 1];

    for (room = 0; room < sizeof(wanted) - 1; room++) {
        memset(out, 0x5a, sizeof(out));

        check(scoped_key_resp_command(out, room, 3, words, lens) == 0);
        check(out[room] == 0x5a);
    }

    memset(out, 0x5a, sizeof(out));

    check(scoped_key_resp_command(out, room, 3, words, lens) == room);
    check(out[room] == 0x5a);
    check(scoped_key_resp_command_room(3, lens) >= room);
}


static void
test_limits(void)
{
    char          out[64];
    const size_t  huge[] = { SIZE_MAX / 2, SIZE_MAX / 2, 8 };
    const size_t  greatest[] = { SIZE_MAX };

    check(scoped_key_resp_command(out, sizeof(out), 0, words, lens) == 0);
    check(scoped_key_resp_command(out, sizeof(out), 1, words, greatest) == 0);

    check(scoped_key_resp_command_room(3, huge) == 0);
    check(scoped_key_resp_command_room(1, greatest) == 0);
    check(scoped_key_resp_command_room(1, huge) > SIZE_MAX / 2);
}


/* lengths of one to four digits, a NULL of length 0 among them */
static void
test_lengths(void)
{
    size_t       len, i, size;
    char         out[2100];
    const char  *word;

    static char          text[2000];
    static const size_t  sizes[] = { 0, 9, 10, 99, 100, 999, 1000, 2000 };
    static const char   *const heads[] = {
        "*1\r\n$0\r\n", "*1\r\n$9\r\n", "*1\r\n$10\r\n", "*1\r\n$99\r\n",
        "*1\r\n$100\r\n", "*1\r\n$999\r\n", "*1\r\n$1000\r\n",
        "*1\r\n$2000\r\n"
    };

    memset(text, 't', sizeof(text));

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size = sizes[i];
        word = size != 0 ? text : NULL;
        len = scoped_key_resp_command(out, sizeof(out), 1, &word, &size);

        check(len == strlen(heads[i]) + size + 2);
        check(memcmp(out, heads[i], strlen(heads[i])) == 0);
        check(memcmp(out + len - 2, "\r\n", 2) == 0);
        check(len <= scoped_key_resp_command_room(1, &size));
    }
}


int
main(void)
{
    test_bytes();
    test_room();
    test_limits();
    test_lengths();

    return unit_done("command");
}
