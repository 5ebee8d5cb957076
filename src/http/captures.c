/*
 * nginx has one array of captures for a request, r->captures, and every match
 * writes into it.  It is put back in place, so that what comes after the
 * access phase sees the location's captures too.
 */

#include "captures.h"


ngx_int_t
ngx_http_scoped_key_captures_keep(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
#if (NGX_PCRE)

    if (ctx->captures_kept) {
        return NGX_OK;
    }

    /* a match without groups is counted, and leaves nothing */

    ctx->ncaptures = r->captures ? r->ncaptures : 0;
    ctx->captures_kept = 1;

    if (ctx->ncaptures == 0) {
        return NGX_OK;
    }

    ctx->captures = ngx_palloc(r->pool, ctx->ncaptures * sizeof(int));
    if (ctx->captures == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->captures, r->captures, ctx->ncaptures * sizeof(int));
    ctx->captures_data = r->captures_data;

#endif

    return NGX_OK;
}


void
ngx_http_scoped_key_captures_restore(ngx_http_request_t *r)
{
#if (NGX_PCRE)

    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx == NULL || !ctx->captures_kept) {
        return;
    }

    r->ncaptures = ctx->ncaptures;

    if (ctx->ncaptures) {
        ngx_memcpy(r->captures, ctx->captures, ctx->ncaptures * sizeof(int));
        r->captures_data = ctx->captures_data;
    }

#endif
}
