/*
 * The numbered captures ($1 to $9) of a request, as they stood when its
 * decision began.  A variable that is evaluated on the way, such as a map with
 * regular expressions, overwrites them, and so a client could choose them.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CAPTURES_H
#define NGX_HTTP_SCOPED_KEY_CAPTURES_H

#include "context.h"


struct ngx_http_scoped_key_captures_s {
    u_char      *data;                   /* what the offsets are into */
    ngx_uint_t   n;
    int          offsets[];
};


/* NGX_ERROR: out of memory */
ngx_int_t ngx_http_scoped_key_captures_save(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);

/* puts back what was kept; nothing when nothing was */
void ngx_http_scoped_key_captures_restore(ngx_http_request_t *r);

#endif
