/*
 * Walks the header lines itself: headers_in.content_type is the first of
 * several.  Knows media types and their charset, nothing of bodies.
 * Invariant: a type that is not plainly one of ours is none of ours.
 */

#include "content_type.h"
#include "credential.h"
#include "item.h"


static ngx_http_scoped_key_body_e ngx_http_scoped_key_content_type_read(
    const ngx_str_t *value);
static ngx_uint_t ngx_http_scoped_key_content_type_params(ngx_str_t rest);
static ngx_uint_t ngx_http_scoped_key_content_type_is(const ngx_str_t *type,
    const char *name);


ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type(ngx_http_request_t *r)
{
    ngx_uint_t              i;
    const ngx_str_t        *value;
    const ngx_list_part_t  *part;
    const ngx_table_elt_t  *header;

    static const ngx_str_t  type_line = ngx_string("content-type");
    static const ngx_str_t  coding_line = ngx_string("content-encoding");

    value = NULL;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_scoped_key_header_is(&header[i], &coding_line)) {
                return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
            }

            if (!ngx_http_scoped_key_header_is(&header[i], &type_line)) {
                continue;
            }

            if (value) {
                return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
            }

            value = &header[i].value;
        }
    }

    return value ? ngx_http_scoped_key_content_type_read(value)
                 : NGX_HTTP_SCOPED_KEY_BODY_OTHER;
}


/* media-type = type "/" subtype parameters */

static ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type_read(const ngx_str_t *value)
{
    ngx_str_t  type, rest;

    rest = *value;

    if (!ngx_http_scoped_key_item_next(&rest, &type)
        || !ngx_http_scoped_key_content_type_params(rest))
    {
        return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
    }

    if (ngx_http_scoped_key_content_type_is(&type,
                                         "application/x-www-form-urlencoded"))
    {
        return NGX_HTTP_SCOPED_KEY_BODY_FORM;
    }

    if (ngx_http_scoped_key_content_type_is(&type, "application/graphql")) {
        return NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL;
    }

    /* RFC 6839, section 3.1: a structured syntax suffix */

    if (ngx_http_scoped_key_content_type_is(&type, "application/json")
        || (type.len > sizeof("application/+json") - 1
            && ngx_strncasecmp(type.data, (u_char *) "application/",
                               sizeof("application/") - 1)
               == 0
            && ngx_strncasecmp(type.data + type.len - sizeof("+json") + 1,
                               (u_char *) "+json", sizeof("+json") - 1)
               == 0))
    {
        return NGX_HTTP_SCOPED_KEY_BODY_JSON;
    }

    return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
}


/* whether no parameter gives another charset than UTF-8 */

static ngx_uint_t
ngx_http_scoped_key_content_type_params(ngx_str_t rest)
{
    ngx_str_t  item;

    while (ngx_http_scoped_key_item_next(&rest, &item)) {

        if (item.len < sizeof("charset") - 1
            || ngx_strncasecmp(item.data, (u_char *) "charset",
                               sizeof("charset") - 1)
               != 0)
        {
            continue;
        }

        if (!ngx_http_scoped_key_content_type_is(&item, "charset=utf-8")
            && !ngx_http_scoped_key_content_type_is(&item,
                                                    "charset=\"utf-8\""))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_content_type_is(const ngx_str_t *type, const char *name)
{
    return type->len == ngx_strlen(name)
           && ngx_strncasecmp(type->data, (u_char *) name, type->len) == 0;
}
