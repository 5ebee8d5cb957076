/*
 * The cache, a lookup in flight, Redis: in this order. MULTI, HGETALL,
 * SMEMBERS, EXEC bring record and scope list as one state; what comes of it
 * goes to the cache and to all who wait.
 * Phases never run within a reply: an event of the worker resumes a bounded
 * number of requests in each turn of the event loop. A request is reached
 * through its waiter, and the waiter leaves its lookup in a cleanup handler
 * of the request, which ngx_http_terminate_request() and
 * ngx_http_free_request() both call.
 * Invariants: no type, count or order of a reply is trusted; an error of
 * Redis leaves the key undecided, and only a wrong type of this key's own
 * data makes an invalid record; a lookup that was detached brings nothing
 * into the cache.
 */

#include "lookup.h"
#include "debug.h"
#include "memory.h"
#include "sanitize.h"
#include "../redis/resp.h"


/*
 * A record in flight, and then its outcome until the last waiter has it.
 * malloc'd; freed by the one who wakes the waiters.
 */
struct ngx_http_scoped_key_lookup_s {
    ngx_queue_t                      queue;   /* of those that may be joined,
                                                 of none, or of the ended */
    ngx_queue_t                      waiters;
    scoped_key_redis_request_t       request;
    ngx_http_scoped_key_worker_t    *worker;
    ngx_msec_t                       read_ms;
    scoped_key_record_t             *record;  /* a reference of its own */
    scoped_key_reason_e              reason;  /* why there is no record */
    scoped_key_str_t                 id;      /* in id_bytes */
    u_char                           id_bytes[SCOPED_KEY_ID_MAX_BYTES];
    ngx_uint_t                       reported; /* things unreadable */
    unsigned                         detached:1;
};

/* a request's share of a turn is some 50 us with proxy_pass */
#define NGX_HTTP_SCOPED_KEY_WAKES_A_TURN  64
#define NGX_HTTP_SCOPED_KEY_TURN_MS        1

/* but some take a millisecond or two to decide: none begins after so many */
#define NGX_HTTP_SCOPED_KEY_WAKING_MS      4

/* a request asks again so often when what it waited for has grown too old */
#define NGX_HTTP_SCOPED_KEY_MAX_LOOKUPS    3

/* "*2 $8 SMEMBERS $nn prefix{id}:scopes" with its line ends, rounded up */
#define NGX_HTTP_SCOPED_KEY_COMMAND_BYTES   256
#define NGX_HTTP_SCOPED_KEY_NAME_BYTES      192

/* lines that one fetch may write about one record */
#define NGX_HTTP_SCOPED_KEY_MAX_REPORTS     16

/* lines about unreadable records that a worker may write in so many ms */
#define NGX_HTTP_SCOPED_KEY_WORKER_REPORTS  64
#define NGX_HTTP_SCOPED_KEY_REPORTS_MS      10000

typedef struct {
    u_char  *pos;
    u_char  *end;
} ngx_http_scoped_key_out_t;


static void ngx_http_scoped_key_lookup_id_hash(
    ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id, scoped_key_hash_t *hash);
static ngx_uint_t ngx_http_scoped_key_lookup_any_match(
    const ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_digests_t *digests);
static void ngx_http_scoped_key_lookup_end(
    ngx_http_scoped_key_lookup_t *lookup,
    scoped_key_record_t *record, const scoped_key_digests_t *digests,
    scoped_key_reason_e reason);
static ngx_int_t ngx_http_scoped_key_fetch(
    ngx_http_scoped_key_lookup_t *lookup);
static ngx_http_scoped_key_waiter_t *ngx_http_scoped_key_waiter_create(
    ngx_http_request_t *r, ngx_http_scoped_key_ctx_t *ctx);
static void ngx_http_scoped_key_waiter_join(
    ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_lookup_t *lookup);
static ngx_int_t ngx_http_scoped_key_lookup_cached(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker, ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_hash_t *hash);
static ngx_int_t ngx_http_scoped_key_lookup_slow(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_hash_t *hash)
    ngx_http_scoped_key_noinline;
static scoped_key_token_e ngx_http_scoped_key_lookup_parse(
    const ngx_http_scoped_key_loc_conf_t *skcf, scoped_key_str_t text,
    scoped_key_str_t *id);
static ngx_int_t ngx_http_scoped_key_lookup_fetch(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_hash_t *hash,
    scoped_key_str_t id);
static ngx_http_scoped_key_lookup_t *ngx_http_scoped_key_lookup_join(
    ngx_http_request_t *r, ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id, const scoped_key_hash_t *id_hash);
static ngx_http_scoped_key_lookup_t *ngx_http_scoped_key_lookup_find(
    ngx_queue_t *bucket, scoped_key_str_t id);
static ngx_queue_t *ngx_http_scoped_key_lookup_bucket(
    ngx_http_scoped_key_worker_t *worker, const scoped_key_hash_t *id_hash);
static void ngx_http_scoped_key_lookup_resolve_waiters(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_digests_t *digests);
static scoped_key_secret_e ngx_http_scoped_key_lookup_match(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_digests_t *digests,
    const ngx_http_scoped_key_waiter_t *waiter);
