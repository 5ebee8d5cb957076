/*
 * From the text of a key to its record: the cache, a lookup under way, or
 * Redis.  A lookup belongs to the worker, not to a request: those who wait for
 * it may vanish one by one, and it goes on.  Many requests for one id make one
 * lookup.  Invariants: a request that has gone away is never touched; what was
 * asked for before a change became known is given to nobody who came after,
 * and is not kept.
 */

#ifndef NGX_HTTP_SCOPED_KEY_LOOKUP_H
#define NGX_HTTP_SCOPED_KEY_LOOKUP_H

#include "context.h"
#include "worker.h"


/*
 * A record under way, and then its outcome until the last waiter has it.
 * malloc'd; freed by the one who wakes the waiters.
 */
typedef struct {
    ngx_queue_t                      queue;   /* of those that may be joined,
                                                 of none, or of the ended */
    ngx_queue_t                      waiters;
    scoped_key_redis_batch_t         batch;
    ngx_http_scoped_key_worker_t    *worker;
    ngx_msec_t                       read_ms;
    scoped_key_record_t             *record;  /* a reference of its own */
    scoped_key_reason_e              reason;  /* why there is no record */
    size_t                           id_len;
    u_char                           id[SCOPED_KEY_ID_MAX_BYTES];
    ngx_uint_t                       reported; /* things unreadable */
    unsigned                         detached:1;
} ngx_http_scoped_key_lookup_t;

/* in the request's pool, one for all its lookups */
struct ngx_http_scoped_key_waiter_s {
    ngx_queue_t                    queue;
    ngx_http_request_t            *request;
    ngx_http_scoped_key_lookup_t  *lookup;   /* NULL: waits for none */
    scoped_key_digest_t            digest;   /* of the presented text */
    scoped_key_tag_t               tag;
    scoped_key_proof_e             proof;    /* once the lookup has ended */
    ngx_uint_t                     outdated; /* lookups, in a row */
};


/*
 * Looks ctx->key up.  NGX_OK: ctx->record and ctx->proof are set, or
 * ctx->cause.reason says why there is none; NGX_AGAIN: the request waits, and
 * its phases will be run again; NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_lookup(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/* a change became known: nobody may join what is under way */
void ngx_http_scoped_key_lookup_detach(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id);
void ngx_http_scoped_key_lookup_detach_all(
    ngx_http_scoped_key_worker_t *worker);

/* the request does not wait any more, whether it did or not */
void ngx_http_scoped_key_waiter_leave(ngx_http_scoped_key_waiter_t *waiter);

/* of worker->wake: gives outcomes to waiters and runs their phases */
void ngx_http_scoped_key_waiter_wake(ngx_event_t *ev);

/* the end of a worker: nobody is woken any more */
void ngx_http_scoped_key_waiter_abandon(ngx_http_scoped_key_worker_t *worker);

#endif
