/*
 * Header fields: the list becomes a chain of parts that lie over the old
 * elements, around those that go. Nothing is copied, and headers_in.host and
 * its like go on pointing at what they did.
 * Queries: keys are cut out of r->args, which variables and FastCGI see, and
 * out of the unparsed URI, which proxy_pass sends; all other arguments stay
 * byte for byte.
 * Cookies: every line is copied, edited or not, since from nginx 1.23 on the
 * lines are linked with each other, and the old ones are linked already.
 */

#include "hide.h"
#include "cached.h"
#include "credential.h"
#include "debug.h"
#include "upgrade.h"
#include "header.h"


typedef struct {
    ngx_http_request_t                    *request;
    const ngx_http_scoped_key_loc_conf_t  *skcf;
    ngx_http_scoped_key_ctx_t             *ctx;    /* NULL: keep nothing */
    const ngx_http_scoped_key_found_t     *found;
    unsigned                               authorization:1;  /* was taken */
    unsigned                               cookies:1;        /* were edited */
} ngx_http_scoped_key_hiding_t;


static ngx_int_t ngx_http_scoped_key_hide_query(
    ngx_http_scoped_key_hiding_t *hiding);
static ngx_int_t ngx_http_scoped_key_hide_cookie(
    ngx_http_scoped_key_hiding_t *hiding, ngx_table_elt_t *header,
    ngx_table_elt_t **edited);