static void ngx_http_scoped_key_lookup_cache_store(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_hash_t *hash,
    scoped_key_secret_e match);
static void ngx_http_scoped_key_lookup_cache_invalid(
    ngx_http_scoped_key_lookup_t *lookup);
static ngx_int_t ngx_http_scoped_key_fetch_send(
    ngx_http_scoped_key_lookup_t *lookup);
static ngx_int_t ngx_http_scoped_key_fetch_append(
    ngx_http_scoped_key_out_t *out, const void *data, size_t len);
static ngx_int_t ngx_http_scoped_key_fetch_command(
    ngx_http_scoped_key_out_t *out, const char *command,
    const ngx_http_scoped_key_lookup_t *lookup, const char *suffix);
static void ngx_http_scoped_key_fetch_handler(
    scoped_key_redis_request_t *request, scoped_key_redis_result_e result,
    const scoped_key_resp_value_t *reply);
static ngx_int_t ngx_http_scoped_key_fetch_read(
    ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_resp_value_t *reply);
static ngx_uint_t ngx_http_scoped_key_fetch_is_answer(
    const scoped_key_resp_value_t *value, size_t strings);
static ngx_int_t ngx_http_scoped_key_fetch_strings(
    const scoped_key_resp_value_t *array, scoped_key_str_t **strings);
static ngx_int_t ngx_http_scoped_key_fetch_build(
    ngx_http_scoped_key_lookup_t *lookup, scoped_key_raw_record_t *raw);
static void ngx_http_scoped_key_fetch_report(void *data, const char *field,
    scoped_key_str_t value);
static void ngx_http_scoped_key_fetch_log_failure(
    ngx_http_scoped_key_worker_t *worker,
    const scoped_key_resp_value_t *error);
static void ngx_http_scoped_key_fetch_log_recovery(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_waiter_resume(
    ngx_http_scoped_key_waiter_t *waiter);
static void ngx_http_scoped_key_waiter_receive(
    ngx_http_scoped_key_waiter_t *waiter, ngx_http_scoped_key_ctx_t *ctx,
    const ngx_http_scoped_key_lookup_t *lookup);
static ngx_uint_t ngx_http_scoped_key_waiter_is_outdated(
    const ngx_http_scoped_key_lookup_t *lookup);
static void ngx_http_scoped_key_waiter_cleanup(void *data);
static void ngx_http_scoped_key_lookup_free(
    ngx_http_scoped_key_lookup_t *lookup);


static const u_char  ngx_http_scoped_key_multi[] = "*1\r\n$5\r\nMULTI\r\n";

static const u_char  ngx_http_scoped_key_exec[] = "*1\r\n$4\r\nEXEC\r\n";

static const scoped_key_redis_forms_t  ngx_http_scoped_key_fetch_forms = {
    4, { SCOPED_KEY_REDIS_FORM_MULTI, SCOPED_KEY_REDIS_FORM_PAIRS,
         SCOPED_KEY_REDIS_FORM_QUEUED, SCOPED_KEY_REDIS_FORM_EXEC }
};


#if (NGX_DEBUG)

/* in the order of scoped_key_redis_result_e */
static const char *const  ngx_http_scoped_key_fetch_results[] = {
    "whole", "too large", "connection was dead", "none"
};

#endif


ngx_int_t
ngx_http_scoped_key_lookup(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    scoped_key_hash_t              hash;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;

    if (worker == NULL) {
        ctx->decision.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return NGX_OK;
    }

    if (ctx->key.len > SCOPED_KEY_TOKEN_MAX_BYTES) {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: too long for a key");

        ctx->decision.reason = SCOPED_KEY_MALFORMED_KEY;
        return NGX_OK;
    }

    scoped_key_hash_make(&hash, &worker->hash_key,
                         ngx_http_scoped_key_str(&ctx->key));

    if (ngx_http_scoped_key_lookup_cached(r, worker, ctx, &hash) == NGX_OK
        && ctx->record)
    {
        return NGX_OK;
    }

    return ngx_http_scoped_key_lookup_slow(r, skcf, ctx, &hash);
}


/* the text opens no record that is in the cache: what is it? */

static ngx_int_t
ngx_http_scoped_key_lookup_slow(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_hash_t *hash)
{
    scoped_key_str_t  text, id;

    text = ngx_http_scoped_key_str(&ctx->key);

    if (ngx_http_scoped_key_lookup_parse(skcf, text, &id)
        == SCOPED_KEY_TOKEN_MALFORMED)
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: malformed, or its checksum is wrong; "
                       "legacy keys are %s",
                       skcf->legacy ? "accepted here" : "not accepted here");

        ctx->decision.reason = SCOPED_KEY_MALFORMED_KEY;
        return NGX_OK;
    }

    if (ctx->decision.reason == SCOPED_KEY_UNKNOWN_KEY) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_lookup_fetch(r, ctx, hash, id);
}


/* a legacy key is a key only where the location says so; its *id is empty */

