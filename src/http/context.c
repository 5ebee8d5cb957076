/*
 * Makes, keeps and finds the context of a request.  The cleanup handler of the
 * request's pool is at once its home and the one place where the record is
 * given back.
 */

#include "context.h"


/* both in one piece of the pool */
typedef struct {
    ngx_pool_cleanup_t         cleanup;
    ngx_http_scoped_key_ctx_t  ctx;
} ngx_http_scoped_key_ctx_holder_t;


static void ngx_http_scoped_key_ctx_cleanup(void *data);
static void ngx_http_scoped_key_ctx_forget(ngx_http_scoped_key_ctx_t *ctx)
    ngx_http_scoped_key_noinline;


/* in the order of ngx_http_scoped_key_verdict_e and ..._cache_e */
const char *const  ngx_http_scoped_key_verdicts[] = {
    "", "allowed", "refused", "anonymous", "undecided", "dry_run"
};

const char *const  ngx_http_scoped_key_caches[] = {
    "", "hit", "miss", "negative", "stale"
};


/* of whatever pass; NULL: there has been none */

static ngx_inline ngx_http_scoped_key_ctx_t *
ngx_http_scoped_key_ctx_from_cleanup(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_scoped_key_ctx_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


ngx_http_scoped_key_ctx_t *
ngx_http_scoped_key_ctx_find(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx(r);

    return ctx ? ctx : ngx_http_scoped_key_ctx_from_cleanup(r);
}


ngx_http_scoped_key_ctx_t *
ngx_http_scoped_key_ctx_begin(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t         *ctx;
    ngx_http_scoped_key_ctx_holder_t  *holder;

    ctx = ngx_http_scoped_key_ctx_from_cleanup(r);

    if (ctx) {
        ngx_http_scoped_key_ctx_forget(ctx);
        ngx_http_set_ctx(r, ctx, ngx_http_scoped_key_module);
        return ctx;
    }

    holder = ngx_palloc(r->pool, sizeof(ngx_http_scoped_key_ctx_holder_t));
    if (holder == NULL) {
        return NULL;
    }

    /* of a size that is known here, it costs less than ngx_pcalloc() */

    ngx_memzero(holder, sizeof(ngx_http_scoped_key_ctx_holder_t));

    ctx = &holder->ctx;

    holder->cleanup.handler = ngx_http_scoped_key_ctx_cleanup;
    holder->cleanup.data = ctx;
    holder->cleanup.next = r->pool->cleanup;

    r->pool->cleanup = &holder->cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_scoped_key_module);

    return ctx;
}


/* all but what was hidden: the new location may look for it again */

static void
ngx_http_scoped_key_ctx_forget(ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_hidden_t   first, *hidden;
    ngx_http_scoped_key_waiter_t  *waiter;

    hidden = ctx->hidden;
    first = ctx->first;
    waiter = ctx->waiter;

    /* a post_action may begin while its request still waits */

    if (waiter) {
        ngx_http_scoped_key_waiter_detach(waiter);
    }

    scoped_key_record_unref(ctx->record);
    ngx_memzero(ctx, sizeof(ngx_http_scoped_key_ctx_t));

    ctx->hidden = hidden;
    ctx->first = first;
    ctx->waiter = waiter;
}


void
ngx_http_scoped_key_ctx_reset_record(ngx_http_scoped_key_ctx_t *ctx)
{
    /* the grant of a cause is a part of the record */

    ngx_memzero(&ctx->decision, sizeof(scoped_key_decision_t));
    scoped_key_record_unref(ctx->record);

    ctx->record = NULL;
    ctx->cached_data = NULL;
    ctx->exhausted = 0;
    ctx->wants_record = 1;
}


static void
ngx_http_scoped_key_ctx_cleanup(void *data)
{
    ngx_http_scoped_key_ctx_t  *ctx = data;

    scoped_key_record_unref(ctx->record);
    ctx->record = NULL;
}


void
ngx_http_scoped_key_waiter_detach(ngx_http_scoped_key_waiter_t *waiter)
{
    if (waiter->lookup) {
        waiter->lookup = NULL;
        ngx_queue_remove(&waiter->queue);
    }
}
