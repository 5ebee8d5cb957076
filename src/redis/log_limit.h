/*
 * Bounds the log lines about failures that come and go at any pace, as of a
 * server that answers every other time: of each reason a line at once; the
 * next one after a second, and, while lines are left out, after twice as long,
 * up to a minute.  What was left out is counted.  No clock, no log, no nginx:
 * a unit test alone can say what time it is.
 */

#ifndef SCOPED_KEY_REDIS_LOG_LIMIT_H
#define SCOPED_KEY_REDIS_LOG_LIMIT_H

#include <stddef.h>
#include <stdint.h>


#define SCOPED_KEY_REDIS_FIRST_LOG_PAUSE_MS   1000
#define SCOPED_KEY_REDIS_MAX_LOG_PAUSE_MS    60000

/* told apart at one time; more of them share what there is */
#define SCOPED_KEY_REDIS_MAX_LOG_REASONS         8

/* of ", 4294967295 more not logged" */
#define SCOPED_KEY_REDIS_LOG_NOTE_BYTES         40

typedef struct {
    uint32_t       reason;
    unsigned long  last;                 /* when it was logged */
    unsigned long  pause;                /* after that; 0: a free slot */
    int            left_out;             /* a line, since then */
} scoped_key_redis_log_reason_t;

/* all zero at the start */
typedef struct {
    scoped_key_redis_log_reason_t  reasons[SCOPED_KEY_REDIS_MAX_LOG_REASONS];
    uint32_t                       left_out;  /* since the last line */
    char                           note[SCOPED_KEY_REDIS_LOG_NOTE_BYTES];
} scoped_key_redis_log_limit_t;


/*
 * Whether a failure may be logged now.  reason: any number that tells it from
 * others; now: in milliseconds, may wrap.  NULL: it may not, and is counted.
 * Else what the line has to end with: an empty string, or how many were left
 * out since the last line; valid until the next call.
 * A recovery needs no leave: it is logged if its failure was.
 */
const char *scoped_key_redis_log_allow(scoped_key_redis_log_limit_t *limit,
    uint32_t reason, unsigned long now);

/* a number for the first word of a text: of what a server says, the rest may
   be another each time */
uint32_t scoped_key_redis_log_reason(const void *text, size_t len);

#endif
