/*
 * Finds the one key in a request, in the sources that the location names:
 * header fields, Authorization, query arguments, cookies, variables, and what
 * was hidden from them by an earlier pass.  Reads the request, changes nothing.
 * Invariant: two credentials are never one, not even equal ones.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CREDENTIAL_H
#define NGX_HTTP_SCOPED_KEY_CREDENTIAL_H

#include "context.h"
#include "../core/query.h"


/*
 * Whether a header field of this name's length can be a source.  A first look
 * that spares most lines a second one.
 */
#define ngx_http_scoped_key_may_be_source(skcf, header)                       \
    ((skcf)->header_len_mask >> ((header)->key.len % 64) & 1)

/*
 * NGX_OK: found->key is the one credential; NGX_DECLINED: there is none, or
 * only empty ones; NGX_BUSY: there are several; NGX_ERROR: out of memory.
 * ctx: of this pass; NULL: there is none, and variables are not asked for.
 */
ngx_int_t ngx_http_scoped_key_credential_find(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_hidden_t *hidden,
    ngx_http_scoped_key_found_t *found);

/*
 * What a header field says if the line is a source: NGX_OK, and *value may be
 * empty; else NGX_DECLINED.  NGX_ERROR: out of memory.  Cookies are not asked
 * for here.  A value that cannot be decoded is one that no key can have.
 */
ngx_int_t ngx_http_scoped_key_credential_header(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source, const ngx_table_elt_t *header,
    ngx_str_t *value);

/* whether it is a bearer token that is no key where legacy keys are off */
ngx_uint_t ngx_http_scoped_key_credential_is_foreign(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value);

/* whether the pair's name, decoded once, is this */
ngx_uint_t ngx_http_scoped_key_query_is(const scoped_key_pair_t *pair,
    const ngx_str_t *name);

/*
 * The pair's value, decoded once; where it cannot be decoded, one that no key
 * can have.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_query_value(ngx_http_request_t *r,
    const scoped_key_pair_t *pair, ngx_str_t *value);

extern const ngx_str_t  ngx_http_scoped_key_cookie_line;
extern const ngx_str_t  ngx_http_scoped_key_authorization_line;

#endif
