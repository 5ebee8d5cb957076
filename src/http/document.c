/*
 * Where a document may stand: in ?query= of a GET without a body; else in the
 * body, as JSON or as itself.  Both at once are refused, and so are mutations
 * by GET, which a link could make somebody send.
 * Invariant: texts are not copied but those of JSON, once each; fields point
 * into them.
 */

#include "document.h"
#include "body.h"
#include "document_id.h"
#include "../core/query.h"


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_scoped_key_document_t  *document;
    ngx_uint_t                       n;      /* documents read */
} ngx_http_scoped_key_reading_t;


static scoped_key_param_e ngx_http_scoped_key_document_read(
    ngx_http_scoped_key_reading_t *reading,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_document_query(
    ngx_http_scoped_key_reading_t *reading);
static ngx_int_t ngx_http_scoped_key_document_body(
    ngx_http_scoped_key_reading_t *reading, ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_document_json(
    ngx_http_scoped_key_reading_t *reading, const scoped_key_json_t *json);
static bool ngx_http_scoped_key_document_keep(void *data,
    scoped_key_str_t text);
static bool ngx_http_scoped_key_document_scan(void *data,
    scoped_key_str_t text);
static bool ngx_http_scoped_key_document_operation(void *data,
    scoped_key_graphql_operation_e type);
static bool ngx_http_scoped_key_document_field(void *data,
    scoped_key_str_t name);


scoped_key_param_e
ngx_http_scoped_key_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_param_e               state;
    ngx_http_scoped_key_reading_t    reading;
    ngx_http_scoped_key_document_t  *document;

    if (ctx->document) {
        return ctx->document->state;
    }

    if (r->headers_in.upgrade) {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    state = ngx_http_scoped_key_body(r, skcf, ctx);

    if (state != SCOPED_KEY_PARAM_VALUES) {
        return state;
    }

    document = ngx_pcalloc(r->pool, sizeof(ngx_http_scoped_key_document_t));

    if (document == NULL
        || ngx_array_init(&document->operations, r->pool, 1,
                          sizeof(scoped_key_str_t))
           != NGX_OK
        || ngx_array_init(&document->fields, r->pool, 4,
                          sizeof(scoped_key_str_t))
           != NGX_OK)
    {
        return SCOPED_KEY_PARAM_ERROR;
    }

    reading.request = r;
    reading.document = document;
    reading.n = 0;

    document->state = ngx_http_scoped_key_document_read(&reading, skcf, ctx);

    if (document->failed) {
        document->state = SCOPED_KEY_PARAM_ERROR;
    }

    ctx->document = document;

    return document->state;
}


static scoped_key_param_e
ngx_http_scoped_key_document_read(ngx_http_scoped_key_reading_t *reading,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_uint_t  in_query, reads;

    reads = reading->request->method & (NGX_HTTP_GET|NGX_HTTP_HEAD);

    if (ngx_http_scoped_key_document_query(reading) != NGX_OK) {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    in_query = reading->n;

    if (ctx->body->type != NGX_HTTP_SCOPED_KEY_BODY_NONE
        && (reads
            || ngx_http_scoped_key_document_body(reading, ctx) != NGX_OK))
    {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    if (reading->n == 0
        || (in_query && !reads)
        || (reads && reading->document->mutates))
    {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return SCOPED_KEY_PARAM_VALUES;
}


static ngx_int_t
ngx_http_scoped_key_document_query(ngx_http_scoped_key_reading_t *reading)
{
    u_char              *values;
    scoped_key_str_t     text;
    ngx_http_request_t  *r;

    static const scoped_key_str_t  name = scoped_key_str("query");

    r = reading->request;

    /* as for params: what stands behind a `#` may be an argument too */

    if (ngx_strlchr(r->unparsed_uri.data,
                    r->unparsed_uri.data + r->unparsed_uri.len, '#'))
    {
        return NGX_ERROR;
    }

    if (r->args.len == 0) {
        return NGX_OK;
    }

    /* documents stay where they are decoded; all else may be overwritten */

    values = ngx_pnalloc(r->pool, 2 * r->args.len);
    if (values == NULL) {
        reading->document->failed = 1;
        return NGX_ERROR;
    }

    text.len = r->args.len;
    text.data = r->args.data;

    if (scoped_key_query_walk(text, name, true, values,
                              ngx_http_scoped_key_document_scan, reading)
        != SCOPED_KEY_QUERY_WALKED)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_document_id_in_args(text, values + text.len)
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_document_body(ngx_http_scoped_key_reading_t *reading,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_str_t          text;
    const scoped_key_json_t  *json;

    if (ctx->body->type == NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL) {
        text.len = ctx->body->text.len;
        text.data = ctx->body->text.data;

        return ngx_http_scoped_key_document_scan(reading, text) ? NGX_OK
                                                                : NGX_ERROR;
    }

    if (ctx->body->type != NGX_HTTP_SCOPED_KEY_BODY_JSON) {
        return NGX_ERROR;
    }

    json = ngx_http_scoped_key_body_json(reading->request, ctx);
    return json ? ngx_http_scoped_key_document_json(reading, json) : NGX_ERROR;
}


static ngx_int_t
ngx_http_scoped_key_document_json(ngx_http_scoped_key_reading_t *reading,
    const scoped_key_json_t *json)
{
    bool        batch;
    ngx_uint_t  n;

    static const scoped_key_str_t  one = scoped_key_str("/query");
    static const scoped_key_str_t  each = scoped_key_str("/*/query");

    n = reading->n;
    batch = (scoped_key_json_type(json) == SCOPED_KEY_JSON_ARRAY);

    if (scoped_key_json_walk(json, batch ? each : one,
                             ngx_http_scoped_key_document_keep, reading)
        != SCOPED_KEY_JSON_WALKED)
    {
        return NGX_ERROR;
    }

    /* a hash of a document that only the server has says nothing to us */

    return reading->n == n || ngx_http_scoped_key_document_id_in_json(json)
           ? NGX_ERROR : NGX_OK;
}


/* a copy: the text of a JSON string lives only during the walk */

static bool
ngx_http_scoped_key_document_keep(void *data, scoped_key_str_t text)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    u_char  *p;

    p = ngx_pnalloc(reading->request->pool, text.len + 1);
    if (p == NULL) {
        reading->document->failed = 1;
        return false;
    }

    ngx_memcpy(p, text.data, text.len);
    text.data = p;

    return ngx_http_scoped_key_document_scan(reading, text);
}


static bool
ngx_http_scoped_key_document_scan(void *data, scoped_key_str_t text)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    scoped_key_graphql_sink_t  sink;

    if (reading->n == NGX_HTTP_SCOPED_KEY_MAX_DOCUMENTS) {
        return false;
    }

    reading->n++;

    sink.operation = ngx_http_scoped_key_document_operation;
    sink.field = ngx_http_scoped_key_document_field;
    sink.data = reading;

    return scoped_key_graphql_scan(text, &sink) == SCOPED_KEY_GRAPHQL_READ;
}


static bool
ngx_http_scoped_key_document_operation(void *data,
    scoped_key_graphql_operation_e type)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    scoped_key_str_t  *operation;

    operation = ngx_array_push(&reading->document->operations);
    if (operation == NULL) {
        reading->document->failed = 1;
        return false;
    }

    *operation = scoped_key_graphql_operation_name(type);

    if (type == SCOPED_KEY_GRAPHQL_MUTATION) {
        reading->document->mutates = 1;
    }

    return true;
}


static bool
ngx_http_scoped_key_document_field(void *data, scoped_key_str_t name)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    scoped_key_str_t  *field;

    if (reading->document->fields.nelts == NGX_HTTP_SCOPED_KEY_MAX_FIELDS) {
        return false;
    }

    field = ngx_array_push(&reading->document->fields);
    if (field == NULL) {
        reading->document->failed = 1;
        return false;
    }

    *field = name;

    return true;
}
