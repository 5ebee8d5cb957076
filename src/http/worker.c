/*
 * Starts and stops what a worker process has, and says how old a reading may
 * be.  Everything that Redis tells of ends in the cache and in the lookups
 * under way.
 */

#include "worker.h"
#include "cached.h"
#include "../redis/endpoints.h"
#include "lookup.h"
#include "uses.h"


static void ngx_http_scoped_key_worker_events(
    ngx_http_scoped_key_worker_t *worker);
static ngx_int_t ngx_http_scoped_key_worker_connect(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_disconnect(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_free(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_flush(void *data);
static void ngx_http_scoped_key_worker_changed(void *data,
    const ngx_str_t *key);
static void ngx_http_scoped_key_worker_message(void *data,
    const ngx_str_t *text);
static uint64_t ngx_http_scoped_key_worker_since(ngx_msec_t age);
static ngx_http_scoped_key_servers_e ngx_http_scoped_key_worker_servers(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_compare(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_on_reunite(ngx_event_t *ev);


/* two servers: the first, the longest time until lookups look for the other */
#define NGX_HTTP_SCOPED_KEY_FIRST_REUNITE_MS   1000
#define NGX_HTTP_SCOPED_KEY_MAX_REUNITE_MS    60000
#define NGX_HTTP_SCOPED_KEY_BUSY_REUNITE_MS      10


ngx_http_scoped_key_worker_t  *ngx_http_scoped_key_worker;


ngx_int_t
ngx_http_scoped_key_worker_start(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    scoped_key_cache_limits_t         limits;
    ngx_http_scoped_key_worker_t     *worker;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                                ngx_http_scoped_key_module);

    if (skmcf == NULL || !skmcf->used
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    if (!scoped_key_digest_init()) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "sodium_init() failed");
        return NGX_ERROR;
    }

    worker = ngx_calloc(sizeof(ngx_http_scoped_key_worker_t), cycle->log);
    if (worker == NULL) {
        return NGX_ERROR;
    }

    worker->conf = skmcf;
    worker->log = cycle->log;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS; i++) {
        ngx_queue_init(&worker->lookups[i]);
    }

    ngx_queue_init(&worker->ended);
    ngx_http_scoped_key_worker_events(worker);

    ngx_http_scoped_key_worker = worker;

    limits.bytes = skmcf->cache_size;
    limits.memo_bytes = ngx_http_scoped_key_memo_bytes(skmcf)
                        + NGX_HTTP_SCOPED_KEY_USES_MEMO_BYTES;

    worker->cache = scoped_key_cache_create(&limits);

    if (worker->cache == NULL
        || ngx_http_scoped_key_worker_connect(worker) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "scoped key: no memory for a cache of %uz bytes",
                      skmcf->cache_size);
        ngx_http_scoped_key_worker_stop(cycle);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_scoped_key_worker_events(ngx_http_scoped_key_worker_t *worker)
{
    worker->wake.handler = ngx_http_scoped_key_waiter_wake;
    worker->wake.data = worker;
    worker->wake.log = worker->log;

    worker->reunite.handler = ngx_http_scoped_key_worker_on_reunite;
    worker->reunite.data = worker;
    worker->reunite.log = worker->log;
    worker->reunite.cancelable = 1;
}


static ngx_int_t
ngx_http_scoped_key_worker_connect(ngx_http_scoped_key_worker_t *worker)
{
    scoped_key_redis_doubter_t        doubter;
    scoped_key_redis_listener_t       listener;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = worker->conf;

    scoped_key_tag_key_make(&worker->tag_key);

    if (ngx_http_scoped_key_uses_create(worker) != NGX_OK) {
        return NGX_ERROR;
    }

    worker->endpoints = scoped_key_redis_endpoints_create(&skmcf->redis,
                                                          worker->log);
    if (worker->endpoints == NULL) {
        return NGX_ERROR;
    }

    /* what was read may have been what another key's record was, or its own */

    doubter.doubt = ngx_http_scoped_key_worker_flush;
    doubter.data = worker;

    worker->redis = scoped_key_redis_connection_create(&skmcf->redis,
                                                       worker->endpoints,
                                                       &doubter,
                                                       worker->log);
    if (worker->redis == NULL) {
        return NGX_ERROR;
    }

    listener.flush = ngx_http_scoped_key_worker_flush;
    listener.changed = ngx_http_scoped_key_worker_changed;
    listener.message = ngx_http_scoped_key_worker_message;
    listener.data = worker;

    worker->tracking = scoped_key_redis_tracking_create(&skmcf->redis,
                                                        worker->endpoints,
                                                        &skmcf->tracked,
                                                        &skmcf->channel,
                                                        &listener,
                                                        worker->log);

    return worker->tracking ? NGX_OK : NGX_ERROR;
}


void
ngx_http_scoped_key_worker_stop(ngx_cycle_t *cycle)
{
    ngx_http_scoped_key_worker_t  *worker;

    worker = ngx_http_scoped_key_worker;

    if (worker == NULL) {
        return;
    }

    ngx_http_scoped_key_worker_disconnect(worker);
    ngx_http_scoped_key_waiter_abandon(worker);
    ngx_http_scoped_key_worker_free(worker);

    ngx_http_scoped_key_worker = NULL;
}


ngx_int_t
ngx_http_scoped_key_worker_reload(ngx_cycle_t *cycle)
{
    ngx_http_scoped_key_worker_t  *old;

    if (ngx_http_scoped_key_worker_check(cycle) != NGX_OK
        || ngx_http_scoped_key_cached_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    old = ngx_http_scoped_key_worker;

    if (old == NULL) {
        return NGX_OK;
    }

    ngx_http_scoped_key_worker = NULL;

    ngx_http_scoped_key_worker_disconnect(old);

    while (!ngx_queue_empty(&old->ended)) {
        ngx_http_scoped_key_waiter_wake(&old->wake);
    }

    ngx_http_scoped_key_worker_free(old);

    return ngx_http_scoped_key_worker_start(cycle);
}


/* a clock that stands still for longer than the bound cannot keep it */

ngx_int_t
ngx_http_scoped_key_worker_check(ngx_cycle_t *cycle)
{
    ngx_core_conf_t                  *ccf;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                                ngx_http_scoped_key_module);
    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (skmcf == NULL || !skmcf->used
        || ccf->timer_resolution == NGX_CONF_UNSET_MSEC
        || ccf->timer_resolution <= skmcf->redis.heartbeat)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                  "\"timer_resolution\" of %M ms is too coarse for the bound "
                  "of %M ms in \"scoped_key_cache\": at most %M ms",
                  ccf->timer_resolution, skmcf->bound,
                  skmcf->redis.heartbeat);

    return NGX_ERROR;
}


/* every lookup under way ends, and waits to be given out */

static void
ngx_http_scoped_key_worker_disconnect(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_uses_stop(worker->uses);
    ngx_http_scoped_key_uses_stop(worker->previous_uses);

    if (worker->tracking) {
        scoped_key_redis_tracking_destroy(worker->tracking);
    }

    if (worker->redis) {
        scoped_key_redis_connection_destroy(worker->redis);
    }

    scoped_key_redis_endpoints_destroy(worker->endpoints);

    worker->endpoints = NULL;
    worker->tracking = NULL;
    worker->redis = NULL;

    if (worker->reunite.timer_set) {
        ngx_del_timer(&worker->reunite);
    }

    if (worker->wake.posted) {
        ngx_delete_posted_event(&worker->wake);
    }
}


static void
ngx_http_scoped_key_worker_free(ngx_http_scoped_key_worker_t *worker)
{
    if (worker->wake.timer_set) {
        ngx_del_timer(&worker->wake);
    }

    scoped_key_cache_destroy(worker->cache);
    scoped_key_wipe(&worker->tag_key, sizeof(scoped_key_tag_key_t));
    ngx_free(worker->uses);
    ngx_free(worker->previous_uses);
    ngx_free(worker);
}


/*
 * While Redis is proven to tell of changes, a reading is as good as new until
 * its ttl; once the last proof is older than the bound, no longer than that.
 */

void
ngx_http_scoped_key_worker_reckon(ngx_http_scoped_key_worker_t *worker)
{
    ngx_msec_t                        proof, age, ttl, negative;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = worker->conf;
    ttl = skmcf->ttl;
    negative = skmcf->negative;
    age = skmcf->bound;

    worker->stale = 0;

    if (scoped_key_redis_tracking_proof(worker->tracking, &proof)) {
        age = ngx_current_msec - proof;
        worker->stale = age > skmcf->redis.heartbeat
                              * SCOPED_KEY_REDIS_MISSED_HEARTBEATS;
    }

    /* a proof is one for its own server */

    if (age >= skmcf->bound
        || worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_UNTOLD)
    {
        ttl = ngx_min(ttl, skmcf->bound);
        negative = ngx_min(negative, skmcf->bound);
    }

    worker->oldest = ngx_http_scoped_key_worker_since(ttl);
    worker->oldest_unknown = ngx_http_scoped_key_worker_since(negative);
    worker->reckoned = ngx_current_msec;
}


/* a reading of exactly this age is too old */

static uint64_t
ngx_http_scoped_key_worker_since(ngx_msec_t age)
{
    return ngx_current_msec < age ? 0 : ngx_current_msec - age + 1;
}


ngx_uint_t
ngx_http_scoped_key_worker_may_keep(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_worker_compare(worker);

    if (worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_UNTOLD) {
        return scoped_key_redis_address_equal(
                       scoped_key_redis_connection_address(worker->redis),
                       scoped_key_redis_tracking_address(worker->tracking));
    }

    return worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_ONE;
}


static ngx_http_scoped_key_servers_e
ngx_http_scoped_key_worker_servers(ngx_http_scoped_key_worker_t *worker)
{
    const scoped_key_redis_server_t  *data, *changes;

    data = scoped_key_redis_connection_server(worker->redis);
    changes = scoped_key_redis_tracking_server(worker->tracking);

    if (data->len == 0 || changes->len == 0) {

        if (data->greeted && changes->greeted && !worker->untold) {
            worker->untold = 1;

            ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                          "scoped key: redis %V does not say which server it "
                          "is (INFO): records are used no longer than the "
                          "bound", &worker->conf->redis.name);
        }

        return NGX_HTTP_SCOPED_KEY_SERVERS_UNTOLD;
    }

    worker->untold = 0;

    return data->len == changes->len
           && ngx_memcmp(data->run_id, changes->run_id, data->len) == 0
           ? NGX_HTTP_SCOPED_KEY_SERVERS_ONE
           : NGX_HTTP_SCOPED_KEY_SERVERS_TWO;
}


/* at each reading, since either link may have been made anew meanwhile */

static void
ngx_http_scoped_key_worker_compare(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_servers_e  before;

    before = worker->servers;
    worker->servers = ngx_http_scoped_key_worker_servers(worker);

    if (worker->servers == before) {
        return;
    }

    worker->reckoned = 0;

    /* of what was kept, nobody knows which server said it */

    if (before == NGX_HTTP_SCOPED_KEY_SERVERS_UNTOLD) {
        scoped_key_cache_flush(worker->cache);
    }

    if (worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_TWO) {
        ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                      "scoped key: redis %V: lookups are answered by another "
                      "server than the one that tells of changes: nothing is "
                      "kept", &worker->conf->redis.name);

        worker->apart = NGX_HTTP_SCOPED_KEY_FIRST_REUNITE_MS;
        ngx_add_timer(&worker->reunite, worker->apart);

    } else if (before == NGX_HTTP_SCOPED_KEY_SERVERS_TWO) {
        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0,
                      "scoped key: redis %V: lookups are no longer answered "
                      "by another server than the one that tells of changes",
                      &worker->conf->redis.name);
    }
}


