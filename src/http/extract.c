/*
 * Nearly every request has one header field that is a key and nothing else,
 * and no other field can be one: it is found and hidden in one step. All
 * other requests go through credential.c and hide.c, which say the same of
 * this one.
 * Invariants: a key is looked for before it is hidden, and hidden before
 * anything else happens to the request; what the one step declines it has
 * not changed. Knows no Redis and no record.
 */

#include "extract.h"
#include "credential.h"
#include "debug.h"
#include "hide.h"
#include "../core/token.h"
#include "cached.h"
#include "upgrade.h"
#include "header.h"


static ngx_int_t ngx_http_scoped_key_extract_single_header(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_extract_any(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx) ngx_http_scoped_key_noinline;
static ngx_uint_t ngx_http_scoped_key_is_foreign_prefix(
    const ngx_array_t *prefixes, const ngx_str_t *key)
    ngx_http_scoped_key_noinline;
static ngx_uint_t ngx_http_scoped_key_is_preflight(ngx_http_request_t *r)
    ngx_http_scoped_key_noinline;
static ngx_uint_t ngx_http_scoped_key_extract_is_trimmed(
    const ngx_str_t *value);
static ngx_uint_t ngx_http_scoped_key_extract_is_other(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_table_elt_t *header);
static ngx_table_elt_t *ngx_http_scoped_key_extract_candidate(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf);
static const ngx_http_scoped_key_source_t *ngx_http_scoped_key_extract_source(
    const ngx_array_t *sources, const ngx_table_elt_t *line);
static ngx_uint_t ngx_http_scoped_key_extract_remove(ngx_http_request_t *r,
    ngx_table_elt_t *line);
static ngx_int_t ngx_http_scoped_key_extract_split(ngx_http_request_t *r,
    ngx_table_elt_t *line) ngx_http_scoped_key_noinline;


ngx_int_t
ngx_http_scoped_key_extract(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_scoped_key_extract_single_header(r, skcf, ctx);

    if (rc != NGX_OK) {
        rc = ngx_http_scoped_key_extract_any(r, skcf, ctx);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (skcf->preflight && ngx_http_scoped_key_is_preflight(r)) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: CORS preflight, needs no key");

        ctx->verdict = NGX_HTTP_SCOPED_KEY_ANONYMOUS;
        return NGX_OK;
    }

    switch (rc) {

    case NGX_OK:

        if (skcf->prefixes
            && ngx_http_scoped_key_is_foreign_prefix(skcf->prefixes, &ctx->key))
        {
            ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                           "scoped key: its prefix is none of "
                           "scoped_key_prefix");

            ctx->decision.reason = SCOPED_KEY_MALFORMED_KEY;
            break;
        }

        ctx->wants_record = 1;
        break;

    case NGX_BUSY:
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: more than one credential was found");

        ctx->decision.reason = SCOPED_KEY_AMBIGUOUS_KEY;
        break;

    default:
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: no credential was found");

        if (skcf->enable == NGX_HTTP_SCOPED_KEY_OPTIONAL) {
            ctx->verdict = NGX_HTTP_SCOPED_KEY_ANONYMOUS;

        } else {
            ctx->decision.reason = SCOPED_KEY_MISSING_KEY;
        }
    }

    return NGX_OK;
}


/* as ngx_http_scoped_key_credential_find() */

static ngx_int_t
ngx_http_scoped_key_extract_any(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_http_scoped_key_found_t  found;

    rc = ngx_http_scoped_key_credential_find(r, skcf, ctx, ctx->hidden,
                                             &found);

    if (rc == NGX_ERROR
        || ngx_http_scoped_key_hide(r, skcf, ctx, &found) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        ctx->key = found.key;
    }

    return rc;
}


/* of our form, with a prefix that is not among these */

