/*
 * The first step of a request.  Knows no Redis and no record.
 * Invariant: a key is looked for before it is hidden, and hidden before
 * anything else happens to the request.
 */

#include "present.h"
#include "credential.h"
#include "hide.h"
#include "take.h"
#include "../core/token.h"


static ngx_int_t ngx_http_scoped_key_present_any(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx) ngx_http_scoped_key_rare;
static ngx_uint_t ngx_http_scoped_key_is_of_others(
    const ngx_array_t *prefixes, const ngx_str_t *key)
    ngx_http_scoped_key_rare;
static ngx_uint_t ngx_http_scoped_key_is_preflight(ngx_http_request_t *r)
    ngx_http_scoped_key_rare;


ngx_int_t
ngx_http_scoped_key_present(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_scoped_key_take(r, skcf, ctx);

    if (rc != NGX_OK) {
        rc = ngx_http_scoped_key_present_any(r, skcf, ctx);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (skcf->preflight && ngx_http_scoped_key_is_preflight(r)) {
        ctx->verdict = NGX_HTTP_SCOPED_KEY_ANONYMOUS;
        return NGX_OK;
    }

    switch (rc) {

    case NGX_OK:

        if (skcf->prefixes
            && ngx_http_scoped_key_is_of_others(skcf->prefixes, &ctx->key))
        {
            ctx->cause.reason = SCOPED_KEY_MALFORMED_KEY;
            break;
        }

        ctx->wants_record = 1;
        break;

    case NGX_BUSY:
        ctx->cause.reason = SCOPED_KEY_AMBIGUOUS_KEY;
        break;

    default:

        if (skcf->enable == NGX_HTTP_SCOPED_KEY_OPTIONAL) {
            ctx->verdict = NGX_HTTP_SCOPED_KEY_ANONYMOUS;

        } else {
            ctx->cause.reason = SCOPED_KEY_MISSING_KEY;
        }
    }

    return NGX_OK;
}


/* as ngx_http_scoped_key_credential_find() */

static ngx_int_t
ngx_http_scoped_key_present_any(ngx_http_request_t *r,
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
ngx_http_scoped_key_is_of_others(const ngx_array_t *prefixes,
    const ngx_str_t *key)
{
    ngx_uint_t         i;
    scoped_key_str_t   text, prefix;
    const ngx_str_t   *known;

    text.len = key->len;
    text.data = key->data;

    if (!scoped_key_token_prefix(text, &prefix)) {
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
ngx_http_scoped_key_pass_by(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_http_scoped_key_ctx_t     *ctx, *home;
    ngx_http_scoped_key_found_t    found;

    ctx = NULL;

    /* what an earlier location decided is not said of this one */

    if (r == r->main) {
        ctx = ngx_http_scoped_key_ctx_begin(r);
        if (ctx == NULL) {
            return NGX_ERROR;
        }
    }

    home = ctx ? ctx : ngx_http_scoped_key_ctx_find(r);

    /* what stays depends on what else is there, whether or not it is a key */

    if (ngx_http_scoped_key_credential_find(r, skcf, ctx,
                                            home ? home->hidden : NULL, &found)
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
    ngx_uint_t              i, origin, method;
    const ngx_list_part_t  *part;
    const ngx_table_elt_t  *header;

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

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].value.len == 0) {
                continue;
            }

            origin |= ngx_http_scoped_key_header_is(&header[i], &origin_line);
            method |= ngx_http_scoped_key_header_is(&header[i], &method_line);
        }
    }

    return origin && method;
}