static scoped_key_token_e
ngx_http_scoped_key_lookup_parse(const ngx_http_scoped_key_loc_conf_t *skcf,
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
    const scoped_key_hash_t *hash)
{
    scoped_key_cached_t  *cached;

    if (worker->freshness_updated != ngx_current_msec) {
        ngx_http_scoped_key_worker_update_freshness(worker);
    }

    cached = scoped_key_cache_find(worker->cache, hash, worker->oldest,
                                   worker->oldest_negative);

    if (cached == NULL) {
        return NGX_DECLINED;
    }

    ctx->read_ms = (ngx_msec_t) cached->read_ms;

    if (cached->record == NULL) {
        ctx->cache = NGX_HTTP_SCOPED_KEY_CACHE_NEGATIVE;
        ctx->decision.reason = SCOPED_KEY_UNKNOWN_KEY;

        if (ngx_http_scoped_key_is_debug(r)) {
            ngx_http_scoped_key_debug_cached(r, worker, ctx);
        }

        return NGX_OK;
    }

    ctx->cache = worker->stale ? NGX_HTTP_SCOPED_KEY_CACHE_STALE
                               : NGX_HTTP_SCOPED_KEY_CACHE_HIT;

    ctx->record = scoped_key_record_ref(cached->record);
    ctx->match = cached->match;

    /* allow bits are numbered in the worker's own configuration */

    if (worker->conf == ngx_http_get_module_main_conf(r,
                                                  ngx_http_scoped_key_module))
    {
        ctx->cached_data = cached->user_data;
    }

    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_debug_cached(r, worker, ctx);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_lookup_fetch(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const scoped_key_hash_t *hash,
    scoped_key_str_t id)
{
    u_char                         legacy_id[SCOPED_KEY_LEGACY_ID_BYTES];
    scoped_key_hash_t              id_hash;
    ngx_http_scoped_key_lookup_t  *lookup;
    ngx_http_scoped_key_waiter_t  *waiter;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;

    waiter = ngx_http_scoped_key_waiter_create(r, ctx);
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    waiter->hash = *hash;
    scoped_key_digest_make(&waiter->digest, &worker->conf->pepper,
                           ngx_http_scoped_key_str(&ctx->key));

    if (id.len == 0) {
        scoped_key_digest_legacy_id(&waiter->digest, legacy_id);
        id.len = SCOPED_KEY_LEGACY_ID_BYTES;
        id.data = legacy_id;
    }

    ngx_http_scoped_key_lookup_id_hash(worker, id, &id_hash);

    if (ngx_http_scoped_key_lookup_cached(r, worker, ctx, &id_hash)
        == NGX_OK)
    {
        return NGX_OK;
    }

    ctx->cache = NGX_HTTP_SCOPED_KEY_CACHE_MISS;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: cache miss, id=%*s", id.len, id.data);

    lookup = ngx_http_scoped_key_lookup_join(r, worker, id, &id_hash);

    if (lookup == NULL) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: lookup cannot be sent, connection to %V "
                       "is down or full",
                       &scoped_key_redis_connection_address(worker->redis)
                        ->name);

        ctx->decision.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return NGX_OK;
    }

    ngx_http_scoped_key_waiter_join(waiter, lookup);
    ctx->waiting = 1;

    return NGX_AGAIN;
}


/*
 * Under what the cache keeps a record that is nobody's, since it has no
 * digest: not under the key that was presented, for any key would bring it.
 * No key has such a name.  And where lookups of this id, which is of
 * SCOPED_KEY_ID_MAX_BYTES at most, are found.
 */

static void
ngx_http_scoped_key_lookup_id_hash(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id, scoped_key_hash_t *hash)
{
    u_char            bytes[1 + SCOPED_KEY_ID_MAX_BYTES];
    scoped_key_str_t  text;

    bytes[0] = '\0';
    ngx_memcpy(bytes + 1, id.data, id.len);

    text.len = 1 + id.len;
    text.data = bytes;

    scoped_key_hash_make(hash, &worker->hash_key, text);
}


/* the lookup of this id that is in flight, or a new one; NULL: not now */

static ngx_http_scoped_key_lookup_t *
ngx_http_scoped_key_lookup_join(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker, scoped_key_str_t id,
    const scoped_key_hash_t *id_hash)
{
    ngx_queue_t                   *bucket;
    ngx_http_scoped_key_lookup_t  *lookup;

    bucket = ngx_http_scoped_key_lookup_bucket(worker, id_hash);
    lookup = ngx_http_scoped_key_lookup_find(bucket, id);

    if (lookup) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "scoped key: joins a lookup, sent %M ms ago",
                       ngx_current_msec - lookup->read_ms);
        return lookup;
    }

    lookup = ngx_calloc(sizeof(ngx_http_scoped_key_lookup_t), worker->log);
    if (lookup == NULL) {
        return NULL;
    }

    ngx_queue_init(&lookup->waiters);

    lookup->worker = worker;
    lookup->read_ms = ngx_current_msec;
    lookup->id.len = id.len;
    lookup->id.data = lookup->id_bytes;
    ngx_memcpy(lookup->id_bytes, id.data, id.len);

    if (ngx_http_scoped_key_fetch(lookup) != NGX_OK) {
        ngx_free(lookup);
        return NULL;
    }

    ngx_queue_insert_tail(bucket, &lookup->queue);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: lookup sent, connection to %V",
                   &scoped_key_redis_connection_address(worker->redis)->name);

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

        if (scoped_key_str_equal(lookup->id, id)) {
            return lookup;
        }
    }

    return NULL;
}


