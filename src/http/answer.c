/*
 * What a verdict that is no allowance is to the phase engine and to the error
 * log.  Knows nothing of records but their ids.
 * Invariant: NGX_OK is never returned.
 */

#include "answer.h"
#include "document.h"
#include "problem.h"


/* longer lists of required scopes are cut off; nginx's own limit is 2,048 */
#define NGX_HTTP_SCOPED_KEY_LOG_BYTES  512


static ngx_uint_t ngx_http_scoped_key_answer_status(
    const ngx_http_scoped_key_loc_conf_t *skcf, scoped_key_reason_e reason);
static void ngx_http_scoped_key_answer_unsupported(ngx_http_request_t *r);
static void ngx_http_scoped_key_answer_log(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_ctx_t *ctx);
static ngx_uint_t ngx_http_scoped_key_answer_id(
    const ngx_http_scoped_key_ctx_t *ctx, scoped_key_str_t *id);


ngx_int_t
ngx_http_scoped_key_answer(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    /* no key at all where none is needed, or a preflight: others may refuse */

    if (ctx->verdict == NGX_HTTP_SCOPED_KEY_ANONYMOUS) {
        return NGX_DECLINED;
    }

    ngx_http_scoped_key_answer_log(r, skcf, ctx);

    if (skcf->dry_run) {
        ctx->verdict = NGX_HTTP_SCOPED_KEY_DRY_RUN;
        return NGX_DECLINED;
    }

    ctx->status = ngx_http_scoped_key_answer_status(skcf, ctx->cause.reason);
    ctx->answering = 1;

    if (ctx->document && ctx->document->unsupported) {
        ngx_http_scoped_key_answer_unsupported(r);
    }

    return ctx->status;
}


/*
 * The status is not what the client will see, so an error_page for it is not
 * meant.  Under `satisfy any` it may be that of somebody else in the end.
 */

static void
ngx_http_scoped_key_answer_unsupported(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->satisfy == NGX_HTTP_SATISFY_ALL) {
        r->error_page = 1;
    }
}


static ngx_uint_t
ngx_http_scoped_key_answer_status(const ngx_http_scoped_key_loc_conf_t *skcf,
    scoped_key_reason_e reason)
{
    switch (reason) {

    case SCOPED_KEY_STORE_UNAVAILABLE:
        return NGX_HTTP_SERVICE_UNAVAILABLE;

    case SCOPED_KEY_BODY_TOO_LARGE:
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;

    default:
        return reason < SCOPED_KEY_IP_REFUSED ? skcf->unauthorized_status
                                              : NGX_HTTP_FORBIDDEN;
    }
}


static void
ngx_http_scoped_key_answer_log(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    u_char            *p, *last, text[NGX_HTTP_SCOPED_KEY_LOG_BYTES];
    ngx_uint_t         level;
    scoped_key_str_t   id;

    /* an outage has its own lines, one for each change of state */

    level = ctx->verdict == NGX_HTTP_SCOPED_KEY_UNDECIDED ? NGX_LOG_INFO
                                                          : skcf->log_level;

    if (r->connection->log->log_level < level) {
        return;
    }

    p = text;
    last = text + sizeof(text);

    p = ngx_slprintf(p, last, "scoped key %s: reason=%s",
                     ctx->verdict == NGX_HTTP_SCOPED_KEY_UNDECIDED
                     ? "undecided" : "refused",
                     scoped_key_reason_name(ctx->cause.reason));

    if (ngx_http_scoped_key_answer_id(ctx, &id)) {
        p = ngx_slprintf(p, last, " id=%*s", id.len, id.data);
    }

    if (ctx->cause.missing) {
        p = ngx_slprintf(p, last, " required=\"");
        p = ngx_http_scoped_key_problem_scopes(p, last, ctx->cause.missing);
        p = ngx_slprintf(p, last, "\"");
    }

    if (ctx->cause.reason == SCOPED_KEY_BODY_UNREADABLE && ctx->document
        && ctx->document->error.len)
    {
        p = ngx_slprintf(p, last, " cause=\"%V\"", &ctx->document->error);

    } else if (ctx->cause.reason == SCOPED_KEY_BODY_UNREADABLE
               && ctx->unreadable)
    {
        p = ngx_slprintf(p, last, " cause=\"%s\"", ctx->unreadable);
    }

    if (ctx->exhausted) {
        p = ngx_slprintf(p, last, " cause=\"too much to match\"");
    }

    if (skcf->dry_run) {
        p = ngx_slprintf(p, last, " (dry run)");
    }

    ngx_log_error(level, r->connection->log, 0, "%*s", p - text, text);
}


/* the public part alone: of an unknown key, it is what the client says */

static ngx_uint_t
ngx_http_scoped_key_answer_id(const ngx_http_scoped_key_ctx_t *ctx,
    scoped_key_str_t *id)
{
    scoped_key_str_t  text;

    if (ctx->record) {
        *id = scoped_key_record_id(ctx->record);
        return 1;
    }

    text.len = ctx->key.len;
    text.data = ctx->key.data;

    return scoped_key_token_parse(text, id) == SCOPED_KEY_TOKEN_ISSUED;
}
