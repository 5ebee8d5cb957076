/*
 * Walks the lists of the request itself: $http_x and $arg_x would see the
 * first occurrence only.  A walk does not end at the first credential, since
 * the second is what makes the request ambiguous.
 */

#include "credential.h"
#include "captures.h"
#include "debug.h"
#include "header.h"
#include "duplicate.h"
#include "upgrade.h"
#include "../core/basic.h"
#include "../core/steps.h"


static ngx_int_t ngx_http_scoped_key_search_lines(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_line(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, const ngx_table_elt_t *header,
    ngx_http_scoped_key_found_t *found);
static void ngx_http_scoped_key_search_cookie(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *line,
    ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_beyond_headers(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_query(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found);
static ngx_int_t ngx_http_scoped_key_search_variable(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found);
static void ngx_http_scoped_key_search_hidden(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_hidden_t *hidden,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found);
static ngx_uint_t ngx_http_scoped_key_same_source(
    const ngx_http_scoped_key_source_t *a,
    const ngx_http_scoped_key_source_t *b);
static ngx_int_t ngx_http_scoped_key_authorization(const ngx_str_t *scheme,
    const ngx_table_elt_t *header, ngx_str_t *value);
static ngx_int_t ngx_http_scoped_key_no_scheme(const ngx_table_elt_t *header,
    ngx_str_t *value);
static ngx_int_t ngx_http_scoped_key_basic(ngx_http_request_t *r,
    const ngx_str_t *scheme, const ngx_table_elt_t *header,
    ngx_str_t *value);
static void ngx_http_scoped_key_trim(ngx_str_t *value);


const ngx_str_t  ngx_http_scoped_key_cookie_line = ngx_string("cookie");
const ngx_str_t  ngx_http_scoped_key_authorization_line =
    ngx_string("authorization");

/* no key has a space: neither ours nor a legacy one */
static const ngx_str_t  ngx_http_scoped_key_undecodable = ngx_string(" ");


/* an empty credential is a missing one */

static ngx_inline void
ngx_http_scoped_key_found(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value,
    ngx_http_scoped_key_found_t *found)
{
    if (value->len == 0) {
        return;
    }

    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_debug_credential(r, source, value, 0);
    }

    if (ngx_http_scoped_key_credential_is_foreign(skcf, source, value)) {
        found->foreign = *value;
        found->nforeign++;
        return;
    }

    found->key = *value;
    found->nkeys++;
    found->other_source |= !source->bearer;
}


ngx_uint_t
ngx_http_scoped_key_credential_is_foreign(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value)
{
    scoped_key_str_t  prefix;

    if (!source->bearer || skcf->legacy) {
        return 0;
    }

    return !scoped_key_token_prefix(ngx_http_scoped_key_str(value), &prefix);
}


ngx_int_t
ngx_http_scoped_key_credential_find(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found)
{
    ngx_memzero(found, sizeof(ngx_http_scoped_key_found_t));

    if (ngx_http_scoped_key_search_lines(r, skcf, found) != NGX_OK) {
        return NGX_ERROR;
    }

    if ((skcf->beyond_headers || hidden)
        && ngx_http_scoped_key_search_beyond_headers(r, skcf, ctx, hidden,
                                                     found)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->headers_in.upgrade) {
        found->upgrade = ngx_http_scoped_key_upgrade_is_h2c(r);
    }

    if (found->nforeign && found->other_source) {
        found->keep_bearer = 1;

    } else if (found->nforeign) {
        found->key = found->foreign;
        found->nkeys += found->nforeign;
    }

    if (found->nkeys > 1) {
        return NGX_BUSY;
    }

    return found->nkeys ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_scoped_key_search_lines(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_found_t *found)
{
    ngx_table_elt_t                *header;
    ngx_http_scoped_key_headers_t   at;

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {

        if (ngx_http_scoped_key_may_be_source(skcf, header)
            && ngx_http_scoped_key_search_line(r, skcf, header, found)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_search_line(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, const ngx_table_elt_t *header,
    ngx_http_scoped_key_found_t *found)
{
    ngx_int_t                            rc;
    ngx_str_t                            value;
    ngx_uint_t                           i, is_cookie;
    const ngx_http_scoped_key_source_t  *source;

    if (ngx_http_scoped_key_header_is(header,
                                      &ngx_http_scoped_key_settings_line))
    {
        found->settings = 1;
        return NGX_OK;
    }

    is_cookie = ngx_http_scoped_key_header_is(header,
                                            &ngx_http_scoped_key_cookie_line);
    source = skcf->sources->elts;

    for (i = 0; i < skcf->sources->nelts; i++) {

        if (is_cookie && source[i].type == NGX_HTTP_SCOPED_KEY_COOKIE) {
            found->nheaders++;
            ngx_http_scoped_key_search_cookie(r, skcf, &source[i],
                                              &header->value, found);
            continue;
        }

        rc = ngx_http_scoped_key_credential_header(r, &source[i], header,
                                                   &value);
        if (rc == NGX_DECLINED) {
            continue;
        }

        /* no line has two names, nor two schemes */

        if (rc == NGX_OK) {
            found->nheaders++;
            ngx_http_scoped_key_found(r, skcf, &source[i], &value, found);
        }

        return rc;
    }

    return NGX_OK;
}


static void
ngx_http_scoped_key_search_cookie(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *line,
    ngx_http_scoped_key_found_t *found)
{
    ngx_str_t  rest, pair, value;

    rest = *line;

    while (ngx_http_scoped_key_item_next(&rest, &pair)) {
        if (ngx_http_scoped_key_cookie_is(&pair, &source->name, &value)) {
            ngx_http_scoped_key_found(r, skcf, source, &value, found);
        }
    }
}


/* in the query, in variables, and in what was hidden from this pass */

static ngx_int_t
ngx_http_scoped_key_search_beyond_headers(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found)
{
    ngx_int_t                            rc;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    source = skcf->sources->elts;
    rc = NGX_OK;

    for (i = 0; i < skcf->sources->nelts && rc == NGX_OK; i++) {

        if (source[i].type == NGX_HTTP_SCOPED_KEY_QUERY) {
            rc = ngx_http_scoped_key_search_query(r, skcf, &source[i], found);
        }

        if (source[i].type == NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE && ctx) {
            rc = ngx_http_scoped_key_search_variable(r, skcf, ctx, &source[i],
                                                     found);
        }

        ngx_http_scoped_key_search_hidden(r, skcf, hidden, &source[i], found);
    }

    return rc;
}


static ngx_int_t
ngx_http_scoped_key_search_query(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found)
{
    ngx_str_t          value;
    scoped_key_str_t   rest;
    scoped_key_pair_t  pair;

    rest = ngx_http_scoped_key_str(&r->args);

    while (scoped_key_query_next(&rest, &pair)) {

        if (!ngx_http_scoped_key_query_is(&pair, &source->name)) {
            continue;
        }

        if (ngx_http_scoped_key_query_value(r, &pair, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_scoped_key_found(r, skcf, source, &value, found);
    }

    return NGX_OK;
}


/* what it stands for may have been sent twice: then there are two keys */

static ngx_int_t
ngx_http_scoped_key_search_variable(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found)
{
    size_t                      left;
    ngx_str_t                   text;
    ngx_http_variable_value_t  *value;

    /* a map with regular expressions leaves captures of its own */

    if (ngx_http_scoped_key_captures_save(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    value = ngx_http_get_flushed_variable(r, source->index);

    ngx_http_scoped_key_captures_restore(r);

    if (value == NULL) {
        return NGX_ERROR;
    }

    if (value->not_found) {
        return NGX_OK;
    }

    text.len = value->len;
    text.data = value->data;

    ngx_http_scoped_key_trim(&text);
    ngx_http_scoped_key_found(r, skcf, source, &text, found);

    left = SCOPED_KEY_MATCH_MAX_STEPS;

    switch (ngx_http_scoped_key_duplicate_check(r, &source->name, &left)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_http_scoped_key_found(r, skcf, source, &text, found);
        break;

    default:
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_scoped_key_search_hidden(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_hidden_t *hidden,
    const ngx_http_scoped_key_source_t *source,
    ngx_http_scoped_key_found_t *found)
{
    for ( /* void */ ; hidden; hidden = hidden->next) {
        if (ngx_http_scoped_key_same_source(hidden->source, source)) {
            ngx_http_scoped_key_found(r, skcf, source, &hidden->value, found);
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

    asked = ngx_http_scoped_key_str(name);

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
        *value = ngx_http_scoped_key_undecodable;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_scoped_key_credential_header(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source, const ngx_table_elt_t *header,
    ngx_str_t *value)
{
    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_HEADER:

        if (!ngx_http_scoped_key_header_is(header, &source->name)) {
            return NGX_DECLINED;
        }

        *value = header->value;
        ngx_http_scoped_key_trim(value);

        return NGX_OK;

    case NGX_HTTP_SCOPED_KEY_AUTHORIZATION:
        return ngx_http_scoped_key_authorization(&source->name, header, value);

    case NGX_HTTP_SCOPED_KEY_BASIC:
        return ngx_http_scoped_key_basic(r, &source->name, header, value);

    case NGX_HTTP_SCOPED_KEY_NO_SCHEME:
        return ngx_http_scoped_key_no_scheme(header, value);

    default:
        return NGX_DECLINED;
    }
}


/* credentials = auth-scheme 1*SP token68, RFC 9110, section 11.4 */

static ngx_int_t
ngx_http_scoped_key_authorization(const ngx_str_t *scheme,
    const ngx_table_elt_t *header, ngx_str_t *value)
{
    u_char     *p, *last;
    ngx_str_t   text;

    if (!ngx_http_scoped_key_header_is(header,
                                       &ngx_http_scoped_key_authorization_line))
    {
        return NGX_DECLINED;
    }

    text = header->value;
    ngx_http_scoped_key_trim(&text);

    p = text.data;
    last = p + text.len;

    if (text.len < scheme->len
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


/* what has a space has a scheme */

static ngx_int_t
ngx_http_scoped_key_no_scheme(const ngx_table_elt_t *header, ngx_str_t *value)
{
    if (!ngx_http_scoped_key_header_is(header,
                                       &ngx_http_scoped_key_authorization_line))
    {
        return NGX_DECLINED;
    }

    *value = header->value;
    ngx_http_scoped_key_trim(value);

    return ngx_strlchr(value->data, value->data + value->len, ' ')
           ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_basic(ngx_http_request_t *r, const ngx_str_t *scheme,
    const ngx_table_elt_t *header, ngx_str_t *value)
{
    u_char            *scratch;
    ngx_int_t          rc;
    scoped_key_str_t   credential, key;

    rc = ngx_http_scoped_key_authorization(scheme, header, value);

    if (rc != NGX_OK || value->len == 0) {
        return rc;
    }

    scratch = ngx_pnalloc(r->pool, SCOPED_KEY_BASIC_BYTES(value->len) + 1);
    if (scratch == NULL) {
        return NGX_ERROR;
    }

    credential = ngx_http_scoped_key_str(value);

    if (!scoped_key_basic_read(credential, scratch, &key)) {
        *value = ngx_http_scoped_key_undecodable;
        return NGX_OK;
    }

    *value = ngx_http_scoped_key_ngx_str(key);

    return NGX_OK;
}


/* optional white space around a field's value, RFC 9110, section 5.5 */

static void
ngx_http_scoped_key_trim(ngx_str_t *value)
{
    u_char  *last;

    last = value->data + value->len;

    while (value->len && (*value->data == ' ' || *value->data == '\t')) {
        value->data++;
        value->len--;
    }

    while (value->len && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
        value->len--;
    }
}
