/*
 * Where a document may be: in ?query= of a GET without a body; else in the
 * body, as JSON or as itself. Both at once are refused, and so are mutations
 * by GET, which a link could make somebody send.
 * Beside a document, ids of documents that a server keeps are looked for by
 * name: some servers run the one, some the other, and only one of them was
 * read. Automatic persisted queries are let be: extensions.persistedQuery
 * holds the hash of the document beside it, and servers compare the two; or
 * the hash alone, and clients send the document when they hear that it is
 * unknown.
 * Invariants: strings are not copied but those of JSON, once each, and
 * fields point into them; another spelling of a name is that name; what is
 * unreadable says why, in constant words.
 */

#include "document.h"
#include "body.h"
#include "duplicate.h"
#include "memory.h"
#include "../core/query.h"
#include "../core/name_match.h"
#include "../core/json.h"

#include <ngx_config.h>
#include <ngx_core.h>


/* of one request: what a batch asks for counts together */
#define NGX_HTTP_SCOPED_KEY_MAX_DOCUMENTS  64
#define NGX_HTTP_SCOPED_KEY_MAX_FIELDS     4096   /* at the roots */

/* what a member of a request in JSON is, that it may not be */
typedef struct {
    const char        *what;   /* for the log: static, ends in a space */
    scoped_key_str_t   name;   /* which it is, or is like: static */
} ngx_http_scoped_key_document_fault_t;

/* why a request is unreadable; a document's own error is the longest */
#define NGX_HTTP_SCOPED_KEY_DOCUMENT_ERROR_BYTES  96

typedef struct {
    ngx_http_request_t              *request;
    ngx_http_scoped_key_document_t  *document;
    ngx_uint_t                       n;      /* documents read */
} ngx_http_scoped_key_reading_t;

#define NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS                                      \
    (sizeof(ngx_http_scoped_key_document_ids) / sizeof(scoped_key_str_t))

#define NGX_HTTP_SCOPED_KEY_DOCUMENT_MEMBERS                                  \
    (sizeof(ngx_http_scoped_key_document_members) / sizeof(scoped_key_str_t))


static ngx_uint_t ngx_http_scoped_key_persisted_id_in_args(
    scoped_key_str_t text,
    u_char *scratch);
static ngx_uint_t ngx_http_scoped_key_persisted_id_is(scoped_key_str_t name,
    const scoped_key_json_t *value,
    ngx_http_scoped_key_document_fault_t *fault);
static ngx_uint_t ngx_http_scoped_key_persisted_hash_in_json(
    const scoped_key_json_t *json);
static ngx_uint_t ngx_http_scoped_key_persisted_hash_in_args(
    scoped_key_str_t text,
    u_char *scratch);
static ngx_http_scoped_key_document_t *ngx_http_scoped_key_document_create(
    ngx_pool_t *pool);