static ngx_int_t ngx_http_scoped_key_hide_relink_cookies(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_hide_store(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value);
static ngx_int_t ngx_http_scoped_key_hide_lines(
    ngx_http_scoped_key_hiding_t *hiding);
static ngx_int_t ngx_http_scoped_key_hide_part(
    ngx_http_scoped_key_hiding_t *hiding, const ngx_list_part_t *part);
static ngx_int_t ngx_http_scoped_key_hide_append(ngx_http_request_t *r,
    ngx_table_elt_t *header, ngx_uint_t n);
static ngx_int_t ngx_http_scoped_key_hide_line(
    ngx_http_scoped_key_hiding_t *hiding, ngx_table_elt_t *header,
    ngx_table_elt_t **edited);
static void ngx_http_scoped_key_hide_authorization(ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_hide_uri(
    ngx_http_scoped_key_hiding_t *hiding);
static ngx_int_t ngx_http_scoped_key_hide_args(
    ngx_http_scoped_key_hiding_t *hiding, ngx_str_t *args);
static ngx_int_t ngx_http_scoped_key_hide_arg(
    ngx_http_scoped_key_hiding_t *hiding, const scoped_key_pair_t *pair);
static ngx_int_t ngx_http_scoped_key_hide_pair(
    ngx_http_scoped_key_hiding_t *hiding, const ngx_str_t *pair);
static ngx_int_t ngx_http_scoped_key_hide_relink_cookie(ngx_http_request_t *r,
    ngx_table_elt_t *header);


ngx_int_t
ngx_http_scoped_key_hide(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_found_t *found)
{
    ngx_http_scoped_key_hiding_t  hiding;

    hiding.request = r;
    hiding.skcf = skcf;
    hiding.ctx = ctx;
    hiding.found = found;
    hiding.authorization = 0;
    hiding.cookies = 0;

    if (!skcf->hide && !ngx_http_scoped_key_upgrade_found(found)) {
        return NGX_OK;
    }

    if ((found->nheaders || ngx_http_scoped_key_upgrade_found(found))
        && ngx_http_scoped_key_hide_lines(&hiding) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (skcf->hide && skcf->in_query
        && ngx_http_scoped_key_hide_query(&hiding) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_scoped_key_cached_forget(r);

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_hide_lines(ngx_http_scoped_key_hiding_t *hiding)
{
    ngx_list_t       *list;
    ngx_list_part_t   old, *part;

    list = &hiding->request->headers_in.headers;
    old = list->part;

    ngx_memzero(&list->part, sizeof(ngx_list_part_t));
    list->last = &list->part;

    for (part = &old; part; part = part->next) {
        if (ngx_http_scoped_key_hide_part(hiding, part) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (list->part.nelts == 0) {
        if (ngx_list_init(list, hiding->request->pool, 1,
                          sizeof(ngx_table_elt_t))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {

        /* the last part is full: what is pushed goes into a part of its own */

        list->nalloc = list->last->nelts;
    }

    /* members of headers_in pointed at lines that are gone or copied */

    if (hiding->found->upgrade) {
        hiding->request->headers_in.upgrade = NULL;
    }

    if (hiding->authorization) {
        ngx_http_scoped_key_hide_authorization(hiding->request);
    }

    if (hiding->cookies) {
        return ngx_http_scoped_key_hide_relink_cookies(hiding->request);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_hide_part(ngx_http_scoped_key_hiding_t *hiding,
    const ngx_list_part_t *part)
{
    ngx_int_t            rc;
    ngx_uint_t           i, start;
    ngx_table_elt_t     *header, *edited;
    ngx_http_request_t  *r;

    r = hiding->request;
    header = part->elts;
    start = 0;

    for (i = 0; i < part->nelts; i++) {

        edited = NULL;
        rc = ngx_http_scoped_key_upgrade_hide(r, hiding->found, &header[i],
                                              &edited);

        if (rc == NGX_DECLINED && hiding->skcf->hide
            && ngx_http_scoped_key_may_be_source(hiding->skcf, &header[i]))
        {
            rc = ngx_http_scoped_key_hide_line(hiding, &header[i], &edited);
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc != NGX_OK
            || ngx_http_scoped_key_hide_append(r, &header[start], i - start)
               != NGX_OK
            || ngx_http_scoped_key_hide_append(r, edited, edited != NULL)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        start = i + 1;
    }

    return ngx_http_scoped_key_hide_append(r, &header[start], i - start);
}


/* lets the list go on with n elements that lie side by side */

static ngx_int_t
ngx_http_scoped_key_hide_append(ngx_http_request_t *r, ngx_table_elt_t *header,
    ngx_uint_t n)
{
    ngx_list_t       *list;
    ngx_list_part_t  *part;

    if (n == 0) {
        return NGX_OK;
    }

    list = &r->headers_in.headers;
    part = list->last;

    if (part->nelts) {
        part = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
        if (part == NULL) {
            return NGX_ERROR;
        }

        list->last->next = part;
        list->last = part;
    }

    part->elts = header;
    part->nelts = n;
    part->next = NULL;

    return NGX_OK;
}


/*
 * NGX_OK: the line is a credential and goes, or *edited takes its place;
 * NGX_DECLINED: it stays.
 */

static ngx_int_t
ngx_http_scoped_key_hide_line(ngx_http_scoped_key_hiding_t *hiding,
    ngx_table_elt_t *header, ngx_table_elt_t **edited)
{
    ngx_int_t                            rc;
    ngx_str_t                            value;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    if (hiding->skcf->in_cookies
        && ngx_http_scoped_key_header_is(header,
                                         &ngx_http_scoped_key_cookie_line))
    {
        return ngx_http_scoped_key_hide_cookie(hiding, header, edited);
    }

    source = hiding->skcf->sources->elts;

    for (i = 0; i < hiding->skcf->sources->nelts; i++) {

        rc = ngx_http_scoped_key_credential_header(hiding->request, &source[i],
                                                   header, &value);
        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        if (hiding->found->keep_bearer
            && ngx_http_scoped_key_credential_is_foreign(hiding->skcf,
                                                         &source[i], &value))
        {
            return NGX_DECLINED;
        }

        hiding->authorization |= source[i].type != NGX_HTTP_SCOPED_KEY_HEADER;
        ngx_http_scoped_key_hide_unlink(hiding->request, header);

        return ngx_http_scoped_key_hide_store(hiding->request, hiding->ctx,
                                              &source[i], &value);
    }

    return NGX_DECLINED;
}


/* for a location that decides again; NGX_OK, or NGX_ERROR: out of memory */

static ngx_int_t
ngx_http_scoped_key_hide_store(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_http_scoped_key_source_t *source,
    const ngx_str_t *value)
{
    ngx_http_scoped_key_hidden_t  *hidden;

    if (ctx == NULL || value->len == 0) {
        return NGX_OK;
    }

    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_debug_hidden(r, source);
    }

    hidden = &ctx->first;

    if (hidden->source) {
        hidden = ngx_palloc(r->pool, sizeof(ngx_http_scoped_key_hidden_t));
        if (hidden == NULL) {
            return NGX_ERROR;
        }
    }

    hidden->source = source;
    hidden->value = *value;
    hidden->next = ctx->hidden;

    ctx->hidden = hidden;

    return NGX_OK;
}


/* the first line that is left: it may be of another scheme */

static void
ngx_http_scoped_key_hide_authorization(ngx_http_request_t *r)
{
    ngx_table_elt_t                *header;
    ngx_http_scoped_key_headers_t   at;

    r->headers_in.authorization = NULL;

    /* $remote_user, asked for before, has read Basic credentials */

    ngx_str_null(&r->headers_in.user);
    ngx_str_null(&r->headers_in.passwd);

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {

        if (r->headers_in.authorization == NULL
            && ngx_http_scoped_key_header_is(header,
                                  &ngx_http_scoped_key_authorization_line))
        {
            r->headers_in.authorization = header;
        }
    }
}


/* the query's part of it: r->args and r->unparsed_uri */

static ngx_int_t
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


/* NGX_OK: *args was made again; NGX_DECLINED: no key was in it */

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
    rest = ngx_http_scoped_key_str(args);

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

        return ngx_http_scoped_key_hide_store(hiding->request, hiding->ctx,
                                              &source[i], &value);
    }

    return NGX_DECLINED;
}


/*
 * A copy of a Cookie line without the pairs that are keys; *edited is left
 * alone when no pair is left.
 */

static ngx_int_t
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
            p = ngx_sprintf(p, "%s%V", p == line ? "" : "; ", &pair);
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
            return ngx_http_scoped_key_hide_store(hiding->request, hiding->ctx,
                                                  &source[i], &value);
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_scoped_key_hide_relink_cookies(ngx_http_request_t *r)
{
    ngx_table_elt_t                *header;
    ngx_http_scoped_key_headers_t   at;

#if (nginx_version >= 1023000)
    r->headers_in.cookie = NULL;
#else
    ngx_memzero(&r->headers_in.cookies, sizeof(ngx_array_t));
#endif

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {

        if (ngx_http_scoped_key_header_is(header,
                                          &ngx_http_scoped_key_cookie_line)
            && ngx_http_scoped_key_hide_relink_cookie(r, header)
               != NGX_OK)
        {
            return NGX_ERROR;
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
