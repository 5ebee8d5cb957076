/*
 * The one place that calls the verdict.  What is the same for every request
 * with this record and these required scopes is asked once, and a bit of the
 * cached record remembers that it was allowed.
 */

#include "decide.h"
#include "body.h"
#include "captures.h"
#include "debug.h"
#include "document.h"
#include "facts.h"
#include "param.h"
#include "template.h"
#include "../core/steps.h"


static ngx_uint_t ngx_http_scoped_key_decide_is_cached(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_cache_allow(
    const ngx_http_scoped_key_require_t *require,
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_slow(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx) ngx_http_scoped_key_noinline;
static void ngx_http_scoped_key_decide_record(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_key(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const scoped_key_facts_t *facts, size_t *left,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require,
    const scoped_key_facts_t *facts, size_t *left,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_param_kind(
    const scoped_key_facts_t *facts, size_t left,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_failed_clause(ngx_http_request_t *r,
    const ngx_http_scoped_key_one_scope_t *one,
    ngx_http_scoped_key_ctx_t *ctx) ngx_http_scoped_key_noinline;
static void ngx_http_scoped_key_decide_refuse(
    ngx_http_scoped_key_ctx_t *ctx, scoped_key_reason_e reason);
static void ngx_http_scoped_key_decide_need_body(
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_uint_t ngx_http_scoped_key_decide_asks_access(
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_decide_persisted(
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_decide_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);


void
ngx_http_scoped_key_decide(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    /* there is a verdict, or a reason for one, without a record */

    if (ctx->verdict != NGX_HTTP_SCOPED_KEY_NO_VERDICT) {
        return;
    }

    if (ctx->decision.reason != SCOPED_KEY_REASON_NONE) {
        ngx_http_scoped_key_decide_refuse(ctx, ctx->decision.reason);
        return;
    }

    /* found in the cache by a location that accepts legacy keys */

    if (!skcf->legacy
        && scoped_key_record_id(ctx->record).len
           == SCOPED_KEY_LEGACY_ID_BYTES)
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: legacy keys are not accepted here");

        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_MALFORMED_KEY);
        return;
    }

    /* the way of nearly every hit: no fact is asked for, not even the time */

    if (ngx_http_scoped_key_decide_is_cached(skcf, ctx)) {
        ctx->verdict = NGX_HTTP_SCOPED_KEY_ALLOWED;
        ctx->cached_allow = skcf->require;
        return;
    }

    ngx_http_scoped_key_decide_slow(r, skcf, ctx);
}


/* what is not known of the record */

static void
ngx_http_scoped_key_decide_slow(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_decide_record(r, skcf, ctx);
    ngx_http_scoped_key_body_forget(ctx);
    ngx_http_scoped_key_decide_cache_allow(skcf->require, ctx);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: decided: %s%s%s",
                   ctx->wants_body ? "once the body is read"
                                   : ngx_http_scoped_key_verdicts[ctx->verdict],
                   ngx_http_scoped_key_decide_is_cached(skcf, ctx)
                   ? ", kept with the cached record" : "",
                   ctx->exhausted ? ", too much to match" : "");
}


/* the bit of a requirement; there is one */

static ngx_inline unsigned char
ngx_http_scoped_key_allow_bit(const ngx_http_scoped_key_require_t *require)
{
    return (unsigned char) (1 << (require->allow_bit % 8));
}


static ngx_inline ngx_uint_t
ngx_http_scoped_key_decide_is_cached(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    const ngx_http_scoped_key_require_t  *require;

    require = skcf->require;

    return ctx->cached_data
           && require->allow_bit != NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT
           && (ctx->cached_data[require->allow_bit / 8]
               & ngx_http_scoped_key_allow_bit(require))
           && !skcf->graphql;
}


/* what is remembered depends on nothing but the record, and which text it was
   */

static ngx_inline void
ngx_http_scoped_key_decide_cache_allow(
    const ngx_http_scoped_key_require_t *require,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->cached_data
        && require->allow_bit != NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT
        && ctx->decision.cacheable
        && ctx->verdict == NGX_HTTP_SCOPED_KEY_ALLOWED
        && scoped_key_verdict_key_is_static(ctx->record, ctx->match))
    {
        ctx->cached_data[require->allow_bit / 8] |=
                                        ngx_http_scoped_key_allow_bit(require);
    }
}


/* all that the core asks: first about the key, then about the scopes */

static void
ngx_http_scoped_key_decide_record(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    size_t                            left;
    scoped_key_facts_t                facts;
    ngx_http_scoped_key_values_t      values;
    ngx_http_scoped_key_param_ctx_t   pctx;

    /* what is decided again once its body is there goes on counting */

    left = SCOPED_KEY_MATCH_MAX_STEPS - ctx->steps;

    if (scoped_key_record_is_plain(ctx->record)) {

        /* no fact is what refuses, were one asked for all the same */

        ngx_memzero(&facts, sizeof(scoped_key_facts_t));
        facts.now = ngx_time();

    } else {
        ngx_http_scoped_key_facts(r, &facts);
        ngx_http_scoped_key_param_begin(&values);

        pctx.request = r;
        pctx.skcf = skcf;
        pctx.ctx = ctx;
        pctx.values = &values;
        pctx.left = &left;

        facts.param = ngx_http_scoped_key_param;
        facts.data = &pctx;
    }

    ngx_http_scoped_key_decide_key(r, skcf, &facts, &left, ctx);

    if (facts.param) {
        ngx_http_scoped_key_param_forget(&values);
    }

    ctx->exhausted = left == 0;
    ctx->steps = left < SCOPED_KEY_MATCH_MAX_STEPS
                 ? SCOPED_KEY_MATCH_MAX_STEPS - left : 0;
}


static void
ngx_http_scoped_key_decide_key(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const scoped_key_facts_t *facts, size_t *left,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_reason_e  reason;

    reason = scoped_key_verdict_key(ctx->record, ctx->match, facts, left);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: record of id=%*s: %s",
                   scoped_key_record_id(ctx->record).len,
                   scoped_key_record_id(ctx->record).data,
                   reason == SCOPED_KEY_REASON_NONE
                   ? "good for this request" : scoped_key_reason_name(reason));

    if (reason != SCOPED_KEY_REASON_NONE) {
        ngx_http_scoped_key_decide_refuse(ctx, reason);
        return;
    }

    if (skcf->graphql && ngx_http_scoped_key_decide_asks_access(ctx)
        && ngx_http_scoped_key_decide_document(r, skcf, ctx) != NGX_OK)
    {
        return;
    }

    ngx_http_scoped_key_decide_scopes(r, skcf->require, facts, left, ctx);

    if (skcf->graphql && ctx->document && ctx->document->persisted) {
        ngx_http_scoped_key_decide_persisted(ctx);
    }

    /* proxy_pass is to see those that the key was judged by */

    ngx_http_scoped_key_captures_restore(r);
}


static void
ngx_http_scoped_key_decide_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require,
    const scoped_key_facts_t *facts, size_t *left,
    ngx_http_scoped_key_ctx_t *ctx)
{
    size_t                           before;
    scoped_key_verdict_e             verdict;
    scoped_key_required_t            required;
    ngx_http_scoped_key_one_scope_t  one;

    before = *left;

    if (ngx_http_scoped_key_captures_save(r, ctx) != NGX_OK
        || ngx_http_scoped_key_require_evaluate(r, require, left, &one,
                                                &required)
           != NGX_OK)
    {
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
        return;
    }

    verdict = scoped_key_verdict_scopes(ctx->record, &required, facts, left,
                                        &ctx->decision);

    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_debug_scopes(r, ctx, &required, verdict, facts,
                                         before);
    }

    switch (verdict) {

    case SCOPED_KEY_ALLOWED:
        ctx->verdict = NGX_HTTP_SCOPED_KEY_ALLOWED;
        break;

    case SCOPED_KEY_REFUSED:
        ngx_http_scoped_key_decide_failed_clause(r, &one, ctx);
        ngx_http_scoped_key_decide_param_kind(facts, *left, ctx);
        break;

    case SCOPED_KEY_NEEDS_BODY:
        ngx_http_scoped_key_decide_need_body(ctx);
        break;

    default:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
    }
}


