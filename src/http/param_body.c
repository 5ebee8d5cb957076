/*
 * The values of params out of the body: of form and JSON sources, the body's
 * type picks.  A body of a type that no source expects is unreadable, for some
 * upstream may read it all the same.
 */

#include "param.h"
#include "param_second.h"
#include "body.h"


/* a walk through a JSON body */
typedef struct {
    ngx_http_scoped_key_values_t    *values;
    ngx_http_scoped_key_gathered_t  *gathered;
} ngx_http_scoped_key_json_walk_t;


static scoped_key_param_e ngx_http_scoped_key_param_of(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type);
static ngx_uint_t ngx_http_scoped_key_param_has(
    const ngx_http_scoped_key_param_t *param,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_picked(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_read(
    const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values, ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_json(
    const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values);
static ngx_int_t ngx_http_scoped_key_param_walk(
    const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values, const scoped_key_json_t *json);
static bool ngx_http_scoped_key_param_json_found(void *data, size_t n,
    scoped_key_str_t text, bool lasting);


scoped_key_param_e
ngx_http_scoped_key_param_body(ngx_http_scoped_key_gathering_t *gathering)
{
    scoped_key_param_e                  state;
    ngx_http_scoped_key_param_e         type;
    const ngx_http_scoped_key_asker_t  *asker;
    const ngx_http_scoped_key_param_t  *param;

    param = gathering->param;

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
        asker->ctx->unreadable = "Content-Type or Content-Encoding";
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    if (!ngx_http_scoped_key_param_has(param, type)) {
        asker->ctx->unreadable = "a Content-Type that no source expects";
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return ngx_http_scoped_key_param_of(gathering, type);
}


/* of a body of this type, for which the param has a source */

static scoped_key_param_e
ngx_http_scoped_key_param_of(ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type)
{
    scoped_key_param_e             state;
    ngx_http_scoped_key_param_e    other;
    ngx_http_scoped_key_values_t  *values;

    values = gathering->values;

    if (values->body == NULL) {
        state = ngx_http_scoped_key_param_read(gathering->asker, values, type);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    state = ngx_http_scoped_key_param_picked(gathering, type);

    other = type == NGX_HTTP_SCOPED_KEY_FORM ? NGX_HTTP_SCOPED_KEY_JSON
                                             : NGX_HTTP_SCOPED_KEY_FORM;

    if (state != SCOPED_KEY_PARAM_VALUES
        || !ngx_http_scoped_key_param_has(gathering->param, other))
    {
        return state;
    }

    return ngx_http_scoped_key_param_second(gathering, type);
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
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                                 i;
    scoped_key_param_e                         state;
    const ngx_http_scoped_key_gathered_t      *gathered;
    const ngx_http_scoped_key_param_source_t  *source;

    source = gathering->param->sources.elts;

    for (i = 0; i < gathering->param->sources.nelts; i++) {

        if (source[i].type != type) {
            continue;
        }

        gathered = &gathering->values->body[source[i].n];

        if (gathered->nul) {
            gathering->asker->ctx->unreadable = "JSON with \\u0000 in a value";
            return SCOPED_KEY_PARAM_UNREADABLE;
        }

        /* an array where there should be an object, and nobody reads it */

        if (gathered->arrays & ~source[i].covered) {
            return SCOPED_KEY_PARAM_AMBIGUOUS;
        }

        state = ngx_http_scoped_key_param_add(gathering, gathered);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* for all params at once */

static scoped_key_param_e
ngx_http_scoped_key_param_read(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values, ngx_http_scoped_key_param_e type)
{
    ngx_pool_t                          *pool;
    const ngx_http_scoped_key_params_t  *params;

    if (type == NGX_HTTP_SCOPED_KEY_JSON) {
        return ngx_http_scoped_key_param_json(asker, values);
    }

    params = asker->skcf->params;
    pool = ngx_http_scoped_key_param_pool(asker, values);

    if (pool) {
        values->body = ngx_http_scoped_key_param_pairs(values, pool,
                                                 &asker->ctx->body->text,
                                                 params->form_names);
    }

    return values->body ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static scoped_key_param_e
ngx_http_scoped_key_param_json(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values)
{
    const scoped_key_json_t     *json;
    ngx_http_scoped_key_body_t  *body;

    body = asker->ctx->body;
    json = ngx_http_scoped_key_body_json(asker->request, asker->ctx);

    if (json == NULL) {

        if (body->error == SCOPED_KEY_JSON_NO_MEMORY) {
            return SCOPED_KEY_PARAM_ERROR;
        }

        asker->ctx->unreadable = scoped_key_json_error_text(body->error);

        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return ngx_http_scoped_key_param_walk(asker, values, json) == NGX_OK
           ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static ngx_int_t
ngx_http_scoped_key_param_walk(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values, const scoped_key_json_t *json)
{
    void                             *scratch;
    size_t                            i, n, steps;
    ngx_pool_t                       *pool;
    scoped_key_json_path_t           *outcomes;
    const scoped_key_json_paths_t    *paths;
    ngx_http_scoped_key_json_walk_t   walk;

    pool = ngx_http_scoped_key_param_pool(asker, values);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    paths = asker->skcf->params->paths;
    n = asker->skcf->params->pointers.nelts;

    scratch = ngx_palloc(pool, scoped_key_json_paths_scratch(paths));
    outcomes = ngx_pcalloc(pool, n * sizeof(scoped_key_json_path_t));

    walk.values = values;
    walk.gathered = ngx_pcalloc(pool,
                                n * sizeof(ngx_http_scoped_key_gathered_t));

    if (scratch == NULL || outcomes == NULL || walk.gathered == NULL) {
        return NGX_ERROR;
    }

    steps = NGX_HTTP_SCOPED_KEY_JSON_STEPS
            + asker->ctx->body->text.len
              * NGX_HTTP_SCOPED_KEY_JSON_STEPS_PER_BYTE;

    scoped_key_json_walk_paths(json, paths, steps, scratch, outcomes,
                               ngx_http_scoped_key_param_json_found, &walk);

    for (i = 0; i < n; i++) {
        walk.gathered[i].refused = outcomes[i].refused;
        walk.gathered[i].nul = outcomes[i].nul;
        walk.gathered[i].empty = outcomes[i].empty;
        walk.gathered[i].arrays = outcomes[i].arrays;
    }

    values->body = walk.gathered;

    return NGX_OK;
}


/* lasting: until the JSON is forgotten, as long as the pool lasts */

static bool
ngx_http_scoped_key_param_json_found(void *data, size_t n,
    scoped_key_str_t text, bool lasting)
{
    ngx_http_scoped_key_json_walk_t  *walk = data;

    u_char  *copy;

    if (!lasting) {
        copy = ngx_pnalloc(walk->values->pool, text.len);
        if (copy == NULL) {
            walk->values->failed = 1;
            return false;
        }

        ngx_memcpy(copy, text.data, text.len);
        text.data = copy;
    }

    return ngx_http_scoped_key_param_push(walk->values, walk->values->pool,
                                          &walk->gathered[n], text);
}
