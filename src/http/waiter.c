/*
 * The only place that runs phases.  A request is reached through its waiter,
 * and the waiter leaves its lookup in a cleanup handler of the request, which
 * ngx_http_terminate_request() and ngx_http_free_request() both call.
 */

#include "waiter.h"


static void ngx_http_scoped_key_waiter_run(
    ngx_http_scoped_key_waiter_t *waiter);
static void ngx_http_scoped_key_waiter_take(
    ngx_http_scoped_key_waiter_t *waiter, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_lookup_t *lookup);
static ngx_uint_t ngx_http_scoped_key_waiter_is_outdated(
    const ngx_http_scoped_key_lookup_t *lookup);
static void ngx_http_scoped_key_waiter_cleanup(void *data);
static void ngx_http_scoped_key_lookup_free(
    ngx_http_scoped_key_lookup_t *lookup);


ngx_http_scoped_key_waiter_t *
ngx_http_scoped_key_waiter_create(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_cleanup_t            *cln;
    ngx_http_scoped_key_waiter_t  *waiter;

    if (ctx->waiter) {
        return ctx->waiter;
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_scoped_key_waiter_t));
    if (cln == NULL) {
        return NULL;
    }

    waiter = cln->data;
    ngx_memzero(waiter, sizeof(ngx_http_scoped_key_waiter_t));

    waiter->request = r;

    cln->handler = ngx_http_scoped_key_waiter_cleanup;
    ctx->waiter = waiter;

    return waiter;
}


void
ngx_http_scoped_key_waiter_join(ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_lookup_t *lookup)
{
    waiter->lookup = lookup;
    ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);

    /* else a client that goes away would go unseen */

    waiter->request->read_event_handler = ngx_http_test_reading;
}


void
ngx_http_scoped_key_waiter_wake(ngx_event_t *ev)
{
    ngx_queue_t                   *q;
    ngx_uint_t                     n;
    ngx_msec_t                     start;
    ngx_http_scoped_key_lookup_t  *lookup;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ev->data;
    n = 0;

    ngx_time_update();
    start = ngx_current_msec;

    while (!ngx_queue_empty(&worker->ended)
           && n < NGX_HTTP_SCOPED_KEY_WAKES_A_TURN
           && ngx_current_msec - start < NGX_HTTP_SCOPED_KEY_WAKING_MS)
    {
        q = ngx_queue_head(&worker->ended);
        lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

        if (ngx_queue_empty(&lookup->waiters)) {
            ngx_queue_remove(&lookup->queue);
            ngx_http_scoped_key_lookup_free(lookup);
            continue;
        }

        q = ngx_queue_head(&lookup->waiters);

        ngx_http_scoped_key_waiter_run(
                      ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue));
        n++;

        ngx_time_update();
    }

    /* a timer, and one that keeps a worker that is to exit from doing so */

    if (!ngx_queue_empty(&worker->ended)) {
        ngx_add_timer(&worker->wake, NGX_HTTP_SCOPED_KEY_TURN_MS);
    }
}


static void
ngx_http_scoped_key_waiter_run(ngx_http_scoped_key_waiter_t *waiter)
{
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_scoped_key_ctx_t     *ctx;
    ngx_http_scoped_key_lookup_t  *lookup;

    lookup = waiter->lookup;

    ngx_http_scoped_key_waiter_leave(waiter);

    r = waiter->request;
    c = r->connection;
    ctx = ngx_http_scoped_key_ctx(r);

    /* a post_action has taken the request elsewhere after its client left */

    if (ctx == NULL || !ctx->waiting) {
        return;
    }

    ctx->waiting = 0;
    ngx_http_scoped_key_waiter_take(waiter, ctx, lookup);

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;

    /* r may be gone after each of these */

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


/* the outcome, if it is not too old by now; else it is asked for again */

static void
ngx_http_scoped_key_waiter_take(ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_http_scoped_key_lookup_t *lookup)
{
    if (ngx_http_scoped_key_waiter_is_outdated(lookup)) {

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, waiter->request->connection->log, 0,
                       "scoped key: a reading of %M ms ago is too old",
                       ngx_current_msec - lookup->read_ms);

        if (++waiter->outdated < NGX_HTTP_SCOPED_KEY_MAX_LOOKUPS) {
            ctx->wants_record = 1;
            return;
        }

        ctx->cause.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return;
    }

    waiter->outdated = 0;

    ctx->read_ms = lookup->read_ms;
    ctx->proof = waiter->proof;
    ctx->cause.reason = lookup->reason;

    if (lookup->record && ctx->proof != SCOPED_KEY_PROOF_NONE) {
        ctx->record = scoped_key_record_hold(lookup->record);

    } else if (lookup->record) {
        ctx->cause.reason = SCOPED_KEY_UNKNOWN_KEY;
    }
}


/*
 * A change may have been made since it was asked for, and have been told or
 * not: for longer than the bound nobody is to go by what was before.
 */

static ngx_uint_t
ngx_http_scoped_key_waiter_is_outdated(
    const ngx_http_scoped_key_lookup_t *lookup)
{
    return lookup->reason != SCOPED_KEY_STORE_UNAVAILABLE
           && ngx_current_msec - lookup->read_ms
              >= lookup->worker->conf->bound;
}


void
ngx_http_scoped_key_waiter_leave(ngx_http_scoped_key_waiter_t *waiter)
{
    if (waiter->lookup) {
        waiter->lookup = NULL;
        ngx_queue_remove(&waiter->queue);
    }
}


static void
ngx_http_scoped_key_waiter_cleanup(void *data)
{
    ngx_http_scoped_key_waiter_t  *waiter = data;

    ngx_http_scoped_key_waiter_leave(waiter);
}


void
ngx_http_scoped_key_waiter_abandon(ngx_http_scoped_key_worker_t *worker)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_lookup_t  *lookup;

    while (!ngx_queue_empty(&worker->ended)) {
        q = ngx_queue_head(&worker->ended);
        ngx_queue_remove(q);

        lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

        while (!ngx_queue_empty(&lookup->waiters)) {
            q = ngx_queue_head(&lookup->waiters);
            ngx_http_scoped_key_waiter_cleanup(
                      ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue));
        }

        ngx_http_scoped_key_lookup_free(lookup);
    }
}


static void
ngx_http_scoped_key_lookup_free(ngx_http_scoped_key_lookup_t *lookup)
{
    scoped_key_record_release(lookup->record);
    ngx_free(lookup);
}
