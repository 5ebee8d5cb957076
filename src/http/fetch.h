/*
 * What is asked of Redis for one id, and what its answer means: commands out,
 * a record or a reason in.  Knows no request.
 * Invariant: no type, count or order of a reply is trusted.
 */

#ifndef NGX_HTTP_SCOPED_KEY_FETCH_H
#define NGX_HTTP_SCOPED_KEY_FETCH_H

#include "lookup.h"


/*
 * Asks for lookup->id.  NGX_OK: under way, and ngx_http_scoped_key_lookup_end()
 * will be called once; NGX_DECLINED: not now, or out of memory.
 */
ngx_int_t ngx_http_scoped_key_fetch(ngx_http_scoped_key_lookup_t *lookup);

#endif