/* by a keyed hash: a client chooses the ids that it asks for */

static ngx_queue_t *
ngx_http_scoped_key_lookup_bucket(ngx_http_scoped_key_worker_t *worker,
    const scoped_key_hash_t *id_hash)
{
    return &worker->lookups[id_hash->word[0]
                            % NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS];
}


void
ngx_http_scoped_key_lookup_detach(ngx_http_scoped_key_worker_t *worker,
    scoped_key_str_t id)
{
    ngx_queue_t                   *bucket;
    scoped_key_hash_t              id_hash;
    ngx_http_scoped_key_lookup_t  *lookup;

    ngx_http_scoped_key_lookup_id_hash(worker, id, &id_hash);

    bucket = ngx_http_scoped_key_lookup_bucket(worker, &id_hash);
    lookup = ngx_http_scoped_key_lookup_find(bucket, id);

    if (lookup) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                       "scoped key: lookup of id=%*s detached: changed "
                       "meanwhile", id.len, id.data);

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


/*
 * The end of a lookup: keeps the outcome in the cache, unless it is outdated,
 * and has the waiters woken.  record: NULL when there is none, for the reason
 * given; the reference stays the caller's.  The lookup is not the caller's any
 * more.
 */

static void
ngx_http_scoped_key_lookup_end(ngx_http_scoped_key_lookup_t *lookup,
    scoped_key_record_t *record, const scoped_key_digests_t *digests,
    scoped_key_reason_e reason)
{
    ngx_http_scoped_key_worker_t  *worker;

    worker = lookup->worker;

    if (!lookup->detached) {
        ngx_queue_remove(&lookup->queue);
    }

    if (record) {
        lookup->record = scoped_key_record_ref(record);
    }

    lookup->reason = reason;

    ngx_log_debug5(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                   "scoped key: lookup of id=%*s ended after %M ms: %s%s",
                   lookup->id.len, lookup->id.data,
                   ngx_current_msec - lookup->read_ms,
                   record ? "record" : scoped_key_reason_name(reason),
                   record == NULL || scoped_key_record_is_valid(record)
                   ? "" : ", invalid");

    ngx_http_scoped_key_lookup_resolve_waiters(lookup, digests);

    ngx_queue_insert_tail(&worker->ended, &lookup->queue);
    ngx_post_event(&worker->wake, &ngx_posted_events);
}


/* whether someone who waits for it holds the secret */

static ngx_uint_t
ngx_http_scoped_key_lookup_any_match(
    const ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_digests_t *digests)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_waiter_t  *waiter;

    for (q = ngx_queue_head(&lookup->waiters);
         q != ngx_queue_sentinel(&lookup->waiters);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue);

        if (scoped_key_digests_match(digests, &waiter->digest)
            != SCOPED_KEY_SECRET_WRONG)
        {
            return 1;
        }
    }

    return 0;
}


/* what each waiter has proven, and what of it the cache is to keep */

static void
ngx_http_scoped_key_lookup_resolve_waiters(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_digests_t *digests)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_waiter_t  *waiter, *last;

    last = NULL;

    if (lookup->record && !digests->has_digest) {
        ngx_http_scoped_key_lookup_cache_invalid(lookup);
    }

    for (q = ngx_queue_head(&lookup->waiters);
         q != ngx_queue_sentinel(&lookup->waiters);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue);

        /* thousands may wait with one and the same text */

        if (last
            && last->hash.word[0] == waiter->hash.word[0]
            && last->hash.word[1] == waiter->hash.word[1])
        {
            waiter->match = last->match;
            continue;
        }

        waiter->match = ngx_http_scoped_key_lookup_match(lookup, digests,
                                                         waiter);
        last = waiter;

        if (lookup->record == NULL || digests->has_digest) {
            ngx_http_scoped_key_lookup_cache_store(lookup, &waiter->hash,
                                                   waiter->match);
        }
    }
}


/* a record without a digest has nobody who holds its secret: it is anyone's */

static scoped_key_secret_e
ngx_http_scoped_key_lookup_match(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_digests_t *digests,
    const ngx_http_scoped_key_waiter_t *waiter)
{
    if (lookup->record == NULL) {
        return SCOPED_KEY_SECRET_WRONG;
    }

    if (!digests->has_digest) {
        return SCOPED_KEY_SECRET_CURRENT;
    }

    return scoped_key_digests_match(digests, &waiter->digest);
}


/*
 * To read one that is too large takes time and bytes: not for each request
 * that names it, with whatever secret.
 */

