/*
 * What the header lines say that a body is: its media type (RFC 9110, section
 * 8.3), its charset, and whether a content-coding hides it (section 8.4).
 * Looks at no byte of the body itself.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CONTENT_TYPE_H
#define NGX_HTTP_SCOPED_KEY_CONTENT_TYPE_H

#include "body.h"


/*
 * Of a request that has a body.  NGX_HTTP_SCOPED_KEY_BODY_OTHER for several
 * Content-Type fields, or several in one; a charset that is not UTF-8; any
 * Content-Encoding; every type that is not named in body.h, and one of those
 * with the name of another kind anywhere beside it, which upstreams search
 * for; what is no type and parameters by the letter, and what could hide more
 * of them: `,` `\`, control bytes, tabs, bytes beyond ASCII.
 */
ngx_http_scoped_key_body_e ngx_http_scoped_key_content_type(
    ngx_http_request_t *r);

#endif
