/*
 * Walks the lists of the request itself: $http_x and $arg_x would see the
 * first occurrence only.  A walk does not end at the first credential, since
 * the second is what makes the request ambiguous.
 */

#include "credential.h"
#include "item.h"


static void ngx_http_scoped_key_search_line(const ngx_table_elt_t *header,
    const ngx_array_t *sources, ngx_http_scoped_key_found_t *found);
static void ngx_http_scoped_key_search_cookie(const ngx_str_t *name,
    const ngx_str_t *line, ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_elsewhere(ngx_http_request_t *r,
    const ngx_array_t *sources, const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_query(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_http_scoped_key_found_t *found);
static void ngx_http_scoped_key_search_hidden(
    const ngx_http_scoped_key_hidden_t *hidden,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found);
static ngx_uint_t ngx_http_scoped_key_same_source(
    const ngx_http_scoped_key_source_t *a,
    const ngx_http_scoped_key_source_t *b);
static ngx_int_t ngx_http_scoped_key_authorization(const ngx_str_t *scheme,
    const ngx_table_elt_t *header, ngx_str_t *value);


const ngx_str_t  ngx_http_scoped_key_cookie_line = ngx_string("cookie");
const ngx_str_t  ngx_http_scoped_key_authorization_line =
    ngx_string("authorization");


/* an empty credential is a missing one */

static ngx_inline void
ngx_http_scoped_key_found(ngx_http_scoped_key_found_t *found,
    const ngx_str_t *value)
{
    if (value->len == 0) {
        return;
    }

    found->key = *value;
    found->nkeys++;
}


ngx_int_t
ngx_http_scoped_key_credential_find(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found)
{
    ngx_table_elt_t        *header, *end;
    const ngx_list_part_t  *part;

    found->nkeys = 0;
    found->lines = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (end = header + part->nelts; header != end; header++) {
            if (ngx_http_scoped_key_may_be_source(skcf, header)) {
                ngx_http_scoped_key_search_line(header, skcf->sources, found);
            }
        }
    }

    if ((skcf->in_query || hidden)
        && ngx_http_scoped_key_search_elsewhere(r, skcf->sources, hidden,
                                                found)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (found->nkeys > 1) {
        return NGX_BUSY;
    }

    return found->nkeys ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_scoped_key_search_line(const ngx_table_elt_t *header,
    const ngx_array_t *sources, ngx_http_scoped_key_found_t *found)
{
    ngx_str_t                            value;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    source = sources->elts;

    for (i = 0; i < sources->nelts; i++) {

        if (source[i].type == NGX_HTTP_SCOPED_KEY_COOKIE) {
            if (ngx_http_scoped_key_header_is(header,
                                            &ngx_http_scoped_key_cookie_line))
            {
                found->lines++;
                ngx_http_scoped_key_search_cookie(&source[i].name,
                                                  &header->value, found);
            }

        } else if (ngx_http_scoped_key_credential_header(&source[i], header,
                                                         &value)
                   == NGX_OK)
        {
            found->lines++;
            ngx_http_scoped_key_found(found, &value);

            /* no line has two names, nor two schemes */

            return;
        }
    }
}


static void
ngx_http_scoped_key_search_cookie(const ngx_str_t *name, const ngx_str_t *line,
    ngx_http_scoped_key_found_t *found)
{
    ngx_str_t  rest, pair, value;

    rest = *line;

    while (ngx_http_scoped_key_item_next(&rest, &pair)) {
        if (ngx_http_scoped_key_cookie_is(&pair, name, &value)) {
            ngx_http_scoped_key_found(found, &value);
        }
    }
}


/* in the query, and in what was hidden from this pass */

static ngx_int_t
ngx_http_scoped_key_search_elsewhere(ngx_http_request_t *r,
    const ngx_array_t *sources, const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found)
{
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    source = sources->elts;

    for (i = 0; i < sources->nelts; i++) {

        if (source[i].type == NGX_HTTP_SCOPED_KEY_QUERY
            && ngx_http_scoped_key_search_query(r, &source[i].name, found)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_scoped_key_search_hidden(hidden, &source[i], found);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_search_query(ngx_http_request_t *r, const ngx_str_t *name,
    ngx_http_scoped_key_found_t *found)
{
    ngx_str_t          value;
    scoped_key_str_t   rest;
    scoped_key_pair_t  pair;

    rest.len = r->args.len;
    rest.data = r->args.data;

    while (scoped_key_query_next(&rest, &pair)) {

        if (!ngx_http_scoped_key_query_is(&pair, name)) {
            continue;
        }

        if (ngx_http_scoped_key_query_value(r, &pair, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_scoped_key_found(found, &value);
    }

    return NGX_OK;
}


static void
ngx_http_scoped_key_search_hidden(const ngx_http_scoped_key_hidden_t *hidden,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found)
{
    for ( /* void */ ; hidden; hidden = hidden->next) {
        if (ngx_http_scoped_key_same_source(hidden->source, source)) {
            ngx_http_scoped_key_found(found, &hidden->value);
        }
    }
}


static ngx_uint_t
ngx_http_scoped_key_same_source(const ngx_http_scoped_key_source_t *a,
    const ngx_http_scoped_key_source_t *b)
{
    if (a->type != b->type || a->name.len != b->name.len) {
        return 0;
    }

    if (a->type == NGX_HTTP_SCOPED_KEY_AUTHORIZATION) {
        return ngx_strncasecmp(a->name.data, b->name.data, a->name.len) == 0;
    }

    return ngx_memcmp(a->name.data, b->name.data, a->name.len) == 0;
}


ngx_uint_t
ngx_http_scoped_key_query_is(const scoped_key_pair_t *pair,
    const ngx_str_t *name)
{
    scoped_key_str_t  asked;

    asked.len = name->len;
    asked.data = name->data;

    return scoped_key_query_name(pair->name, asked) == SCOPED_KEY_NAME_SAME;
}


ngx_int_t
ngx_http_scoped_key_query_value(ngx_http_request_t *r,
    const scoped_key_pair_t *pair, ngx_str_t *value)
{
    value->data = ngx_pnalloc(r->pool, pair->value.len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    if (!scoped_key_query_decode(pair->value, value->data, &value->len)) {
        value->len = pair->value.len;
        ngx_memcpy(value->data, pair->value.data, pair->value.len);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_scoped_key_credential_header(
    const ngx_http_scoped_key_source_t *source, const ngx_table_elt_t *header,
    ngx_str_t *value)
{
    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_HEADER:

        if (!ngx_http_scoped_key_header_is(header, &source->name)) {
            return NGX_DECLINED;
        }

        *value = header->value;
        return NGX_OK;

    case NGX_HTTP_SCOPED_KEY_AUTHORIZATION:
        return ngx_http_scoped_key_authorization(&source->name, header, value);

    default:
        return NGX_DECLINED;
    }
}


/* credentials = auth-scheme 1*SP token68, RFC 9110, section 11.4 */

static ngx_int_t
ngx_http_scoped_key_authorization(const ngx_str_t *scheme,
    const ngx_table_elt_t *header, ngx_str_t *value)
{
    u_char  *p, *last;

    if (!ngx_http_scoped_key_header_is(header,
                                       &ngx_http_scoped_key_authorization_line))
    {
        return NGX_DECLINED;
    }

    p = header->value.data;
    last = p + header->value.len;

    if (header->value.len < scheme->len
        || ngx_strncasecmp(p, scheme->data, scheme->len) != 0)
    {
        return NGX_DECLINED;
    }

    p += scheme->len;

    if (p != last && *p != ' ') {
        return NGX_DECLINED;
    }

    while (p != last && *p == ' ') {
        p++;
    }

    value->data = p;
    value->len = last - p;

    return NGX_OK;
}
