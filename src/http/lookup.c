/*
 * Cache, lookup under way, Redis: in this order.  Who waits for a lookup is in
 * waiter.c, what is said to Redis in fetch.c, what comes of it in
 * lookup_end.c.
 */

#include "lookup.h"
#include "fetch.h"
#include "waiter.h"


static ngx_int_t ngx_http_scoped_key_lookup_cached(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker, ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_tag_t *tag);
static ngx_int_t ngx_http_scoped_key_lookup_further(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_tag_t *tag)
    ngx_http_scoped_key_rare;
static scoped_key_token_e ngx_http_scoped_key_lookup_read(
    const ngx_http_scoped_key_loc_conf_t *skcf, scoped_key_str_t text,
    scoped_key_str_t *id);
static ngx_int_t ngx_http_scoped_key_lookup_fetch(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_tag_t *tag,
    scoped_key_str_t id);
static ngx_http_scoped_key_lookup_t *ngx_http_scoped_key_lookup_join(
    ngx_http_scoped_key_worker_t *worker, scoped_key_str_t id,
    const scoped_key_tag_t *id_tag);
static ngx_http_scoped_key_lookup_t *ngx_http_scoped_key_lookup_find(
    ngx_queue_t *bucket, scoped_key_str_t id);
static ngx_queue_t *ngx_http_scoped_key_lookup_bucket(
    ngx_http_scoped_key_worker_t *worker, const scoped_key_tag_t *id_tag);


ngx_int_t
ngx_http_scoped_key_lookup(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_str_t               text;
    scoped_key_tag_t               tag;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;

    if (worker == NULL) {
        ctx->cause.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return NGX_OK;
    }

    if (ctx->key.len > SCOPED_KEY_TOKEN_MAX_BYTES) {
        ctx->cause.reason = SCOPED_KEY_MALFORMED_KEY;
        return NGX_OK;
    }

    text.len = ctx->key.len;
    text.data = ctx->key.data;

    scoped_key_tag_make(&tag, &worker->tag_key, text);

    if (ngx_http_scoped_key_lookup_cached(r, worker, ctx, &tag) == NGX_OK
        && ctx->record)
    {
        return NGX_OK;
    }

    return ngx_http_scoped_key_lookup_further(r, skcf, ctx, &tag);
}


/* the text opens no record that is in the cache: what is it? */

static ngx_int_t
ngx_http_scoped_key_lookup_further(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_tag_t *tag)
{
    scoped_key_str_t  text, id;

    text.len = ctx->key.len;
    text.data = ctx->key.data;

    if (ngx_http_scoped_key_lookup_read(skcf, text, &id)
        == SCOPED_KEY_TOKEN_MALFORMED)
    {
        ctx->cause.reason = SCOPED_KEY_MALFORMED_KEY;
        return NGX_OK;
    }

    if (ctx->cause.reason == SCOPED_KEY_UNKNOWN_KEY) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_lookup_fetch(r, ctx, tag, id);
}


/* a legacy key is a key only where the location says so; its *id is empty */

static scoped_key_token_e
ngx_http_scoped_key_lookup_read(const ngx_http_scoped_key_loc_conf_t *skcf,
    scoped_key_str_t text, scoped_key_str_t *id)
{
    scoped_key_token_e  type;

    id->len = 0;
    id->data = NULL;

    type = scoped_key_token_parse(text, id);

    if (type == SCOPED_KEY_TOKEN_LEGACY && !skcf->legacy) {
        return SCOPED_KEY_TOKEN_MALFORMED;
    }

    return type;
}