static void
ngx_http_scoped_key_lookup_cache_invalid(ngx_http_scoped_key_lookup_t *lookup)
{
    scoped_key_hash_t  hash;

    ngx_http_scoped_key_lookup_id_hash(lookup->worker, lookup->id, &hash);
    ngx_http_scoped_key_lookup_cache_store(lookup, &hash,
                                           SCOPED_KEY_SECRET_CURRENT);
}


static void
ngx_http_scoped_key_lookup_cache_store(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_hash_t *hash, scoped_key_secret_e match)
{
    scoped_key_record_t           *record;
    ngx_http_scoped_key_worker_t  *worker;

    worker = lookup->worker;

    /* a server whose changes another one tells is believed for no longer than
       an answer */

    if (lookup->detached
        || lookup->reason == SCOPED_KEY_STORE_UNAVAILABLE
        || !ngx_http_scoped_key_worker_may_cache(worker))
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                       "scoped key: not kept in the cache");
        return;
    }

    record = match == SCOPED_KEY_SECRET_WRONG ? NULL : lookup->record;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                   "scoped key: kept in the cache as %s",
                   record ? "a record" : "unknown");

    (void) scoped_key_cache_put(worker->cache, hash, lookup->id, record,
                                match, lookup->read_ms);
}


/*
 * Asks for lookup->id.  NGX_OK: in progress, and
 * ngx_http_scoped_key_lookup_end() will be called once; NGX_DECLINED: not now,
 * or out of memory.
 */

static ngx_int_t
ngx_http_scoped_key_fetch(ngx_http_scoped_key_lookup_t *lookup)
{
    lookup->request.handler = ngx_http_scoped_key_fetch_handler;
    lookup->request.data = lookup;
    lookup->request.again = 1;

    return ngx_http_scoped_key_fetch_send(lookup);
}


static ngx_int_t
ngx_http_scoped_key_fetch_send(ngx_http_scoped_key_lookup_t *lookup)
{
    u_char                     commands[2 * NGX_HTTP_SCOPED_KEY_COMMAND_BYTES
                                        + sizeof(ngx_http_scoped_key_multi)
                                        + sizeof(ngx_http_scoped_key_exec)];
    ngx_http_scoped_key_out_t  out;

    out.pos = commands;
    out.end = commands + sizeof(commands);

    if (ngx_http_scoped_key_fetch_append(&out, ngx_http_scoped_key_multi,
                                       sizeof(ngx_http_scoped_key_multi) - 1)
            != NGX_OK
        || ngx_http_scoped_key_fetch_command(&out, "HGETALL", lookup, "}")
            != NGX_OK
        || ngx_http_scoped_key_fetch_command(&out, "SMEMBERS", lookup,
                                             "}:scopes")
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&out, ngx_http_scoped_key_exec,
                                        sizeof(ngx_http_scoped_key_exec) - 1)
            != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return scoped_key_redis_send(lookup->worker->redis, &lookup->request,
                                 &ngx_http_scoped_key_fetch_forms, commands,
                                 out.pos - commands);
}


static ngx_int_t
ngx_http_scoped_key_fetch_append(ngx_http_scoped_key_out_t *out,
    const void *data, size_t len)
{
    if (len > (size_t) (out->end - out->pos)) {
        return NGX_ERROR;
    }

    out->pos = ngx_cpymem(out->pos, data, len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_fetch_command(ngx_http_scoped_key_out_t *out,
    const char *command, const ngx_http_scoped_key_lookup_t *lookup,
    const char *suffix)
{
    size_t                      len, lens[2];
    u_char                      bytes[NGX_HTTP_SCOPED_KEY_NAME_BYTES];
    const char                 *argv[2];
    const ngx_str_t            *tracked;
    ngx_http_scoped_key_out_t   name;

    tracked = &lookup->worker->conf->tracked;

    name.pos = bytes;
    name.end = bytes + sizeof(bytes);

    if (ngx_http_scoped_key_fetch_append(&name, tracked->data, tracked->len)
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&name, lookup->id.data,
                                            lookup->id.len)
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&name, suffix, ngx_strlen(suffix))
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[0] = command;
    lens[0] = ngx_strlen(command);
    argv[1] = (const char *) bytes;
    lens[1] = name.pos - bytes;

    len = scoped_key_resp_command(out->pos, out->end - out->pos, 2, argv,
                                  lens);
    out->pos += len;

    return len ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_scoped_key_fetch_handler(scoped_key_redis_request_t *request,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply)
{
    ngx_int_t                      rc;
    scoped_key_raw_record_t        raw;
    ngx_http_scoped_key_lookup_t  *lookup;

    lookup = request->data;

    /* it was asked for then, and no sooner */
    lookup->read_ms = request->sent;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, lookup->worker->log, 0,
                   "scoped key: reply to lookup of id=%*s after %M ms: %s",
                   lookup->id.len, lookup->id.data,
                   ngx_current_msec - request->sent,
                   ngx_http_scoped_key_fetch_results[result]);

    switch (result) {

    case SCOPED_KEY_REDIS_REPLY:
        rc = ngx_http_scoped_key_fetch_read(lookup, reply);
        break;

    case SCOPED_KEY_REDIS_TOO_LARGE:
        ngx_memzero(&raw, sizeof(scoped_key_raw_record_t));
        raw.error = "too large";

        rc = ngx_http_scoped_key_fetch_build(lookup, &raw);
        break;

    case SCOPED_KEY_REDIS_DEAD:
        request->again = 0;
        rc = ngx_http_scoped_key_fetch_send(lookup);
        break;

    default:
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_STORE_UNAVAILABLE);
    }
}


