/*
 * The values of a param out of the body: of form and JSON sources, the body's
 * type picks.  A body of a type that no source expects is unreadable, for some
 * upstream may read it all the same.
 */

#include "param.h"
#include "param_second.h"
#include "body.h"


static ngx_uint_t ngx_http_scoped_key_param_has(
    const ngx_http_scoped_key_param_t *param,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_picked(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_json(
    ngx_http_scoped_key_gathering_t *gathering, const ngx_str_t *pointer);
static bool ngx_http_scoped_key_param_copy(void *data,
    scoped_key_str_t value);


scoped_key_param_e
ngx_http_scoped_key_param_body(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param)
{
    scoped_key_param_e                  state;
    ngx_http_scoped_key_param_e         type, other;
    const ngx_http_scoped_key_asker_t  *asker;

    if (!ngx_http_scoped_key_param_has(param, NGX_HTTP_SCOPED_KEY_FORM)
        && !ngx_http_scoped_key_param_has(param, NGX_HTTP_SCOPED_KEY_JSON))
    {
        return SCOPED_KEY_PARAM_VALUES;
    }

    asker = gathering->asker;

    state = ngx_http_scoped_key_body(asker->request, asker->skcf, asker->ctx);

    if (state != SCOPED_KEY_PARAM_VALUES) {
        return state;
    }

    switch (asker->ctx->body->type) {

    case NGX_HTTP_SCOPED_KEY_BODY_NONE:
        return SCOPED_KEY_PARAM_VALUES;

    case NGX_HTTP_SCOPED_KEY_BODY_FORM:
        type = NGX_HTTP_SCOPED_KEY_FORM;
        break;

    case NGX_HTTP_SCOPED_KEY_BODY_JSON:
        type = NGX_HTTP_SCOPED_KEY_JSON;
        break;

    default:
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    if (!ngx_http_scoped_key_param_has(param, type)) {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    state = ngx_http_scoped_key_param_picked(gathering, param, type);

    other = type == NGX_HTTP_SCOPED_KEY_FORM ? NGX_HTTP_SCOPED_KEY_JSON
                                             : NGX_HTTP_SCOPED_KEY_FORM;

    if (state != SCOPED_KEY_PARAM_VALUES
        || !ngx_http_scoped_key_param_has(param, other))
    {
        return state;
    }

    return ngx_http_scoped_key_param_second(asker, param, type,
                                            gathering->values->texts.elts,
                                            gathering->values->texts.nelts);
}


static ngx_uint_t
ngx_http_scoped_key_param_has(const ngx_http_scoped_key_param_t *param,
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                           i;
    ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        if (source[i].type == type) {
            return 1;
        }
    }

    return 0;
}


/* every source of the type that the body is of */

static scoped_key_param_e
ngx_http_scoped_key_param_picked(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param, ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                           i;
    scoped_key_param_e                   state;
    ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {

        if (source[i].type != type) {
            continue;
        }

        if (type == NGX_HTTP_SCOPED_KEY_JSON) {
            state = ngx_http_scoped_key_param_json(gathering, &source[i].name);

        } else {
            state = ngx_http_scoped_key_param_pairs(gathering,
                                           &gathering->asker->ctx->body->text,
                                           &source[i].name);
        }

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


static scoped_key_param_e
ngx_http_scoped_key_param_json(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_str_t *pointer)
{
    scoped_key_str_t          path;
    const scoped_key_json_t  *json;

    json = ngx_http_scoped_key_body_json(gathering->asker->request,
                                         gathering->asker->ctx);
    if (json == NULL) {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    path.len = pointer->len;
    path.data = pointer->data;

    switch (scoped_key_json_walk(json, path, ngx_http_scoped_key_param_copy,
                                 gathering))
    {
    case SCOPED_KEY_JSON_WALKED:
        return SCOPED_KEY_PARAM_VALUES;

    case SCOPED_KEY_JSON_STOPPED:
        return SCOPED_KEY_PARAM_ERROR;

    default:
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }
}


/* value: lives during the call */

static bool
ngx_http_scoped_key_param_copy(void *data, scoped_key_str_t value)
{
    ngx_http_scoped_key_gathering_t  *gathering = data;

    u_char            *p;
    scoped_key_str_t   copy;

    p = ngx_pnalloc(gathering->asker->request->pool, value.len + 1);
    if (p == NULL) {
        gathering->failed = 1;
        return false;
    }

    ngx_memcpy(p, value.data, value.len);

    copy.len = value.len;
    copy.data = p;

    return ngx_http_scoped_key_param_found(gathering, copy);
}
