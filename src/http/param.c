/*
 * Gathers the values of a param from its sources, once in a request.
 * Invariant: a source that cannot be read ends the gathering, and what was
 * found so far is not given out.
 */

#include "param.h"
#include "conf.h"
#include "document.h"
#include "../core/query.h"


static ngx_http_scoped_key_values_t *ngx_http_scoped_key_param_values(
    const ngx_http_scoped_key_asker_t *asker,
    const ngx_http_scoped_key_param_t *param);
static scoped_key_param_e ngx_http_scoped_key_param_gather(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param);
static scoped_key_param_e ngx_http_scoped_key_param_source(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source);
static scoped_key_param_e ngx_http_scoped_key_param_args(
    ngx_http_scoped_key_gathering_t *gathering, const ngx_str_t *name);
static scoped_key_param_e ngx_http_scoped_key_param_graphql(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type);


scoped_key_param_e
ngx_http_scoped_key_param(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    const ngx_http_scoped_key_asker_t *asker = data;

    ngx_str_t                         asked;
    ngx_http_scoped_key_param_t      *param;
    ngx_http_scoped_key_values_t     *found;
    ngx_http_scoped_key_gathering_t   gathering;

    asked.len = name.len;
    asked.data = (u_char *) name.data;

    param = ngx_http_scoped_key_param_find(asker->skcf->params, &asked);
    if (param == NULL) {
        return SCOPED_KEY_PARAM_UNDECLARED;
    }

    found = ngx_http_scoped_key_param_values(asker, param);
    if (found == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    if (!found->gathered) {
        gathering.asker = asker;
        gathering.values = found;
        gathering.failed = 0;
        gathering.many = 0;

        found->texts.nelts = 0;
        found->state = ngx_http_scoped_key_param_gather(&gathering, param);

        if (gathering.failed) {
            found->state = SCOPED_KEY_PARAM_ERROR;

        } else if (gathering.many) {
            found->state = SCOPED_KEY_PARAM_AMBIGUOUS;
        }

        found->gathered = (found->state != SCOPED_KEY_PARAM_NEEDS_BODY);
    }

    *values = found->texts.elts;
    *n = found->texts.nelts;

    return found->state;
}


/* what is known of this param in this request; NULL: out of memory */

static ngx_http_scoped_key_values_t *
ngx_http_scoped_key_param_values(const ngx_http_scoped_key_asker_t *asker,
    const ngx_http_scoped_key_param_t *param)
{
    ngx_http_request_t                 *r;
    ngx_http_scoped_key_values_t       *values;
    const ngx_http_scoped_key_param_t  *first;

    r = asker->request;
    first = asker->skcf->params->elts;

    if (asker->ctx->values == NULL) {
        asker->ctx->values = ngx_pcalloc(r->pool,
                                   asker->skcf->params->nelts
                                   * sizeof(ngx_http_scoped_key_values_t));
        if (asker->ctx->values == NULL) {
            return NULL;
        }
    }

    values = &asker->ctx->values[param - first];

    if (values->texts.elts == NULL
        && ngx_array_init(&values->texts, r->pool, 2,
                          sizeof(scoped_key_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return values;
}


static scoped_key_param_e
ngx_http_scoped_key_param_gather(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param)
{
    ngx_uint_t                           i;
    scoped_key_param_e                   state;
    ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        state = ngx_http_scoped_key_param_source(gathering, &source[i]);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return ngx_http_scoped_key_param_body(gathering, param);
}


/* the sources that need no body, or that know by themselves */

static scoped_key_param_e
ngx_http_scoped_key_param_source(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source)
{
    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_ARG:
        return ngx_http_scoped_key_param_args(gathering, &source->name);

    case NGX_HTTP_SCOPED_KEY_TEXT:
        return ngx_http_scoped_key_param_text(gathering, source);

    case NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD:
    case NGX_HTTP_SCOPED_KEY_GRAPHQL_OPERATION:
        return ngx_http_scoped_key_param_graphql(gathering, source->type);

    default:
        return SCOPED_KEY_PARAM_VALUES;
    }
}


static scoped_key_param_e
ngx_http_scoped_key_param_args(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_str_t *name)
{
    ngx_http_request_t  *r;

    r = gathering->asker->request;

    /* nginx ends the arguments at a `#` that it passes on all the same */

    if (ngx_strlchr(r->unparsed_uri.data,
                    r->unparsed_uri.data + r->unparsed_uri.len, '#'))
    {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    return ngx_http_scoped_key_param_pairs(gathering, &r->args, name);
}


scoped_key_param_e
ngx_http_scoped_key_param_pairs(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_str_t *text, const ngx_str_t *name)
{
    u_char            *scratch;
    scoped_key_str_t   sent, asked;

    if (text->len == 0) {
        return SCOPED_KEY_PARAM_VALUES;
    }

    scratch = ngx_pnalloc(gathering->asker->request->pool, text->len);
    if (scratch == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    sent.len = text->len;
    sent.data = text->data;
    asked.len = name->len;
    asked.data = name->data;

    switch (scoped_key_query_walk(sent, asked, false, scratch,
                                  ngx_http_scoped_key_param_found, gathering))
    {
    case SCOPED_KEY_QUERY_WALKED:
        return SCOPED_KEY_PARAM_VALUES;

    case SCOPED_KEY_QUERY_STOPPED:
        return SCOPED_KEY_PARAM_ERROR;

    default:
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }
}


static scoped_key_param_e
ngx_http_scoped_key_param_graphql(ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                          i;
    ngx_array_t                        *texts;
    scoped_key_str_t                   *text;
    scoped_key_param_e                  state;
    const ngx_http_scoped_key_asker_t  *asker;

    asker = gathering->asker;

    state = ngx_http_scoped_key_document(asker->request, asker->skcf,
                                         asker->ctx);
    if (state != SCOPED_KEY_PARAM_VALUES) {
        return state;
    }

    texts = type == NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD
            ? &asker->ctx->document->fields
            : &asker->ctx->document->operations;

    text = texts->elts;

    for (i = 0; i < texts->nelts; i++) {
        if (!ngx_http_scoped_key_param_found(gathering, text[i])) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


bool
ngx_http_scoped_key_param_found(void *data, scoped_key_str_t value)
{
    ngx_http_scoped_key_gathering_t  *gathering = data;

    scoped_key_str_t  *text;

    if (gathering->values->texts.nelts == NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        gathering->many = 1;
        return false;
    }

    text = ngx_array_push(&gathering->values->texts);
    if (text == NULL) {
        gathering->failed = 1;
        return false;
    }

    *text = value;

    return true;
}
