/*
 * Items between semicolons: what a Cookie line and a Content-Type are made of.
 * Text alone: no request, no memory, no copies; every item points into the
 * given text.
 */

#ifndef NGX_HTTP_SCOPED_KEY_ITEM_H
#define NGX_HTTP_SCOPED_KEY_ITEM_H

#include "ngx_http_scoped_key.h"


/*
 * Takes what stands before the next `;` off the front of *rest, without the
 * spaces around it: a pair of a Cookie line, a part of a Content-Type.
 * Returns 0 at the end.
 */
ngx_uint_t ngx_http_scoped_key_item_next(ngx_str_t *rest, ngx_str_t *item);

/* whether the pair's name is this; then *value is what stands behind the `=` */
ngx_uint_t ngx_http_scoped_key_cookie_is(const ngx_str_t *pair,
    const ngx_str_t *name, ngx_str_t *value);

#endif
