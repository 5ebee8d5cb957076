/*
 * When keys were last used: an allowed request is noted, and in a while many
 * notes are written to Redis at once.  A key is written once in an interval at
 * most; a request costs a comparison as long as that has not passed.  Uses of
 * secrets from before a rotation are noted a second time, in a set of their
 * own: who rotates a key wants to know when the old secret has gone out of use.
 * Invariant: a request never waits for any of this, and is never refused for
 * it: what cannot be written is counted as lost and not tried again.
 */

#ifndef NGX_HTTP_SCOPED_KEY_LAST_USED_H
#define NGX_HTTP_SCOPED_KEY_LAST_USED_H

#include "context.h"
#include "store.h"


/* in the data of a cached record, after decide.c's allow bits: the second */
#define NGX_HTTP_SCOPED_KEY_LAST_USED_BYTES  sizeof(uint32_t)

#define NGX_HTTP_SCOPED_KEY_MAX_PENDING_USES  4096  /* not yet written */
#define NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND  256

/* a first use shows within a second */
#define NGX_HTTP_SCOPED_KEY_LAST_USED_DELAY_MS  500
#define NGX_HTTP_SCOPED_KEY_LAST_USED_FULL_MS   1   /* a command is full */

/*
 * A record that was read again has no data yet.  So a table of hashes, of ids
 * or of keys, says which keys were written recently.
 */
#define NGX_HTTP_SCOPED_KEY_LAST_USED_ROWS     4096
#define NGX_HTTP_SCOPED_KEY_LAST_USED_PER_ROW     4

typedef struct {
    uint32_t                          hash;
    uint32_t                          second;   /* 0: free */
} ngx_http_scoped_key_recent_use_t;

/* seconds are the low 32 bits of the time */
typedef struct {
    uint32_t                          second;
    u_char                            id_len;
    u_char                            id[SCOPED_KEY_ID_MAX_BYTES];
} ngx_http_scoped_key_use_t;

/*
 * The first four as in ngx_connection_t: nginx's debug log takes what a
 * timer's data points at for one.
 */
struct ngx_http_scoped_key_last_used_s {
    ngx_http_scoped_key_worker_t     *worker;
    ngx_http_scoped_key_main_conf_t  *conf;
    const ngx_str_t                  *name;     /* of the set in Redis */
    ngx_log_t                        *log;
    ngx_int_t                         ident;    /* -1 */

    uint32_t                          interval; /* seconds */
    size_t                            data_offset; /* of our bytes */
    uint64_t                          lost;     /* ever */

    ngx_event_t                        timer;   /* set while some are pending
                                                   and none is being written */
    scoped_key_redis_request_t         request;
    char                              *command; /* of request, for as long as
                                                   it may be sent once more */
    size_t                             command_len;
    ngx_uint_t                         nsent;   /* in request; 0: none is in
                                                   flight */
    ngx_uint_t                         npending;
    ngx_http_scoped_key_use_t
                             pending[NGX_HTTP_SCOPED_KEY_MAX_PENDING_USES];
    ngx_http_scoped_key_recent_use_t
                             recent[NGX_HTTP_SCOPED_KEY_LAST_USED_ROWS]
                                   [NGX_HTTP_SCOPED_KEY_LAST_USED_PER_ROW];

    scoped_key_redis_log_limit_t      limit;
    unsigned                          failing:1;  /* and was logged */
    unsigned                          stopped:1;
};


/*
 * worker->last_used and previous_used; NULL where they are off.  NGX_ERROR: out
 * of memory
 */
ngx_int_t ngx_http_scoped_key_last_used_create(
    ngx_http_scoped_key_worker_t *worker);

/* before the connection goes: what is pending is dropped; may be NULL */
void ngx_http_scoped_key_last_used_stop(ngx_http_scoped_key_last_used_t *lu);

/*
 * Of a key that was not recorded within the interval, as far as is known.
 * what: its id or the key itself, which is to be recorded once in that time.
 * Returns the second that is recorded now.
 */
uint32_t ngx_http_scoped_key_last_used_touch(
    ngx_http_scoped_key_last_used_t *lu, scoped_key_str_t what,
    scoped_key_str_t id);

/* the same of the key of a request, whichever of its texts it was */
uint32_t ngx_http_scoped_key_last_used_touch_key(
    ngx_http_scoped_key_last_used_t *lu, const ngx_http_scoped_key_ctx_t *ctx);


/* of every request that was allowed for its key */

static ngx_inline void
ngx_http_scoped_key_record_use(const ngx_http_scoped_key_ctx_t *ctx)
{
    uint32_t                          second;
    scoped_key_str_t                  id, text;
    ngx_http_scoped_key_last_used_t  *lu;
    ngx_http_scoped_key_worker_t     *worker;

    worker = ngx_http_scoped_key_worker;

    if (worker == NULL || worker->last_used == NULL) {
        return;
    }

    lu = worker->last_used;

    if (ctx->match == SCOPED_KEY_SECRET_PREVIOUS) {

        /* rotated once more, the key has another text that is the previous */

        id = scoped_key_record_id(ctx->record);
        text = ngx_http_scoped_key_str(&ctx->key);

        ngx_http_scoped_key_last_used_touch(worker->previous_used, text, id);
    }

    if (ctx->cached_data == NULL) {
        ngx_http_scoped_key_last_used_touch_key(lu, ctx);
        return;
    }

    ngx_memcpy(&second, ctx->cached_data + lu->data_offset, sizeof(uint32_t));

    if ((uint32_t) ngx_time() - second >= lu->interval) {
        second = ngx_http_scoped_key_last_used_touch_key(lu, ctx);
        ngx_memcpy(ctx->cached_data + lu->data_offset, &second,
                   sizeof(uint32_t));
    }
}

#endif
