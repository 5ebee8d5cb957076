/*
 * From a key to its record: the cache, a lookup in flight, or
 * Redis.  A lookup belongs to the worker, not to a request: those who wait for
 * it may vanish one by one, and it goes on.  Many requests for one id make one
 * lookup.  Invariants: a request that has gone away is never touched; what was
 * asked for before a change became known is given to nobody who came after,
 * and is not kept.
 */

#ifndef NGX_HTTP_SCOPED_KEY_LOOKUP_H
#define NGX_HTTP_SCOPED_KEY_LOOKUP_H

#include "context.h"
#include "store.h"


/*
 * Looks ctx->key up.  NGX_OK: ctx->record and ctx->match are set, or
 * ctx->decision.reason says why there is none; NGX_AGAIN: the request waits,
 * and its phases will be run again; NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_lookup(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/* a change became known: nobody may join what is in progress */
void ngx_http_scoped_key_lookup_detach(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id);
void ngx_http_scoped_key_lookup_detach_all(
    ngx_http_scoped_key_worker_t *worker);

/* of worker->wake: gives outcomes to waiters and runs their phases */
void ngx_http_scoped_key_waiter_wake(ngx_event_t *ev);

/* the end of a worker: nobody is woken any more */
void ngx_http_scoped_key_waiter_cancel_all(
    ngx_http_scoped_key_worker_t *worker);

#endif
