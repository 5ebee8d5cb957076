/*
 * Variables that nginx has kept from before a key was hidden: $request_uri,
 * $http_..., $cookie_...  Once evaluated, by an `if` or a map in the rewrite
 * phase, they would go on telling the key.  Knows no request's key.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CACHED_H
#define NGX_HTTP_SCOPED_KEY_CACHED_H

#include "ngx_http_scoped_key.h"


/*
 * init_module: which indexed variables those are, once every module has asked
 * for its own.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_cached_init(ngx_cycle_t *cycle);

/* has them evaluated again; for after something was hidden */
void ngx_http_scoped_key_cached_forget(ngx_http_request_t *r);

#endif
