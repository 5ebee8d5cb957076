/*
 * A request that waits for a lookup: how it begins to wait, is woken, or goes
 * away.  Phases never run from within a reply: an event of the worker wakes a
 * bounded number of requests in each turn of the event loop.  Invariant: a
 * waiter is in the list of a lookup exactly as long as its request lives and
 * has not been woken.
 */

#ifndef NGX_HTTP_SCOPED_KEY_WAITER_H
#define NGX_HTTP_SCOPED_KEY_WAITER_H

#include "context.h"
#include "lookup.h"


/* a request's share of a turn is some 50 us with proxy_pass */
#define NGX_HTTP_SCOPED_KEY_WAKES_A_TURN  64
#define NGX_HTTP_SCOPED_KEY_TURN_MS        1

/* but some take a millisecond or two to decide: none begins after so many */
#define NGX_HTTP_SCOPED_KEY_WAKING_MS      4

/* a request asks again so often when what it waited for has grown too old */
#define NGX_HTTP_SCOPED_KEY_MAX_LOOKUPS    3

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


/* NULL: out of memory */
ngx_http_scoped_key_waiter_t *ngx_http_scoped_key_waiter_create(
    ngx_http_request_t *r, ngx_http_scoped_key_ctx_t *ctx);

/* the request waits: the access handler is to return NGX_AGAIN */
void ngx_http_scoped_key_waiter_join(ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_lookup_t *lookup);

/* the request does not wait any more, whether it did or not */
void ngx_http_scoped_key_waiter_leave(ngx_http_scoped_key_waiter_t *waiter);

/* of worker->wake: gives outcomes to waiters and runs their phases */
void ngx_http_scoped_key_waiter_wake(ngx_event_t *ev);

/* the end of a worker: nobody is woken any more */
void ngx_http_scoped_key_waiter_abandon(ngx_http_scoped_key_worker_t *worker);

#endif
