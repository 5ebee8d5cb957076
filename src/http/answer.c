/*
 * What a verdict that is no allowance is to the phase engine and the error
 * log, and the strings of a refusal: the problem body (RFC 9457) and the
 * challenge of WWW-Authenticate (RFC 6750, section 3). They say what is
 * missing, never what was presented.
 * Invariants: NGX_OK is never returned; all that is written is of a known
 * character set: reasons and details are constants, scopes have no quote,
 * backslash or control byte, and the name of a param is the operator's text,
 * and is escaped.
 */

#include "answer.h"
#include "body.h"
#include "document.h"
#include "sanitize.h"
#include "store.h"


/* longer lists of required scopes are cut off; nginx's own limit is 2,048 */
#define NGX_HTTP_SCOPED_KEY_LOG_BYTES    768
#define NGX_HTTP_SCOPED_KEY_PARAM_BYTES  64

/* all of a body but its scopes */
#define NGX_HTTP_SCOPED_KEY_PROBLEM_BYTES    640
#define NGX_HTTP_SCOPED_KEY_CHALLENGE_BYTES  128


static u_char *ngx_http_scoped_key_problem_scopes(u_char *p, u_char *last,
    const scoped_key_clause_t *clause);
static ngx_uint_t ngx_http_scoped_key_answer_status(
    const ngx_http_scoped_key_loc_conf_t *skcf, scoped_key_reason_e reason);
static void ngx_http_scoped_key_answer_unsupported(ngx_http_request_t *r);
static void ngx_http_scoped_key_answer_log(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_http_scoped_key_ctx_t *ctx);
static u_char *ngx_http_scoped_key_answer_cause(u_char *p, u_char *last,
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_answer_why(
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *cause);
static u_char *ngx_http_scoped_key_answer_where(u_char *p, u_char *last,
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_answer_make_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *id);
static u_char *ngx_http_scoped_key_answer_request_id(ngx_http_request_t *r,
    u_char *p, u_char *last);
static u_char *ngx_http_scoped_key_problem_member(u_char *p, u_char *last,
    const char *name, const ngx_str_t *text);
static ngx_uint_t ngx_http_scoped_key_answer_id(
    const ngx_http_scoped_key_ctx_t *ctx, scoped_key_str_t *id);
static size_t ngx_http_scoped_key_problem_size(
    const scoped_key_clause_t *clause);
static const scoped_key_clause_t *ngx_http_scoped_key_problem_failed_clause(
    const ngx_http_scoped_key_ctx_t *ctx);
static const char *ngx_http_scoped_key_problem_title(ngx_uint_t status);
static const char *ngx_http_scoped_key_problem_detail(
    scoped_key_reason_e reason, const scoped_key_clause_t *failed_clause);


/* what fits of a text: without a format, at a tenth of its price */

static ngx_inline u_char *
ngx_http_scoped_key_append(u_char *p, u_char *last, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    return ngx_cpymem(p, text, ngx_min(len, (size_t) (last - p)));
}


ngx_int_t
ngx_http_scoped_key_answer(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    /* no key at all where none is needed, or a preflight: others may refuse */

    if (ctx->verdict == NGX_HTTP_SCOPED_KEY_ANONYMOUS) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: verdict=anonymous");
        return NGX_DECLINED;
    }

    ngx_http_scoped_key_answer_log(r, skcf, ctx);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: verdict=%s reason=%s status=%ui",
                   skcf->dry_run ? "dry_run"
                                 : ngx_http_scoped_key_verdicts[ctx->verdict],
                   scoped_key_reason_name(ctx->decision.reason),
                   skcf->dry_run ? 0
                   : ngx_http_scoped_key_answer_status(skcf,
                                                       ctx->decision.reason));

    if (skcf->dry_run) {
        ctx->verdict = NGX_HTTP_SCOPED_KEY_DRY_RUN;
        return NGX_DECLINED;
    }

    ctx->status = ngx_http_scoped_key_answer_status(skcf, ctx->decision.reason);
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
    ngx_uint_t         level, undecided;
    scoped_key_str_t   id;

    /* an outage has its own lines, one for each change of state */

    undecided = ctx->verdict == NGX_HTTP_SCOPED_KEY_UNAVAILABLE;
    level = undecided ? NGX_LOG_INFO : skcf->log_level;

    if (r->connection->log->log_level < level) {
        return;
    }

    p = text;
    last = text + sizeof(text);

    p = ngx_http_scoped_key_append(p, last, undecided
                                            ? "scoped key undecided: reason="
                                            : "scoped key refused: reason=");
    p = ngx_http_scoped_key_append(p, last,
                               scoped_key_reason_name(ctx->decision.reason));

    if (ngx_http_scoped_key_answer_id(ctx, &id)) {
        p = ngx_slprintf(p, last, " id=%*s", id.len, id.data);
    }

    if (ctx->decision.failed_clause) {
        p = ngx_http_scoped_key_append(p, last, " required=\"");
        p = ngx_http_scoped_key_problem_scopes(p, last,
                                               ctx->decision.failed_clause);
        p = ngx_http_scoped_key_append(p, last, "\"");
    }

    p = ngx_http_scoped_key_answer_cause(p, last, ctx);
    p = ngx_http_scoped_key_append(p, last, " request_id=");
    p = ngx_http_scoped_key_answer_request_id(r, p, last);

    if (skcf->dry_run) {
        p = ngx_slprintf(p, last, " (dry run)");
    }

    ngx_log_error(level, r->connection->log, 0, "%*s", p - text, text);
}


