/*
 * Reads past the rest of a reply that is too large to be kept: announced sizes
 * are counted down, nothing is stored.  Private to src/redis; bytes only.
 * It takes what a record or a message is made of, arrays of strings, and
 * nothing else: whatever else comes was not a part of that reply.
 */

#ifndef SCOPED_KEY_REDIS_SKIP_H
#define SCOPED_KEY_REDIS_SKIP_H

#include "resp.h"


#define SCOPED_KEY_SKIP_MAX_BYTES     16777216   /* of the rest of a reply */
#define SCOPED_KEY_SKIP_MAX_ELEMENTS   1048576
#define SCOPED_KEY_SKIP_MAX_DEPTH            2   /* arrays in each other */

/* "$", the digits of a size, CR LF */
#define SCOPED_KEY_SKIP_LINE_BYTES          24

typedef struct {
    size_t         left[SCOPED_KEY_SKIP_MAX_DEPTH + 1];  /* values to come;
                                            the first is for the root */
    size_t         level;                /* the innermost of these */
    size_t         elements;             /* announced in all */
    size_t         bytes;                /* read so far */
    size_t         text;                 /* of a string, still to come, its
                                            line end too */
    size_t         line_len;
    unsigned char  line[SCOPED_KEY_SKIP_LINE_BYTES];
} scoped_key_skip_t;


/* values: 1 when the root itself is to come, else 0 */
void scoped_key_skip_start(scoped_key_skip_t *skip, size_t values);

/* an array, within the last one, of which so many values are to come */
bool scoped_key_skip_enter(scoped_key_skip_t *skip, size_t values);

/*
 * SCOPED_KEY_RESP_MORE: all bytes belong to it and more are to come;
 * SCOPED_KEY_RESP_TOO_LARGE: it is over, after *used bytes; else
 * SCOPED_KEY_RESP_BROKEN.
 */
scoped_key_resp_status_e scoped_key_skip_feed(scoped_key_skip_t *skip,
    const unsigned char *data, size_t len, size_t *used);

#endif