/* what the param was found to be is known, and is not looked for again */

static void
ngx_http_scoped_key_decide_param_kind(const scoped_key_facts_t *facts,
    size_t left, ngx_http_scoped_key_ctx_t *ctx)
{
    size_t                   n;
    const scoped_key_str_t  *values;

    ctx->param_kind = NULL;

    if (ctx->decision.reason != SCOPED_KEY_PARAM_REFUSED || left == 0
        || facts->param == NULL)
    {
        return;
    }

    switch (facts->param(facts->data, ctx->decision.param, &values, &n)) {

    case SCOPED_KEY_PARAM_VALUES:
        ctx->param_kind = n == 0 ? "no value"
                                 : n == 1 ? "a value" : "several values";
        break;

    case SCOPED_KEY_PARAM_NOTHING:
        ctx->param_kind = "null or an empty array";
        break;

    case SCOPED_KEY_PARAM_UNDECLARED:
        ctx->param_kind = "not declared in this location";
        break;

    case SCOPED_KEY_PARAM_AMBIGUOUS:
        ctx->param_kind = "can be read in two ways, or is no string, integer "
                          "or boolean";
        break;

    default:
        break;
    }
}


/* what is told of a clause must outlive the decision */

static void
ngx_http_scoped_key_decide_failed_clause(ngx_http_request_t *r,
    const ngx_http_scoped_key_one_scope_t *one, ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->decision.failed_clause == &one->clause) {
        ctx->decision.failed_clause =
                              ngx_http_scoped_key_require_copy_clause(r, one);

        if (ctx->decision.failed_clause == NULL) {
            ctx->decision.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        }
    }

    ngx_http_scoped_key_decide_refuse(ctx, ctx->decision.reason);
}