static u_char *
ngx_http_scoped_key_answer_cause(u_char *p, u_char *last,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    size_t     len;
    u_char     name[NGX_HTTP_SCOPED_KEY_PARAM_BYTES];
    ngx_str_t  cause;

    if (ctx->decision.reason == SCOPED_KEY_PARAM_REFUSED) {
        len = ngx_http_scoped_key_sanitize_for_log(name, sizeof(name),
                                                   ctx->decision.param.data,
                                                   ctx->decision.param.len);
        p = ngx_slprintf(p, last, " param=\"%*s\"", len, name);
    }

    ngx_http_scoped_key_answer_why(ctx, &cause);

    if (cause.len) {
        p = ngx_slprintf(p, last, " cause=\"%V\"", &cause);
        p = ngx_http_scoped_key_answer_where(p, last, ctx);
    }

    return ctx->exhausted
           ? ngx_slprintf(p, last, " cause=\"too much to match\"") : p;
}


/* in words that say nothing of what was sent or is allowed; may be empty */

static void
ngx_http_scoped_key_answer_why(const ngx_http_scoped_key_ctx_t *ctx,
    ngx_str_t *cause)
{
    const char  *text;

    ngx_str_null(cause);
    text = NULL;

    if (ctx->decision.reason == SCOPED_KEY_PARAM_REFUSED) {
        text = ctx->param_kind;

    } else if (ctx->decision.reason == SCOPED_KEY_BODY_UNREADABLE) {

        if (ctx->document && ctx->document->error.len) {
            *cause = ctx->document->error;
            return;
        }

        text = ctx->unreadable;
    }

    if (text) {
        cause->data = (u_char *) text;
        cause->len = ngx_strlen(text);
    }
}


/* where a body ends that is cut off */

static u_char *
ngx_http_scoped_key_answer_where(u_char *p, u_char *last,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->decision.reason != SCOPED_KEY_BODY_UNREADABLE
        || ctx->body == NULL || ctx->body->error != SCOPED_KEY_JSON_TRUNCATED)
    {
        return p;
    }

    return ngx_slprintf(p, last, " byte=%uz", ctx->body->text.len);
}


/* as in the access log: to find one by the other */

static u_char *
ngx_http_scoped_key_answer_request_id(ngx_http_request_t *r, u_char *p,
    u_char *last)
{
    ngx_http_variable_value_t        *id;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_get_module_main_conf(r, ngx_http_scoped_key_module);
    id = &r->variables[skmcf->request_id];

    if (!id->valid && ngx_http_scoped_key_worker) {
        ngx_http_scoped_key_answer_make_id(r, id);
    }

    id = ngx_http_get_indexed_variable(r, skmcf->request_id);

    return id == NULL || id->not_found ? p
                                       : ngx_slprintf(p, last, "%v", id);
}


/*
 * $request_id of a request that has none yet, for all who ask for it later: a
 * count under a hash whose key nobody knows.  nginx's own way would take more
 * instructions than all the rest of a refusal.
 */

static void
ngx_http_scoped_key_answer_make_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *id)
{
    u_char                        *hex;
    scoped_key_str_t               count;
    scoped_key_hash_t              hash;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;
    hex = ngx_pnalloc(r->pool, 2 * sizeof(hash));

    if (hex == NULL) {
        return;
    }

    worker->request_ids++;

    count.len = sizeof(worker->request_ids);
    count.data = (u_char *) &worker->request_ids;

    scoped_key_hash_make(&hash, &worker->request_id_key, count);
    ngx_hex_dump(hex, (u_char *) &hash, sizeof(hash));

    id->len = 2 * sizeof(hash);
    id->data = hex;
    id->valid = 1;
    id->no_cacheable = 0;
    id->not_found = 0;
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

    text = ngx_http_scoped_key_str(&ctx->key);

    return scoped_key_token_parse(text, id) == SCOPED_KEY_TOKEN_ISSUED;
}


