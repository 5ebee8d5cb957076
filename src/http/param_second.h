/*
 * Whether an upstream that does not look at the Content-Type would find another
 * value of a param in the body than the type's own reader.  Of params that have
 * form and JSON sources, for those are sent to such upstreams.
 */

#ifndef NGX_HTTP_SCOPED_KEY_PARAM_SECOND_H
#define NGX_HTTP_SCOPED_KEY_PARAM_SECOND_H

#include "param.h"


/*
 * A param with sources of both kinds, with the values of a body that is a form
 * (type NGX_HTTP_SCOPED_KEY_FORM) or JSON (..._JSON).  The body is searched
 * once in a request, for all params.  SCOPED_KEY_PARAM_VALUES: it has no other
 * reading; _AMBIGUOUS: it has, or more of them than are looked at; _ERROR: out
 * of memory.
 */
scoped_key_param_e ngx_http_scoped_key_param_second(
    const ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type);

#endif
