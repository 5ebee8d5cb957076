/*
 * What the replies to a batch of commands have to look like, reply by reply:
 * whatever does not answers something else.  Private to src/redis but for the
 * forms themselves.
 */

#ifndef SCOPED_KEY_REDIS_FORM_H
#define SCOPED_KEY_REDIS_FORM_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "resp.h"


#define SCOPED_KEY_REDIS_MAX_FORMS  8

/* any command may also be answered with an error */
typedef enum {
    SCOPED_KEY_REDIS_FORM_MULTI = 0,     /* +OK */
    SCOPED_KEY_REDIS_FORM_QUEUED,        /* +QUEUED */
    SCOPED_KEY_REDIS_FORM_PAIRS,         /* +QUEUED, and then an even number of
                                            strings */
    SCOPED_KEY_REDIS_FORM_EXEC,          /* an array, of each that was queued
                                            an array of strings or an error */
    SCOPED_KEY_REDIS_FORM_INTEGER,
    SCOPED_KEY_REDIS_FORM_PONG           /* +PONG */
} scoped_key_redis_form_e;

/* of one batch; const, and outlives it */
typedef struct {
    ngx_uint_t               n;
    scoped_key_redis_form_e  form[SCOPED_KEY_REDIS_MAX_FORMS];
} scoped_key_redis_forms_t;

/* how far the replies to a batch have come; zero at its start */
typedef struct {
    ngx_uint_t               step;       /* the next form */
    ngx_uint_t               queued;     /* commands of the transaction */
    ngx_uint_t               pairs;      /* which of them: a bit each */
    unsigned                 refused:1;  /* MULTI was */
    unsigned                 aborted:1;  /* one of its commands was */
} scoped_key_redis_progress_t;


/* whether the value is of the next form; then the one after it is the next */
ngx_uint_t scoped_key_redis_form_take(const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value);

/* the same for a reply that was too large; root: its type and length alone */
ngx_uint_t scoped_key_redis_form_take_large(
    const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *root);

ngx_uint_t scoped_key_redis_is_status(const scoped_key_resp_value_t *value,
    const char *text);

#endif
