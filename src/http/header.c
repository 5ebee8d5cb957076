/*
 * Items between semicolons: what a Cookie line and a Content-Type are made
 * of. Knows no keys; copies nothing, every result points into the given
 * string.
 * Invariant: spaces and tabs around an item are no part of it.
 */

#include "header.h"


/* as RFC 6265, section 4.2.1, and RFC 9110, section 8.3.1, separate items */

ngx_uint_t
ngx_http_scoped_key_item_next(ngx_str_t *rest, ngx_str_t *item)
{
    u_char  *p, *end, *last;

    if (rest->len == 0) {
        return 0;
    }

    p = rest->data;
    last = p + rest->len;

    end = ngx_strlchr(p, last, ';');

    if (end == NULL) {
        rest->len = 0;
        end = last;

    } else {
        rest->data = end + 1;
        rest->len = last - rest->data;
    }

    while (p != end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (end != p && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }

    item->data = p;
    item->len = end - p;

    return 1;
}


ngx_uint_t
ngx_http_scoped_key_cookie_is(const ngx_str_t *pair, const ngx_str_t *name,
    ngx_str_t *value)
{
    if (pair->len <= name->len
        || pair->data[name->len] != '='
        || ngx_memcmp(pair->data, name->data, name->len) != 0)
    {
        return 0;
    }

    value->data = pair->data + name->len + 1;
    value->len = pair->len - name->len - 1;

    return 1;
}
