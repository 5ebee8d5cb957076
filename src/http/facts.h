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

#endif
