/*
 * The one place that calls the verdict.  What is the same for every request
 * with this record and these required scopes is asked once, and a bit of the
 * cached record remembers that it was allowed.
 */

#include "decide.h"
#include "body.h"
#include "captures.h"
#include "document.h"
#include "facts.h"
#include "param.h"
#include "require.h"


static void ngx_http_scoped_key_decide_record(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_decide_remembered(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require,
    const scoped_key_facts_t *facts, ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_refuse(
    ngx_http_scoped_key_ctx_t *ctx, scoped_key_reason_e reason);
static void ngx_http_scoped_key_decide_later(ngx_http_scoped_key_ctx_t *ctx);
static ngx_uint_t ngx_http_scoped_key_decide_asks_access(
    const ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_decide_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);


/* the bit of a requirement in a memo; NULL: it has none */

static ngx_inline unsigned char *
ngx_http_scoped_key_memo(const ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_require_t *require, unsigned char *bit)
{
    if (ctx->memo == NULL || require->memo == NGX_HTTP_SCOPED_KEY_NO_MEMO) {
        return NULL;
    }

    *bit = (unsigned char) (1 << (require->memo % 8));

    return &ctx->memo[require->memo / 8];
}


void
ngx_http_scoped_key_decide(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    unsigned char  *memo, bit;

    /* there is a verdict, or a reason for one, without a record */

    if (ctx->verdict != NGX_HTTP_SCOPED_KEY_NOT_DECIDED) {
        return;
    }

    if (ctx->cause.reason != SCOPED_KEY_REASON_NONE) {
        ngx_http_scoped_key_decide_refuse(ctx, ctx->cause.reason);
        return;
    }

    /* found in the cache by a location that takes legacy keys */

    if (!skcf->legacy
        && scoped_key_record_id(ctx->record).len
           == SCOPED_KEY_LEGACY_ID_BYTES)
    {
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_MALFORMED_KEY);
        return;
    }

    memo = ngx_http_scoped_key_memo(ctx, skcf->require, &bit);

    if (memo && (*memo & bit)
        && ngx_http_scoped_key_decide_remembered(skcf, ctx) == NGX_OK)
    {
        return;
    }

    ngx_http_scoped_key_decide_record(r, skcf, ctx);

    ngx_http_scoped_key_body_forget(ctx);

    if (memo && ctx->cause.fixed
        && ctx->verdict == NGX_HTTP_SCOPED_KEY_ALLOWED)
    {
        *memo |= bit;
    }
}


/* the way of nearly every hit: of all facts, only the time is asked for */

static ngx_int_t
ngx_http_scoped_key_decide_remembered(
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_facts_t  facts;

    if (skcf->graphql || scoped_key_record_has_conditions(ctx->record)) {
        return NGX_DECLINED;
    }

    facts.now = ngx_time();

    if (scoped_key_verdict_key(ctx->record, ctx->proof, &facts)
        != SCOPED_KEY_REASON_NONE)
    {
        return NGX_DECLINED;
    }

    ctx->verdict = NGX_HTTP_SCOPED_KEY_ALLOWED;
    ctx->required = skcf->require->required;
    ctx->remembered = 1;

    return NGX_OK;
}


/* all that the core asks: first about the key, then about the scopes */

static void
ngx_http_scoped_key_decide_record(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_facts_t            facts;
    scoped_key_reason_e           reason;
    ngx_http_scoped_key_asker_t   asker;

    ngx_http_scoped_key_facts(r, &facts);

    asker.request = r;
    asker.skcf = skcf;
    asker.ctx = ctx;

    facts.param = ngx_http_scoped_key_param;
    facts.data = &asker;

    reason = scoped_key_verdict_key(ctx->record, ctx->proof, &facts);

    if (reason != SCOPED_KEY_REASON_NONE) {
        ngx_http_scoped_key_decide_refuse(ctx, reason);
        return;
    }

    if (skcf->graphql && ngx_http_scoped_key_decide_asks_access(ctx)
        && ngx_http_scoped_key_decide_document(r, skcf, ctx) != NGX_OK)
    {
        return;
    }

    ngx_http_scoped_key_decide_scopes(r, skcf->require, &facts, ctx);

    /* proxy_pass is to see those that the key was judged by */

    ngx_http_scoped_key_captures_restore(r);
}


static void
ngx_http_scoped_key_decide_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require,
    const scoped_key_facts_t *facts, ngx_http_scoped_key_ctx_t *ctx)
{
    if (ngx_http_scoped_key_captures_keep(r, ctx) != NGX_OK
        || ngx_http_scoped_key_require_evaluate(r, require, &ctx->required)
           != NGX_OK)
    {
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
        return;
    }

    switch (scoped_key_verdict_scopes(ctx->record, &ctx->required, facts,
                                      &ctx->cause))
    {
    case SCOPED_KEY_ALLOWED:
        ctx->verdict = NGX_HTTP_SCOPED_KEY_ALLOWED;
        break;

    case SCOPED_KEY_REFUSED:
        ngx_http_scoped_key_decide_refuse(ctx, ctx->cause.reason);
        break;

    case SCOPED_KEY_NEEDS_BODY:
        ngx_http_scoped_key_decide_later(ctx);
        break;

    default:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
    }
}


static void
ngx_http_scoped_key_decide_refuse(ngx_http_scoped_key_ctx_t *ctx,
    scoped_key_reason_e reason)
{
    ctx->cause.reason = reason;

    ctx->verdict = reason == SCOPED_KEY_STORE_UNAVAILABLE
                   ? NGX_HTTP_SCOPED_KEY_UNDECIDED
                   : NGX_HTTP_SCOPED_KEY_REFUSED;
}


static void
ngx_http_scoped_key_decide_later(ngx_http_scoped_key_ctx_t *ctx)
{
    ctx->cause.reason = SCOPED_KEY_REASON_NONE;
    ctx->wants_body = 1;

    /* the cache may have let go of it by then */

    ctx->memo = NULL;
}


/* what a document says decides nothing about a key that may do all */

static ngx_uint_t
ngx_http_scoped_key_decide_asks_access(const ngx_http_scoped_key_ctx_t *ctx)
{
    return !scoped_key_record_is_global(ctx->record)
           || scoped_key_record_has_refusals(ctx->record);
}


/* NGX_OK: the document says what $scoped_key_access is */

static ngx_int_t
ngx_http_scoped_key_decide_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    switch (ngx_http_scoped_key_document(r, skcf, ctx)) {

    case SCOPED_KEY_PARAM_VALUES:
        return NGX_OK;

    case SCOPED_KEY_PARAM_NEEDS_BODY:
        ngx_http_scoped_key_decide_later(ctx);
        return NGX_DECLINED;

    case SCOPED_KEY_PARAM_TOO_LARGE:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_BODY_TOO_LARGE);
        return NGX_DECLINED;

    case SCOPED_KEY_PARAM_ERROR:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
        return NGX_DECLINED;

    default:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_BODY_UNREADABLE);
        return NGX_DECLINED;
    }
}


void
ngx_http_scoped_key_decide_cause(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_facts_t  facts;

    if (!ctx->remembered) {
        return;
    }

    /* what the memo remembers hangs on no fact of the request */

    ngx_http_scoped_key_facts(r, &facts);

    ctx->remembered = 0;

    (void) scoped_key_verdict_scopes(ctx->record, &ctx->required, &facts,
                                     &ctx->cause);
}