/* NGX_OK: the lookup has ended; NGX_ERROR: nothing is known of the key */

static ngx_int_t
ngx_http_scoped_key_fetch_read(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_resp_value_t *reply)
{
    ngx_int_t                       rc;
    scoped_key_str_t               *fields, *members;
    scoped_key_raw_record_t         raw;
    const scoped_key_resp_value_t  *hash, *set;

    hash = scoped_key_resp_element(reply, 0);
    set = scoped_key_resp_element(reply, 1);

    if (reply->len != 2
        || !ngx_http_scoped_key_fetch_is_answer(hash, 2)
        || !ngx_http_scoped_key_fetch_is_answer(set, 1))
    {
        ngx_http_scoped_key_fetch_log_failure(lookup->worker, reply);
        return NGX_ERROR;
    }

    ngx_http_scoped_key_fetch_log_recovery(lookup->worker);

    if (hash->type == SCOPED_KEY_RESP_ARRAY && hash->len == 0) {
        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_UNKNOWN_KEY);
        return NGX_OK;
    }

    ngx_memzero(&raw, sizeof(scoped_key_raw_record_t));

    if (hash->type != SCOPED_KEY_RESP_ARRAY
        || set->type != SCOPED_KEY_RESP_ARRAY)
    {
        raw.error = "wrong type";
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, lookup->worker->log, 0,
                   "scoped key: read %uz fields, %uz members%s",
                   raw.error ? 0 : hash->len / 2,
                   raw.error ? 0 : set->len,
                   raw.error ? ", wrong type" : "");

    fields = NULL;
    members = NULL;
    rc = NGX_ERROR;

    if (ngx_http_scoped_key_fetch_strings(hash, &fields) == NGX_OK
        && ngx_http_scoped_key_fetch_strings(set, &members) == NGX_OK)
    {
        raw.fields = fields;
        raw.nfields = fields ? hash->len / 2 : 0;
        raw.members = members;
        raw.nmembers = members ? set->len : 0;

        rc = ngx_http_scoped_key_fetch_build(lookup, &raw);
    }

    ngx_free(fields);
    ngx_free(members);

    return rc;
}


/* whether it tells what there is: so many strings an item, or another type */

static ngx_uint_t
ngx_http_scoped_key_fetch_is_answer(const scoped_key_resp_value_t *value,
    size_t strings)
{
    if (value == NULL) {
        return 0;
    }

    return value->type == SCOPED_KEY_RESP_ARRAY
           ? value->len % strings == 0
           : scoped_key_resp_is_error(value, "WRONGTYPE");
}


/* *texts: NULL where there is nothing to read; else the caller frees it */

static ngx_int_t
ngx_http_scoped_key_fetch_strings(const scoped_key_resp_value_t *array,
    scoped_key_str_t **strings)
{
    size_t                          i;
    const scoped_key_resp_value_t  *element;

    *strings = NULL;

    if (array->type != SCOPED_KEY_RESP_ARRAY || array->len == 0) {
        return NGX_OK;
    }

    *strings = ngx_alloc(array->len * sizeof(scoped_key_str_t), ngx_cycle->log);
    if (*strings == NULL) {
        return NGX_ERROR;
    }

    element = array + 1;

    for (i = 0; i < array->len; i++) {

        if (element[i].type != SCOPED_KEY_RESP_STRING) {
            return NGX_ERROR;
        }

        (*strings)[i].len = element[i].len;
        (*strings)[i].data = element[i].data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_fetch_build(ngx_http_scoped_key_lookup_t *lookup,
    scoped_key_raw_record_t *raw)
{
    scoped_key_digests_t  digests;
    scoped_key_record_t  *record;

    raw->id = lookup->id;

    /*
     * An id is public: who knows no more than that costs us no record, and
     * has no line written about one.
     */

    scoped_key_record_digests(raw, &digests);

    if (digests.has_digest
        && !ngx_http_scoped_key_lookup_any_match(lookup, &digests))
    {
        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, lookup->worker->log, 0,
                       "scoped key: a record, but nobody who waits has its "
                       "secret");

        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_UNKNOWN_KEY);
        scoped_key_wipe(&digests, sizeof(scoped_key_digests_t));

        return NGX_OK;
    }

    ngx_http_scoped_key_memory_watch();

    record = scoped_key_record_build(raw, ngx_time(), &digests,
                                     ngx_http_scoped_key_fetch_report, lookup);

    if (!ngx_http_scoped_key_memory_sufficed()) {

        /* a grant may have been passed over, or be another one */

        scoped_key_record_unref(record);
        record = NULL;
    }

    if (record == NULL) {
        scoped_key_wipe(&digests, sizeof(scoped_key_digests_t));
        return NGX_ERROR;
    }

    ngx_http_scoped_key_lookup_end(lookup, record, &digests,
                                   SCOPED_KEY_REASON_NONE);

    scoped_key_record_unref(record);
    scoped_key_wipe(&digests, sizeof(scoped_key_digests_t));

    return NGX_OK;
}


