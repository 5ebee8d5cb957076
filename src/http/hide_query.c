/*
 * Takes keys out of the query: of r->args, which variables and FastCGI see,
 * and of the unparsed URI, which proxy_pass sends and $request_uri shows.
 * All other arguments stay as they were sent, byte for byte.
 */

#include "hide.h"
#include "credential.h"


static ngx_int_t ngx_http_scoped_key_hide_uri(
    ngx_http_scoped_key_hiding_t *hiding);
static ngx_int_t ngx_http_scoped_key_hide_args(
    ngx_http_scoped_key_hiding_t *hiding, ngx_str_t *args);
static ngx_int_t ngx_http_scoped_key_hide_arg(
    ngx_http_scoped_key_hiding_t *hiding, const scoped_key_pair_t *pair);


ngx_int_t
ngx_http_scoped_key_hide_query(ngx_http_scoped_key_hiding_t *hiding)
{
    if (hiding->request->args.len
        && ngx_http_scoped_key_hide_args(hiding, &hiding->request->args)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_hide_uri(hiding);
}


static ngx_int_t
ngx_http_scoped_key_hide_uri(ngx_http_scoped_key_hiding_t *hiding)
{
    u_char                        *p, *path_end, *last;
    size_t                         path_len;
    ngx_str_t                      args, *uri;
    ngx_http_scoped_key_hiding_t   again;

    uri = &hiding->request->unparsed_uri;
    last = uri->data + uri->len;
    path_end = ngx_strlchr(uri->data, last, '?');

    if (path_end == NULL) {
        return NGX_OK;
    }

    path_len = path_end - uri->data;
    args.data = path_end + 1;
    args.len = last - args.data;

    /* r->args has given what is to be kept */

    again = *hiding;
    again.ctx = NULL;

    switch (ngx_http_scoped_key_hide_args(&again, &args)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return NGX_OK;

    default:
        return NGX_ERROR;
    }

    p = ngx_pnalloc(hiding->request->pool, path_len + 1 + args.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, uri->data, path_len);

    if (args.len) {
        *last++ = '?';
        last = ngx_cpymem(last, args.data, args.len);
    }

    uri->data = p;
    uri->len = last - p;

    return NGX_OK;
}


/* NGX_OK: *args was made anew; NGX_DECLINED: no key was in it */

static ngx_int_t
ngx_http_scoped_key_hide_args(ngx_http_scoped_key_hiding_t *hiding,
    ngx_str_t *args)
{
    u_char             *p, *kept;
    ngx_int_t           rc;
    ngx_uint_t          taken;
    scoped_key_str_t    rest;
    scoped_key_pair_t   pair;

    kept = ngx_pnalloc(hiding->request->pool, args->len + 1);
    if (kept == NULL) {
        return NGX_ERROR;
    }

    p = kept;
    taken = 0;
    rest.len = args->len;
    rest.data = args->data;

    while (scoped_key_query_next(&rest, &pair)) {
        rc = ngx_http_scoped_key_hide_arg(hiding, &pair);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            taken = 1;
            continue;
        }

        if (p != kept) {
            *p++ = '&';
        }

        p = ngx_cpymem(p, pair.whole.data, pair.whole.len);
    }

    if (!taken) {
        return NGX_DECLINED;
    }

    args->data = kept;
    args->len = p - kept;

    return NGX_OK;
}


/* NGX_OK: the pair is a credential; NGX_DECLINED: it stays */

static ngx_int_t
ngx_http_scoped_key_hide_arg(ngx_http_scoped_key_hiding_t *hiding,
    const scoped_key_pair_t *pair)
{
    ngx_str_t                            value;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    source = hiding->skcf->sources->elts;

    for (i = 0; i < hiding->skcf->sources->nelts; i++) {

        if (source[i].type != NGX_HTTP_SCOPED_KEY_QUERY
            || !ngx_http_scoped_key_query_is(pair, &source[i].name))
        {
            continue;
        }

        if (ngx_http_scoped_key_query_value(hiding->request, pair, &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_http_scoped_key_hide_keep(hiding->request, hiding->ctx,
                                             &source[i], &value);
    }

    return NGX_DECLINED;
}
