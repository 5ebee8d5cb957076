/*
 * Puts the values of a param together from its sources: arguments, a form or
 * JSON body, which its Content-Type picks, the GraphQL document, and texts
 * with variables.
 * Params with form and JSON sources are for upstreams that do not look at
 * the Content-Type: their bodies are searched a second time as the other
 * reader would, and another value found makes the body unreadable. So does a
 * body of a type that no source expects, since some upstream may read it all
 * the same.
 * Invariants: a source that cannot be read ends it all, and what was found
 * so far is not given out; a text is given out only when what its variables
 * stand for was sent once at most (duplicate.h), and no argument of it was sent
 * encoded, which $arg_NAME does not undo; what a search costs is bounded,
 * whatever the body and however many params.
 */

#include "param.h"
#include "conf.h"
#include "document.h"
#include "../core/query.h"
#include "body.h"
#include "captures.h"
#include "sanitize.h"
#include "duplicate.h"
#include "../core/second_reading.h"


/* of one param in a request; a request with more is refused */
#define NGX_HTTP_SCOPED_KEY_MAX_VALUES  4096

/* looks at a value of a JSON body: some, and more for each byte of it, which
   only pointers with several `*` can use up */
#define NGX_HTTP_SCOPED_KEY_JSON_STEPS           65536
#define NGX_HTTP_SCOPED_KEY_JSON_STEPS_PER_BYTE      2

#define NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES  4096

/* a walk through a query string or a form */
typedef struct {
    ngx_http_scoped_key_values_t     *values;
    ngx_pool_t                       *pool;
    ngx_http_scoped_key_collected_t  *collected;
} ngx_http_scoped_key_pairs_t;

/* a walk through a JSON body */
typedef struct {
    ngx_http_scoped_key_values_t     *values;
    ngx_http_scoped_key_collected_t  *collected;
} ngx_http_scoped_key_json_walk_t;

/* an argument that is looked at */
typedef struct {
    ngx_http_request_t  *request;
    ngx_str_t            name;
} ngx_http_scoped_key_arg_t;

/* in one body; that many are no accident */
#define NGX_HTTP_SCOPED_KEY_SECOND_MAX    64

/* comparisons of names in one body, a long name counting as several */
#define NGX_HTTP_SCOPED_KEY_SECOND_STEPS  16384
#define NGX_HTTP_SCOPED_KEY_SECOND_BYTES     64

/* names go by their first letter or digit, and those that have none, or
   something beyond ASCII before it, are in the last list */
#define NGX_HTTP_SCOPED_KEY_SECOND_LISTS     37
#define NGX_HTTP_SCOPED_KEY_SECOND_OTHERS    36

/* a name that the other reader looks for */
typedef struct {
    scoped_key_str_t                    text;
    const ngx_http_scoped_key_param_t  *param;
    ngx_uint_t                          next;     /* from 1; 0: none */
} ngx_http_scoped_key_second_name_t;

/* what it would find */
typedef struct {
    scoped_key_str_t                    value;
    ngx_uint_t                          known;
    const ngx_http_scoped_key_param_t  *param;
} ngx_http_scoped_key_second_find_t;

/* in r->pool, of one body */
struct ngx_http_scoped_key_second_s {
    ngx_array_t                         names;
    ngx_array_t                         finds;
    ngx_pool_t                         *pool;
    ngx_uint_t                          steps;    /* that are left */
    ngx_uint_t
                                 lists[NGX_HTTP_SCOPED_KEY_SECOND_LISTS];
    unsigned                            failed:1; /* out of memory */
    unsigned                            many:1;
};


static scoped_key_param_e ngx_http_scoped_key_param_body(
    ngx_http_scoped_key_collector_t *collector);
