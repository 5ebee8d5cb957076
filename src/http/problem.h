/*
 * The texts of a refusal: the problem body (RFC 9457) and the challenge of
 * WWW-Authenticate (RFC 6750, section 3).  Says what is missing, never what
 * was presented.
 */

#ifndef NGX_HTTP_SCOPED_KEY_PROBLEM_H
#define NGX_HTTP_SCOPED_KEY_PROBLEM_H

#include "context.h"


/* in r->pool; NGX_ERROR: out of memory */
ngx_int_t ngx_http_scoped_key_problem_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *body);
ngx_int_t ngx_http_scoped_key_problem_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *challenge);

/*
 * The alternatives of a clause, space-delimited as OAuth writes a list of
 * scopes (RFC 6749, section 3.3); those that nothing can grant are left out.
 * Returns the end of what was written, `last` at most.
 */
u_char *ngx_http_scoped_key_problem_scopes(u_char *p, u_char *last,
    const scoped_key_clause_t *clause);

#endif
