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

    /* a match without groups is counted, and leaves nothing */

    if (r->ncaptures == 0 || r->captures == NULL || ctx->captures) {
        return NGX_OK;
    }

    ctx->captures = ngx_palloc(r->pool, r->ncaptures * sizeof(int));
    if (ctx->captures == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->captures, r->captures, r->ncaptures * sizeof(int));

    ctx->ncaptures = r->ncaptures;
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

    if (ctx == NULL || ctx->captures == NULL) {
        return;
    }

    ngx_memcpy(r->captures, ctx->captures, ctx->ncaptures * sizeof(int));

    r->ncaptures = ctx->ncaptures;
    r->captures_data = ctx->captures_data;

#endif
}
