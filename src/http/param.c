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

/* a larger body has more steps, for each byte beyond */
#define NGX_HTTP_SCOPED_KEY_BODY_STEPS_FROM      65536
#define NGX_HTTP_SCOPED_KEY_BODY_STEPS_PER_BYTE     16

#define NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES  4096

/* a walk through a query string, a form or JSON */
typedef struct {
    const ngx_http_scoped_key_param_ctx_t  *pctx;
    ngx_http_scoped_key_collected_t        *collected;
} ngx_http_scoped_key_walk_t;

/* an argument that is looked at */
typedef struct {
    ngx_http_request_t  *request;
    ngx_str_t            name;
} ngx_http_scoped_key_arg_t;

/* in one body; that many are no accident */
#define NGX_HTTP_SCOPED_KEY_SECOND_MAX    64

/* steps (core/steps.h), as measured: to put a value of a param into place, and
   a piece of a value that is split, besides one for each of its bytes */
#define NGX_HTTP_SCOPED_KEY_STEPS_TO_PLACE    4
#define NGX_HTTP_SCOPED_KEY_STEPS_TO_SPLIT    8

/* a name that the other reader looks for */
typedef struct {
    scoped_key_str_t                    text;
    const ngx_http_scoped_key_param_t  *param;
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
    ngx_array_t                         wholes;   /* params with a pointer to
                                                     no name: to the whole, or
                                                     to a place in it */
    ngx_array_t                         finds;
    ngx_pool_t                         *pool;
    const scoped_key_names_t           *table;    /* of names, by number */
    size_t                             *left;     /* steps, while it lasts */
    const scoped_key_second_t          *found;    /* what is compared */
    unsigned                            failed:1; /* out of memory */
    unsigned                            many:1;
};


static scoped_key_param_e ngx_http_scoped_key_param_add(
    ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_collected_t *collected);
static scoped_key_param_e ngx_http_scoped_key_param_body(
    ngx_http_scoped_key_collector_t *collector);
static scoped_key_param_e ngx_http_scoped_key_param_text(
    ngx_http_scoped_key_collector_t *collector,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_http_scoped_key_collected_t *ngx_http_scoped_key_param_pairs(
    const ngx_http_scoped_key_param_ctx_t *pctx, const ngx_str_t *text,
    const scoped_key_names_t *names);
static ngx_uint_t ngx_http_scoped_key_param_push(
    const ngx_http_scoped_key_walk_t *walk, size_t n, scoped_key_str_t text);
static ngx_uint_t ngx_http_scoped_key_param_has_value(
    const ngx_http_scoped_key_collector_t *collector, scoped_key_str_t value);
static void *ngx_http_scoped_key_param_alloc(
    const ngx_http_scoped_key_param_ctx_t *pctx, size_t size);
static void *ngx_http_scoped_key_param_calloc(
    const ngx_http_scoped_key_param_ctx_t *pctx, size_t size);
static void *ngx_http_scoped_key_param_palloc(
    const ngx_http_scoped_key_param_ctx_t *pctx, size_t size)
    ngx_http_scoped_key_noinline;
static scoped_key_param_e ngx_http_scoped_key_param_second(
    const ngx_http_scoped_key_collector_t *collector,
    ngx_http_scoped_key_param_e type);
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
    const ngx_http_scoped_key_param_ctx_t *pctx);
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
    ngx_http_scoped_key_param_e type);
static scoped_key_param_e ngx_http_scoped_key_param_json(
    const ngx_http_scoped_key_param_ctx_t *pctx);
static ngx_http_scoped_key_collected_t *ngx_http_scoped_key_param_walk(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    const scoped_key_json_t *json);
static bool ngx_http_scoped_key_param_json_found(void *data, size_t n,
    scoped_key_str_t text, bool lasting);
