/*
 * What is asked of one header field: its name, and the items between
 * semicolons that a Cookie and a Content-Type are made of.  No request, no
 * memory, no copies; every item points into the given value.
 */

#ifndef NGX_HTTP_SCOPED_KEY_HEADER_H
#define NGX_HTTP_SCOPED_KEY_HEADER_H

#include "ngx_http_scoped_key.h"


/*
 * Takes what comes before the next `;` off the front of *rest, without the
 * spaces around it: a pair of a Cookie line, a part of a Content-Type.
 * Returns 0 at the end.
 */
ngx_uint_t ngx_http_scoped_key_item_next(ngx_str_t *rest, ngx_str_t *item);

/* whether the pair's name is this; then *value is what follows the `=` */
ngx_uint_t ngx_http_scoped_key_cookie_is(const ngx_str_t *pair,
    const ngx_str_t *name, ngx_str_t *value);


/* where a walk through the header fields of a request is */
typedef struct {
    ngx_table_elt_t        *next;
    ngx_table_elt_t        *end;
    const ngx_list_part_t  *part;            /* the next one */
} ngx_http_scoped_key_headers_t;


static ngx_inline void
ngx_http_scoped_key_headers(ngx_http_request_t *r,
    ngx_http_scoped_key_headers_t *at)
{
    at->next = NULL;
    at->end = NULL;
    at->part = &r->headers_in.headers.part;
}


/* NULL: there are no more */
static ngx_inline ngx_table_elt_t *
ngx_http_scoped_key_header_next(ngx_http_scoped_key_headers_t *at)
{
    while (at->next == at->end) {

        if (at->part == NULL) {
            return NULL;
        }

        at->next = at->part->elts;
        at->end = at->next + at->part->nelts;
        at->part = at->part->next;
    }

    return at->next++;
}


/* whether this is a header field of that name, which is lower case */
static ngx_inline ngx_uint_t
ngx_http_scoped_key_header_is(const ngx_table_elt_t *header,
    const ngx_str_t *name)
{
    return header->key.len == name->len
           && scoped_key_bytes_equal(header->lowcase_key, name->data,
                                     name->len);
}

#endif
