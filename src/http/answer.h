/*
 * A verdict other than ALLOWED as the phase engine, the error log and the
 * client see it: the return code of the access handler, the one log line, and
 * the headers and the body that the filters add to a refusal.
 */

#ifndef NGX_HTTP_SCOPED_KEY_ANSWER_H
#define NGX_HTTP_SCOPED_KEY_ANSWER_H

#include "context.h"


/*
 * Of the access handler: NGX_DECLINED: not for us to say; or the status of a
 * refusal.  Statuses are returned, never sent, so that
 * `satisfy any` and `error_page` work.
 */
ngx_int_t ngx_http_scoped_key_answer(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/* in r->pool; NGX_ERROR: out of memory */
ngx_int_t ngx_http_scoped_key_problem_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *body);
ngx_int_t ngx_http_scoped_key_problem_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *challenge);

#endif