static ngx_int_t ngx_http_scoped_key_param_inputs(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_int_t ngx_http_scoped_key_param_plain(
    const ngx_http_scoped_key_param_ctx_t *pctx, const ngx_str_t *variable);
static bool ngx_http_scoped_key_param_is_plain_one(void *data,
    scoped_key_str_t value);
static ngx_http_scoped_key_second_t *ngx_http_scoped_key_second_search(
    const ngx_http_scoped_key_param_ctx_t *pctx,
    ngx_http_scoped_key_param_e type);
static ngx_int_t ngx_http_scoped_key_second_names(
    ngx_http_scoped_key_second_t *second, const ngx_array_t *params,
    ngx_http_scoped_key_param_e type);
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
static ngx_int_t ngx_http_scoped_key_second_table(
    ngx_http_scoped_key_second_t *second);
static void ngx_http_scoped_key_second_whole(
    ngx_http_scoped_key_second_t *second);
static bool ngx_http_scoped_key_second_found(void *data,
    const scoped_key_second_t *found);
static void ngx_http_scoped_key_second_compare(void *data, size_t n);
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

    asked = ngx_http_scoped_key_ngx_str(name);

    param = ngx_http_scoped_key_param_find(pctx->skcf->params, &asked);
    if (param == NULL) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP,
                       pctx->request->connection->log, 0,
                       "scoped key: param \"%V\" is not declared here",
                       &asked);
        return SCOPED_KEY_PARAM_UNDECLARED;
    }

    if (pctx->values->params == NULL) {
        pctx->values->params = ngx_http_scoped_key_param_calloc(pctx,
                                pctx->skcf->params->list.nelts
                                * sizeof(ngx_http_scoped_key_param_result_t));

        if (pctx->values->params == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    first = pctx->skcf->params->list.elts;
    known = &pctx->values->params[param - first];

    if (!known->known) {
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

    if (collector->pctx->values->failed) {
        known->state = SCOPED_KEY_PARAM_ERROR;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP,
                   collector->pctx->request->connection->log, 0,
                   "scoped key: param \"%V\": %uz values, %s",
                   &collector->param->name, known->n,
                   ngx_http_scoped_key_param_states[known->state]);

    known->known = 1;
}


void
ngx_http_scoped_key_param_begin(ngx_http_scoped_key_values_t *values)
{
    /* the room is as it is */

    ngx_memzero(values, offsetof(ngx_http_scoped_key_values_t, room));
}


void
ngx_http_scoped_key_param_forget(ngx_http_scoped_key_values_t *values)
{
    if (values->pool) {
        ngx_destroy_pool(values->pool);
        values->pool = NULL;
    }
}


/* memory of the present decision, aligned for all; NULL: there is none */

static void *
ngx_http_scoped_key_param_alloc(const ngx_http_scoped_key_param_ctx_t *pctx,
    size_t size)
{
    u_char                        *p;
    ngx_http_scoped_key_values_t  *values;

    values = pctx->values;

    if (size > sizeof(values->room) - values->taken) {
        return ngx_http_scoped_key_param_palloc(pctx, size);
    }

    p = values->room + values->taken;
    values->taken += ngx_align(size, sizeof(uint64_t));

    return p;
}


static void *
ngx_http_scoped_key_param_palloc(const ngx_http_scoped_key_param_ctx_t *pctx,
    size_t size)
{
    void                          *p;
    ngx_http_scoped_key_values_t  *values;

    values = pctx->values;

    if (values->pool == NULL) {
        values->pool = ngx_create_pool(NGX_HTTP_SCOPED_KEY_DECISION_POOL_BYTES,
                                       pctx->request->connection->log);
    }

    p = values->pool ? ngx_palloc(values->pool, size) : NULL;

    if (p == NULL) {
        values->failed = 1;
    }

    return p;
}


static void *
ngx_http_scoped_key_param_calloc(const ngx_http_scoped_key_param_ctx_t *pctx,
    size_t size)
{
    void  *p;

    p = ngx_http_scoped_key_param_alloc(pctx, size);

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
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

    values = collector->pctx->values;

    if (values->args == NULL) {
        values->args = ngx_http_scoped_key_param_args(collector->pctx);

        if (values->args == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    return ngx_http_scoped_key_param_add(collector, &values->args[n]);
}


static ngx_http_scoped_key_collected_t *
ngx_http_scoped_key_param_args(const ngx_http_scoped_key_param_ctx_t *pctx)
{
    size_t                            i, n;
    ngx_http_request_t               *r;
    const scoped_key_names_t         *names;
    ngx_http_scoped_key_collected_t  *args;

    r = pctx->request;
    names = pctx->skcf->params->arg_names;

    args = ngx_http_scoped_key_param_pairs(pctx, &r->args, names);

    if (args == NULL || !ngx_http_scoped_key_duplicate_is_cut_off(r)) {
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
ngx_http_scoped_key_param_pairs(const ngx_http_scoped_key_param_ctx_t *pctx,
    const ngx_str_t *text, const scoped_key_names_t *names)
{
    bool                         refused[NGX_HTTP_SCOPED_KEY_MAX_PARAM_NAMES];
    size_t                       i, n;
    u_char                      *scratch;
    ngx_http_scoped_key_walk_t   walk;

    n = scoped_key_names_count(names);

    walk.pctx = pctx;
    walk.collected = ngx_http_scoped_key_param_calloc(pctx,
                                n * sizeof(ngx_http_scoped_key_collected_t));

    if (walk.collected == NULL || text->len == 0) {
        return walk.collected;
    }

    scratch = ngx_http_scoped_key_param_alloc(pctx, text->len);
    if (scratch == NULL) {
        return NULL;
    }

    ngx_memzero(refused, n * sizeof(bool));

    scoped_key_query_walk_names(ngx_http_scoped_key_str(text), names, scratch,
                                pctx->left, refused,
                                ngx_http_scoped_key_param_found, &walk);

    for (i = 0; i < n; i++) {
        walk.collected[i].refused = refused[i];
    }

    return walk.collected;
}


static bool
ngx_http_scoped_key_param_found(void *data, size_t n, scoped_key_str_t value)
{
    return ngx_http_scoped_key_param_push(data, n, value);
}


/*
 * One more value of a source.  False: out of memory, of which the decision's
 * values tell, or too many.
 */

static ngx_uint_t
ngx_http_scoped_key_param_push(const ngx_http_scoped_key_walk_t *walk,
    size_t n, scoped_key_str_t text)
{
    ngx_http_scoped_key_value_t      *value;
    ngx_http_scoped_key_collected_t  *collected;

    collected = &walk->collected[n];

    if (collected->n == NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
        return 0;
    }

    value = ngx_http_scoped_key_param_alloc(walk->pctx,
                                         sizeof(ngx_http_scoped_key_value_t));
    if (value == NULL) {
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


static scoped_key_param_e
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

    texts = ngx_http_scoped_key_param_alloc(collector->pctx,
                                            n * sizeof(scoped_key_str_t));
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


/*
 * How many pieces all values have, or some number over MAX_VALUES, of which
 * nothing comes; also when there are no steps left.
 */

static size_t
ngx_http_scoped_key_param_count(
    const ngx_http_scoped_key_collector_t *collector)
{
    size_t                              n, pieces, *left;
    ngx_uint_t                          i, k;
    const scoped_key_str_t             *text;
    const ngx_http_scoped_key_part_t   *part;
    const ngx_http_scoped_key_value_t  *value;

    left = collector->pctx->left;

    if (collector->param->split.len == 0) {
        return scoped_key_steps_spend(left, collector->n
                                      * NGX_HTTP_SCOPED_KEY_STEPS_TO_PLACE)
               ? collector->n : NGX_HTTP_SCOPED_KEY_MAX_VALUES + 1;
    }

    n = 0;
    value = NULL;
    part = collector->parts;

    for (i = 0; i < collector->nparts; i++) {
        for (k = 0; k < part[i].n && n <= NGX_HTTP_SCOPED_KEY_MAX_VALUES; k++)
        {
            text = ngx_http_scoped_key_param_next(&part[i], &value, k);
            pieces = ngx_http_scoped_key_param_split(collector->param, *text,
                                                     NULL);

            if (!scoped_key_steps_spend(left, text->len + pieces
                                     * NGX_HTTP_SCOPED_KEY_STEPS_TO_SPLIT))
            {
                return NGX_HTTP_SCOPED_KEY_MAX_VALUES + 1;
            }

            n += pieces;
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

        if (piece.len == text.len || n > NGX_HTTP_SCOPED_KEY_MAX_VALUES) {
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

    values = collector->pctx->values;

    if (values->body == NULL) {
        state = ngx_http_scoped_key_param_read(collector->pctx, type);

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

        collected = &collector->pctx->values->body[source[i].n];

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
    ngx_http_scoped_key_param_e type)
{
    size_t                         len;
    ngx_http_scoped_key_values_t  *values;

    len = pctx->ctx->body->text.len;

    if (len > NGX_HTTP_SCOPED_KEY_BODY_STEPS_FROM && *pctx->left != 0) {
        *pctx->left += (len - NGX_HTTP_SCOPED_KEY_BODY_STEPS_FROM)
                       * NGX_HTTP_SCOPED_KEY_BODY_STEPS_PER_BYTE;
    }

    if (type == NGX_HTTP_SCOPED_KEY_JSON) {
        return ngx_http_scoped_key_param_json(pctx);
    }

    values = pctx->values;
    values->body = ngx_http_scoped_key_param_pairs(pctx,
                                              &pctx->ctx->body->text,
                                              pctx->skcf->params->form_names);

    return values->body ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static scoped_key_param_e
ngx_http_scoped_key_param_json(const ngx_http_scoped_key_param_ctx_t *pctx)
{
    const scoped_key_json_t       *json;
    ngx_http_scoped_key_body_t    *body;
    ngx_http_scoped_key_values_t  *values;

    body = pctx->ctx->body;
    json = ngx_http_scoped_key_body_json(pctx->request, pctx->ctx);

    if (json == NULL) {

        if (body->error == SCOPED_KEY_JSON_NO_MEMORY) {
            return SCOPED_KEY_PARAM_ERROR;
        }

        pctx->ctx->unreadable = scoped_key_json_error_text(body->error);

        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    values = pctx->values;
    values->body = ngx_http_scoped_key_param_walk(pctx, json);

    return values->body ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


/* NULL: out of memory */

static ngx_http_scoped_key_collected_t *
ngx_http_scoped_key_param_walk(const ngx_http_scoped_key_param_ctx_t *pctx,
    const scoped_key_json_t *json)
{
    void                           *scratch;
    size_t                          i, n;
    scoped_key_json_path_t         *outcomes;
    const scoped_key_json_paths_t  *paths;
    ngx_http_scoped_key_walk_t      walk;

    paths = pctx->skcf->params->paths;
    n = pctx->skcf->params->pointers.nelts;

    scratch = ngx_http_scoped_key_param_alloc(pctx,
                                        scoped_key_json_paths_scratch(paths));
    outcomes = ngx_http_scoped_key_param_calloc(pctx,
                                         n * sizeof(scoped_key_json_path_t));

    walk.pctx = pctx;
    walk.collected = ngx_http_scoped_key_param_calloc(pctx,
                                n * sizeof(ngx_http_scoped_key_collected_t));

    if (scratch == NULL || outcomes == NULL || walk.collected == NULL) {
        return NULL;
    }

    scoped_key_json_walk_paths(json, paths, pctx->left, scratch, outcomes,
                               ngx_http_scoped_key_param_json_found, &walk);

    for (i = 0; i < n; i++) {
        walk.collected[i].refused = outcomes[i].refused;
        walk.collected[i].nul = outcomes[i].nul;
        walk.collected[i].empty = outcomes[i].empty;
        walk.collected[i].arrays = outcomes[i].arrays;
    }

    return walk.collected;
}


/* lasting: until the JSON is forgotten, once there is a decision */

static bool
ngx_http_scoped_key_param_json_found(void *data, size_t n,
    scoped_key_str_t text, bool lasting)
{
    ngx_http_scoped_key_walk_t *walk = data;

    u_char  *copy;

    if (!lasting) {
        copy = ngx_http_scoped_key_param_alloc(walk->pctx, text.len);
        if (copy == NULL) {
            return false;
        }

        ngx_memcpy(copy, text.data, text.len);
        text.data = copy;
    }

    return ngx_http_scoped_key_param_push(walk, n, text);
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

    switch (ngx_http_scoped_key_param_inputs(collector->pctx, source)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return SCOPED_KEY_PARAM_AMBIGUOUS;

    default:
        return SCOPED_KEY_PARAM_ERROR;
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

    *value = ngx_http_scoped_key_str(&text);

    part = &collector->parts[collector->nparts++];
    part->list = NULL;
    part->array = value;
    part->n = 1;
    collector->n++;

    return SCOPED_KEY_PARAM_VALUES;
}


/* NGX_DECLINED: its variables may stand for other values to an upstream */

static ngx_int_t
ngx_http_scoped_key_param_inputs(const ngx_http_scoped_key_param_ctx_t *pctx,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_int_t    rc;
    ngx_str_t   *variable;
    ngx_uint_t   i;

    if (source->variables == NULL) {
        return NGX_OK;
    }

    variable = source->variables->elts;

    for (i = 0; i < source->variables->nelts; i++) {

        rc = ngx_http_scoped_key_duplicate_check(pctx->request, &variable[i],
                                            pctx->left);
        if (rc == NGX_OK) {
            rc = ngx_http_scoped_key_param_plain(pctx, &variable[i]);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED: $arg_NAME, which nginx does not decode, is not what is read */

static ngx_int_t
ngx_http_scoped_key_param_plain(const ngx_http_scoped_key_param_ctx_t *pctx,
    const ngx_str_t *variable)
{
    u_char                     *scratch;
    scoped_key_str_t            sent, asked;
    ngx_http_request_t         *r;
    scoped_key_query_walk_e     walked;
    ngx_http_scoped_key_arg_t   arg;

    r = pctx->request;

    if (ngx_http_scoped_key_input_kind(variable, &arg.name)
            != NGX_HTTP_SCOPED_KEY_INPUT_ARG
        || r->args.len == 0)
    {
        return NGX_OK;
    }

    if (!ngx_http_scoped_key_duplicate_take_args(r, pctx->left)) {
        return NGX_DECLINED;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        return NGX_ERROR;
    }

    arg.request = r;
    sent = ngx_http_scoped_key_str(&r->args);
    asked = ngx_http_scoped_key_str(&arg.name);

    walked = scoped_key_query_walk(sent, asked, false, scratch,
                                   ngx_http_scoped_key_param_is_plain_one,
                                   &arg);

    (void) ngx_pfree(r->pool, scratch);

    return walked == SCOPED_KEY_QUERY_WALKED ? NGX_OK : NGX_DECLINED;
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
    text = ngx_http_scoped_key_str(&pctx->ctx->body->text);

    second = ngx_pcalloc(pool, sizeof(ngx_http_scoped_key_second_t));
    scratch = ngx_palloc(pool, text.len + 1);

    if (second == NULL || scratch == NULL
        || ngx_array_init(&second->finds, pool, 1,
                          sizeof(ngx_http_scoped_key_second_find_t))
           != NGX_OK
        || ngx_array_init(&second->wholes, pool, 1, sizeof(void *)) != NGX_OK
        || ngx_array_init(&second->names, pool, 8,
                          sizeof(ngx_http_scoped_key_second_name_t))
           != NGX_OK)
    {
        return NULL;
    }

    second->pool = pool;
    second->left = pctx->left;

    if (ngx_http_scoped_key_second_names(second, &pctx->skcf->params->list,
                                         type)
            != NGX_OK
        || ngx_http_scoped_key_second_table(second) != NGX_OK)
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

    if (*second->left == 0) {
        second->many = 1;
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

        if (ngx_http_scoped_key_param_has(&param[i],
                                          NGX_HTTP_SCOPED_KEY_FORM)
            && ngx_http_scoped_key_param_has(&param[i],
                                             NGX_HTTP_SCOPED_KEY_JSON)
            && ngx_http_scoped_key_second_sources(second, &param[i], other)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
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
    scoped_key_str_t                      text, token;
    const ngx_http_scoped_key_param_t   **whole;
    ngx_http_scoped_key_second_name_t    *name;

    text = ngx_http_scoped_key_str(&source->name);

    if (source->type == NGX_HTTP_SCOPED_KEY_JSON) {

        if (!scoped_key_second_pointer(text, &token)) {
            whole = ngx_array_push(&second->wholes);
            if (whole == NULL) {
                return NGX_ERROR;
            }

            *whole = param;

            return NGX_OK;
        }

        text = token;

        if (ngx_http_scoped_key_second_token(second, &text) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    name = ngx_array_push(&second->names);
    if (name == NULL) {
        return NGX_ERROR;
    }

    name->text = text;
    name->param = param;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_second_table(ngx_http_scoped_key_second_t *second)
{
    void                               *memory;
    ngx_uint_t                          i, n;
    scoped_key_str_t                   *list;
    ngx_http_scoped_key_second_name_t  *name;

    n = second->names.nelts;
    name = second->names.elts;

    list = ngx_palloc(second->pool, n * sizeof(scoped_key_str_t));
    memory = ngx_palloc(second->pool, scoped_key_names_bytes(n));

    if (list == NULL || memory == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        list[i] = name[i].text;
    }

    second->table = scoped_key_names_build(memory, list, n);

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


/* params whose value may be the whole body */

static void
ngx_http_scoped_key_second_whole(ngx_http_scoped_key_second_t *second)
{
    ngx_uint_t                            i;
    scoped_key_second_t                   found;
    const ngx_http_scoped_key_param_t   **param;

    ngx_memzero(&found, sizeof(scoped_key_second_t));

    param = second->wholes.elts;

    for (i = 0; i < second->wholes.nelts; i++) {
        ngx_http_scoped_key_second_push(second, param[i], &found);
    }
}


/* a scoped_key_second_pt; false: it is of no use to go on */

static bool
ngx_http_scoped_key_second_found(void *data, const scoped_key_second_t *found)
{
    ngx_http_scoped_key_second_t *second = data;

    ngx_uint_t  i;

    second->found = found;

    if (scoped_key_name_is_proto(found->name)) {

        for (i = 0; i < second->names.nelts; i++) {
            ngx_http_scoped_key_second_compare(second, i);
        }

    } else {
        scoped_key_names_candidates(second->table, found->name, second->left,
                                    ngx_http_scoped_key_second_compare,
                                    second);
    }

    return !second->failed && !second->many && *second->left != 0;
}


/* a scoped_key_names_candidate_pt: what was found, with name n */

static void
ngx_http_scoped_key_second_compare(void *data, size_t n)
{
    ngx_http_scoped_key_second_t *second = data;

    ngx_http_scoped_key_second_name_t  *name;

    name = (ngx_http_scoped_key_second_name_t *) second->names.elts + n;

    if (scoped_key_steps_spend(second->left,
                               scoped_key_name_steps(second->found->name,
                                                     name->text))
        && scoped_key_second_is(second->found, name->text))
    {
        ngx_http_scoped_key_second_push(second, name->param, second->found);
    }
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