static ngx_inline ngx_int_t
ngx_http_scoped_key_lookup_cached(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker, ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_tag_t *tag)
{
    scoped_key_cached_t  *cached;

    if (worker->reckoned != ngx_current_msec) {
        ngx_http_scoped_key_worker_reckon(worker);
    }

    cached = scoped_key_cache_find(worker->cache, tag, worker->oldest,
                                   worker->oldest_unknown);

    if (cached == NULL) {
        return NGX_DECLINED;
    }

    ctx->read_ms = (ngx_msec_t) cached->read_ms;

    if (cached->record == NULL) {
        ctx->cache = NGX_HTTP_SCOPED_KEY_CACHE_NEGATIVE;
        ctx->cause.reason = SCOPED_KEY_UNKNOWN_KEY;
        return NGX_OK;
    }

    ctx->cache = worker->stale ? NGX_HTTP_SCOPED_KEY_CACHE_STALE
                               : NGX_HTTP_SCOPED_KEY_CACHE_HIT;

    ctx->record = scoped_key_record_hold(cached->record);
    ctx->proof = cached->proof;

    /* numbers of a memo are those of the worker's own configuration */

    if (worker->conf == ngx_http_get_module_main_conf(r,
                                                  ngx_http_scoped_key_module))
    {
        ctx->memo = cached->memo;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_lookup_fetch(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_tag_t *tag,
    scoped_key_str_t id)
{
    u_char                         legacy_id[SCOPED_KEY_LEGACY_ID_BYTES];
    scoped_key_str_t               text;
    scoped_key_tag_t               id_tag;
    ngx_http_scoped_key_lookup_t  *lookup;
    ngx_http_scoped_key_waiter_t  *waiter;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;

    waiter = ngx_http_scoped_key_waiter_create(r, ctx);
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    text.len = ctx->key.len;
    text.data = ctx->key.data;

    waiter->tag = *tag;
    scoped_key_digest_make(&waiter->digest, &worker->conf->pepper, text);

    if (id.len == 0) {
        scoped_key_digest_legacy_id(&waiter->digest, legacy_id);
        id.len = SCOPED_KEY_LEGACY_ID_BYTES;
        id.data = legacy_id;
    }

    ngx_http_scoped_key_lookup_tag(worker, id, &id_tag);

    if (ngx_http_scoped_key_lookup_cached(r, worker, ctx, &id_tag)
        == NGX_OK)
    {
        return NGX_OK;
    }

    ctx->cache = NGX_HTTP_SCOPED_KEY_CACHE_MISS;

    lookup = ngx_http_scoped_key_lookup_join(worker, id, &id_tag);

    if (lookup == NULL) {
        ctx->cause.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return NGX_OK;
    }

    ngx_http_scoped_key_waiter_join(waiter, lookup);
    ctx->waiting = 1;

    return NGX_AGAIN;
}


void
ngx_http_scoped_key_lookup_tag(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id, scoped_key_tag_t *tag)
{
    u_char            bytes[1 + SCOPED_KEY_ID_MAX_BYTES];
    scoped_key_str_t  text;

    bytes[0] = '\0';
    ngx_memcpy(bytes + 1, id.data, id.len);

    text.len = 1 + id.len;
    text.data = bytes;

    scoped_key_tag_make(tag, &worker->tag_key, text);
}


/* the lookup of this id that is under way, or a new one; NULL: not now */

static ngx_http_scoped_key_lookup_t *
ngx_http_scoped_key_lookup_join(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id, const scoped_key_tag_t *id_tag)
{
    ngx_queue_t                   *bucket;
    ngx_http_scoped_key_lookup_t  *lookup;

    bucket = ngx_http_scoped_key_lookup_bucket(worker, id_tag);
    lookup = ngx_http_scoped_key_lookup_find(bucket, id);

    if (lookup) {
        return lookup;
    }

    lookup = ngx_calloc(sizeof(ngx_http_scoped_key_lookup_t), worker->log);
    if (lookup == NULL) {
        return NULL;
    }

    ngx_queue_init(&lookup->waiters);

    lookup->worker = worker;
    lookup->read_ms = ngx_current_msec;
    lookup->id_len = id.len;
    ngx_memcpy(lookup->id, id.data, id.len);

    if (ngx_http_scoped_key_fetch(lookup) != NGX_OK) {
        ngx_free(lookup);
        return NULL;
    }

    ngx_queue_insert_tail(bucket, &lookup->queue);

    return lookup;
}


static ngx_http_scoped_key_lookup_t *
ngx_http_scoped_key_lookup_find(ngx_queue_t *bucket, scoped_key_str_t id)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_lookup_t  *lookup;

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

        if (lookup->id_len == id.len
            && ngx_memcmp(lookup->id, id.data, id.len) == 0)
        {
            return lookup;
        }
    }

    return NULL;
}


/* by a keyed hash: a client chooses the ids that it asks for */

static ngx_queue_t *
ngx_http_scoped_key_lookup_bucket(ngx_http_scoped_key_worker_t *worker,
    const scoped_key_tag_t *id_tag)
{
    return &worker->lookups[id_tag->word[0]
                            % NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS];
}


void
ngx_http_scoped_key_lookup_detach(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id)
{
    ngx_queue_t                   *bucket;
    scoped_key_tag_t               id_tag;
    ngx_http_scoped_key_lookup_t  *lookup;

    ngx_http_scoped_key_lookup_tag(worker, id, &id_tag);

    bucket = ngx_http_scoped_key_lookup_bucket(worker, &id_tag);
    lookup = ngx_http_scoped_key_lookup_find(bucket, id);

    if (lookup) {
        lookup->detached = 1;
        ngx_queue_remove(&lookup->queue);
    }
}


void
ngx_http_scoped_key_lookup_detach_all(ngx_http_scoped_key_worker_t *worker)
{
    ngx_uint_t                     i;
    ngx_queue_t                   *q;
    ngx_http_scoped_key_lookup_t  *lookup;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS; i++) {

        while (!ngx_queue_empty(&worker->lookups[i])) {
            q = ngx_queue_head(&worker->lookups[i]);
            lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

            lookup->detached = 1;
            ngx_queue_remove(q);
        }
    }
}
