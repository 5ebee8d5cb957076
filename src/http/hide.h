/*
 * Takes the credentials out of a request, so that nothing after this module
 * sees them: header fields, cookies, query arguments. What was taken is kept
 * in the context, for a location that decides again after an internal
 * redirect.
 * Invariant: lists and lines are made again, never edited in place, since a
 * subrequest shares them with its parent.
 */

#ifndef NGX_HTTP_SCOPED_KEY_HIDE_H
#define NGX_HTTP_SCOPED_KEY_HIDE_H

#include "context.h"


/*
 * Takes what was found: the credentials, unless the location leaves them, and
 * the offer to switch to HTTP/2 (see upgrade.h) in any case.  ctx: where to
 * keep what is taken; NULL in a subrequest, whose parent keeps its own.
 * NGX_OK, or NGX_ERROR: out of memory, and nothing may be proxied.
 */
ngx_int_t ngx_http_scoped_key_hide(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_found_t *found);


/* $http_referer, $http_user_agent and the error log go by these */
static ngx_inline void
ngx_http_scoped_key_hide_unlink(ngx_http_request_t *r,
    const ngx_table_elt_t *line)
{
    if (r->headers_in.referer == line) {
        r->headers_in.referer = NULL;

    } else if (r->headers_in.user_agent == line) {
        r->headers_in.user_agent = NULL;
    }
}

#endif
