/*
 * The facts of a request that a verdict may ask for, taken from where a client
 * cannot make them up: the address after realip, the host that nginx checked,
 * the method as sent.  Params are for param.h.
 */

#ifndef NGX_HTTP_SCOPED_KEY_FACTS_H
#define NGX_HTTP_SCOPED_KEY_FACTS_H

#include "context.h"


/* the texts belong to the request */
void ngx_http_scoped_key_facts(ngx_http_request_t *r,
    scoped_key_facts_t *facts);

/*
 * Whether the request line, if it names a host, and the Host field name one
 * host; in HTTP/1 there must be such a field then.  nginx goes by the line, an
 * upstream that is given $http_host goes by the field.  Letter case, a trailing
 * dot and the port do not matter, if what follows the colon is a port.
 */
ngx_uint_t ngx_http_scoped_key_facts_host_agrees(ngx_http_request_t *r);

#endif