static ngx_uint_t
ngx_http_scoped_key_is_foreign_prefix(const ngx_array_t *prefixes,
    const ngx_str_t *key)
{
    ngx_uint_t         i;
    scoped_key_str_t   prefix;
    const ngx_str_t   *known;

    if (!scoped_key_token_prefix(ngx_http_scoped_key_str(key), &prefix)) {
        return 0;
    }

    known = prefixes->elts;

    for (i = 0; i < prefixes->nelts; i++) {
        if (known[i].len == prefix.len
            && ngx_memcmp(known[i].data, prefix.data, prefix.len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_scoped_key_hide_only(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_http_scoped_key_ctx_t     *ctx, *owner;
    ngx_http_scoped_key_found_t    found;

    ctx = NULL;

    /* what an earlier location decided is not said of this one */

    if (r == r->main) {
        ctx = ngx_http_scoped_key_ctx_begin(r);
        if (ctx == NULL) {
            return NGX_ERROR;
        }
    }

    owner = ctx ? ctx : ngx_http_scoped_key_ctx_find(r);

    /* what stays depends on what else is there, whether or not it is a key */

    if (ngx_http_scoped_key_credential_find(r, skcf, ctx,
                                            owner ? owner->hidden : NULL,
                                            &found)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_hide(r, skcf, ctx, &found);
}


/*
 * A CORS preflight as browsers send it (Fetch standard, "CORS-preflight
 * fetch"): OPTIONS with an origin and the method that it asks for, and
 * without a body.
 */

static ngx_uint_t
ngx_http_scoped_key_is_preflight(ngx_http_request_t *r)
{
    ngx_uint_t                      origin, method;
    const ngx_table_elt_t          *header;
    ngx_http_scoped_key_headers_t   at;

    static const ngx_str_t  origin_line = ngx_string("origin");
    static const ngx_str_t  method_line =
        ngx_string("access-control-request-method");

    if (r->method != NGX_HTTP_OPTIONS
        || r->headers_in.content_length_n > 0
        || r->headers_in.chunked)
    {
        return 0;
    }

    origin = 0;
    method = 0;

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {
        if (header->value.len == 0) {
            continue;
        }

        origin |= ngx_http_scoped_key_header_is(header, &origin_line);
        method |= ngx_http_scoped_key_header_is(header, &method_line);
    }

    return origin && method;
}


/*
 * NGX_OK: ctx->key is the one credential, and was hidden where it is to be;
 * NGX_DECLINED: who knows; nothing was changed.
 */

static ngx_int_t
ngx_http_scoped_key_extract_single_header(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_table_elt_t                     *line;
    const ngx_http_scoped_key_source_t  *source;

    /*
     * a key may be in the query or in a variable, or be what an earlier
     * location has hidden; and more than a key may have to go
     */

    if (skcf->beyond_headers || ctx->hidden || r->headers_in.upgrade) {
        return NGX_DECLINED;
    }

    line = ngx_http_scoped_key_extract_candidate(r, skcf);

    if (line == NULL || !ngx_http_scoped_key_extract_is_trimmed(&line->value)) {
        return NGX_DECLINED;
    }

    source = ngx_http_scoped_key_extract_source(skcf->sources, line);

    if (source == NULL) {
        return NGX_DECLINED;
    }

    if (skcf->hide) {

        if (!ngx_http_scoped_key_extract_remove(r, line)) {
            return NGX_DECLINED;
        }

        ctx->first.source = source;
        ctx->first.value = line->value;
        ctx->hidden = &ctx->first;

        ngx_http_scoped_key_cached_forget(r);
    }

    ctx->key = line->value;

    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_debug_credential(r, source, &line->value,
                                             ctx->hidden != NULL);
    }

    return NGX_OK;
}


/* neither empty nor with blanks around it */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_extract_is_trimmed(const ngx_str_t *value)
{
    return value->len
           && value->data[0] > ' ' && value->data[value->len - 1] > ' ';
}


/* of a line that may be a source, or HTTP2-Settings: whether it is neither */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_extract_is_other(const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_table_elt_t *header)
{
    return header->key.len == sizeof("http2-settings") - 1
           && !skcf->like_settings
           && !ngx_http_scoped_key_header_is(header,
                                          &ngx_http_scoped_key_settings_line);
}


/*
 * The one line that can be a source; NULL: there is none, or several.
 * HTTP2-Settings is taken for one: it has to go, too.
 */

static ngx_inline ngx_table_elt_t *
ngx_http_scoped_key_extract_candidate(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_table_elt_t        *header, *end, *line;
    const ngx_list_part_t  *part;

    line = NULL;

    /* every request pays for this: two loops cost a third less than a walk */

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (end = header + part->nelts; header != end; header++) {

            if (!ngx_http_scoped_key_may_be_source(skcf, header)
                || ngx_http_scoped_key_extract_is_other(skcf, header))
            {
                continue;
            }

            if (line) {
                return NULL;
            }

            line = header;
        }
    }

    return line;
}


/* the first that could be in the line, if the whole line is the key */

static ngx_inline const ngx_http_scoped_key_source_t *
ngx_http_scoped_key_extract_source(const ngx_array_t *sources,
    const ngx_table_elt_t *line)
{
    const ngx_http_scoped_key_source_t  *source, *end;

    source = sources->elts;

    for (end = source + sources->nelts; source != end; source++) {

        if (source->type != NGX_HTTP_SCOPED_KEY_HEADER) {
            return NULL;
        }

        if (ngx_http_scoped_key_header_is(line, &source->name)) {
            return source;
        }
    }

    return NULL;
}


/*
 * If it is among the first lines, which are a part of the request itself.
 * 0: it is not, or no other line would be left, and nothing was done.
 */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_extract_remove(ngx_http_request_t *r, ngx_table_elt_t *line)
{
    ngx_list_t       *list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *first, *last;

    list = &r->headers_in.headers;
    part = &list->part;
    first = part->elts;
    last = first + part->nelts - 1;

    if (line < first || line > last || first == last) {
        return 0;
    }

    if (line == last) {
        part->nelts--;

    } else if (line == first) {
        part->elts = line + 1;
        part->nelts--;

    } else if (ngx_http_scoped_key_extract_split(r, line) != NGX_OK) {
        return 0;
    }

    /* the last part is full: what is pushed goes into a part of its own */

    list->nalloc = list->last->nelts;

    ngx_http_scoped_key_hide_unlink(r, line);

    return 1;
}


/* what was before the line, and what was after it, in a part each */

static ngx_int_t
ngx_http_scoped_key_extract_split(ngx_http_request_t *r, ngx_table_elt_t *line)
{
    ngx_list_t       *list;
    ngx_uint_t        before;
    ngx_list_part_t  *part, *rest;

    list = &r->headers_in.headers;
    part = &list->part;

    rest = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
    if (rest == NULL) {
        return NGX_ERROR;
    }

    before = line - (ngx_table_elt_t *) part->elts;

    rest->elts = line + 1;
    rest->nelts = part->nelts - before - 1;
    rest->next = part->next;

    part->nelts = before;
    part->next = rest;

    if (list->last == part) {
        list->last = rest;
    }

    return NGX_OK;
}
