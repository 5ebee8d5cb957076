/*
 * Every variable is read from the context, at the time when it is asked for.
 * What operators wrote into a record may go into a header of the upstream:
 * control bytes do not get there.
 */

#include "variables.h"
#include "context.h"
#include "decide.h"
#include "document.h"
#include "sanitize.h"


#define NGX_HTTP_SCOPED_KEY_META  "scoped_key_meta_"


/* which one: the data of a handler */
typedef enum {
    NGX_HTTP_SCOPED_KEY_VARIABLE_ID = 0,
    NGX_HTTP_SCOPED_KEY_VARIABLE_NAME,
    NGX_HTTP_SCOPED_KEY_VARIABLE_OWNER,
    NGX_HTTP_SCOPED_KEY_VARIABLE_GRANT,
    NGX_HTTP_SCOPED_KEY_VARIABLE_PARAM,
    NGX_HTTP_SCOPED_KEY_VARIABLE_MODE,
    NGX_HTTP_SCOPED_KEY_VARIABLE_VERDICT,
    NGX_HTTP_SCOPED_KEY_VARIABLE_REASON,
    NGX_HTTP_SCOPED_KEY_VARIABLE_CREDENTIAL,
    NGX_HTTP_SCOPED_KEY_VARIABLE_CACHE
} ngx_http_scoped_key_variable_e;


