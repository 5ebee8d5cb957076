/*
 * Puts the values of a param together from its sources.
 * Invariant: a source that cannot be read ends that, and what was found so far
 * is not given out.
 */

#include "param.h"
#include "conf.h"
#include "document.h"
#include "../core/query.h"


#define NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES  4096


/* a walk through a query string or a form */
typedef struct {
    ngx_http_scoped_key_values_t    *values;
    ngx_pool_t                      *pool;
    ngx_http_scoped_key_gathered_t  *gathered;
} ngx_http_scoped_key_pairs_t;


static ngx_http_scoped_key_values_t *ngx_http_scoped_key_param_values(
    const ngx_http_scoped_key_asker_t *asker);
static void ngx_http_scoped_key_param_know(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_known_t *known);
static scoped_key_param_e ngx_http_scoped_key_param_gather(
    ngx_http_scoped_key_gathering_t *gathering);
static scoped_key_param_e ngx_http_scoped_key_param_source(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source);
static scoped_key_param_e ngx_http_scoped_key_param_arg(
    ngx_http_scoped_key_gathering_t *gathering, ngx_uint_t n);
static ngx_http_scoped_key_gathered_t *ngx_http_scoped_key_param_args(
    const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values);
static bool ngx_http_scoped_key_param_found(void *data, size_t n,
    scoped_key_str_t value);
