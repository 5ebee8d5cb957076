/*
 * What nginx's $arg_NAME, $http_NAME, $cookie_NAME and variables like them
 * stand for.  Of what a client sent several times they give one, and which one
 * depends on the version of nginx, while the upstream gets all and may take
 * another.  $host is the request line's, or the Host field's, and both are
 * passed on.
 * Looks for names, also within values that hide one; what values say else is
 * not its business.
 */

#ifndef NGX_HTTP_SCOPED_KEY_DUPLICATE_H
#define NGX_HTTP_SCOPED_KEY_DUPLICATE_H

#include "ngx_http_scoped_key.h"


typedef enum {
    NGX_HTTP_SCOPED_KEY_INPUT_OTHER = 0,     /* any other variable */
    NGX_HTTP_SCOPED_KEY_INPUT_ARG,
    NGX_HTTP_SCOPED_KEY_INPUT_HEADER,
    NGX_HTTP_SCOPED_KEY_INPUT_COOKIE,
    NGX_HTTP_SCOPED_KEY_INPUT_HOST,          /* *name is of no use */
    NGX_HTTP_SCOPED_KEY_INPUT_QUERY          /* nor here */
} ngx_http_scoped_key_input_e;


/* what the variable stands for; then *name is its NAME */
ngx_http_scoped_key_input_e ngx_http_scoped_key_input_kind(
    const ngx_str_t *variable, ngx_str_t *name);

/*
 * NGX_DECLINED: what the variable stands for was sent more than once, in two
 * voices that disagree, or in a way that some upstream may read so; or there
 * are no steps left (core/steps.h) to look.  NGX_OK: it was not, or it is any
 * other variable.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_duplicate_check(ngx_http_request_t *r,
    const ngx_str_t *variable, size_t *left);

/*
 * Whether the request line has a `#`: nginx ends the arguments there and passes
 * all of it on, so that what follows may be arguments to the upstream.
 */
ngx_uint_t ngx_http_scoped_key_duplicate_is_cut_off(ngx_http_request_t *r);

/* takes the steps of one look at all arguments; 0: there are not enough */
ngx_uint_t ngx_http_scoped_key_duplicate_take_args(ngx_http_request_t *r,
    size_t *left);

#endif
