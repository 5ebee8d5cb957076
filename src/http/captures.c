/*
 * nginx has one array of captures for a request, r->captures, and every match
 * writes into it.  It is put back in place, so that what comes after the
 * access phase sees the location's captures too.
 */

#include "captures.h"


ngx_int_t
ngx_http_scoped_key_captures_save(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
#if (NGX_PCRE)

    ngx_uint_t                       n;
    ngx_http_scoped_key_captures_t  *captures;

    if (ctx->captures_saved) {
        return NGX_OK;
    }

    ctx->captures_saved = 1;

    /* a match without groups is counted, and leaves nothing */

    n = r->captures ? r->ncaptures : 0;

    if (n == 0) {
        return NGX_OK;
    }

    captures = ngx_palloc(r->pool, sizeof(ngx_http_scoped_key_captures_t)
                                   + n * sizeof(int));
    if (captures == NULL) {
        ctx->captures_saved = 0;
        return NGX_ERROR;
    }

    captures->data = r->captures_data;
    captures->n = n;
    ngx_memcpy(captures->offsets, r->captures, n * sizeof(int));

    ctx->captures = captures;

#endif

    return NGX_OK;
}


void
ngx_http_scoped_key_captures_restore(ngx_http_request_t *r)
{
#if (NGX_PCRE)

    ngx_http_scoped_key_ctx_t             *ctx;
    const ngx_http_scoped_key_captures_t  *captures;

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx == NULL || !ctx->captures_saved) {
        return;
    }

    captures = ctx->captures;

    if (captures == NULL) {
        r->ncaptures = 0;
        return;
    }

    r->ncaptures = captures->n;
    r->captures_data = captures->data;
    ngx_memcpy(r->captures, captures->offsets, captures->n * sizeof(int));

#endif
}