static void
ngx_http_scoped_key_decide_refuse(ngx_http_scoped_key_ctx_t *ctx,
    scoped_key_reason_e reason)
{
    ctx->decision.reason = reason;

    ctx->verdict = reason == SCOPED_KEY_STORE_UNAVAILABLE
                   ? NGX_HTTP_SCOPED_KEY_UNAVAILABLE
                   : NGX_HTTP_SCOPED_KEY_REFUSED;
}


static void
ngx_http_scoped_key_decide_need_body(ngx_http_scoped_key_ctx_t *ctx)
{
    ctx->decision.reason = SCOPED_KEY_REASON_NONE;
    ctx->wants_body = 1;

    /* the cache may have let go of it by then */

    ctx->cached_data = NULL;
}


/* what a document says decides nothing about a key that may do all */

static ngx_uint_t
ngx_http_scoped_key_decide_asks_access(const ngx_http_scoped_key_ctx_t *ctx)
{
    return !scoped_key_record_is_global(ctx->record)
           || scoped_key_record_has_refusals(ctx->record);
}


/*
 * The hash of a document alone is never let through.  A key that may read is
 * told that there are no persisted queries here, and its client sends the
 * document.
 */

static void
ngx_http_scoped_key_decide_persisted(ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->verdict != NGX_HTTP_SCOPED_KEY_ALLOWED
        && ctx->verdict != NGX_HTTP_SCOPED_KEY_REFUSED)
    {
        return;
    }

    ctx->document->unsupported =
                               (ctx->verdict == NGX_HTTP_SCOPED_KEY_ALLOWED);
    ctx->decision.grant.len = 0;
    ctx->decision.failed_clause = NULL;

    ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_BODY_UNREADABLE);
}


/*
 * NGX_OK: the document says what $scoped_key_access is, or there is but a hash
 * of it, and the question is whether the key may read
 */

static ngx_int_t
ngx_http_scoped_key_decide_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    switch (ngx_http_scoped_key_document(r, skcf, ctx)) {

    case SCOPED_KEY_PARAM_VALUES:
        return NGX_OK;

    case SCOPED_KEY_PARAM_NEEDS_BODY:
        ngx_http_scoped_key_decide_need_body(ctx);
        return NGX_DECLINED;

    case SCOPED_KEY_PARAM_TOO_LARGE:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_BODY_TOO_LARGE);
        return NGX_DECLINED;

    case SCOPED_KEY_PARAM_ERROR:
        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_STORE_UNAVAILABLE);
        return NGX_DECLINED;

    default:
        if (ctx->document && ctx->document->persisted) {
            return NGX_OK;
        }

        ngx_http_scoped_key_decide_refuse(ctx, SCOPED_KEY_BODY_UNREADABLE);
        return NGX_DECLINED;
    }
}


void
ngx_http_scoped_key_decide_complete(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    size_t                                left;
    scoped_key_facts_t                    facts;
    const ngx_http_scoped_key_require_t  *cached_allow;

    cached_allow = ctx->cached_allow;

    if (cached_allow == NULL) {
        return;
    }

    /* a cached decision depends on no fact of the request */

    ngx_http_scoped_key_facts(r, &facts);

    ctx->cached_allow = NULL;
    left = SCOPED_KEY_MATCH_MAX_STEPS;

    (void) scoped_key_verdict_scopes(ctx->record, &cached_allow->required,
                                     &facts, &left, &ctx->decision);
}


#if (NGX_DEBUG)

void
ngx_http_scoped_key_decide_debug(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_facts_t                    facts;
    const ngx_http_scoped_key_require_t  *cached_allow;

    cached_allow = ctx->cached_allow;

    if (cached_allow) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: decided before, cached with the record");

        ngx_http_scoped_key_decide_complete(r, ctx);

        /* a cached decision depends on no fact of the request */

        ngx_memzero(&facts, sizeof(scoped_key_facts_t));
        facts.now = ngx_time();

        ngx_http_scoped_key_debug_scopes(r, ctx, &cached_allow->required,
                                         SCOPED_KEY_ALLOWED, &facts,
                                         SCOPED_KEY_MATCH_MAX_STEPS);
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: verdict=allowed");
}

#endif
