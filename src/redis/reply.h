/*
 * One reply while it is put together: a flat, bounded array of values and a
 * bounded arena of bytes.  Private to src/redis; knows nothing of hiredis.
 * Invariants: nothing is allocated because a server announced it, only
 * because it came; texts are offsets into the arena, which may move, until
 * scoped_key_reply_settle() makes pointers of them.
 */

#ifndef SCOPED_KEY_REDIS_REPLY_H
#define SCOPED_KEY_REDIS_REPLY_H

#include "resp.h"


typedef struct {
    scoped_key_resp_value_t  *values;
    size_t                    nvalues;
    size_t                    values_size;
    size_t                    announced;   /* elements, in all arrays */
    unsigned char            *text;
    size_t                    text_len;
    size_t                    text_size;
} scoped_key_reply_t;


/*
 * These append one value, in the order of the wire.  They return
 * SCOPED_KEY_RESP_REPLY when it was taken, SCOPED_KEY_RESP_TOO_LARGE over the
 * limits of resp.h, SCOPED_KEY_RESP_BROKEN when it is too deep, or out of
 * memory.
 */
scoped_key_resp_status_e scoped_key_reply_nil(scoped_key_reply_t *reply);
scoped_key_resp_status_e scoped_key_reply_integer(scoped_key_reply_t *reply,
    long long integer);
scoped_key_resp_status_e scoped_key_reply_text(scoped_key_reply_t *reply,
    scoped_key_resp_e type, const void *data, size_t len);
/* depth: 1 for the outermost */
scoped_key_resp_status_e scoped_key_reply_array(scoped_key_reply_t *reply,
    size_t elements, size_t depth);

/* complete: fills in the pointers and the spans */
void scoped_key_reply_settle(scoped_key_reply_t *reply);

/*
 * Empty again.  Memory is kept, but for what a big reply had made it grow to:
 * then it is given back, and true is returned.
 */
bool scoped_key_reply_reset(scoped_key_reply_t *reply);
void scoped_key_reply_free(scoped_key_reply_t *reply);

#endif