static ngx_int_t ngx_http_scoped_key_variable_string(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_scoped_key_variable_name(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_scoped_key_variable_meta(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_scoped_key_variable_age(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_scoped_key_variable_access(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static scoped_key_str_t ngx_http_scoped_key_string_of(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, ngx_http_scoped_key_variable_e which);
static const char *ngx_http_scoped_key_name_of(
    const ngx_http_scoped_key_ctx_t *ctx,
    ngx_http_scoped_key_variable_e which);
static const char *ngx_http_scoped_key_credential_of(
    const ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_record_t *record);
static ngx_int_t ngx_http_scoped_key_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, scoped_key_str_t text);
static ngx_int_t ngx_http_scoped_key_variable_word(
    ngx_http_variable_value_t *v, const char *word);
static ngx_http_scoped_key_ctx_t *ngx_http_scoped_key_decided(
    ngx_http_request_t *r, ngx_http_variable_value_t *v);
static const scoped_key_record_t *ngx_http_scoped_key_opened(
    const ngx_http_scoped_key_ctx_t *ctx);
static ngx_uint_t ngx_http_scoped_key_variable_asks(
    const ngx_http_scoped_key_ctx_t *ctx);


/* none may be cached: each may be asked for before there is a decision */

#define ngx_http_scoped_key_variable(name, handler, data)                     \
    { ngx_string("scoped_key_" name), NULL,                                   \
      ngx_http_scoped_key_variable_ ## handler, data,                         \
      NGX_HTTP_VAR_NOCACHEABLE, 0 }

static ngx_http_variable_t  ngx_http_scoped_key_variables[] = {
    ngx_http_scoped_key_variable("id", string,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_ID),
    ngx_http_scoped_key_variable("name", string,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_NAME),
    ngx_http_scoped_key_variable("owner", string,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_OWNER),
    ngx_http_scoped_key_variable("grant", string,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_GRANT),
    ngx_http_scoped_key_variable("param", string,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_PARAM),
    ngx_http_scoped_key_variable("mode", name,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_MODE),
    ngx_http_scoped_key_variable("verdict", name,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_VERDICT),
    ngx_http_scoped_key_variable("reason", name,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_REASON),
    ngx_http_scoped_key_variable("credential", name,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_CREDENTIAL),
    ngx_http_scoped_key_variable("cache", name,
                                 NGX_HTTP_SCOPED_KEY_VARIABLE_CACHE),
    ngx_http_scoped_key_variable("age", age, 0),
    ngx_http_scoped_key_variable("access", access, 0),

    { ngx_string(NGX_HTTP_SCOPED_KEY_META), NULL,
      ngx_http_scoped_key_variable_meta, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    ngx_http_null_variable
};


ngx_int_t
ngx_http_scoped_key_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_scoped_key_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * NULL, and an empty value that is not kept for the next time, while nothing
 * has been decided.
 */

static ngx_http_scoped_key_ctx_t *
ngx_http_scoped_key_decided(ngx_http_request_t *r,
    ngx_http_variable_value_t *v)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx_find(r);

    if (ctx && ctx->verdict != NGX_HTTP_SCOPED_KEY_NO_VERDICT) {
        return ctx;
    }

    ngx_http_scoped_key_variable_word(v, "");
    v->valid = 0;

    return NULL;
}


/* the record that the presented key opens; NULL: there is none */

static const scoped_key_record_t *
ngx_http_scoped_key_opened(const ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->decision.reason == SCOPED_KEY_UNKNOWN_KEY
        || ctx->decision.reason == SCOPED_KEY_MALFORMED_KEY)
    {
        return NULL;
    }

    return ctx->record;
}


/* a text that somebody wrote into the record or the configuration */

static ngx_int_t
ngx_http_scoped_key_variable_string(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_text(r, v,
                                    ngx_http_scoped_key_string_of(r, ctx,
                                                                  data));
}


static scoped_key_str_t
ngx_http_scoped_key_string_of(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, ngx_http_scoped_key_variable_e which)
{
    scoped_key_str_t            none = { 0, NULL };
    const scoped_key_record_t  *record;

    record = ngx_http_scoped_key_opened(ctx);

    switch (which) {

    case NGX_HTTP_SCOPED_KEY_VARIABLE_ID:
        return record ? scoped_key_record_id(record) : none;

    case NGX_HTTP_SCOPED_KEY_VARIABLE_NAME:
        return record ? scoped_key_record_name(record) : none;

    case NGX_HTTP_SCOPED_KEY_VARIABLE_OWNER:
        return record ? scoped_key_record_owner(record) : none;

    case NGX_HTTP_SCOPED_KEY_VARIABLE_GRANT:
        ngx_http_scoped_key_decide_complete(r, ctx);
        return ctx->decision.grant;

    default: /* NGX_HTTP_SCOPED_KEY_VARIABLE_PARAM */
        return ctx->decision.param;
    }
}


/* one of a few words */

static ngx_int_t
ngx_http_scoped_key_variable_name(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_word(v,
                                     ngx_http_scoped_key_name_of(ctx, data));
}


static const char *
ngx_http_scoped_key_name_of(const ngx_http_scoped_key_ctx_t *ctx,
    ngx_http_scoped_key_variable_e which)
{
    const scoped_key_record_t  *record;

    record = ngx_http_scoped_key_opened(ctx);

    switch (which) {

    case NGX_HTTP_SCOPED_KEY_VARIABLE_VERDICT:
        return ngx_http_scoped_key_verdicts[ctx->verdict];

    case NGX_HTTP_SCOPED_KEY_VARIABLE_REASON:
        return scoped_key_reason_name(ctx->decision.reason);

    case NGX_HTTP_SCOPED_KEY_VARIABLE_CACHE:
        return ngx_http_scoped_key_caches[ctx->cache];

    case NGX_HTTP_SCOPED_KEY_VARIABLE_MODE:

        if (record == NULL || !scoped_key_record_is_valid(record)) {
            return "";
        }

        return scoped_key_record_is_global(record) ? "global" : "scoped";

    default: /* NGX_HTTP_SCOPED_KEY_VARIABLE_CREDENTIAL */
        return ngx_http_scoped_key_credential_of(ctx, record);
    }
}


/* of a record without a digest there is nobody who holds the secret */

static const char *
ngx_http_scoped_key_credential_of(const ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_record_t *record)
{
    if (record == NULL || !scoped_key_record_has_digest(record)) {
        return "";
    }

    if (ctx->match == SCOPED_KEY_SECRET_PREVIOUS) {
        return "previous";
    }

    return scoped_key_record_id(record).len == SCOPED_KEY_LEGACY_ID_BYTES
           ? "legacy" : "current";
}


static ngx_int_t
ngx_http_scoped_key_variable_meta(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *variable = (ngx_str_t *) data;

    scoped_key_str_t            name, value;
    ngx_http_scoped_key_ctx_t  *ctx;
    const scoped_key_record_t  *record;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    record = ngx_http_scoped_key_opened(ctx);

    name.len = variable->len - (sizeof(NGX_HTTP_SCOPED_KEY_META) - 1);
    name.data = variable->data + sizeof(NGX_HTTP_SCOPED_KEY_META) - 1;

    if (record == NULL || !scoped_key_record_meta(record, name, &value)) {
        value.len = 0;
        value.data = NULL;
    }

    return ngx_http_scoped_key_variable_text(r, v, value);
}


static ngx_int_t
ngx_http_scoped_key_variable_age(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                     *p;
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    if (ngx_http_scoped_key_opened(ctx) == NULL) {
        return ngx_http_scoped_key_variable_word(v, "");
    }

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = ngx_sprintf(p, "%M", (ngx_current_msec - ctx->read_ms) / 1000)
             - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* while it is asked whether a key that sent a hash alone might read */

static ngx_uint_t
ngx_http_scoped_key_variable_asks(const ngx_http_scoped_key_ctx_t *ctx)
{
    return ctx->document->persisted
           && ctx->verdict == NGX_HTTP_SCOPED_KEY_NO_VERDICT;
}


/*
 * Of the method, so that there need be no key; or of the GraphQL document, and
 * as long as that was not read, it may hold anything.
 */

static ngx_int_t
ngx_http_scoped_key_variable_access(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t                       reads;
    ngx_http_scoped_key_ctx_t       *ctx;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    if (skcf->graphql) {
        ctx = ngx_http_scoped_key_ctx(r);

        reads = ctx && ctx->document
                && (ctx->document->state == SCOPED_KEY_PARAM_VALUES
                    || ngx_http_scoped_key_variable_asks(ctx))
                && !ctx->document->mutates;

    } else {
        reads = r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_OPTIONS);
    }

    return ngx_http_scoped_key_variable_word(v, reads ? "read" : "write");
}


static ngx_int_t
ngx_http_scoped_key_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, scoped_key_str_t text)
{
    if (text.len == 0) {
        return ngx_http_scoped_key_variable_word(v, "");
    }

    /* a copy: the record may be given back before the text is used */

    v->data = ngx_pnalloc(r->pool, text.len);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_http_scoped_key_sanitize_control(v->data, text.data, text.len);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* word: static */

static ngx_int_t
ngx_http_scoped_key_variable_word(ngx_http_variable_value_t *v,
    const char *word)
{
    v->data = (u_char *) word;
    v->len = ngx_strlen(word);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
