/*
 * From a key that was looked up, or could not be, to the verdict of this
 * location.  What nginx's phase engine is told of it is for answer.h.
 * Invariant: a location without a verdict is never let through.
 */

#ifndef NGX_HTTP_SCOPED_KEY_DECIDE_H
#define NGX_HTTP_SCOPED_KEY_DECIDE_H

#include "context.h"


/*
 * Asks the core, or an allow bit of the cached record; sets ctx->verdict and
 * ctx->decision.  A reason that is already there is the verdict.  Where the
 * body must be read first, ctx->wants_body is set and there is no verdict.
 */
void ngx_http_scoped_key_decide(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/*
 * Fills in ctx->decision after an allow bit has decided: what the core would
 * have said.  For variables; costs as much as deciding without the bit.
 */
void ngx_http_scoped_key_decide_complete(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);

/* the debug log's lines of a key that is allowed; completes the decision */
void ngx_http_scoped_key_decide_debug(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);

#endif