/*
 * Where nothing can be kept, a client who holds the key of such a record has it
 * read with each request.
 */

static ngx_uint_t
ngx_http_scoped_key_fetch_may_report(ngx_http_scoped_key_worker_t *worker)
{
    if (ngx_current_msec - worker->reports_since
        >= NGX_HTTP_SCOPED_KEY_REPORTS_MS)
    {
        if (worker->unreported > 0) {
            ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                          "scoped key: %ui more lines about unreadable "
                          "records not logged", worker->unreported);
        }

        worker->reports_since = ngx_current_msec;
        worker->nreports = 0;
        worker->unreported = 0;
    }

    if (worker->nreports == NGX_HTTP_SCOPED_KEY_WORKER_REPORTS) {
        worker->unreported++;
        return 0;
    }

    worker->nreports++;

    return 1;
}


/*
 * Once for each thing in a record that is fetched by who holds its secret, the
 * first few of them.
 */

static void
ngx_http_scoped_key_fetch_report(void *data, const char *field,
    scoped_key_str_t value)
{
    ngx_http_scoped_key_lookup_t  *lookup = data;

    ngx_str_t  id, shown;
    u_char     text[NGX_HTTP_SCOPED_KEY_NAME_BYTES];

    if (lookup->reported == NGX_HTTP_SCOPED_KEY_MAX_REPORTS
        || !ngx_http_scoped_key_fetch_may_report(lookup->worker))
    {
        return;
    }

    lookup->reported++;

    id = ngx_http_scoped_key_ngx_str(lookup->id);

    shown.data = text;
    shown.len = ngx_http_scoped_key_sanitize_for_log(text, sizeof(text),
                                                     value.data, value.len);

    ngx_log_error(NGX_LOG_WARN, lookup->worker->log, 0,
                  "scoped key: unreadable %s \"%V\" in record of id=%V",
                  field, &shown, &id);
}


/* a state change, not a flood: the first error after all was well */

static void
ngx_http_scoped_key_fetch_log_failure(ngx_http_scoped_key_worker_t *worker,
    const scoped_key_resp_value_t *error)
{
    size_t       i;
    ngx_str_t    shown;
    u_char       text[NGX_HTTP_SCOPED_KEY_NAME_BYTES];
    const char  *note;

    if (worker->store_failing) {
        return;
    }

    /* of two commands in EXEC, the first that failed */

    for (i = 0; error->type == SCOPED_KEY_RESP_ARRAY && i < error->len; i++) {
        if (error[1 + i].type == SCOPED_KEY_RESP_ERROR) {
            error += 1 + i;
            break;
        }
    }

    ngx_str_set(&shown, "unexpected reply");

    if (error->type == SCOPED_KEY_RESP_ERROR) {
        shown.data = text;
        shown.len = ngx_http_scoped_key_sanitize_for_log(text, sizeof(text),
                                                         error->data,
                                                         error->len);
    }

    note = scoped_key_redis_log_allow(&worker->limit,
                                      scoped_key_redis_log_reason(shown.data,
                                                                  shown.len),
                                      ngx_current_msec);
    if (note == NULL) {
        return;
    }

    worker->store_failing = 1;

    ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                  "scoped key: redis %V refuses lookups: \"%V\"%s",
                  &worker->conf->redis.name, &shown, note);
}


static void
ngx_http_scoped_key_fetch_log_recovery(ngx_http_scoped_key_worker_t *worker)
{
    if (worker->store_failing) {
        worker->store_failing = 0;

        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0,
                      "scoped key: redis %V answers lookups again",
                      &worker->conf->redis.name);
    }
}


/* NULL: out of memory */

static ngx_http_scoped_key_waiter_t *
ngx_http_scoped_key_waiter_create(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_http_cleanup_t            *cln;
    ngx_http_scoped_key_waiter_t  *waiter;

    if (ctx->waiter) {
        return ctx->waiter;
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_scoped_key_waiter_t));
    if (cln == NULL) {
        return NULL;
    }

    waiter = cln->data;
    ngx_memzero(waiter, sizeof(ngx_http_scoped_key_waiter_t));

    waiter->request = r;

    cln->handler = ngx_http_scoped_key_waiter_cleanup;
    ctx->waiter = waiter;

    return waiter;
}


/* the request waits: the access handler is to return NGX_AGAIN */

static void
ngx_http_scoped_key_waiter_join(ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_lookup_t *lookup)
{
    waiter->lookup = lookup;
    ngx_queue_insert_tail(&lookup->waiters, &waiter->queue);

    /* else a client that goes away would go unseen */

    waiter->request->read_event_handler = ngx_http_test_reading;
}