/* a balancer may lead to the other server, if it is asked often enough */

static void
ngx_http_scoped_key_worker_on_reunite(ngx_event_t *ev)
{
    ngx_http_scoped_key_worker_t  *worker;

    worker = ev->data;

    ngx_http_scoped_key_worker_compare(worker);

    if (worker->servers != NGX_HTTP_SCOPED_KEY_SERVERS_TWO) {
        return;
    }

    if (scoped_key_redis_connection_renew(worker->redis) != NGX_OK) {
        ngx_add_timer(ev, NGX_HTTP_SCOPED_KEY_BUSY_REUNITE_MS);
        return;
    }

    worker->apart = ngx_min(2 * worker->apart,
                            NGX_HTTP_SCOPED_KEY_MAX_REUNITE_MS);
    ngx_add_timer(ev, worker->apart);
}


static void
ngx_http_scoped_key_worker_flush(void *data)
{
    ngx_http_scoped_key_worker_t  *worker = data;

    scoped_key_cache_flush(worker->cache);
    ngx_http_scoped_key_lookup_detach_all(worker);
}


/* "scoped_key:{id}" or "scoped_key:{id}:scopes" */

static void
ngx_http_scoped_key_worker_changed(void *data, const ngx_str_t *key)
{
    ngx_http_scoped_key_worker_t  *worker = data;

    u_char     *last;
    ngx_str_t   id;

    if (key->len < worker->conf->tracked.len) {
        return;
    }

    id.data = key->data + worker->conf->tracked.len;
    last = ngx_strlchr(id.data, key->data + key->len, '}');

    if (last == NULL) {
        return;
    }

    id.len = last - id.data;

    ngx_http_scoped_key_worker_message(worker, &id);
}


/* the channel says an id and nothing else */

static void
ngx_http_scoped_key_worker_message(void *data, const ngx_str_t *text)
{
    ngx_http_scoped_key_worker_t  *worker = data;

    scoped_key_str_t  id;

    if (text->len == 0 || text->len > SCOPED_KEY_ID_MAX_BYTES) {
        return;
    }

    id.len = text->len;
    id.data = text->data;

    scoped_key_cache_invalidate(worker->cache, id);
    ngx_http_scoped_key_lookup_detach(worker, id);
}
