/*
 * One copy at most: a body that lies in one buffer is read where it is. The
 * media type is found by walking the header fields, since
 * headers_in.content_type is the first of several.
 * Invariants: r->request_body is only looked at, so that the upstream gets
 * the same bytes; but of a body that goes over the limit nothing is left. A
 * type that is not plainly one of ours is none of ours: upstreams search the
 * field for words, cut it at a space, a comma or a semicolon, or parse it by
 * the RFC, and whichever they do, they find the one type.
 */

#include "body.h"
#include "header.h"
#include "memory.h"


typedef struct {
    ngx_http_scoped_key_body_e   type;
    ngx_str_t                    name;
    const char *const           *others; /* names of other kinds */
} ngx_http_scoped_key_content_type_t;

#define NGX_HTTP_SCOPED_KEY_CONTENT_TYPES                                     \
    (sizeof(ngx_http_scoped_key_content_types)                                \
     / sizeof(ngx_http_scoped_key_content_type_t))


static ngx_http_scoped_key_body_e ngx_http_scoped_key_content_type(
    ngx_http_request_t *r);
static ngx_uint_t ngx_http_scoped_key_body_is_unfit(ngx_http_request_t *r);
static scoped_key_param_e ngx_http_scoped_key_body_collect(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_body_t *body);
static ngx_int_t ngx_http_scoped_key_body_copy(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_scoped_key_body_copy_buf(ngx_buf_t *b, u_char **p);
static void ngx_http_scoped_key_body_set_file_flags(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_handler(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_discard(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_free_json(void *data);
static ngx_uint_t ngx_http_scoped_key_content_type_is_like(
    const ngx_table_elt_t *header, const ngx_str_t *name);
static ngx_http_scoped_key_body_e ngx_http_scoped_key_content_type_read(
    const ngx_str_t *value);
static const ngx_http_scoped_key_content_type_t *
    ngx_http_scoped_key_content_type_find(const ngx_str_t *type);
static ngx_uint_t ngx_http_scoped_key_content_type_suffix(
    const ngx_str_t *type);
static ngx_uint_t ngx_http_scoped_key_content_type_params(ngx_str_t rest);
static ngx_uint_t ngx_http_scoped_key_content_type_param(
    const ngx_str_t *param);
static ngx_uint_t ngx_http_scoped_key_content_type_quoted(ngx_str_t value);
static ngx_uint_t ngx_http_scoped_key_content_type_token(
    const ngx_str_t *token);
static ngx_uint_t ngx_http_scoped_key_content_type_is(const ngx_str_t *type,
    const char *name);
static u_char *ngx_http_scoped_key_content_type_search(const ngx_str_t *value,
    const char *word);


static const char *const  ngx_http_scoped_key_content_type_not_json[] = {
    "x-www-form-urlencoded", "multipart", "xml", NULL
};

static const char *const  ngx_http_scoped_key_content_type_not_form[] = {
    "json", "multipart", "xml", NULL
};

static const char *const  ngx_http_scoped_key_content_type_not_graphql[] = {
    "json", "x-www-form-urlencoded", "multipart", "xml", NULL
};

/* the first stands for application/<name>+json, too */

static const ngx_http_scoped_key_content_type_t
    ngx_http_scoped_key_content_types[] =
{
    { NGX_HTTP_SCOPED_KEY_BODY_JSON,
      ngx_string("application/json"),
      ngx_http_scoped_key_content_type_not_json },

    { NGX_HTTP_SCOPED_KEY_BODY_JSON,
      ngx_string("text/json"),
      ngx_http_scoped_key_content_type_not_json },

    { NGX_HTTP_SCOPED_KEY_BODY_FORM,
      ngx_string("application/x-www-form-urlencoded"),
      ngx_http_scoped_key_content_type_not_form },

    { NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL,
      ngx_string("application/graphql"),
      ngx_http_scoped_key_content_type_not_graphql }
};


#if (NGX_DEBUG)

/* in the order of ngx_http_scoped_key_body_e */
static const char *const  ngx_http_scoped_key_body_types[] = {
    "none", "JSON", "form", "application/graphql", "of another type"
};

#endif


scoped_key_param_e
ngx_http_scoped_key_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->body == NULL) {
        ctx->body = ngx_pcalloc(r->pool, sizeof(ngx_http_scoped_key_body_t));
        if (ctx->body == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    if (ctx->body->collected) {
        return SCOPED_KEY_PARAM_VALUES;
    }

    if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) {
        ctx->body->collected = 1;
        return SCOPED_KEY_PARAM_VALUES;
    }

    if (r->headers_in.content_length_n > (off_t) skcf->body_limit) {
        return SCOPED_KEY_PARAM_TOO_LARGE;
    }

    if (!ctx->body_read) {

        if (ngx_http_scoped_key_body_is_unfit(r)) {
            ctx->unreadable = "Content-Type or Content-Encoding";
            return SCOPED_KEY_PARAM_UNREADABLE;
        }

        return SCOPED_KEY_PARAM_NEEDS_BODY;
    }

    /* it was thrown away by an earlier pass */

    if (r->request_body == NULL) {
        return SCOPED_KEY_PARAM_UNREADABLE;
    }

    return ngx_http_scoped_key_body_collect(r, skcf, ctx->body);
}


/* no byte of it would change that; but one in chunks may yet be empty */

static ngx_uint_t
ngx_http_scoped_key_body_is_unfit(ngx_http_request_t *r)
{
    return r->headers_in.content_length_n > 0
           && ngx_http_scoped_key_content_type(r)
              == NGX_HTTP_SCOPED_KEY_BODY_OTHER;
}


static scoped_key_param_e
ngx_http_scoped_key_body_collect(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_body_t *body)
{
    off_t         size;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    size = 0;
    b = NULL;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        size += ngx_buf_size(b);
    }

    if (size > (off_t) skcf->body_limit) {
        return SCOPED_KEY_PARAM_TOO_LARGE;
    }

    if (b && size == ngx_buf_size(b) && ngx_buf_in_memory(b)) {
        body->text.data = b->pos;
        body->text.len = (size_t) size;

    } else if (size) {
        body->text.len = (size_t) size;

        if (ngx_http_scoped_key_body_copy(r, &body->text) != NGX_OK) {
            return SCOPED_KEY_PARAM_ERROR;
        }
    }

    if (size) {
        body->type = ngx_http_scoped_key_content_type(r);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: body of %O bytes, %s", size,
                   ngx_http_scoped_key_body_types[body->type]);

    body->collected = 1;

    return SCOPED_KEY_PARAM_VALUES;
}


static ngx_int_t
ngx_http_scoped_key_body_copy(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char       *p;
    ngx_chain_t  *cl;

    text->data = ngx_pnalloc(r->pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        if (ngx_http_scoped_key_body_copy_buf(cl->buf, &p) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_body_copy_buf(ngx_buf_t *b, u_char **p)
{
    size_t   size;
    ssize_t  n;

    size = (size_t) ngx_buf_size(b);

    if (ngx_buf_in_memory(b)) {
        *p = ngx_cpymem(*p, b->pos, size);
        return NGX_OK;
    }

    if (size == 0) {
        return NGX_OK;
    }

    n = ngx_read_file(b->file, *p, size, b->file_pos);

    if (n != (ssize_t) size) {
        return NGX_ERROR;
    }

    *p += size;

    return NGX_OK;
}


const scoped_key_json_t *
ngx_http_scoped_key_body_json(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_str_t             text;
    ngx_pool_cleanup_t          *cln;
    ngx_http_scoped_key_body_t  *body;

    body = ctx->body;

    if (body->parsed) {
        return body->json;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        body->error = SCOPED_KEY_JSON_NO_MEMORY;
        return NULL;
    }

    text = ngx_http_scoped_key_str(&body->text);

    ngx_http_scoped_key_memory_watch();

    body->parsed = 1;
    body->json = scoped_key_json_parse_body(text, &body->error);

    if (!ngx_http_scoped_key_memory_sufficed()) {
        ngx_http_scoped_key_body_free_json(body);
        body->error = SCOPED_KEY_JSON_NO_MEMORY;
    }

    cln->handler = ngx_http_scoped_key_body_free_json;
    cln->data = body;

    return body->json;
}


static void
ngx_http_scoped_key_body_free_json(void *data)
{
    ngx_http_scoped_key_body_t  *body = data;

    scoped_key_json_free(body->json);
    body->json = NULL;
}


void
ngx_http_scoped_key_body_forget(ngx_http_scoped_key_ctx_t *ctx)
{
    if (ctx->body) {
        ngx_http_scoped_key_body_free_json(ctx->body);
    }
}


ngx_int_t
ngx_http_scoped_key_body_read(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    /* a dry run lets through whatever comes, and so it must be read wholly */

    ctx->body->bytes_left = skcf->dry_run ? 0 : (off_t) skcf->body_limit + 1;
    ctx->reading = 1;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: reads the body, at most %uz bytes",
                   skcf->body_limit);

    ngx_http_scoped_key_body_set_file_flags(r);

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_scoped_key_body_handler);

    ctx->reading = 0;

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {

        /* it is not there if an error page has begun a pass of its own */

        if (ctx->body) {
            ctx->body->bytes_left = 0;
        }

        return rc;
    }

    /* what was counted up is for a content handler: phases go on uncounted */

    r->main->count--;

    return ctx->body_read ? NGX_OK : NGX_DONE;
}


/*
 * A body is read once, by whoever asks first, and ngx_http_dav_module takes one
 * only from a file: ask as its ngx_http_dav_handler() would.  It answers where
 * the location has no handler of its own.
 */

static void
ngx_http_scoped_key_body_set_file_flags(ngx_http_request_t *r)
{
    if (r->method != NGX_HTTP_PUT || r->content_handler) {
        return;
    }

    r->request_body_in_file_only = 1;
    r->request_body_in_persistent_file = 1;
    r->request_body_in_clean_file = 1;
    r->request_body_file_group_access = 1;
    r->request_body_file_log_level = 0;
}


/* called from within ngx_http_scoped_key_body_read(), or by a read event */

static void
ngx_http_scoped_key_body_handler(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx(r);

    ctx->body_read = 1;

    if (ctx->body) {
        ctx->body->bytes_left = 0;
    }

    r->write_event_handler = ngx_http_core_run_phases;

    if (!ctx->reading) {

        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: body came late, looks the key up again");

        /* a client takes its time: what was known of its key may be old */

        ngx_http_scoped_key_ctx_reset_record(ctx);
        ngx_http_core_run_phases(r);
    }
}


ngx_int_t
ngx_http_scoped_key_body_count(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_chain_t *in)
{
    off_t  size;

    size = 0;

    for ( /* void */ ; in; in = in->next) {
        size += ngx_buf_size(in->buf);
    }

    if (size < ctx->body->bytes_left) {
        ctx->body->bytes_left -= size;
        return NGX_OK;
    }

    ngx_http_scoped_key_body_discard(r);

    ctx->body->bytes_left = 0;
    ctx->decision.reason = SCOPED_KEY_BODY_TOO_LARGE;
    ctx->verdict = NGX_HTTP_SCOPED_KEY_REFUSED;

    return NGX_DECLINED;
}


/*
 * An error_page may lead to an upstream: to pass on a part of a body, without
 * its length, would be to pass on a request that the client wrote.
 */

static void
ngx_http_scoped_key_body_discard(ngx_http_request_t *r)
{
    r->request_body->bufs = NULL;
    r->headers_in.content_length_n = 0;
    r->headers_in.chunked = 0;

    r->read_event_handler = ngx_http_block_reading;

    /* the rest of it is on its way, and must not be the next request */

    r->keepalive = 0;
    r->lingering_close = 1;

#if (NGX_HTTP_V2)
    if (r->stream) {
        r->stream->skip_data = 1;
    }
#endif
}


/*
 * Of a request that has a body.  NGX_HTTP_SCOPED_KEY_BODY_OTHER for several
 * Content-Type fields, or several in one; a charset that is not UTF-8; any
 * Content-Encoding; every type that is not named in body.h, and one of those
 * with the name of another kind anywhere beside it, which upstreams search
 * for; what is no type and parameters by the letter, and what could hide more
 * of them: `,` `\`, control bytes, tabs, bytes beyond ASCII.
 */

static ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type(ngx_http_request_t *r)
{
    const ngx_str_t                *value;
    const ngx_table_elt_t          *header;
    ngx_http_scoped_key_headers_t   at;

    static const ngx_str_t  type_field = ngx_string("content-type");
    static const ngx_str_t  coding_field = ngx_string("content-encoding");

    value = NULL;

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {

        if (ngx_http_scoped_key_content_type_is_like(header, &coding_field)) {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }

        if (!ngx_http_scoped_key_content_type_is_like(header, &type_field)) {
            continue;
        }

        if (value || !ngx_http_scoped_key_header_is(header, &type_field)) {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }

        value = &header->value;
    }

    return value ? ngx_http_scoped_key_content_type_read(value)
                 : NGX_HTTP_SCOPED_KEY_BODY_OTHER;
}


/* CGI knows no `-`: where nginx lets it pass, Content_Type may be the one */

static ngx_uint_t
ngx_http_scoped_key_content_type_is_like(const ngx_table_elt_t *header,
    const ngx_str_t *name)
{
    ngx_uint_t  i;

    if (header->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {

        if (header->lowcase_key[i] != name->data[i]
            && (name->data[i] != '-' || header->lowcase_key[i] != '_'))
        {
            return 0;
        }
    }

    return 1;
}


/* media-type = type "/" subtype parameters */

static ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type_read(const ngx_str_t *value)
{
    ngx_str_t                                  type, rest;
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_content_type_t  *found;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < ' ' || value->data[i] > '~'
            || value->data[i] == ',' || value->data[i] == '\\')
        {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }
    }

    rest = *value;

    if (!ngx_http_scoped_key_item_next(&rest, &type)) {
        return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
    }

    found = ngx_http_scoped_key_content_type_find(&type);

    if (found == NULL || !ngx_http_scoped_key_content_type_params(rest)) {
        return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
    }

    for (i = 0; found->others[i]; i++) {

        if (ngx_http_scoped_key_content_type_search(value, found->others[i])) {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }
    }

    return found->type;
}


static const ngx_http_scoped_key_content_type_t *
ngx_http_scoped_key_content_type_find(const ngx_str_t *type)
{
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_content_type_t  *types;

    types = ngx_http_scoped_key_content_types;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_CONTENT_TYPES; i++) {

        if (ngx_http_scoped_key_content_type_is(type,
                                           (char *) types[i].name.data))
        {
            return &types[i];
        }
    }

    return ngx_http_scoped_key_content_type_suffix(type) ? &types[0] : NULL;
}


/*
 * RFC 6839, section 3.1: a structured syntax suffix.  What gRPC calls so is a
 * frame with JSON in it.
 */

static ngx_uint_t
ngx_http_scoped_key_content_type_suffix(const ngx_str_t *type)
{
    ngx_str_t  name;

    if (type->len <= sizeof("application/+json") - 1
        || ngx_strncasecmp(type->data, (u_char *) "application/",
                           sizeof("application/") - 1)
           != 0
        || ngx_strncasecmp(type->data + type->len - sizeof("+json") + 1,
                           (u_char *) "+json", sizeof("+json") - 1)
           != 0)
    {
        return 0;
    }

    name.data = type->data + sizeof("application/") - 1;
    name.len = type->len - (sizeof("application/+json") - 1);

    if (!ngx_http_scoped_key_content_type_token(&name)) {
        return 0;
    }

    return !ngx_http_scoped_key_content_type_is(&name, "grpc")
           && (name.len < sizeof("grpc-") - 1
               || ngx_strncasecmp(name.data, (u_char *) "grpc-",
                                  sizeof("grpc-") - 1)
                  != 0);
}


/* whether all are well formed, and none gives another charset than UTF-8 */

static ngx_uint_t
ngx_http_scoped_key_content_type_params(ngx_str_t rest)
{
    ngx_str_t   item;
    ngx_uint_t  charsets;

    charsets = 0;

    while (ngx_http_scoped_key_item_next(&rest, &item)) {

        if (ngx_http_scoped_key_content_type_is(&item, "charset=utf-8")
            || ngx_http_scoped_key_content_type_is(&item,
                                                   "charset=\"utf-8\""))
        {
            if (charsets++) {
                return 0;
            }

            continue;
        }

        if (item.len && !ngx_http_scoped_key_content_type_param(&item)) {
            return 0;
        }
    }

    return 1;
}


/* parameter = token "=" ( token / quoted-string ); not a charset */

static ngx_uint_t
ngx_http_scoped_key_content_type_param(const ngx_str_t *param)
{
    u_char     *equals, *last;
    ngx_str_t   name, value;

    last = param->data + param->len;
    equals = ngx_strlchr(param->data, last, '=');

    if (equals == NULL
        || ngx_http_scoped_key_content_type_search(param, "charset"))
    {
        return 0;
    }

    name.data = param->data;
    name.len = equals - name.data;
    value.data = equals + 1;
    value.len = last - value.data;

    return ngx_http_scoped_key_content_type_token(&name)
           && (ngx_http_scoped_key_content_type_token(&value)
               || ngx_http_scoped_key_content_type_quoted(value));
}


/* a profile is a URI: there is no semicolon in it, for it would be cut there */

static ngx_uint_t
ngx_http_scoped_key_content_type_quoted(ngx_str_t value)
{
    if (value.len < 2 || value.data[0] != '"'
        || value.data[value.len - 1] != '"')
    {
        return 0;
    }

    value.data++;
    value.len -= 2;

    return ngx_strlchr(value.data, value.data + value.len, '"') == NULL;
}


/* RFC 9110, section 5.6.2 */

static ngx_uint_t
ngx_http_scoped_key_content_type_token(const ngx_str_t *token)
{
    u_char      c, lower;
    ngx_uint_t  i;

    for (i = 0; i < token->len; i++) {
        c = token->data[i];
        lower = (u_char) (c | 0x20);

        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9')
            && (c == '\0' || ngx_strchr("!#$%&'*+-.^_`|~", c) == NULL))
        {
            return 0;
        }
    }

    return token->len != 0;
}


static ngx_uint_t
ngx_http_scoped_key_content_type_is(const ngx_str_t *type, const char *name)
{
    return type->len == ngx_strlen(name)
           && ngx_strncasecmp(type->data, (u_char *) name, type->len) == 0;
}


static u_char *
ngx_http_scoped_key_content_type_search(const ngx_str_t *value,
    const char *word)
{
    return ngx_strlcasestrn(value->data, value->data + value->len,
                            (u_char *) word, ngx_strlen(word) - 1);
}