static ngx_int_t ngx_http_scoped_key_document_read(
    ngx_http_scoped_key_reading_t *reading, ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_document_unfit(
    ngx_http_scoped_key_reading_t *reading);
static ngx_int_t ngx_http_scoped_key_document_query(
    ngx_http_scoped_key_reading_t *reading);
static ngx_int_t ngx_http_scoped_key_document_body(
    ngx_http_scoped_key_reading_t *reading, ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_document_json(
    ngx_http_scoped_key_reading_t *reading, const scoped_key_json_t *json);
static bool ngx_http_scoped_key_document_element(void *data,
    scoped_key_str_t name, const scoped_key_json_t *value);
static bool ngx_http_scoped_key_document_member(void *data,
    scoped_key_str_t name, const scoped_key_json_t *value);
static ngx_int_t ngx_http_scoped_key_document_none(
    ngx_http_scoped_key_reading_t *reading, const scoped_key_json_t *json);
static ngx_uint_t ngx_http_scoped_key_persisted_hash_in_query(
    ngx_http_scoped_key_reading_t *reading);
static bool ngx_http_scoped_key_document_store(
    ngx_http_scoped_key_reading_t *reading, scoped_key_str_t text);
static bool ngx_http_scoped_key_document_scan(void *data,
    scoped_key_str_t text);
static bool ngx_http_scoped_key_document_operation(void *data,
    scoped_key_graphql_operation_e type);
static bool ngx_http_scoped_key_document_field(void *data,
    scoped_key_str_t name);
static ngx_int_t ngx_cdecl ngx_http_scoped_key_document_refuse(
    ngx_http_scoped_key_reading_t *reading, const char *fmt, ...);
static ngx_uint_t ngx_http_scoped_key_persisted_id_arg(scoped_key_str_t text,
    scoped_key_str_t name, u_char *scratch, scoped_key_query_found_pt found);
static bool ngx_http_scoped_key_persisted_id_found(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_persisted_id_extensions(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_persisted_id_name(void *data,
    scoped_key_str_t name, const scoped_key_json_t *value);
static ngx_uint_t ngx_http_scoped_key_persisted_id_is_variant(
    scoped_key_str_t name, ngx_http_scoped_key_document_fault_t *fault);
static bool ngx_http_scoped_key_persisted_hash_extensions(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_persisted_hash_found(void *data,
    scoped_key_str_t value);


/* by which servers and their clients' libraries take them */

static const scoped_key_str_t  ngx_http_scoped_key_document_ids[] = {
    scoped_key_str("id"),
    scoped_key_str("hash"),
    scoped_key_str("docId"),
    scoped_key_str("doc_id"),
    scoped_key_str("documentId"),
    scoped_key_str("document_id"),
    scoped_key_str("queryId"),
    scoped_key_str("query_id"),
    scoped_key_str("queryHash"),
    scoped_key_str("query_hash"),
    scoped_key_str("operationId"),
    scoped_key_str("operation_id"),
    scoped_key_str("sha256Hash")
};

static const scoped_key_str_t  ngx_http_scoped_key_document_members[] = {
    scoped_key_str("query"),
    scoped_key_str("operationName"),
    scoped_key_str("variables"),
    scoped_key_str("extensions")
};

/* what it holds may be an id like the members around it */
static const scoped_key_str_t  ngx_http_scoped_key_extensions =
    scoped_key_str("extensions");


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

    state = r->headers_in.upgrade ? SCOPED_KEY_PARAM_UNREADABLE
                                  : ngx_http_scoped_key_body(r, skcf, ctx);

    if (state != SCOPED_KEY_PARAM_VALUES
        && state != SCOPED_KEY_PARAM_UNREADABLE)
    {
        return state;
    }

    document = ngx_http_scoped_key_document_create(r->pool);

    if (document == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    reading.request = r;
    reading.document = document;
    reading.n = 0;

    if (state == SCOPED_KEY_PARAM_UNREADABLE) {
        (void) ngx_http_scoped_key_document_unfit(&reading);

    } else if (ngx_http_scoped_key_document_read(&reading, ctx) != NGX_OK) {
        state = SCOPED_KEY_PARAM_UNREADABLE;
    }

    document->state = document->failed ? SCOPED_KEY_PARAM_ERROR : state;

    ctx->document = document;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: GraphQL: %ui types of operations, %ui root "
                   "fields, %s%V", document->operations.nelts,
                   document->fields.nelts,
                   document->mutates ? "writes " : "reads ",
                   &document->error);

    return document->state;
}


static ngx_http_scoped_key_document_t *
ngx_http_scoped_key_document_create(ngx_pool_t *pool)
{
    ngx_http_scoped_key_document_t  *document;

    document = ngx_pcalloc(pool, sizeof(ngx_http_scoped_key_document_t));

    if (document == NULL
        || ngx_array_init(&document->operations, pool, 1,
                          sizeof(scoped_key_str_t))
           != NGX_OK
        || ngx_array_init(&document->fields, pool, 4,
                          sizeof(scoped_key_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return document;
}


/* whatever the body says */

static ngx_int_t
ngx_http_scoped_key_document_unfit(ngx_http_scoped_key_reading_t *reading)
{
    if (reading->request->headers_in.upgrade) {
        return ngx_http_scoped_key_document_refuse(reading,
                                                   "request to upgrade");
    }

    return ngx_http_scoped_key_document_refuse(reading,
                                           "Content-Type or Content-Encoding");
}


static ngx_int_t
ngx_http_scoped_key_document_read(ngx_http_scoped_key_reading_t *reading,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_uint_t  body, reads;

    body = (ctx->body->type != NGX_HTTP_SCOPED_KEY_BODY_NONE);
    reads = reading->request->method & (NGX_HTTP_GET|NGX_HTTP_HEAD);

    if (ngx_http_scoped_key_document_query(reading) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reading->n && !reads) {
        return ngx_http_scoped_key_document_refuse(reading,
                                                   "?query= without GET");
    }

    if (body && reads) {
        return ngx_http_scoped_key_document_refuse(reading, "GET with a body");
    }

    if (body) {
        return ngx_http_scoped_key_document_body(reading, ctx);
    }

    if (reading->n == 0) {
        return ngx_http_scoped_key_document_none(reading, NULL);
    }

    if (reading->document->mutates) {
        return ngx_http_scoped_key_document_refuse(reading, "mutation by GET");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_document_query(ngx_http_scoped_key_reading_t *reading)
{
    u_char              *values;
    ngx_uint_t           has_id;
    scoped_key_str_t     text;
    ngx_http_request_t  *r;

    static const scoped_key_str_t  name = scoped_key_str("query");

    r = reading->request;

    if (ngx_http_scoped_key_duplicate_is_cut_off(r)) {
        return ngx_http_scoped_key_document_refuse(reading,
                                                   "# in the request line");
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

    text = ngx_http_scoped_key_str(&r->args);

    if (scoped_key_query_walk(text, name, true, values,
                              ngx_http_scoped_key_document_scan, reading)
        != SCOPED_KEY_QUERY_WALKED)
    {
        return ngx_http_scoped_key_document_refuse(reading,
                                              "another spelling of ?query=");
    }

    ngx_http_scoped_key_memory_watch();

    has_id = ngx_http_scoped_key_persisted_id_in_args(text, values + text.len);

    if (!ngx_http_scoped_key_memory_sufficed()) {
        reading->document->failed = 1;
        return NGX_ERROR;
    }

    if (has_id) {
        return ngx_http_scoped_key_document_refuse(reading,
                                "id of a stored document in the query string");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_document_body(ngx_http_scoped_key_reading_t *reading,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_str_t          text;
    const scoped_key_json_t  *json;

    switch (ctx->body->type) {

    case NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL:
        text = ngx_http_scoped_key_str(&ctx->body->text);

        return ngx_http_scoped_key_document_scan(reading, text) ? NGX_OK
                                                                : NGX_ERROR;

    case NGX_HTTP_SCOPED_KEY_BODY_JSON:
        json = ngx_http_scoped_key_body_json(reading->request, ctx);

        if (json) {
            return ngx_http_scoped_key_document_json(reading, json);
        }

        if (ctx->body->error == SCOPED_KEY_JSON_NO_MEMORY) {
            reading->document->failed = 1;
        }

        return ngx_http_scoped_key_document_refuse(reading, "no valid JSON");

    default:
        return ngx_http_scoped_key_document_unfit(reading);
    }
}


static ngx_int_t
ngx_http_scoped_key_document_json(ngx_http_scoped_key_reading_t *reading,
    const scoped_key_json_t *json)
{
    if (scoped_key_json_type(json) == SCOPED_KEY_JSON_ARRAY) {

        if (!scoped_key_json_each(json, ngx_http_scoped_key_document_element,
                                  reading))
        {
            return NGX_ERROR;
        }

    } else if (scoped_key_json_type(json) == SCOPED_KEY_JSON_OBJECT
               && !scoped_key_json_each(json,
                                        ngx_http_scoped_key_document_member,
                                        reading))
    {
        return NGX_ERROR;
    }

    return reading->n ? NGX_OK
                      : ngx_http_scoped_key_document_none(reading, json);
}


/* of a batch: each has a document */

static bool
ngx_http_scoped_key_document_element(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    ngx_uint_t  n;

    n = reading->n;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_OBJECT
        && !scoped_key_json_each(value, ngx_http_scoped_key_document_member,
                                 reading))
    {
        return false;
    }

    if (reading->n == n) {
        (void) ngx_http_scoped_key_document_refuse(reading,
                                         "document %ui: none", n + 1);
        return false;
    }

    return true;
}


static bool
ngx_http_scoped_key_document_member(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    ngx_http_scoped_key_document_fault_t  fault;

    static const scoped_key_str_t  query = scoped_key_str("query");

    if (scoped_key_str_equal(name, query)) {

        if (scoped_key_json_type(value) == SCOPED_KEY_JSON_STRING) {
            return ngx_http_scoped_key_document_store(reading,
                                               scoped_key_json_string(value));
        }

        (void) ngx_http_scoped_key_document_refuse(reading,
                                                   "query is no string");
        return false;
    }

    if (ngx_http_scoped_key_persisted_id_is(name, value, &fault)) {
        (void) ngx_http_scoped_key_document_refuse(reading, "%s%*s",
                                                   fault.what, fault.name.len,
                                                   fault.name.data);
        return false;
    }

    return true;
}


/*
 * A hash of a document that only the server has says nothing to us; but its
 * client is one that sends the document when it is told so.
 */

static ngx_int_t
ngx_http_scoped_key_document_none(ngx_http_scoped_key_reading_t *reading,
    const scoped_key_json_t *json)
{
    if (json ? !ngx_http_scoped_key_persisted_hash_in_json(json)
             : !ngx_http_scoped_key_persisted_hash_in_query(reading))
    {
        return ngx_http_scoped_key_document_refuse(reading, "no document");
    }

    reading->document->persisted = 1;

    return ngx_http_scoped_key_document_refuse(reading,
                               "hash of a persisted query without a document");
}


static ngx_uint_t
ngx_http_scoped_key_persisted_hash_in_query(
    ngx_http_scoped_key_reading_t *reading)
{
    u_char              *scratch;
    ngx_uint_t           has_hash;
    scoped_key_str_t     text;
    ngx_http_request_t  *r;

    r = reading->request;

    if (r->args.len == 0 || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return 0;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        reading->document->failed = 1;
        return 0;
    }

    text = ngx_http_scoped_key_str(&r->args);

    ngx_http_scoped_key_memory_watch();

    has_hash = ngx_http_scoped_key_persisted_hash_in_args(text, scratch);

    if (!ngx_http_scoped_key_memory_sufficed()) {
        reading->document->failed = 1;
        return 0;
    }

    return has_hash;
}


/* a copy: JSON is given back once there is a decision */

static bool
ngx_http_scoped_key_document_store(ngx_http_scoped_key_reading_t *reading,
    scoped_key_str_t text)
{
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

    scoped_key_graphql_sink_t   sink;
    scoped_key_graphql_error_t  error;

    if (reading->n == NGX_HTTP_SCOPED_KEY_MAX_DOCUMENTS) {
        (void) ngx_http_scoped_key_document_refuse(reading,
                                                   "too many documents");
        return false;
    }

    reading->n++;

    sink.operation = ngx_http_scoped_key_document_operation;
    sink.field = ngx_http_scoped_key_document_field;
    sink.data = reading;

    switch (scoped_key_graphql_scan(text, &sink, &error)) {

    case SCOPED_KEY_GRAPHQL_READ:
        return true;

    case SCOPED_KEY_GRAPHQL_REFUSED:
        (void) ngx_http_scoped_key_document_refuse(reading,
                                "document %ui: %s at byte %uz", reading->n,
                                scoped_key_graphql_error_text(error.code),
                                error.at);
        return false;

    default:
        return false;
    }
}


static bool
ngx_http_scoped_key_document_operation(void *data,
    scoped_key_graphql_operation_e type)
{
    ngx_http_scoped_key_reading_t  *reading = data;

    scoped_key_str_t  *operation;

    if (reading->document->types & ((ngx_uint_t) 1 << type)) {
        return true;
    }

    reading->document->types |= (ngx_uint_t) 1 << type;

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
        (void) ngx_http_scoped_key_document_refuse(reading,
                                                   "too many root fields");
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


/* what was noticed first is what is told */

static ngx_int_t ngx_cdecl
ngx_http_scoped_key_document_refuse(ngx_http_scoped_key_reading_t *reading,
    const char *fmt, ...)
{
    u_char     *p;
    va_list     args;
    ngx_str_t  *error;

    error = &reading->document->error;

    if (error->len) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(reading->request->pool,
                    NGX_HTTP_SCOPED_KEY_DOCUMENT_ERROR_BYTES);
    if (p == NULL) {
        reading->document->failed = 1;
        return NGX_ERROR;
    }

    error->data = p;

    va_start(args, fmt);
    p = ngx_vslprintf(p, p + NGX_HTTP_SCOPED_KEY_DOCUMENT_ERROR_BYTES, fmt,
                      args);
    va_end(args);

    error->len = p - error->data;

    return NGX_ERROR;
}


/*
 * Whether a query string has an id, or what could be taken for one, also
 * within `extensions`.  scratch: as many bytes as text has; overwritten.
 */

static ngx_uint_t
ngx_http_scoped_key_persisted_id_in_args(scoped_key_str_t text, u_char *scratch)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS; i++) {

        if (ngx_http_scoped_key_persisted_id_arg(text,
                                        ngx_http_scoped_key_document_ids[i],
                                        scratch,
                                        ngx_http_scoped_key_persisted_id_found))
        {
            return 1;
        }
    }

    return ngx_http_scoped_key_persisted_id_arg(text,
                                   ngx_http_scoped_key_extensions, scratch,
                                   ngx_http_scoped_key_persisted_id_extensions);
}


static ngx_uint_t
ngx_http_scoped_key_persisted_id_arg(scoped_key_str_t text,
    scoped_key_str_t name, u_char *scratch, scoped_key_query_found_pt found)
{
    return scoped_key_query_walk(text, name, true, scratch, found, NULL)
           != SCOPED_KEY_QUERY_WALKED;
}


static bool
ngx_http_scoped_key_persisted_id_found(void *data, scoped_key_str_t value)
{
    return false;
}


/* as JSON, the way they stand in a query string */

static bool
ngx_http_scoped_key_persisted_id_extensions(void *data, scoped_key_str_t value)
{
    bool                none;
    scoped_key_json_t  *json;

    json = scoped_key_json_parse(value);
    if (json == NULL) {
        return false;
    }

    none = scoped_key_json_each(json, ngx_http_scoped_key_persisted_id_name,
                                NULL);

    scoped_key_json_free(json);

    return none;
}


/*
 * Whether a member of an object, or of its `extensions`, is such an id, or is
 * query, operationName, variables or extensions in another spelling.
 */

static ngx_uint_t
ngx_http_scoped_key_persisted_id_is(scoped_key_str_t name,
    const scoped_key_json_t *value,
    ngx_http_scoped_key_document_fault_t *fault)
{
    if (!ngx_http_scoped_key_persisted_id_name(fault, name, value)
        || ngx_http_scoped_key_persisted_id_is_variant(name, fault))
    {
        return 1;
    }

    return scoped_key_str_equal(name, ngx_http_scoped_key_extensions)
           && !scoped_key_json_each(value,
                                    ngx_http_scoped_key_persisted_id_name,
                                    fault);
}


/* false: it is one; data: what is then filled in, or NULL */

static bool
ngx_http_scoped_key_persisted_id_name(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    ngx_http_scoped_key_document_fault_t  *fault = data;

    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS; i++) {

        if (scoped_key_name_match(name,
                                  ngx_http_scoped_key_document_ids[i],
                                  SCOPED_KEY_NAME_MEMBER)
            == SCOPED_KEY_NAME_OTHER)
        {
            continue;
        }

        if (fault) {
            fault->what = "id of a stored document, ";
            fault->name = ngx_http_scoped_key_document_ids[i];
        }

        return false;
    }

    return true;
}


static ngx_uint_t
ngx_http_scoped_key_persisted_id_is_variant(scoped_key_str_t name,
    ngx_http_scoped_key_document_fault_t *fault)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_MEMBERS; i++) {

        if (scoped_key_name_match(name,
                                  ngx_http_scoped_key_document_members[i],
                                  SCOPED_KEY_NAME_MEMBER)
            == SCOPED_KEY_NAME_SUSPECT)
        {
            fault->what = "another spelling of ";
            fault->name = ngx_http_scoped_key_document_members[i];

            return 1;
        }
    }

    return 0;
}


/*
 * Whether there is the hash of an automatic persisted query: in an object, or
 * in a query string.  scratch: as above.
 */

static ngx_uint_t
ngx_http_scoped_key_persisted_hash_in_json(const scoped_key_json_t *json)
{
    ngx_uint_t  n;

    static const scoped_key_str_t  hash =
        scoped_key_str("/extensions/persistedQuery/sha256Hash");

    n = 0;

    return scoped_key_json_walk(json, hash,
                                ngx_http_scoped_key_persisted_hash_found, &n)
           == SCOPED_KEY_JSON_WALKED
           && n == 1;
}


static ngx_uint_t
ngx_http_scoped_key_persisted_hash_in_args(scoped_key_str_t text,
    u_char *scratch)
{
    ngx_uint_t  n;

    n = 0;

    return scoped_key_query_walk(text, ngx_http_scoped_key_extensions, true,
                                 scratch,
                                 ngx_http_scoped_key_persisted_hash_extensions,
                                 &n)
           == SCOPED_KEY_QUERY_WALKED
           && n == 1;
}


static bool
ngx_http_scoped_key_persisted_hash_extensions(void *data,
    scoped_key_str_t value)
{
    scoped_key_json_t       *json;
    scoped_key_json_walk_e   walked;

    static const scoped_key_str_t  hash =
        scoped_key_str("/persistedQuery/sha256Hash");

    json = scoped_key_json_parse(value);
    if (json == NULL) {
        return false;
    }

    walked = scoped_key_json_walk(json, hash,
                                  ngx_http_scoped_key_persisted_hash_found,
                                  data);
    scoped_key_json_free(json);

    return walked == SCOPED_KEY_JSON_WALKED;
}


static bool
ngx_http_scoped_key_persisted_hash_found(void *data, scoped_key_str_t value)
{
    ngx_uint_t *n = data;

    (*n)++;

    return value.len != 0;
}
