/*
 * The second and the third module of this library.  The second has header
 * and body filters that dress a refusal on its way to the client, before all
 * others, and one that sees a request's body while the access handler reads
 * it.  The status was returned to the phase engine and has become nginx's own
 * error page by now; where an error_page took over, only the headers are
 * added.  The third has a header filter after all others, just before the
 * header is written.  Decides nothing.
 */

#include "body.h"
#include "context.h"
#include "document.h"
#include "answer.h"


static ngx_int_t ngx_http_scoped_key_filter_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_scoped_key_last_filter_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_scoped_key_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_last_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_scoped_key_request_body_filter(
    ngx_http_request_t *r, ngx_chain_t *in);
static ngx_int_t ngx_http_scoped_key_filter_replace(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx) ngx_http_scoped_key_noinline;
static ngx_int_t ngx_http_scoped_key_filter_refusal_headers(
    ngx_http_request_t *r, ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_filter_body(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_str_t *type);
static ngx_int_t ngx_http_scoped_key_filter_hints(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_uint_t ngx_http_scoped_key_filter_is_grpc(ngx_http_request_t *r);
static void ngx_http_scoped_key_filter_ok(ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_filter_grpc(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_filter_no_body(ngx_http_request_t *r);
static const char *ngx_http_scoped_key_filter_grpc_status(
    const ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_filter_unsupported(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_filter_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx);
static ngx_int_t ngx_http_scoped_key_filter_add(ngx_http_request_t *r,
    const char *key, const char *value);
static ngx_table_elt_t *ngx_http_scoped_key_filter_push(ngx_http_request_t *r);


static ngx_http_module_t  ngx_http_scoped_key_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_scoped_key_filter_init,       /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_scoped_key_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_scoped_key_filter_module_ctx, /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_module_t  ngx_http_scoped_key_last_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_scoped_key_last_filter_init,  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_scoped_key_last_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_scoped_key_last_filter_module_ctx, /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_header_filter_pt  ngx_http_written_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;
static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;


static ngx_int_t
ngx_http_scoped_key_header_filter(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    /* the way of nearly every response */

    if (r->headers_out.status < NGX_HTTP_BAD_REQUEST || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_scoped_key_ctx_find(r);

    if (ctx && ctx->answering && ctx->status == r->headers_out.status) {
        ctx->answering = 0;

        if (ngx_http_scoped_key_filter_refusal_headers(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_scoped_key_filter_refusal_headers(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_loc_conf_t  *skcf;

    static const ngx_str_t  problem_json =
        ngx_string("application/problem+json");

    if (ngx_http_scoped_key_filter_add(r, "Cache-Control", "no-store")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* an internal redirect to an error_page has zeroed r->ctx */

    if (ngx_http_scoped_key_ctx(r)) {

        if (ngx_http_scoped_key_filter_is_grpc(r)) {
            return ngx_http_scoped_key_filter_grpc(r, ctx);
        }

        if (ctx->document && ctx->document->unsupported) {
            ngx_http_scoped_key_filter_unsupported(r, ctx);
            return NGX_OK;
        }
    }

    if (ngx_http_scoped_key_filter_hints(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    if (ngx_http_scoped_key_ctx(r) == NULL
        || skcf->error_body != NGX_HTTP_SCOPED_KEY_BODY_PROBLEM)
    {
        return NGX_OK;
    }

    ctx->problem = ngx_palloc(r->pool, sizeof(ngx_str_t));

    if (ctx->problem == NULL
        || ngx_http_scoped_key_problem_body(r, ctx, ctx->problem) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_scoped_key_filter_body(r, ctx, &problem_json);

    return NGX_OK;
}


/* what the client may do about it */

static ngx_int_t
ngx_http_scoped_key_filter_hints(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_loc_conf_t  *skcf;

    if (ctx->status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_scoped_key_filter_add(r, "Retry-After", "1") != NGX_OK)
    {
        return NGX_ERROR;
    }

    if ((ctx->status == NGX_HTTP_UNAUTHORIZED
         || ctx->decision.reason == SCOPED_KEY_INSUFFICIENT_SCOPE)
        && ngx_http_scoped_key_filter_challenge(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    /* some clients send a user name and a password only when they are asked */

    if (ctx->status == NGX_HTTP_UNAUTHORIZED && skcf->in_basic) {
        return ngx_http_scoped_key_filter_add(r, "WWW-Authenticate",
                                              "Basic realm=\"api\"");
    }

    return NGX_OK;
}


/* application/grpc, application/grpc+proto, but not application/grpc-web */

static ngx_uint_t
ngx_http_scoped_key_filter_is_grpc(ngx_http_request_t *r)
{
    u_char     c;
    ngx_str_t  type;

    static const ngx_str_t  grpc = ngx_string("application/grpc");

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = r->headers_in.content_type->value;

    if (type.len < grpc.len
        || ngx_strncasecmp(type.data, grpc.data, grpc.len) != 0)
    {
        return 0;
    }

    c = type.len == grpc.len ? ';' : type.data[grpc.len];

    return c == ';' || c == '+' || c == ' ' || c == '\t';
}


/*
 * A refusal that HTTP calls a success.  It is no copy of anything: filters
 * behind this one must not compare it with what the client has (If-Match,
 * If-None-Match), as they do with every 200.
 */

static void
ngx_http_scoped_key_filter_ok(ngx_http_request_t *r)
{
    r->err_status = 0;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.status_line.len = 0;
    r->disable_not_modified = 1;
}


/*
 * "Trailers-Only" of gRPC over HTTP/2: one block of headers that ends the
 * stream.  The status of HTTP is 200, whatever has happened.
 */

static ngx_int_t
ngx_http_scoped_key_filter_grpc(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_scoped_key_filter_ok(r);

    ngx_str_set(&r->headers_out.content_type, "application/grpc");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    ctx->trailers_only = 1;
    ngx_http_scoped_key_filter_no_body(r);

    if (ngx_http_scoped_key_filter_add(r, "grpc-status",
                              ngx_http_scoped_key_filter_grpc_status(ctx))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_filter_add(r, "grpc-message",
                              scoped_key_reason_name(ctx->decision.reason));
}


/* in HTTP/1 a client has to be told */

static void
ngx_http_scoped_key_filter_no_body(ngx_http_request_t *r)
{
    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n =
                              r->http_version < NGX_HTTP_VERSION_20 ? 0 : -1;
    r->header_only = 1;
}


/*
 * Filters in between may have announced a body or trailers (add_after_body,
 * add_trailer, modules of others): the client would wait for them for ever.
 */

static ngx_int_t
ngx_http_scoped_key_last_header_filter(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    /* the way of nearly every response */

    if (!r->header_only || r != r->main) {
        return ngx_http_written_header_filter(r);
    }

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx && ctx->trailers_only) {
        ngx_http_scoped_key_filter_no_body(r);
        r->expect_trailers = 0;
        r->headers_out.charset.len = 0;

        if (r->headers_out.content_encoding) {
            r->headers_out.content_encoding->hash = 0;
            r->headers_out.content_encoding = NULL;
        }
    }

    return ngx_http_written_header_filter(r);
}


/* the codes of gRPC that are nearest to what the status says */

static const char *
ngx_http_scoped_key_filter_grpc_status(const ngx_http_scoped_key_ctx_t *ctx)
{
    switch (ctx->status) {

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return "14";                           /* UNAVAILABLE */

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
    case NGX_HTTP_TOO_MANY_REQUESTS:
        return "8";                            /* RESOURCE_EXHAUSTED */

    default:
        return ctx->decision.reason < SCOPED_KEY_IP_REFUSED
               ? "16"                          /* UNAUTHENTICATED */
               : "7";                          /* PERMISSION_DENIED */
    }
}


/* ctx->problem, of this type, goes out in place of nginx's own page */

static void
ngx_http_scoped_key_filter_body(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_str_t *type)
{
    ctx->replacing = 1;

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = ctx->problem->len;

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
}


/*
 * A GraphQL server without a store of documents says so with status 200;
 * clients then send the document itself.
 */

static void
ngx_http_scoped_key_filter_unsupported(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    static const ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t        body =
        ngx_string("{\"errors\":[{\"message\":\"PersistedQueryNotSupported\","
                   "\"extensions\":{\"code\":"
                   "\"PERSISTED_QUERY_NOT_SUPPORTED\"}}]}");

    ngx_http_scoped_key_filter_ok(r);

    ctx->problem = &body;
    ngx_http_scoped_key_filter_body(r, ctx, &json);
}


static ngx_int_t
ngx_http_scoped_key_filter_challenge(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_table_elt_t  *header;

    header = ngx_http_scoped_key_filter_push(r);
    if (header == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&header->key, "WWW-Authenticate");

    return ngx_http_scoped_key_problem_challenge(r, ctx, &header->value);
}


/* key and value: static */

static ngx_int_t
ngx_http_scoped_key_filter_add(ngx_http_request_t *r, const char *key,
    const char *value)
{
    ngx_table_elt_t  *header;

    header = ngx_http_scoped_key_filter_push(r);
    if (header == NULL) {
        return NGX_ERROR;
    }

    header->key.data = (u_char *) key;
    header->key.len = ngx_strlen(key);
    header->value.data = (u_char *) value;
    header->value.len = ngx_strlen(value);

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_scoped_key_filter_push(ngx_http_request_t *r)
{
    ngx_table_elt_t  *header;

    header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NULL;
    }

    ngx_memzero(header, sizeof(ngx_table_elt_t));
    header->hash = 1;

    return header;
}


static ngx_int_t
ngx_http_scoped_key_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx && ctx->replacing && in) {
        return ngx_http_scoped_key_filter_replace(r, ctx);
    }

    return ngx_http_next_body_filter(r, in);
}


/* nginx sends its error page in one chain: ours takes its place */

static ngx_int_t
ngx_http_scoped_key_filter_replace(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    ctx->replacing = 0;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = ctx->problem->data;
    b->last = ctx->problem->data + ctx->problem->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


static ngx_int_t
ngx_http_scoped_key_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_scoped_key_ctx_t       *ctx;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx && ctx->body && ctx->body->bytes_left
        && ngx_http_scoped_key_body_count(r, ctx, in) != NGX_OK)
    {
        skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

        return ngx_http_scoped_key_answer(r, skcf, ctx);
    }

    return ngx_http_next_request_body_filter(r, in);
}


static ngx_int_t
ngx_http_scoped_key_filter_init(ngx_conf_t *cf)
{
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_scoped_key_module);

    if (!skmcf->used) {
        return NGX_OK;
    }

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_scoped_key_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_scoped_key_body_filter;

    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_scoped_key_request_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_last_filter_init(ngx_conf_t *cf)
{
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_scoped_key_module);

    if (!skmcf->used) {
        return NGX_OK;
    }

    ngx_http_written_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_scoped_key_last_header_filter;

    return NGX_OK;
}