static scoped_key_param_e ngx_http_scoped_key_param_graphql(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_join(
    ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_known_t *known);
static void ngx_http_scoped_key_param_fill(
    const ngx_http_scoped_key_gathering_t *gathering, scoped_key_str_t *texts);
static const scoped_key_str_t *ngx_http_scoped_key_param_next(
    const ngx_http_scoped_key_part_t *part,
    const ngx_http_scoped_key_value_t **value, ngx_uint_t i);
static size_t ngx_http_scoped_key_param_count(
    const ngx_http_scoped_key_gathering_t *gathering);
static size_t ngx_http_scoped_key_param_split(
    const ngx_http_scoped_key_param_t *param, scoped_key_str_t text,
    scoped_key_str_t *pieces);
static size_t ngx_http_scoped_key_param_piece(
    const ngx_http_scoped_key_param_t *param, scoped_key_str_t text);


scoped_key_param_e
ngx_http_scoped_key_param(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    const ngx_http_scoped_key_asker_t *asker = data;

    ngx_str_t                         asked;
    ngx_http_scoped_key_param_t      *param, *first;
    ngx_http_scoped_key_known_t      *known;
    ngx_http_scoped_key_gathering_t   gathering;

    asked.len = name.len;
    asked.data = (u_char *) name.data;

    param = ngx_http_scoped_key_param_find(asker->skcf->params, &asked);
    if (param == NULL) {
        return SCOPED_KEY_PARAM_UNDECLARED;
    }

    gathering.values = ngx_http_scoped_key_param_values(asker);
    if (gathering.values == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    first = asker->skcf->params->list.elts;
    known = &gathering.values->params[param - first];

    if (!known->known
        || (known->state == SCOPED_KEY_PARAM_NEEDS_BODY
            && asker->ctx->body_read))
    {
        gathering.asker = asker;
        gathering.param = param;
        gathering.nparts = 0;
        gathering.n = 0;
        gathering.empty = 0;

        ngx_http_scoped_key_param_know(&gathering, known);
    }

    *values = known->texts;
    *n = known->n;

    return known->state;
}


static void
ngx_http_scoped_key_param_know(ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_known_t *known)
{
    known->texts = NULL;
    known->n = 0;
    known->state = ngx_http_scoped_key_param_gather(gathering);

    if (known->state == SCOPED_KEY_PARAM_VALUES) {
        known->state = ngx_http_scoped_key_param_join(gathering, known);
    }

    if (gathering->values->failed) {
        known->state = SCOPED_KEY_PARAM_ERROR;
    }

    known->known = 1;
}


/* what is known of the params of this request; NULL: out of memory */

static ngx_http_scoped_key_values_t *
ngx_http_scoped_key_param_values(const ngx_http_scoped_key_asker_t *asker)
{
    ngx_uint_t                     n;
    ngx_http_scoped_key_values_t  *values;

    if (asker->ctx->values) {
        return asker->ctx->values;
    }

    n = asker->skcf->params->list.nelts;

    values = ngx_pcalloc(asker->request->pool,
                         sizeof(ngx_http_scoped_key_values_t)
                         + n * sizeof(ngx_http_scoped_key_known_t));
    if (values == NULL) {
        return NULL;
    }

    values->nparams = n;
    values->params = (ngx_http_scoped_key_known_t *) (values + 1);

    asker->ctx->values = values;

    return values;
}


void
ngx_http_scoped_key_param_forget(ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_values_t  *values;

    values = ctx->values;

    if (values == NULL || values->pool == NULL) {
        return;
    }

    ngx_destroy_pool(values->pool);

    values->pool = NULL;
    values->body = NULL;

    ngx_memzero(values->params,
                values->nparams * sizeof(ngx_http_scoped_key_known_t));
}


ngx_pool_t *
ngx_http_scoped_key_param_pool(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values)
{
    if (values->pool == NULL) {
        values->pool = ngx_create_pool(NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES,
                                       asker->request->connection->log);
        if (values->pool == NULL) {
            values->failed = 1;
        }
    }

    return values->pool;
}


static scoped_key_param_e
ngx_http_scoped_key_param_gather(ngx_http_scoped_key_gathering_t *gathering)
{
    ngx_uint_t                                 i;
    scoped_key_param_e                         state;
    const ngx_http_scoped_key_param_source_t  *source;

    source = gathering->param->sources.elts;

    for (i = 0; i < gathering->param->sources.nelts; i++) {
        state = ngx_http_scoped_key_param_source(gathering, &source[i]);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return ngx_http_scoped_key_param_body(gathering);
}


/* the sources that need no body, or that know by themselves */

static scoped_key_param_e
ngx_http_scoped_key_param_source(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source)
{
    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_ARG:
        return ngx_http_scoped_key_param_arg(gathering, source->n);

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
ngx_http_scoped_key_param_arg(ngx_http_scoped_key_gathering_t *gathering,
    ngx_uint_t n)
{
    ngx_http_scoped_key_values_t  *values;

    values = gathering->values;

    if (values->args == NULL) {
        values->args = ngx_http_scoped_key_param_args(gathering->asker, values);

        if (values->args == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    return ngx_http_scoped_key_param_add(gathering, &values->args[n]);
}


static ngx_http_scoped_key_gathered_t *
ngx_http_scoped_key_param_args(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_values_t *values)
{
    size_t                           i, n;
    ngx_http_request_t              *r;
    const scoped_key_names_t        *names;
    ngx_http_scoped_key_gathered_t  *args;

    r = asker->request;
    names = asker->skcf->params->arg_names;

    args = ngx_http_scoped_key_param_pairs(values, r->pool, &r->args, names);

    /* nginx ends the arguments at a `#` that it passes on all the same */

    if (args == NULL
        || ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           == NULL)
    {
        return args;
    }

    n = scoped_key_names_count(names);

    for (i = 0; i < n; i++) {
        args[i].refused = 1;
    }

    return args;
}


ngx_http_scoped_key_gathered_t *
ngx_http_scoped_key_param_pairs(ngx_http_scoped_key_values_t *values,
    ngx_pool_t *pool, const ngx_str_t *text, const scoped_key_names_t *names)
{
    bool                          refused[NGX_HTTP_SCOPED_KEY_MAX_PARAM_NAMES];
    size_t                        i, n;
    u_char                       *scratch;
    scoped_key_str_t              sent;
    ngx_http_scoped_key_pairs_t   pairs;

    n = scoped_key_names_count(names);

    pairs.values = values;
    pairs.pool = pool;
    pairs.gathered = ngx_pcalloc(pool,
                                 n * sizeof(ngx_http_scoped_key_gathered_t));

    if (pairs.gathered == NULL || text->len == 0) {
        return pairs.gathered;
    }

    scratch = ngx_pnalloc(pool, text->len);
    if (scratch == NULL) {
        return NULL;
    }

    sent.len = text->len;
    sent.data = text->data;

    ngx_memzero(refused, n * sizeof(bool));

    scoped_key_query_walk_names(sent, names, scratch, refused,
                                ngx_http_scoped_key_param_found, &pairs);

    for (i = 0; i < n; i++) {
        pairs.gathered[i].refused = refused[i];
    }

    return pairs.gathered;
}


static bool
ngx_http_scoped_key_param_found(void *data, size_t n, scoped_key_str_t value)
{
    ngx_http_scoped_key_pairs_t  *pairs = data;

    return ngx_http_scoped_key_param_push(pairs->values, pairs->pool,
                                          &pairs->gathered[n], value);
}


ngx_uint_t
ngx_http_scoped_key_param_push(ngx_http_scoped_key_values_t *values,
    ngx_pool_t *pool, ngx_http_scoped_key_gathered_t *gathered,
    scoped_key_str_t text)
{
    ngx_http_scoped_key_value_t  *value;

    if (gathered->n == NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        return 0;
    }

    value = ngx_palloc(pool, sizeof(ngx_http_scoped_key_value_t));
    if (value == NULL) {
        values->failed = 1;
        return 0;
    }

    value->text = text;
    value->next = NULL;

    if (gathered->last) {
        gathered->last->next = value;

    } else {
        gathered->first = value;
    }

    gathered->last = value;
    gathered->n++;

    return 1;
}


scoped_key_param_e
ngx_http_scoped_key_param_add(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_gathered_t *gathered)
{
    ngx_http_scoped_key_part_t  *part;

    if (gathered->refused) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    if (gathered->empty) {
        gathering->empty = 1;
    }

    if (gathered->n) {
        part = &gathering->parts[gathering->nparts++];
        part->list = gathered->first;
        part->n = gathered->n;
        gathering->n += gathered->n;
    }

    return SCOPED_KEY_PARAM_VALUES;
}


static scoped_key_param_e
ngx_http_scoped_key_param_graphql(ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type)
{
    const ngx_array_t                  *texts;
    scoped_key_param_e                  state;
    ngx_http_scoped_key_part_t         *part;
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

    if (texts->nelts) {
        part = &gathering->parts[gathering->nparts++];
        part->list = NULL;
        part->array = texts->elts;
        part->n = texts->nelts;
        gathering->n += texts->nelts;
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* all parts to one array, unless there is but one value, which is one */

static scoped_key_param_e
ngx_http_scoped_key_param_join(ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_known_t *known)
{
    size_t                              n;
    ngx_pool_t                         *pool;
    scoped_key_str_t                   *texts;
    const ngx_http_scoped_key_value_t  *value;

    if (gathering->n == 0) {
        return gathering->empty ? SCOPED_KEY_PARAM_NOTHING
                                : SCOPED_KEY_PARAM_VALUES;
    }

    n = ngx_http_scoped_key_param_count(gathering);

    /* what is null to us may yet be another value to somebody */

    if (gathering->empty || n > NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    if (n == 1) {
        known->texts = ngx_http_scoped_key_param_next(gathering->parts, &value,
                                                      0);
        known->n = 1;

        return SCOPED_KEY_PARAM_VALUES;
    }

    pool = ngx_http_scoped_key_param_pool(gathering->asker, gathering->values);

    texts = pool ? ngx_palloc(pool, n * sizeof(scoped_key_str_t)) : NULL;
    if (texts == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    ngx_http_scoped_key_param_fill(gathering, texts);

    known->texts = texts;
    known->n = n;

    return SCOPED_KEY_PARAM_VALUES;
}


static void
ngx_http_scoped_key_param_fill(
    const ngx_http_scoped_key_gathering_t *gathering, scoped_key_str_t *texts)
{
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *value;

    value = NULL;
    part = gathering->parts;

    for (i = 0; i < gathering->nparts; i++) {
        for (k = 0; k < part[i].n; k++) {
            text = ngx_http_scoped_key_param_next(&part[i], &value, k);
            texts += ngx_http_scoped_key_param_split(gathering->param, *text,
                                                     texts);
        }
    }
}


/* number i of a part, one after the other from 0; value: where we are */

static const scoped_key_str_t *
ngx_http_scoped_key_param_next(const ngx_http_scoped_key_part_t *part,
    const ngx_http_scoped_key_value_t **value, ngx_uint_t i)
{
    if (part->list == NULL) {
        return &part->array[i];
    }

    *value = i ? (*value)->next : part->list;

    return &(*value)->text;
}


ngx_uint_t
ngx_http_scoped_key_param_has_value(
    const ngx_http_scoped_key_gathering_t *gathering, scoped_key_str_t value)
{
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *at;

    at = NULL;
    part = gathering->parts;

    for (i = 0; i < gathering->nparts; i++) {
        for (k = 0; k < part[i].n; k++) {
            text = ngx_http_scoped_key_param_next(&part[i], &at, k);

            if (scoped_key_str_equal(*text, value)) {
                return 1;
            }
        }
    }

    return 0;
}


/* how many pieces all values have, or some number over MAX_VALUES */

static size_t
ngx_http_scoped_key_param_count(
    const ngx_http_scoped_key_gathering_t *gathering)
{
    size_t                              n;
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *value;

    if (gathering->param->split.len == 0) {
        return gathering->n;
    }

    n = 0;
    value = NULL;
    part = gathering->parts;

    for (i = 0; i < gathering->nparts; i++) {
        for (k = 0; k < part[i].n && n <= NGX_HTTP_SCOPED_KEY_MAX_VALUES; k++)
        {
            text = ngx_http_scoped_key_param_next(&part[i], &value, k);
            n += ngx_http_scoped_key_param_split(gathering->param, *text,
                                                 NULL);
        }
    }

    return n;
}


/* cuts a value at every byte of split=; how many pieces; NULL: only counts */

static size_t
ngx_http_scoped_key_param_split(const ngx_http_scoped_key_param_t *param,
    scoped_key_str_t text, scoped_key_str_t *pieces)
{
    size_t            n;
    scoped_key_str_t  piece;

    n = 0;

    do {
        piece = text;
        piece.len = ngx_http_scoped_key_param_piece(param, text);

        if (pieces) {
            pieces[n] = piece;
        }

        n++;

        if (piece.len == text.len) {
            return n;
        }

        text.data += piece.len + 1;
        text.len -= piece.len + 1;

    } while (true);
}


/* how much of a text comes before a byte of split= */

static size_t
ngx_http_scoped_key_param_piece(const ngx_http_scoped_key_param_t *param,
    scoped_key_str_t text)
{
    size_t         i;
    const u_char  *end;

    if (param->split.len == 0 || text.len == 0) {
        return text.len;
    }

    if (param->split.len == 1) {
        end = memchr(text.data, param->split.data[0], text.len);
        return end ? (size_t) (end - text.data) : text.len;
    }

    for (i = 0; i < text.len; i++) {
        if (param->splits[text.data[i] >> 5] & (1U << (text.data[i] & 0x1f))) {
            break;
        }
    }

    return i;
}