static scoped_key_param_e ngx_http_scoped_key_param_text(
    ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_http_scoped_key_collected_t *ngx_http_scoped_key_param_pairs(
    ngx_http_scoped_key_values_t *values, ngx_pool_t *pool,
    const ngx_str_t *text, const scoped_key_names_t *names);
static ngx_uint_t ngx_http_scoped_key_param_push(
    ngx_http_scoped_key_values_t *values,
    ngx_pool_t *pool, ngx_http_scoped_key_collected_t *collected,
    scoped_key_str_t text);
static ngx_uint_t ngx_http_scoped_key_param_has_value(
    const ngx_http_scoped_key_collector_t *collector, scoped_key_str_t value);
static ngx_pool_t *ngx_http_scoped_key_param_pool(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values);
static scoped_key_param_e ngx_http_scoped_key_param_second(
    const ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type);
static ngx_http_scoped_key_values_t *ngx_http_scoped_key_param_values(
    const ngx_http_scoped_key_param_ctx_t *pctx);
static void ngx_http_scoped_key_param_resolve(
    ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_result_t *known);
static scoped_key_param_e ngx_http_scoped_key_param_collect(
    ngx_http_scoped_key_collector_t *collector);
static scoped_key_param_e ngx_http_scoped_key_param_source(
    ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_param_source_t *source);
static scoped_key_param_e ngx_http_scoped_key_param_arg(
    ngx_http_scoped_key_collector_t *collector, ngx_uint_t n);
static ngx_http_scoped_key_collected_t *ngx_http_scoped_key_param_args(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values);
static bool ngx_http_scoped_key_param_found(void *data, size_t n,
    scoped_key_str_t value);
static scoped_key_param_e ngx_http_scoped_key_param_graphql(
    ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_join(
    ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_result_t *known);
static void ngx_http_scoped_key_param_fill(
    const ngx_http_scoped_key_collector_t *collector, scoped_key_str_t *texts);
static const scoped_key_str_t *ngx_http_scoped_key_param_next(
    const ngx_http_scoped_key_part_t *part,
    const ngx_http_scoped_key_value_t **value, ngx_uint_t i);
static size_t ngx_http_scoped_key_param_count(
    const ngx_http_scoped_key_collector_t *collector);
static size_t ngx_http_scoped_key_param_split(
    const ngx_http_scoped_key_param_t     *param, scoped_key_str_t text,
    scoped_key_str_t *pieces);
static size_t ngx_http_scoped_key_param_piece(
    const ngx_http_scoped_key_param_t     *param, scoped_key_str_t text);
static scoped_key_param_e ngx_http_scoped_key_param_of(
    ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type);
static ngx_uint_t ngx_http_scoped_key_param_has(
    const ngx_http_scoped_key_param_t     *param,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_picked(
    ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_read(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values, ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_json(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values);
static ngx_int_t ngx_http_scoped_key_param_walk(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values, const scoped_key_json_t *json);
static bool ngx_http_scoped_key_param_json_found(void *data, size_t n,
    scoped_key_str_t text, bool lasting);
static ngx_uint_t ngx_http_scoped_key_param_is_ambiguous(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_uint_t ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *variable);
static bool ngx_http_scoped_key_param_is_plain_one(void *data,
    scoped_key_str_t value);
static ngx_http_scoped_key_second_t *ngx_http_scoped_key_second_search(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_param_e type);
static ngx_int_t ngx_http_scoped_key_second_names(
    ngx_http_scoped_key_second_t *second, const ngx_array_t *params,
    ngx_http_scoped_key_param_e type);
static ngx_uint_t ngx_http_scoped_key_second_concerns(
    const ngx_http_scoped_key_param_t *param);
static ngx_int_t ngx_http_scoped_key_second_sources(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t     *param,
    ngx_http_scoped_key_param_e type);
static ngx_int_t ngx_http_scoped_key_second_name(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t     *param,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_int_t ngx_http_scoped_key_second_token(
    ngx_http_scoped_key_second_t *second, scoped_key_str_t *token);
static ngx_uint_t ngx_http_scoped_key_second_list(scoped_key_str_t name,
    ngx_uint_t whole);
static ngx_uint_t ngx_http_scoped_key_second_is_letter(u_char c);
static ngx_uint_t ngx_http_scoped_key_second_is_any(scoped_key_str_t name);
static void ngx_http_scoped_key_second_whole(
    ngx_http_scoped_key_second_t *second);
static bool ngx_http_scoped_key_second_found(void *data,
    const scoped_key_second_t *found);
static ngx_uint_t ngx_http_scoped_key_second_compare(
    ngx_http_scoped_key_second_t *second, const scoped_key_second_t *found,
    ngx_uint_t list);
static void ngx_http_scoped_key_second_push(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t     *param,
    const scoped_key_second_t *found);


#if (NGX_DEBUG)

/* in the order of scoped_key_param_e */
static const char *const  ngx_http_scoped_key_param_states[] = {
    "read", "null or empty", "not declared", "needs the body", "ambiguous",
    "unreadable", "too large", "out of memory"
};

#endif


scoped_key_param_e
ngx_http_scoped_key_param(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    const ngx_http_scoped_key_param_ctx_t *pctx = data;

    ngx_str_t                             asked;
    ngx_http_scoped_key_param_t          *param, *first;
    ngx_http_scoped_key_param_result_t   *known;
    ngx_http_scoped_key_collector_t       collector;

    asked.len = name.len;
    asked.data = (u_char *) name.data;

    param = ngx_http_scoped_key_param_find(pctx->skcf->params, &asked);
    if (param == NULL) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP,
                       pctx->request->connection->log, 0,
                       "scoped key: param \"%V\" is not declared here",
                       &asked);
        return SCOPED_KEY_PARAM_UNDECLARED;
    }

    collector.values = ngx_http_scoped_key_param_values(pctx);
    if (collector.values == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    first = pctx->skcf->params->list.elts;
    known = &collector.values->params[param - first];

    if (!known->known
        || (known->state == SCOPED_KEY_PARAM_NEEDS_BODY
            && pctx->ctx->body_read))
    {
        collector.pctx = pctx;
        collector.param = param;
        collector.nparts = 0;
        collector.n = 0;
        collector.empty = 0;

        ngx_http_scoped_key_param_resolve(&collector, known);
    }

    *values = known->texts;
    *n = known->n;

    return known->state;
}


static void
ngx_http_scoped_key_param_resolve(ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_result_t *known)
{
    known->texts = NULL;
    known->n = 0;
    known->state = ngx_http_scoped_key_param_collect(collector);

    if (known->state == SCOPED_KEY_PARAM_VALUES) {
        known->state = ngx_http_scoped_key_param_join(collector, known);
    }

    if (collector->values->failed) {
        known->state = SCOPED_KEY_PARAM_ERROR;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP,
                   collector->pctx->request->connection->log, 0,
                   "scoped key: param \"%V\": %uz values, %s",
                   &collector->param->name, known->n,
                   ngx_http_scoped_key_param_states[known->state]);

    known->known = 1;
}


/* what is known of the params of this request; NULL: out of memory */

static ngx_http_scoped_key_values_t *
ngx_http_scoped_key_param_values(const ngx_http_scoped_key_param_ctx_t *pctx)
{
    ngx_uint_t                     n;
    ngx_http_scoped_key_values_t  *values;

    if (pctx->ctx->values) {
        return pctx->ctx->values;
    }

    n = pctx->skcf->params->list.nelts;

    values = ngx_pcalloc(pctx->request->pool,
                         sizeof(ngx_http_scoped_key_values_t)
                         + n * sizeof(ngx_http_scoped_key_param_result_t));
    if (values == NULL) {
        return NULL;
    }

    values->nparams = n;
    values->params = (ngx_http_scoped_key_param_result_t *) (values + 1);

    pctx->ctx->values = values;

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
                values->nparams * sizeof(ngx_http_scoped_key_param_result_t));
}


/* the pool of the present decision; NULL: out of memory */

static ngx_pool_t *
ngx_http_scoped_key_param_pool(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values)
{
    if (values->pool == NULL) {
        values->pool = ngx_create_pool(NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES,
                                       pctx->request->connection->log);
        if (values->pool == NULL) {
            values->failed = 1;
        }
    }

    return values->pool;
}


static scoped_key_param_e
ngx_http_scoped_key_param_collect(ngx_http_scoped_key_collector_t *collector)
{
    ngx_uint_t                                 i;
    scoped_key_param_e                         state;
    const ngx_http_scoped_key_param_source_t  *source;

    source = collector->param->sources.elts;

    for (i = 0; i < collector->param->sources.nelts; i++) {
        state = ngx_http_scoped_key_param_source(collector, &source[i]);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return ngx_http_scoped_key_param_body(collector);
}


/* the sources that need no body, or that know by themselves */

static scoped_key_param_e
ngx_http_scoped_key_param_source(ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_param_source_t *source)
{
    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_ARG:
        return ngx_http_scoped_key_param_arg(collector, source->n);

    case NGX_HTTP_SCOPED_KEY_TEXT:
        return ngx_http_scoped_key_param_text(collector, source);

    case NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD:
    case NGX_HTTP_SCOPED_KEY_GRAPHQL_OPERATION:
        return ngx_http_scoped_key_param_graphql(collector, source->type);

    default:
        return SCOPED_KEY_PARAM_VALUES;
    }
}


static scoped_key_param_e
ngx_http_scoped_key_param_arg(ngx_http_scoped_key_collector_t *collector,
    ngx_uint_t n)
{
    ngx_http_scoped_key_values_t  *values;

    values = collector->values;

    if (values->args == NULL) {
        values->args = ngx_http_scoped_key_param_args(collector->pctx, values);

        if (values->args == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    return ngx_http_scoped_key_param_add(collector, &values->args[n]);
}


static ngx_http_scoped_key_collected_t *
ngx_http_scoped_key_param_args(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values)
{
    size_t                            i, n;
    ngx_http_request_t               *r;
    const scoped_key_names_t         *names;
    ngx_http_scoped_key_collected_t  *args;

    r = pctx->request;
    names = pctx->skcf->params->arg_names;

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


/*
 * For sources.  What names have brought in a query string or a form, decoded
 * once, one for each name; NULL: out of memory.
 */

static ngx_http_scoped_key_collected_t *
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
    pairs.collected = ngx_pcalloc(pool,
                                  n * sizeof(ngx_http_scoped_key_collected_t));

    if (pairs.collected == NULL || text->len == 0) {
        return pairs.collected;
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
        pairs.collected[i].refused = refused[i];
    }

    return pairs.collected;
}


static bool
ngx_http_scoped_key_param_found(void *data, size_t n, scoped_key_str_t value)
{
    ngx_http_scoped_key_pairs_t  *pairs = data;

    return ngx_http_scoped_key_param_push(pairs->values, pairs->pool,
                                          &pairs->collected[n], value);
}


/*
 * One more value of a source.  False: out of memory, of which *values tells, or
 * too many.
 */

static ngx_uint_t
ngx_http_scoped_key_param_push(ngx_http_scoped_key_values_t *values,
    ngx_pool_t *pool, ngx_http_scoped_key_collected_t *collected,
    scoped_key_str_t text)
{
    ngx_http_scoped_key_value_t  *value;

    if (collected->n == NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        return 0;
    }

    value = ngx_palloc(pool, sizeof(ngx_http_scoped_key_value_t));
    if (value == NULL) {
        values->failed = 1;
        return 0;
    }

    value->text = text;
    value->next = NULL;

    if (collected->last) {
        collected->last->next = value;

    } else {
        collected->first = value;
    }

    collected->last = value;
    collected->n++;

    return 1;
}


scoped_key_param_e
ngx_http_scoped_key_param_add(ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_collected_t *collected)
{
    ngx_http_scoped_key_part_t  *part;

    if (collected->refused) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    if (collected->empty) {
        collector->empty = 1;
    }

    if (collected->n) {
        part = &collector->parts[collector->nparts++];
        part->list = collected->first;
        part->n = collected->n;
        collector->n += collected->n;
    }

    return SCOPED_KEY_PARAM_VALUES;
}


static scoped_key_param_e
ngx_http_scoped_key_param_graphql(ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type)
{
    const ngx_array_t                      *texts;
    scoped_key_param_e                      state;
    ngx_http_scoped_key_part_t             *part;
    const ngx_http_scoped_key_param_ctx_t  *pctx;

    pctx = collector->pctx;

    state = ngx_http_scoped_key_document(pctx->request, pctx->skcf,
                                         pctx->ctx);
    if (state != SCOPED_KEY_PARAM_VALUES) {
        return state;
    }

    texts = type == NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD
            ? &pctx->ctx->document->fields
            : &pctx->ctx->document->operations;

    if (texts->nelts) {
        part = &collector->parts[collector->nparts++];
        part->list = NULL;
        part->array = texts->elts;
        part->n = texts->nelts;
        collector->n += texts->nelts;
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* all parts to one array, unless there is but one value, which is one */

static scoped_key_param_e
ngx_http_scoped_key_param_join(ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_result_t *known)
{
    size_t                              n;
    ngx_pool_t                         *pool;
    scoped_key_str_t                   *texts;
    const ngx_http_scoped_key_value_t  *value;

    if (collector->n == 0) {
        return collector->empty ? SCOPED_KEY_PARAM_NOTHING
                                : SCOPED_KEY_PARAM_VALUES;
    }

    n = ngx_http_scoped_key_param_count(collector);

    /* what is null to us may yet be another value to somebody */

    if (collector->empty || n > NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    if (n == 1) {
        known->texts = ngx_http_scoped_key_param_next(collector->parts, &value,
                                                      0);
        known->n = 1;

        return SCOPED_KEY_PARAM_VALUES;
    }

    pool = ngx_http_scoped_key_param_pool(collector->pctx, collector->values);

    texts = pool ? ngx_palloc(pool, n * sizeof(scoped_key_str_t)) : NULL;
    if (texts == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    ngx_http_scoped_key_param_fill(collector, texts);

    known->texts = texts;
    known->n = n;

    return SCOPED_KEY_PARAM_VALUES;
}


static void
ngx_http_scoped_key_param_fill(
    const ngx_http_scoped_key_collector_t *collector, scoped_key_str_t *texts)
{
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *value;

    value = NULL;
    part = collector->parts;

    for (i = 0; i < collector->nparts; i++) {
        for (k = 0; k < part[i].n; k++) {
            text = ngx_http_scoped_key_param_next(&part[i], &value, k);
            texts += ngx_http_scoped_key_param_split(collector->param, *text,
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


/* whether this is one of the values so far, as a whole */

static ngx_uint_t
ngx_http_scoped_key_param_has_value(
    const ngx_http_scoped_key_collector_t *collector, scoped_key_str_t value)
{
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *at;

    at = NULL;
    part = collector->parts;

    for (i = 0; i < collector->nparts; i++) {
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
    const ngx_http_scoped_key_collector_t *collector)
{
    size_t                              n;
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *value;

    if (collector->param->split.len == 0) {
        return collector->n;
    }

    n = 0;
    value = NULL;
    part = collector->parts;

    for (i = 0; i < collector->nparts; i++) {
        for (k = 0; k < part[i].n && n <= NGX_HTTP_SCOPED_KEY_MAX_VALUES; k++)
        {
            text = ngx_http_scoped_key_param_next(&part[i], &value, k);
            n += ngx_http_scoped_key_param_split(collector->param, *text,
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


/* the values from form and JSON sources */

static scoped_key_param_e
ngx_http_scoped_key_param_body(ngx_http_scoped_key_collector_t *collector)
{
    scoped_key_param_e                      state;
    ngx_http_scoped_key_param_e             type;
    const ngx_http_scoped_key_param_ctx_t  *pctx;
    const ngx_http_scoped_key_param_t      *param;

    param = collector->param;

    if (!ngx_http_scoped_key_param_has(param, NGX_HTTP_SCOPED_KEY_FORM)
        && !ngx_http_scoped_key_param_has(param, NGX_HTTP_SCOPED_KEY_JSON))
    {
        return SCOPED_KEY_PARAM_VALUES;
    }

    pctx = collector->pctx;

    state = ngx_http_scoped_key_body(pctx->request, pctx->skcf, pctx->ctx);

    if (state != SCOPED_KEY_PARAM_VALUES) {
        return state;
    }

    switch (pctx->ctx->body->type) {

    case NGX_HTTP_SCOPED_KEY_BODY_NONE:
        return SCOPED_KEY_PARAM_VALUES;

    case NGX_HTTP_SCOPED_KEY_BODY_FORM:
        type = NGX_HTTP_SCOPED_KEY_FORM;
        break;

    case NGX_HTTP_SCOPED_KEY_BODY_JSON:
        type = NGX_HTTP_SCOPED_KEY_JSON;
        break;

    default:
        pctx->ctx->unreadable = "Content-Type or Content-Encoding";
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    if (!ngx_http_scoped_key_param_has(param, type)) {
        pctx->ctx->unreadable = "a Content-Type that no source expects";
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return ngx_http_scoped_key_param_of(collector, type);
}


/* of a body of this type, for which the param has a source */

static scoped_key_param_e
ngx_http_scoped_key_param_of(ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type)
{
    scoped_key_param_e             state;
    ngx_http_scoped_key_param_e    other;
    ngx_http_scoped_key_values_t  *values;

    values = collector->values;

    if (values->body == NULL) {
        state = ngx_http_scoped_key_param_read(collector->pctx, values, type);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    state = ngx_http_scoped_key_param_picked(collector, type);

    other = type == NGX_HTTP_SCOPED_KEY_FORM ? NGX_HTTP_SCOPED_KEY_JSON
                                             : NGX_HTTP_SCOPED_KEY_FORM;

    if (state != SCOPED_KEY_PARAM_VALUES
        || !ngx_http_scoped_key_param_has(collector->param, other))
    {
        return state;
    }

    return ngx_http_scoped_key_param_second(collector, type);
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
ngx_http_scoped_key_param_picked(ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                                 i;
    scoped_key_param_e                         state;
    const ngx_http_scoped_key_collected_t     *collected;
    const ngx_http_scoped_key_param_source_t  *source;

    source = collector->param->sources.elts;

    for (i = 0; i < collector->param->sources.nelts; i++) {

        if (source[i].type != type) {
            continue;
        }

        collected = &collector->values->body[source[i].n];

        if (collected->nul) {
            collector->pctx->ctx->unreadable = "JSON with \\u0000 in a value";
            return SCOPED_KEY_PARAM_UNREADABLE;
        }

        /* an array where there should be an object, and nobody reads it */

        if (collected->arrays & ~source[i].covered) {
            return SCOPED_KEY_PARAM_AMBIGUOUS;
        }

        state = ngx_http_scoped_key_param_add(collector, collected);

        if (state != SCOPED_KEY_PARAM_VALUES) {
            return state;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* for all params at once */

static scoped_key_param_e
ngx_http_scoped_key_param_read(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values, ngx_http_scoped_key_param_e type)
{
    ngx_pool_t                          *pool;
    const ngx_http_scoped_key_params_t  *params;

    if (type == NGX_HTTP_SCOPED_KEY_JSON) {
        return ngx_http_scoped_key_param_json(pctx, values);
    }

    params = pctx->skcf->params;
    pool = ngx_http_scoped_key_param_pool(pctx, values);

    if (pool) {
        values->body = ngx_http_scoped_key_param_pairs(values, pool,
                                                 &pctx->ctx->body->text,
                                                 params->form_names);
    }

    return values->body ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static scoped_key_param_e
ngx_http_scoped_key_param_json(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values)
{
    const scoped_key_json_t     *json;
    ngx_http_scoped_key_body_t  *body;

    body = pctx->ctx->body;
    json = ngx_http_scoped_key_body_json(pctx->request, pctx->ctx);

    if (json == NULL) {

        if (body->error == SCOPED_KEY_JSON_NO_MEMORY) {
            return SCOPED_KEY_PARAM_ERROR;
        }

        pctx->ctx->unreadable = scoped_key_json_error_text(body->error);

        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return ngx_http_scoped_key_param_walk(pctx, values, json) == NGX_OK
           ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static ngx_int_t
ngx_http_scoped_key_param_walk(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_values_t *values, const scoped_key_json_t *json)
{
    void                             *scratch;
    size_t                            i, n, steps;
    ngx_pool_t                       *pool;
    scoped_key_json_path_t           *outcomes;
    const scoped_key_json_paths_t    *paths;
    ngx_http_scoped_key_json_walk_t   walk;

    pool = ngx_http_scoped_key_param_pool(pctx, values);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    paths = pctx->skcf->params->paths;
    n = pctx->skcf->params->pointers.nelts;

    scratch = ngx_palloc(pool, scoped_key_json_paths_scratch(paths));
    outcomes = ngx_pcalloc(pool, n * sizeof(scoped_key_json_path_t));

    walk.values = values;
    walk.collected = ngx_pcalloc(pool,
                                 n * sizeof(ngx_http_scoped_key_collected_t));

    if (scratch == NULL || outcomes == NULL || walk.collected == NULL) {
        return NGX_ERROR;
    }

    steps = NGX_HTTP_SCOPED_KEY_JSON_STEPS
            + pctx->ctx->body->text.len
              * NGX_HTTP_SCOPED_KEY_JSON_STEPS_PER_BYTE;

    scoped_key_json_walk_paths(json, paths, steps, scratch, outcomes,
                               ngx_http_scoped_key_param_json_found, &walk);

    for (i = 0; i < n; i++) {
        walk.collected[i].refused = outcomes[i].refused;
        walk.collected[i].nul = outcomes[i].nul;
        walk.collected[i].empty = outcomes[i].empty;
        walk.collected[i].arrays = outcomes[i].arrays;
    }

    values->body = walk.collected;

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
                                          &walk->collected[n], text);
}


/* the value of a text, if it is not empty */

static scoped_key_param_e
ngx_http_scoped_key_param_text(ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t                    text;
    scoped_key_str_t            *value;
    ngx_http_request_t          *r;
    ngx_http_scoped_key_part_t  *part;

    r = collector->pctx->request;

    if (ngx_http_scoped_key_param_is_ambiguous(r, source)) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    ngx_http_scoped_key_captures_restore(r);

    if (ngx_http_complex_value(r,
                              (ngx_http_complex_value_t *) &source->text, &text)
        != NGX_OK)
    {
        return SCOPED_KEY_PARAM_ERROR;
    }

    if (text.len == 0) {
        return SCOPED_KEY_PARAM_VALUES;
    }

    if (ngx_http_scoped_key_has_control(text.data, text.len)) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    value = ngx_palloc(r->pool, sizeof(scoped_key_str_t));
    if (value == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    value->len = text.len;
    value->data = text.data;

    part = &collector->parts[collector->nparts++];
    part->list = NULL;
    part->array = value;
    part->n = 1;
    collector->n++;

    return SCOPED_KEY_PARAM_VALUES;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_ambiguous(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t   *variable;
    ngx_uint_t   i;

    if (source->variables == NULL) {
        return 0;
    }

    variable = source->variables->elts;

    for (i = 0; i < source->variables->nelts; i++) {
        if (ngx_http_scoped_key_is_duplicated(r, &variable[i])
            || !ngx_http_scoped_key_param_is_plain(r, &variable[i]))
        {
            return 1;
        }
    }

    return 0;
}


/* whether $arg_NAME, which nginx does not decode, is what an upstream reads */

static ngx_uint_t
ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *variable)
{
    u_char                     *scratch;
    scoped_key_str_t            sent, asked;
    ngx_http_scoped_key_arg_t   arg;

    if (ngx_http_scoped_key_input_kind(variable, &arg.name)
            != NGX_HTTP_SCOPED_KEY_INPUT_ARG
        || r->args.len == 0)
    {
        return 1;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        return 0;
    }

    arg.request = r;
    sent.len = r->args.len;
    sent.data = r->args.data;
    asked.len = arg.name.len;
    asked.data = arg.name.data;

    return scoped_key_query_walk(sent, asked, false, scratch,
                                 ngx_http_scoped_key_param_is_plain_one, &arg)
           == SCOPED_KEY_QUERY_WALKED;
}


static bool
ngx_http_scoped_key_param_is_plain_one(void *data, scoped_key_str_t value)
{
    ngx_http_scoped_key_arg_t *arg = data;

    ngx_str_t  raw;

    return ngx_http_arg(arg->request, arg->name.data, arg->name.len, &raw)
               == NGX_OK
           && raw.len == value.len
           && ngx_memcmp(raw.data, value.data, raw.len) == 0;
}


/*
 * A param with sources of both kinds, with the values of a body that is a form
 * (type NGX_HTTP_SCOPED_KEY_FORM) or JSON (..._JSON).  The body is searched
 * once in a request, for all params.  SCOPED_KEY_PARAM_VALUES: it has no other
 * reading; _AMBIGUOUS: it has, or more of them than are looked at; _ERROR: out
 * of memory.
 */

static scoped_key_param_e
ngx_http_scoped_key_param_second(
    const ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                              i;
    ngx_http_scoped_key_second_t           *second;
    const ngx_http_scoped_key_param_ctx_t  *pctx;
    const ngx_http_scoped_key_param_t      *param;
    ngx_http_scoped_key_second_find_t      *find;

    pctx = collector->pctx;
    param = collector->param;
    second = pctx->ctx->body->second;

    if (second == NULL) {
        second = ngx_http_scoped_key_second_search(pctx, type);
        if (second == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }

        pctx->ctx->body->second = second;
    }

    if (second->failed) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    if (second->many) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    find = second->finds.elts;

    for (i = 0; i < second->finds.nelts; i++) {

        if (find[i].param == param
            && (!find[i].known
                || !ngx_http_scoped_key_param_has_value(collector,
                                                        find[i].value)))
        {
            ngx_log_debug1(NGX_LOG_DEBUG_HTTP,
                           pctx->request->connection->log, 0,
                           "scoped key: a second reading of param \"%V\"",
                           &param->name);

            return SCOPED_KEY_PARAM_AMBIGUOUS;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* NULL: out of memory */

static ngx_http_scoped_key_second_t *
ngx_http_scoped_key_second_search(const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_param_e type)
{
    u_char                        *scratch;
    ngx_pool_t                    *pool;
    scoped_key_str_t               text;
    ngx_http_scoped_key_second_t  *second;

    pool = pctx->request->pool;
    text.len = pctx->ctx->body->text.len;
    text.data = pctx->ctx->body->text.data;

    second = ngx_pcalloc(pool, sizeof(ngx_http_scoped_key_second_t));
    scratch = ngx_palloc(pool, text.len + 1);

    if (second == NULL || scratch == NULL
        || ngx_array_init(&second->finds, pool, 1,
                          sizeof(ngx_http_scoped_key_second_find_t))
           != NGX_OK
        || ngx_array_init(&second->names, pool, 8,
                          sizeof(ngx_http_scoped_key_second_name_t))
           != NGX_OK)
    {
        return NULL;
    }

    second->pool = pool;
    second->steps = NGX_HTTP_SCOPED_KEY_SECOND_STEPS;

    if (ngx_http_scoped_key_second_names(second, &pctx->skcf->params->list,
                                         type)
        != NGX_OK)
    {
        return NULL;
    }

    if (type == NGX_HTTP_SCOPED_KEY_JSON) {
        (void) scoped_key_second_form(text, scratch,
                                      ngx_http_scoped_key_second_found,
                                      second);

    } else {
        (void) scoped_key_second_json(text, scratch,
                                      ngx_http_scoped_key_second_found,
                                      second);

        if (scoped_key_second_begins_json(text)) {
            ngx_http_scoped_key_second_whole(second);
        }
    }

    /* it may be as large as the body, and is of no more use */

    (void) ngx_pfree(pool, scratch);

    return second;
}


/* of the sources that the body's type does not pick */

static ngx_int_t
ngx_http_scoped_key_second_names(ngx_http_scoped_key_second_t *second,
    const ngx_array_t *params, ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                          i;
    ngx_http_scoped_key_param_e         other;
    const ngx_http_scoped_key_param_t  *param;

    other = type == NGX_HTTP_SCOPED_KEY_JSON ? NGX_HTTP_SCOPED_KEY_FORM
                                             : NGX_HTTP_SCOPED_KEY_JSON;
    param = params->elts;

    for (i = 0; i < params->nelts; i++) {

        if (ngx_http_scoped_key_second_concerns(&param[i])
            && ngx_http_scoped_key_second_sources(second, &param[i], other)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* whether it has sources of both kinds */

static ngx_uint_t
ngx_http_scoped_key_second_concerns(const ngx_http_scoped_key_param_t *param)
{
    ngx_uint_t                                 i, form, json;
    const ngx_http_scoped_key_param_source_t  *source;

    form = 0;
    json = 0;
    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        form |= source[i].type == NGX_HTTP_SCOPED_KEY_FORM;
        json |= source[i].type == NGX_HTTP_SCOPED_KEY_JSON;
    }

    return form && json;
}


static ngx_int_t
ngx_http_scoped_key_second_sources(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param, ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {

        if (source[i].type == type
            && ngx_http_scoped_key_second_name(second, param, &source[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_second_name(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_uint_t                         *list;
    scoped_key_str_t                    text, token;
    ngx_http_scoped_key_second_name_t  *name;

    text.len = source->name.len;
    text.data = source->name.data;

    if (source->type == NGX_HTTP_SCOPED_KEY_JSON) {

        if (scoped_key_second_pointer(text, &token)) {
            text = token;

            if (ngx_http_scoped_key_second_token(second, &text) != NGX_OK) {
                return NGX_ERROR;
            }

        } else {
            text.data = NULL;
            text.len = 0;
        }
    }

    name = ngx_array_push(&second->names);
    if (name == NULL) {
        return NGX_ERROR;
    }

    list = &second->lists[ngx_http_scoped_key_second_list(text, 1)];

    name->text = text;
    name->param = param;
    name->next = *list;

    *list = second->names.nelts;

    return NGX_OK;
}


/* RFC 6901: ~0 is `~`, ~1 is `/`; the pointer was checked at nginx -t */

static ngx_int_t
ngx_http_scoped_key_second_token(ngx_http_scoped_key_second_t *second,
    scoped_key_str_t *token)
{
    u_char  *p;
    size_t   i, n;

    if (token->len == 0 || memchr(token->data, '~', token->len) == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(second->pool, token->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < token->len; i++) {
        p[n] = token->data[i];

        if (p[n] == '~' && i + 1 < token->len) {
            p[n] = token->data[++i] == '0' ? '~' : '/';
        }

        n++;
    }

    token->data = p;
    token->len = n;

    return NGX_OK;
}


/* whole: something beyond ASCII is not passed over */

static ngx_uint_t
ngx_http_scoped_key_second_list(scoped_key_str_t name, ngx_uint_t whole)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name.len; i++) {
        c = ngx_tolower(name.data[i]);

        if (c >= 0x80 && whole) {
            return NGX_HTTP_SCOPED_KEY_SECOND_OTHERS;
        }

        if (ngx_http_scoped_key_second_is_letter(c)) {
            return c >= 'a' ? c - 'a' : c - '0' + 26;
        }
    }

    return NGX_HTTP_SCOPED_KEY_SECOND_OTHERS;
}


static ngx_uint_t
ngx_http_scoped_key_second_is_letter(u_char c)
{
    c = ngx_tolower(c);

    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}


/* pointers of no name: to the whole, or to what is at a place in it */

static void
ngx_http_scoped_key_second_whole(ngx_http_scoped_key_second_t *second)
{
    ngx_uint_t                          i;
    scoped_key_second_t                 found;
    ngx_http_scoped_key_second_name_t  *name;

    ngx_memzero(&found, sizeof(scoped_key_second_t));

    name = second->names.elts;

    for (i = 0; i < second->names.nelts; i++) {

        if (name[i].text.data == NULL) {
            ngx_http_scoped_key_second_push(second, name[i].param, &found);
        }
    }
}


/* a scoped_key_second_pt */

static bool
ngx_http_scoped_key_second_found(void *data, const scoped_key_second_t *found)
{
    ngx_http_scoped_key_second_t *second = data;

    ngx_uint_t  i;

    static const scoped_key_str_t  proto = scoped_key_str("__proto__");

    if (!ngx_http_scoped_key_second_is_any(found->name)
        && (found->name.len < proto.len
            || ngx_memcmp(found->name.data, proto.data, proto.len) != 0))
    {
        i = ngx_http_scoped_key_second_list(found->name, 0);

        return ngx_http_scoped_key_second_compare(second, found, i)
               && (i == NGX_HTTP_SCOPED_KEY_SECOND_OTHERS
                   || ngx_http_scoped_key_second_compare(second, found,
                                          NGX_HTTP_SCOPED_KEY_SECOND_OTHERS));
    }

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_SECOND_LISTS; i++) {

        if (!ngx_http_scoped_key_second_compare(second, found, i)) {
            return false;
        }
    }

    return true;
}


/* whether it may begin with another letter to some */

static ngx_uint_t
ngx_http_scoped_key_second_is_any(scoped_key_str_t name)
{
    size_t    i;
    uint32_t  next;

    for (i = 0; i + 1 < name.len; i++) {
        next = name.data[i + 1];

        switch (name.data[i]) {

        case 0xc0:
        case 0xc1:
        case 0xc4:
        case 0xc5:
            return 1;

        case 0xe0:
        case 0xf0:

            /* longer than it should be */

            if (next < 0xa0) {
                return 1;
            }

            break;

        case 0xe2:
            if (next == 0x84) {
                return 1;
            }

            break;

        case 0xef:

            /* wide letters and digits, not the wide comma */

            if ((next == 0xbc || next == 0xbd) && i + 2 < name.len
                && name.data[i + 2] != 0x8c)
            {
                return 1;
            }

            break;

        default:
            if (name.data[i] < 0x80
                && ngx_http_scoped_key_second_is_letter(name.data[i]))
            {
                return 0;
            }
        }
    }

    return 0;
}


/* with the names of a list; 0: it is of no use to go on */

static ngx_uint_t
ngx_http_scoped_key_second_compare(ngx_http_scoped_key_second_t *second,
    const scoped_key_second_t *found, ngx_uint_t list)
{
    ngx_uint_t                          n, steps;
    ngx_http_scoped_key_second_name_t  *name;

    steps = 1 + found->name.len / NGX_HTTP_SCOPED_KEY_SECOND_BYTES;

    for (n = second->lists[list]; n; n = name->next) {
        name = (ngx_http_scoped_key_second_name_t *) second->names.elts
               + n - 1;

        if (second->steps < steps) {
            second->many = 1;
            return 0;
        }

        second->steps -= steps;

        if (name->text.data && scoped_key_second_is(found, name->text)) {
            ngx_http_scoped_key_second_push(second, name->param, found);
        }
    }

    return !second->failed && !second->many;
}


static void
ngx_http_scoped_key_second_push(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param, const scoped_key_second_t *found)
{
    u_char                             *p;
    ngx_http_scoped_key_second_find_t  *find;

    if (second->finds.nelts == NGX_HTTP_SCOPED_KEY_SECOND_MAX) {
        second->many = 1;
        return;
    }

    p = ngx_pnalloc(second->pool, found->value.len + 1);
    find = ngx_array_push(&second->finds);

    if (p == NULL || find == NULL) {
        second->failed = 1;
        return;
    }

    if (found->value.len) {
        ngx_memcpy(p, found->value.data, found->value.len);
    }

    find->value.data = p;
    find->value.len = found->value.len;
    find->known = found->known;
    find->param = param;
}
