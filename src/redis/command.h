/*
 * A command as RESP has it: an array of bulk strings.  hiredis formats them
 * too, at ten times the cost, since it goes through printf and malloc; what it
 * reads, it reads (resp.h).  Knows no command and no connection.
 */

#ifndef SCOPED_KEY_REDIS_COMMAND_H
#define SCOPED_KEY_REDIS_COMMAND_H

#include <stddef.h>


/* bytes that suffice for the command; 0: more than a size_t can say */
size_t scoped_key_resp_command_room(size_t argc, const size_t *lens);

/*
 * Writes the command, argv[0] its name, lens the lengths of all.  Returns its
 * length, or 0 when it does not fit in room bytes, which are then of no use,
 * or when there is no argv[0].
 */
size_t scoped_key_resp_command(void *out, size_t room, size_t argc,
    const char *const *argv, const size_t *lens);

#endif
