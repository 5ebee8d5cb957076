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


#define ngx_http_scoped_key_handler(name)                                     \
    static ngx_int_t ngx_http_scoped_key_variable_ ## name(                   \
        ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data)

ngx_http_scoped_key_handler(record);
ngx_http_scoped_key_handler(meta);
ngx_http_scoped_key_handler(mode);
ngx_http_scoped_key_handler(verdict);
ngx_http_scoped_key_handler(reason);
ngx_http_scoped_key_handler(grant);
ngx_http_scoped_key_handler(credential);
ngx_http_scoped_key_handler(param);
ngx_http_scoped_key_handler(cache);
ngx_http_scoped_key_handler(age);
ngx_http_scoped_key_handler(access);

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


/* what a record says of itself, by the data of its variable */
static scoped_key_str_t (*const ngx_http_scoped_key_record_texts[])(
    const scoped_key_record_t *record) =
{
    scoped_key_record_id,
    scoped_key_record_name,
    scoped_key_record_owner
};


/* none may be cached: each may be asked for before there is a decision */

#define ngx_http_scoped_key_variable(name, handler, data)                     \
    { ngx_string("scoped_key_" name), NULL,                                   \
      ngx_http_scoped_key_variable_ ## handler, data,                         \
      NGX_HTTP_VAR_NOCACHEABLE, 0 }

static ngx_http_variable_t  ngx_http_scoped_key_variables[] = {
    ngx_http_scoped_key_variable("id", record, 0),
    ngx_http_scoped_key_variable("name", record, 1),
    ngx_http_scoped_key_variable("owner", record, 2),
    ngx_http_scoped_key_variable("mode", mode, 0),
    ngx_http_scoped_key_variable("verdict", verdict, 0),
    ngx_http_scoped_key_variable("reason", reason, 0),
    ngx_http_scoped_key_variable("grant", grant, 0),
    ngx_http_scoped_key_variable("credential", credential, 0),
    ngx_http_scoped_key_variable("param", param, 0),
    ngx_http_scoped_key_variable("cache", cache, 0),
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


/* the record that the presented text opens; NULL: there is none */

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


static ngx_int_t
ngx_http_scoped_key_variable_record(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    scoped_key_str_t            none = { 0, NULL };
    ngx_http_scoped_key_ctx_t  *ctx;
    const scoped_key_record_t  *record;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    record = ngx_http_scoped_key_opened(ctx);

    return ngx_http_scoped_key_variable_text(r, v,
               record ? ngx_http_scoped_key_record_texts[data](record) : none);
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
ngx_http_scoped_key_variable_mode(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;
    const scoped_key_record_t  *record;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    record = ngx_http_scoped_key_opened(ctx);

    if (record == NULL || !scoped_key_record_is_valid(record)) {
        return ngx_http_scoped_key_variable_word(v, "");
    }

    return ngx_http_scoped_key_variable_word(v,
                     scoped_key_record_is_global(record) ? "global" : "scoped");
}


static ngx_int_t
ngx_http_scoped_key_variable_verdict(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_word(v,
                                 ngx_http_scoped_key_verdicts[ctx->verdict]);
}


static ngx_int_t
ngx_http_scoped_key_variable_reason(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_word(v,
                                 scoped_key_reason_name(ctx->decision.reason));
}


static ngx_int_t
ngx_http_scoped_key_variable_grant(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    ngx_http_scoped_key_decide_complete(r, ctx);

    return ngx_http_scoped_key_variable_text(r, v, ctx->decision.grant);
}


/* of a record without a digest there is nobody who holds the secret */

static ngx_int_t
ngx_http_scoped_key_variable_credential(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;
    const scoped_key_record_t  *record;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    record = ngx_http_scoped_key_opened(ctx);

    if (record == NULL || !scoped_key_record_has_digest(record)) {
        return ngx_http_scoped_key_variable_word(v, "");
    }

    if (ctx->match == SCOPED_KEY_SECRET_PREVIOUS) {
        return ngx_http_scoped_key_variable_word(v, "previous");
    }

    return ngx_http_scoped_key_variable_word(v,
               scoped_key_record_id(record).len == SCOPED_KEY_LEGACY_ID_BYTES
               ? "legacy" : "current");
}


static ngx_int_t
ngx_http_scoped_key_variable_param(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_text(r, v, ctx->decision.param);
}


static ngx_int_t
ngx_http_scoped_key_variable_cache(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_decided(r, v);

    if (ctx == NULL) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_variable_word(v,
                                 ngx_http_scoped_key_caches[ctx->cache]);
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
