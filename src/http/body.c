/*
 * One copy at most: a body that lies in one buffer is read where it is.
 * Invariant: r->request_body is only looked at, so that the upstream gets the
 * same bytes; but of a body that goes over the limit nothing is left.
 */

#include "body.h"
#include "answer.h"
#include "content_type.h"


static ngx_uint_t ngx_http_scoped_key_body_is_unfit(ngx_http_request_t *r);
static scoped_key_param_e ngx_http_scoped_key_body_collect(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_body_t *body);
static ngx_int_t ngx_http_scoped_key_body_copy(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_scoped_key_body_copy_buf(ngx_buf_t *b, u_char **p);
static void ngx_http_scoped_key_body_place(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_handler(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_drop(ngx_http_request_t *r);
static void ngx_http_scoped_key_body_free_json(void *data);


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

    text.len = body->text.len;
    text.data = body->text.data;

    body->parsed = 1;
    body->json = scoped_key_json_parse_body(text, &body->error);

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

    /* a dry run lets on whatever comes, and so it must be read wholly */

    ctx->body->room = skcf->dry_run ? 0 : (off_t) skcf->body_limit + 1;
    ctx->reading = 1;

    ngx_http_scoped_key_body_place(r);

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_scoped_key_body_handler);

    ctx->reading = 0;

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {

        /* it is not there if an error page has begun a pass of its own */

        if (ctx->body) {
            ctx->body->room = 0;
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
ngx_http_scoped_key_body_place(ngx_http_request_t *r)
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
        ctx->body->room = 0;
    }

    r->write_event_handler = ngx_http_core_run_phases;

    if (!ctx->reading) {

        /* a client takes its time: what was known of its key may be old */

        ngx_http_scoped_key_ctx_look_again(ctx);
        ngx_http_core_run_phases(r);
    }
}


ngx_int_t
ngx_http_scoped_key_body_count(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_chain_t *in)
{
    off_t                            size;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    size = 0;

    for ( /* void */ ; in; in = in->next) {
        size += ngx_buf_size(in->buf);
    }

    if (size < ctx->body->room) {
        ctx->body->room -= size;
        return NGX_OK;
    }

    ngx_http_scoped_key_body_drop(r);

    ctx->body->room = 0;
    ctx->cause.reason = SCOPED_KEY_BODY_TOO_LARGE;
    ctx->verdict = NGX_HTTP_SCOPED_KEY_REFUSED;

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    return ngx_http_scoped_key_answer(r, skcf, ctx);
}


/*
 * An error_page may lead to an upstream: to pass on a part of a body, without
 * its length, would be to pass on a request that the client wrote.
 */

static void
ngx_http_scoped_key_body_drop(ngx_http_request_t *r)
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
