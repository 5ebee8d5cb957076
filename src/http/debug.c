/*
 * Invariant: a key, a part of its secret, a digest or the value of a param is
 * no argument of any line.  Texts of Redis are made fit for a line first.
 */

#include "debug.h"
#include "param.h"
#include "sanitize.h"


#if (NGX_DEBUG)

/* longer texts are cut off */
#define NGX_HTTP_SCOPED_KEY_DEBUG_BYTES  512


static void ngx_http_scoped_key_debug_clause(ngx_http_request_t *r,
    const scoped_key_clause_t *clause, scoped_key_verdict_e verdict,
    const scoped_key_decision_t *decision);


/* in the order of ngx_http_scoped_key_source_e; a name follows the colon */
static const char *const  ngx_http_scoped_key_debug_sources[] = {
    "header:", "authorization:", "authorization:", "authorization", "query:",
    "cookie:", "variable:$"
};

/* in the order of scoped_key_verdict_e */
static const char *const  ngx_http_scoped_key_debug_verdicts[] = {
    "not granted", "granted", "needs the body", "undecided"
};


void
ngx_http_scoped_key_debug_credential(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value,
    ngx_uint_t hidden)
{
    scoped_key_str_t  text, id;

    text = ngx_http_scoped_key_str(value);

    if (scoped_key_token_parse(text, &id) == SCOPED_KEY_TOKEN_ISSUED) {
        ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: credential in %s%V, id=%*s",
                       ngx_http_scoped_key_debug_sources[source->type],
                       &source->name, id.len, id.data);

    } else {
        ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: credential in %s%V, %uz bytes, "
                       "not of the form of our keys",
                       ngx_http_scoped_key_debug_sources[source->type],
                       &source->name, value->len);
    }

    if (hidden) {
        ngx_http_scoped_key_debug_hidden(r, source);
    }
}


void
ngx_http_scoped_key_debug_hidden(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: hides %s%V",
                   ngx_http_scoped_key_debug_sources[source->type],
                   &source->name);
}


void
ngx_http_scoped_key_debug_cached(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker, const ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_msec_t        confirmed;
    scoped_key_str_t  id;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: cache %s, read %M ms ago",
                   ngx_http_scoped_key_caches[ctx->cache],
                   ngx_current_msec - ctx->read_ms);

    if (ctx->record) {
        id = scoped_key_record_id(ctx->record);

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: record of id=%*s", id.len, id.data);
    }

    if (scoped_key_redis_tracking_last_confirmed(worker->tracking,
                                                 &confirmed))
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: tracking link confirmed %M ms ago",
                       ngx_current_msec - confirmed);

    } else {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: tracking link not confirmed");
    }
}


void
ngx_http_scoped_key_debug_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_required_t *required, scoped_key_verdict_e verdict,
    const scoped_key_facts_t *facts, size_t left)
{
    size_t                            i;
    scoped_key_facts_t                again;
    scoped_key_decision_t             decision;
    scoped_key_required_t             one;
    ngx_http_scoped_key_param_ctx_t   pctx;

    if (scoped_key_record_is_global(ctx->record)) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: global key, needs no grant");
    }

    if (required->n == 0) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: required: %s",
                       required->any_key ? "any valid key" : "a global key");
        return;
    }

    if (required->n == 1) {
        ngx_http_scoped_key_debug_clause(r, required->clauses, verdict,
                                         &ctx->decision);
        return;
    }

    one = *required;
    one.n = 1;
    again = *facts;

    /* what is asked again does not count as a part of the decision */

    if (facts->data) {
        pctx = *(ngx_http_scoped_key_param_ctx_t *) facts->data;
        pctx.left = &left;
        again.data = &pctx;
    }

    for (i = 0; i < required->n; i++) {
        one.clauses = &required->clauses[i];

        verdict = scoped_key_verdict_scopes(ctx->record, &one, &again, &left,
                                            &decision);
        ngx_http_scoped_key_debug_clause(r, one.clauses, verdict, &decision);

        if (verdict == SCOPED_KEY_REFUSED || verdict == SCOPED_KEY_UNDECIDED) {
            return;
        }
    }
}


static void
ngx_http_scoped_key_debug_clause(ngx_http_request_t *r,
    const scoped_key_clause_t *clause, scoped_key_verdict_e verdict,
    const scoped_key_decision_t *decision)
{
    u_char      *p, *last, scopes[NGX_HTTP_SCOPED_KEY_DEBUG_BYTES];
    u_char       grant[NGX_HTTP_SCOPED_KEY_DEBUG_BYTES];
    size_t       i;
    ngx_str_t    shown;
    const char  *reason;

    p = scopes;
    last = p + sizeof(scopes);

    for (i = 0; i < clause->n; i++) {
        p = ngx_slprintf(p, last, "%s%*s", i ? " " : "",
                         clause->scopes[i].len, clause->scopes[i].data);
    }

    shown.data = grant;
    shown.len = ngx_http_scoped_key_sanitize_control(grant,
                                                     decision->grant.data,
                                                     ngx_min(sizeof(grant),
                                                         decision->grant.len));

    reason = scoped_key_reason_name(decision->reason);

    ngx_log_debug7(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: required \"%*s\": %s%s%s%s%V",
                   (size_t) (p - scopes), scopes,
                   ngx_http_scoped_key_debug_verdicts[verdict],
                   *reason ? ": " : "", reason,
                   shown.len ? " by " : "", &shown);
}


void
ngx_http_scoped_key_debug_changed(ngx_http_scoped_key_worker_t *worker,
    const ngx_str_t *what)
{
    ngx_str_t  shown;
    u_char     text[NGX_HTTP_SCOPED_KEY_DEBUG_BYTES];

    shown.data = text;
    shown.len = ngx_http_scoped_key_sanitize_for_log(text, sizeof(text),
                                                     what->data,
                                                     what->len);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                   "scoped key: \"%V\" has changed", &shown);
}

#endif
