/*
 * Takes keys out of Cookie lines.  Where a cookie is a source, every line is
 * copied, edited or not: from nginx 1.23 on the lines are linked with each
 * other, and the old ones are linked already.
 */

#include "hide.h"
#include "credential.h"
#include "item.h"


static ngx_int_t ngx_http_scoped_key_hide_pair(
    ngx_http_scoped_key_hiding_t *hiding, const ngx_str_t *pair);
static ngx_int_t ngx_http_scoped_key_hide_relink_cookie(ngx_http_request_t *r,
    ngx_table_elt_t *header);


ngx_int_t
ngx_http_scoped_key_hide_cookie(ngx_http_scoped_key_hiding_t *hiding,
    ngx_table_elt_t *header, ngx_table_elt_t **edited)
{
    u_char           *p, *line;
    ngx_int_t         rc;
    ngx_str_t         rest, pair;
    ngx_table_elt_t  *copy;

    hiding->cookies = 1;

    copy = ngx_palloc(hiding->request->pool, sizeof(ngx_table_elt_t));

    /* "; " between pairs, where the client may have sent a bare ";" */

    line = ngx_pnalloc(hiding->request->pool, 2 * header->value.len + 1);

    if (copy == NULL || line == NULL) {
        return NGX_ERROR;
    }

    p = line;
    rest = header->value;

    while (ngx_http_scoped_key_item_next(&rest, &pair)) {
        rc = ngx_http_scoped_key_hide_pair(hiding, &pair);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED && pair.len) {
            if (p != line) {
                *p++ = ';';
                *p++ = ' ';
            }

            p = ngx_cpymem(p, pair.data, pair.len);
        }
    }

    *p = '\0';

    *copy = *header;
    copy->value.data = line;
    copy->value.len = p - line;

    *edited = copy->value.len ? copy : NULL;

    return NGX_OK;
}


/* NGX_OK: the pair was a credential; NGX_DECLINED: it stays */

static ngx_int_t
ngx_http_scoped_key_hide_pair(ngx_http_scoped_key_hiding_t *hiding,
    const ngx_str_t *pair)
{
    ngx_str_t                            value;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    source = hiding->skcf->sources->elts;

    for (i = 0; i < hiding->skcf->sources->nelts; i++) {
        if (source[i].type == NGX_HTTP_SCOPED_KEY_COOKIE
            && ngx_http_scoped_key_cookie_is(pair, &source[i].name, &value))
        {
            return ngx_http_scoped_key_hide_keep(hiding->request, hiding->ctx,
                                                 &source[i], &value);
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_scoped_key_hide_relink_cookies(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

#if (nginx_version >= 1023000)
    r->headers_in.cookie = NULL;
#else
    ngx_memzero(&r->headers_in.cookies, sizeof(ngx_array_t));
#endif

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_scoped_key_header_is(&header[i],
                                              &ngx_http_scoped_key_cookie_line)
                && ngx_http_scoped_key_hide_relink_cookie(r, &header[i])
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_hide_relink_cookie(ngx_http_request_t *r,
    ngx_table_elt_t *header)
{
    ngx_table_elt_t  **cookie;

#if (nginx_version >= 1023000)

    cookie = &r->headers_in.cookie;

    while (*cookie) {
        cookie = &(*cookie)->next;
    }

    header->next = NULL;

#else

    if (r->headers_in.cookies.elts == NULL
        && ngx_array_init(&r->headers_in.cookies, r->pool, 1,
                          sizeof(ngx_table_elt_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cookie = ngx_array_push(&r->headers_in.cookies);
    if (cookie == NULL) {
        return NGX_ERROR;
    }

#endif

    *cookie = header;

    return NGX_OK;
}
