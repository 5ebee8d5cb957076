/*
 * Writes the texts of a refusal.  Knows no request but for its pool.
 * Invariant: everything written is of a known character set: reasons and
 * details are constants, scopes have no quote, backslash or control byte; the
 * name of a param is the operator's text, and is escaped.
 */

#include "problem.h"


/* all of a body but its scopes */
#define NGX_HTTP_SCOPED_KEY_PROBLEM_BYTES    512
#define NGX_HTTP_SCOPED_KEY_CHALLENGE_BYTES  128


static size_t ngx_http_scoped_key_problem_size(
    const scoped_key_clause_t *clause);
static const scoped_key_clause_t *ngx_http_scoped_key_problem_missing(
    const ngx_http_scoped_key_ctx_t *ctx);
static const char *ngx_http_scoped_key_problem_title(ngx_uint_t status);
static const char *ngx_http_scoped_key_problem_detail(
    scoped_key_reason_e reason, const scoped_key_clause_t *missing);


ngx_int_t
ngx_http_scoped_key_problem_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *body)
{
    size_t                      size;
    u_char                     *p, *last;
    scoped_key_str_t            param;
    const scoped_key_clause_t  *missing;

    missing = ngx_http_scoped_key_problem_missing(ctx);

    param.len = 0;
    param.data = NULL;

    if (ctx->cause.reason == SCOPED_KEY_PARAM_REFUSED) {
        param = ctx->cause.param;
    }

    size = NGX_HTTP_SCOPED_KEY_PROBLEM_BYTES
           + ngx_http_scoped_key_problem_size(missing)
           + param.len
           + ngx_escape_json(NULL, (u_char *) param.data, param.len);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + size;

    p = ngx_slprintf(p, last,
                     "{\"type\":\"about:blank\",\"title\":\"%s\","
                     "\"status\":%ui,\"detail\":\"%s\",\"reason\":\"%s\"",
                     ngx_http_scoped_key_problem_title(ctx->status),
                     (ngx_uint_t) ctx->status,
                     ngx_http_scoped_key_problem_detail(ctx->cause.reason,
                                                        missing),
                     scoped_key_reason_name(ctx->cause.reason));

    if (missing) {
        p = ngx_slprintf(p, last, ",\"required\":\"");
        p = ngx_http_scoped_key_problem_scopes(p, last, missing);
        p = ngx_slprintf(p, last, "\"");
    }

    if (param.len) {
        p = ngx_slprintf(p, last, ",\"param\":\"");
        p = (u_char *) ngx_escape_json(p, (u_char *) param.data, param.len);
        p = ngx_slprintf(p, last, "\"");
    }

    p = ngx_slprintf(p, last, "}\n");

    body->len = p - body->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_scoped_key_problem_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *challenge)
{
    size_t                      size;
    u_char                     *p, *last;
    const char                 *error;
    const scoped_key_clause_t  *missing;

    missing = ngx_http_scoped_key_problem_missing(ctx);

    size = NGX_HTTP_SCOPED_KEY_CHALLENGE_BYTES
           + ngx_http_scoped_key_problem_size(missing);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    challenge->data = p;
    last = p + size;

    switch (ctx->cause.reason) {

    /* a request without a key is told no error, RFC 6750, section 3.1 */

    case SCOPED_KEY_MISSING_KEY:
        error = "";
        break;

    case SCOPED_KEY_AMBIGUOUS_KEY:
        error = ", error=\"invalid_request\"";
        break;

    case SCOPED_KEY_INSUFFICIENT_SCOPE:
        error = ", error=\"insufficient_scope\"";
        break;

    default:
        error = ", error=\"invalid_token\"";
    }

    p = ngx_slprintf(p, last, "Bearer realm=\"api\"%s", error);

    if (missing) {
        p = ngx_slprintf(p, last, ", scope=\"");
        p = ngx_http_scoped_key_problem_scopes(p, last, missing);
        p = ngx_slprintf(p, last, "\"");
    }

    challenge->len = p - challenge->data;

    return NGX_OK;
}


u_char *
ngx_http_scoped_key_problem_scopes(u_char *p, u_char *last,
    const scoped_key_clause_t *clause)
{
    size_t       i;
    const char  *space;

    space = "";

    for (i = 0; i < clause->n; i++) {

        if (clause->scopes[i].len) {
            p = ngx_slprintf(p, last, "%s%*s", space, clause->scopes[i].len,
                             clause->scopes[i].data);
            space = " ";
        }
    }

    return p;
}


static size_t
ngx_http_scoped_key_problem_size(const scoped_key_clause_t *clause)
{
    size_t  i, size;

    size = 0;

    for (i = 0; clause && i < clause->n; i++) {
        size += clause->scopes[i].len + 1;
    }

    return size;
}


/* the clause to tell of, if some scope would be enough */

static const scoped_key_clause_t *
ngx_http_scoped_key_problem_missing(const ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->cause.reason != SCOPED_KEY_INSUFFICIENT_SCOPE
        || ngx_http_scoped_key_problem_size(ctx->cause.missing)
           == (ctx->cause.missing ? ctx->cause.missing->n : 0))
    {
        return NULL;
    }

    return ctx->cause.missing;
}


static const char *
ngx_http_scoped_key_problem_title(ngx_uint_t status)
{
    switch (status) {

    case NGX_HTTP_UNAUTHORIZED:
        return "Unauthorized";

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return "Content Too Large";

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return "Service Unavailable";

    default:
        return "Forbidden";
    }
}


/* missing: the clause that the body tells of, or NULL */

static const char *
ngx_http_scoped_key_problem_detail(scoped_key_reason_e reason,
    const scoped_key_clause_t *missing)
{
    if (reason == SCOPED_KEY_INSUFFICIENT_SCOPE && missing == NULL) {
        return "Only global keys pass here.";
    }

    return scoped_key_reason_detail(reason);
}
