/*
 * Writes commands into memory that the caller has.  Texts may hold any byte:
 * lengths say where they end.
 * Invariant: nothing is written behind the room that was given, and what did
 * not fit as a whole is never taken for a command.
 */

#include "command.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>


#define SCOPED_KEY_COMMAND_EOL_BYTES    2

/* of the greatest size_t */
#define SCOPED_KEY_COMMAND_MAX_DIGITS  20

/* "*12\r\n" or "$12\r\n" */
#define SCOPED_KEY_COMMAND_HEAD_BYTES                                         \
    (1 + SCOPED_KEY_COMMAND_MAX_DIGITS + SCOPED_KEY_COMMAND_EOL_BYTES)


typedef struct {
    unsigned char  *pos;
    size_t          left;
} scoped_key_command_out_t;


static bool
scoped_key_command_append(scoped_key_command_out_t *out, const void *data,
    size_t len)
{
    if (len > out->left) {
        return false;
    }

    /* an empty text may have no data at all */

    if (len != 0) {
        memcpy(out->pos, data, len);
    }

    out->pos += len;
    out->left -= len;

    return true;
}


static bool
scoped_key_command_head(scoped_key_command_out_t *out, unsigned char sign,
    size_t n)
{
    size_t         at;
    unsigned char  head[SCOPED_KEY_COMMAND_HEAD_BYTES];

    at = sizeof(head);
    head[--at] = '\n';
    head[--at] = '\r';

    do {
        head[--at] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    head[--at] = sign;

    return scoped_key_command_append(out, head + at, sizeof(head) - at);
}


size_t
scoped_key_resp_command_room(size_t argc, const size_t *lens)
{
    size_t  i, room;

    static const size_t  around =
        SCOPED_KEY_COMMAND_HEAD_BYTES + SCOPED_KEY_COMMAND_EOL_BYTES;

    room = SCOPED_KEY_COMMAND_HEAD_BYTES;

    for (i = 0; i < argc; i++) {

        if (lens[i] > SIZE_MAX - around
            || lens[i] + around > SIZE_MAX - room)
        {
            return 0;
        }

        room += lens[i] + around;
    }

    return room;
}


size_t
scoped_key_resp_command(void *out, size_t room, size_t argc,
    const char *const *argv, const size_t *lens)
{
    size_t                    i;
    scoped_key_command_out_t  command = { out, room };

    if (argc == 0 || !scoped_key_command_head(&command, '*', argc)) {
        return 0;
    }

    for (i = 0; i < argc; i++) {

        if (!scoped_key_command_head(&command, '$', lens[i])
            || !scoped_key_command_append(&command, argv[i], lens[i])
            || !scoped_key_command_append(&command, "\r\n",
                                          SCOPED_KEY_COMMAND_EOL_BYTES))
        {
            return 0;
        }
    }

    return room - command.left;
}
