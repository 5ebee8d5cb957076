/*
 * The first step of a request: which key does it present, if any, and is one
 * needed?  Whatever is found is hidden from all who come after us, whatever
 * the verdict will be.
 */

#ifndef NGX_HTTP_SCOPED_KEY_EXTRACT_H
#define NGX_HTTP_SCOPED_KEY_EXTRACT_H

#include "context.h"


/*
 * Sets ctx->wants_record and ctx->key, or ctx->decision.reason, or, where no
 * key is needed and none is there, the verdict.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_extract(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/*
 * For a request that the access handler never saw: a subrequest, or one that
 * another module has let through under `satisfy any`.  Hides, and decides
 * nothing.
 */
ngx_int_t ngx_http_scoped_key_hide_only(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf);

#endif