void
ngx_http_scoped_key_waiter_wake(ngx_event_t *ev)
{
    ngx_queue_t                   *q;
    ngx_uint_t                     n;
    ngx_msec_t                     start;
    ngx_http_scoped_key_lookup_t  *lookup;
    ngx_http_scoped_key_worker_t  *worker;

    worker = ev->data;
    n = 0;

    ngx_time_update();
    start = ngx_current_msec;

    while (!ngx_queue_empty(&worker->ended)
           && n < NGX_HTTP_SCOPED_KEY_WAKES_A_TURN
           && ngx_current_msec - start < NGX_HTTP_SCOPED_KEY_WAKING_MS)
    {
        q = ngx_queue_head(&worker->ended);
        lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

        if (ngx_queue_empty(&lookup->waiters)) {
            ngx_queue_remove(&lookup->queue);
            ngx_http_scoped_key_lookup_free(lookup);
            continue;
        }

        q = ngx_queue_head(&lookup->waiters);

        ngx_http_scoped_key_waiter_resume(
                      ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue));
        n++;

        ngx_time_update();
    }

    /* a timer, and one that keeps a worker that is to exit from doing so */

    if (!ngx_queue_empty(&worker->ended)) {
        ngx_add_timer(&worker->wake, NGX_HTTP_SCOPED_KEY_TURN_MS);
    }
}


static void
ngx_http_scoped_key_waiter_resume(ngx_http_scoped_key_waiter_t *waiter)
{
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_scoped_key_ctx_t     *ctx;
    ngx_http_scoped_key_lookup_t  *lookup;

    lookup = waiter->lookup;

    ngx_http_scoped_key_waiter_detach(waiter);

    r = waiter->request;
    c = r->connection;
    ctx = ngx_http_scoped_key_ctx(r);

    /* a post_action has taken the request elsewhere after its client left */

    if (ctx == NULL || !ctx->waiting) {
        return;
    }

    ctx->waiting = 0;

    ngx_http_set_log_request(c->log, r);

    ngx_http_scoped_key_waiter_receive(waiter, ctx, lookup);

    r->read_event_handler = ngx_http_block_reading;

    /* r may be gone after each of these */

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


/* the outcome, if it is not too old by now; else it is asked for again */

static void
ngx_http_scoped_key_waiter_receive(ngx_http_scoped_key_waiter_t *waiter,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_http_scoped_key_lookup_t *lookup)
{
    if (ngx_http_scoped_key_waiter_is_outdated(lookup)) {

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, waiter->request->connection->log, 0,
                       "scoped key: resumed, but read %M ms ago is too old",
                       ngx_current_msec - lookup->read_ms);

        if (++waiter->outdated < NGX_HTTP_SCOPED_KEY_MAX_LOOKUPS) {
            ctx->wants_record = 1;
            return;
        }

        ctx->decision.reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return;
    }

    waiter->outdated = 0;

    ctx->read_ms = lookup->read_ms;
    ctx->match = waiter->match;
    ctx->decision.reason = lookup->reason;

    if (lookup->record && ctx->match != SCOPED_KEY_SECRET_WRONG) {
        ctx->record = scoped_key_record_ref(lookup->record);

    } else if (lookup->record) {
        ctx->decision.reason = SCOPED_KEY_UNKNOWN_KEY;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, waiter->request->connection->log, 0,
                   "scoped key: resumed, read %M ms ago: %s%s",
                   ngx_current_msec - lookup->read_ms,
                   ctx->record ? "record"
                               : scoped_key_reason_name(ctx->decision.reason),
                   ctx->record && ctx->match == SCOPED_KEY_SECRET_PREVIOUS
                   ? ", previous secret" : "");
}


/*
 * A change may have been made since it was asked for, and have been told or
 * not: for longer than the bound nobody is to go by what was before.
 */

static ngx_uint_t
ngx_http_scoped_key_waiter_is_outdated(
    const ngx_http_scoped_key_lookup_t *lookup)
{
    return lookup->reason != SCOPED_KEY_STORE_UNAVAILABLE
           && ngx_current_msec - lookup->read_ms
              >= lookup->worker->conf->bound;
}


static void
ngx_http_scoped_key_waiter_cleanup(void *data)
{
    ngx_http_scoped_key_waiter_t  *waiter = data;

    ngx_http_scoped_key_waiter_detach(waiter);
}


void
ngx_http_scoped_key_waiter_cancel_all(ngx_http_scoped_key_worker_t *worker)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_lookup_t  *lookup;

    while (!ngx_queue_empty(&worker->ended)) {
        q = ngx_queue_head(&worker->ended);
        ngx_queue_remove(q);

        lookup = ngx_queue_data(q, ngx_http_scoped_key_lookup_t, queue);

        while (!ngx_queue_empty(&lookup->waiters)) {
            q = ngx_queue_head(&lookup->waiters);
            ngx_http_scoped_key_waiter_cleanup(
                      ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue));
        }

        ngx_http_scoped_key_lookup_free(lookup);
    }
}


static void
ngx_http_scoped_key_lookup_free(ngx_http_scoped_key_lookup_t *lookup)
{
    scoped_key_record_unref(lookup->record);
    ngx_free(lookup);
}
