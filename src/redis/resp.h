/*
 * RESP2 as bytes in and bytes out: hiredis as codec, with limits of our own.
 * No socket, no event, no nginx: a unit test feeds it a byte at a time.
 * A reply lies flat, in the order in which it came, in memory that the next
 * reply uses again.  Nothing that a server says is trusted: not a length, a
 * count, a type or an order.
 */

#ifndef SCOPED_KEY_RESP_H
#define SCOPED_KEY_RESP_H

#include <stdbool.h>
#include <stddef.h>


#define SCOPED_KEY_RESP_MAX_BYTES     1048576   /* one reply, as sent */
#define SCOPED_KEY_RESP_MAX_ELEMENTS    16384   /* one reply, in all depths */
#define SCOPED_KEY_RESP_MAX_DEPTH           5

typedef enum {
    SCOPED_KEY_RESP_NIL = 0,
    SCOPED_KEY_RESP_STATUS,
    SCOPED_KEY_RESP_ERROR,
    SCOPED_KEY_RESP_STRING,
    SCOPED_KEY_RESP_INTEGER,
    SCOPED_KEY_RESP_ARRAY
} scoped_key_resp_e;

/* a value; an array's elements follow it, each with all that is in it */
typedef struct {
    scoped_key_resp_e     type;
    size_t                len;           /* of data; of an array: elements */
    size_t                span;          /* values that this one takes up, 1
                                            but for arrays: next sibling at
                                            + span */
    long long             integer;
    const unsigned char  *data;          /* of status, error and string */
} scoped_key_resp_value_t;

typedef struct scoped_key_resp_s  scoped_key_resp_t;

typedef enum {
    SCOPED_KEY_RESP_REPLY = 0,           /* *value is the root of one */
    SCOPED_KEY_RESP_MORE,                /* feed more bytes */
    SCOPED_KEY_RESP_TOO_LARGE,           /* over the limits, made of arrays and
                                            strings, and read past: *value is
                                            its type and its length alone */
    SCOPED_KEY_RESP_BROKEN               /* no RESP, or more than anybody would
                                            say, or out of memory; the end */
} scoped_key_resp_status_e;


scoped_key_resp_t *scoped_key_resp_create(void);
void scoped_key_resp_free(scoped_key_resp_t *resp);

/* false: out of memory; the bytes are copied */
bool scoped_key_resp_feed(scoped_key_resp_t *resp, const void *data,
    size_t len);

/* the value lives until the next call of feed, next or free */
scoped_key_resp_status_e scoped_key_resp_next(scoped_key_resp_t *resp,
    const scoped_key_resp_value_t **value);

/* NULL when value is no array or has fewer elements */
const scoped_key_resp_value_t *scoped_key_resp_element(
    const scoped_key_resp_value_t *array, size_t n);

/* whether value is an error that begins with this word, such as "NOAUTH" */
bool scoped_key_resp_is_error(const scoped_key_resp_value_t *value,
    const char *word);

/* whether value is this status, such as "OK" */
bool scoped_key_resp_is_status(const scoped_key_resp_value_t *value,
    const char *text);

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
