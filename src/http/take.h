/*
 * Finds and hides the key of a request in which nothing else can be one: what
 * credential.h and hide.h do for all requests, in one step for most.
 * Knows header lines only.
 */

#ifndef NGX_HTTP_SCOPED_KEY_TAKE_H
#define NGX_HTTP_SCOPED_KEY_TAKE_H

#include "context.h"


/*
 * NGX_OK: ctx->key is the one credential, and was hidden where it is to be;
 * NGX_DECLINED: who knows; nothing was changed.
 */
ngx_int_t ngx_http_scoped_key_take(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

#endif