ngx_int_t
ngx_http_scoped_key_problem_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *body)
{
    size_t                      size;
    u_char                     *p, *last;
    ngx_str_t                   param, cause;
    const scoped_key_clause_t  *failed_clause;

    failed_clause = ngx_http_scoped_key_problem_failed_clause(ctx);

    ngx_str_null(&param);
    ngx_http_scoped_key_answer_why(ctx, &cause);

    if (ctx->decision.reason == SCOPED_KEY_PARAM_REFUSED) {
        param = ngx_http_scoped_key_ngx_str(ctx->decision.param);
    }

    size = NGX_HTTP_SCOPED_KEY_PROBLEM_BYTES
           + ngx_http_scoped_key_problem_size(failed_clause)
           + param.len + ngx_escape_json(NULL, param.data, param.len)
           + cause.len + ngx_escape_json(NULL, cause.data, cause.len);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    last = p + size;

    p = ngx_http_scoped_key_append(p, last,
                                "{\"type\":\"about:blank\",\"title\":\"");
    p = ngx_http_scoped_key_append(p, last,
                               ngx_http_scoped_key_problem_title(ctx->status));
    p = ngx_slprintf(p, last, "\",\"status\":%ui", (ngx_uint_t) ctx->status);
    p = ngx_http_scoped_key_append(p, last, ",\"detail\":\"");
    p = ngx_http_scoped_key_append(p, last,
                     ngx_http_scoped_key_problem_detail(ctx->decision.reason,
                                                        failed_clause));
    p = ngx_http_scoped_key_append(p, last, "\",\"reason\":\"");
    p = ngx_http_scoped_key_append(p, last,
                               scoped_key_reason_name(ctx->decision.reason));
    p = ngx_http_scoped_key_append(p, last, "\"");

    if (failed_clause) {
        p = ngx_http_scoped_key_append(p, last, ",\"required\":\"");
        p = ngx_http_scoped_key_problem_scopes(p, last, failed_clause);
        p = ngx_http_scoped_key_append(p, last, "\"");
    }

    p = ngx_http_scoped_key_problem_member(p, last, "param", &param);
    p = ngx_http_scoped_key_problem_member(p, last, "cause", &cause);
    p = ngx_http_scoped_key_append(p, last, ",\"request_id\":\"");
    p = ngx_http_scoped_key_answer_request_id(r, p, last);
    p = ngx_http_scoped_key_append(p, last, "\"}\n");

    body->len = p - body->data;

    return NGX_OK;
}


static u_char *
ngx_http_scoped_key_problem_member(u_char *p, u_char *last, const char *name,
    const ngx_str_t *text)
{
    if (text->len == 0) {
        return p;
    }

    p = ngx_slprintf(p, last, ",\"%s\":\"", name);
    p = (u_char *) ngx_escape_json(p, text->data, text->len);

    return ngx_slprintf(p, last, "\"");
}


ngx_int_t
ngx_http_scoped_key_problem_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx, ngx_str_t *challenge)
{
    size_t                      size;
    u_char                     *p, *last;
    const char                 *error;
    const scoped_key_clause_t  *failed_clause;

    failed_clause = ngx_http_scoped_key_problem_failed_clause(ctx);

    size = NGX_HTTP_SCOPED_KEY_CHALLENGE_BYTES
           + ngx_http_scoped_key_problem_size(failed_clause);

    p = ngx_pnalloc(r->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    challenge->data = p;
    last = p + size;

    switch (ctx->decision.reason) {

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

    p = ngx_http_scoped_key_append(p, last, "Bearer realm=\"api\"");
    p = ngx_http_scoped_key_append(p, last, error);

    if (failed_clause) {
        p = ngx_http_scoped_key_append(p, last, ", scope=\"");
        p = ngx_http_scoped_key_problem_scopes(p, last, failed_clause);
        p = ngx_http_scoped_key_append(p, last, "\"");
    }

    challenge->len = p - challenge->data;

    return NGX_OK;
}


/*
 * The alternatives of a clause, space-delimited as OAuth writes a list of
 * scopes (RFC 6749, section 3.3); those that nothing can grant are left out.
 * Returns the end of what was written, `last` at most.
 */

static u_char *
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


/* the clause to report, if some scope would be enough */

static const scoped_key_clause_t *
ngx_http_scoped_key_problem_failed_clause(const ngx_http_scoped_key_ctx_t *ctx)
{
    const scoped_key_clause_t  *failed_clause;

    failed_clause = ctx->decision.failed_clause;

    if (ctx->decision.reason != SCOPED_KEY_INSUFFICIENT_SCOPE
        || ngx_http_scoped_key_problem_size(failed_clause)
           == (failed_clause ? failed_clause->n : 0))
    {
        return NULL;
    }

    return failed_clause;
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


/* missing: the clause that the body reports, or NULL */

static const char *
ngx_http_scoped_key_problem_detail(scoped_key_reason_e reason,
    const scoped_key_clause_t *failed_clause)
{
    if (reason == SCOPED_KEY_INSUFFICIENT_SCOPE && failed_clause == NULL) {
        return "Only global keys pass here.";
    }

    return scoped_key_reason_detail(reason);
}
