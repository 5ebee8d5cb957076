/*
 * Starts and stops what a worker process has. Everything that Redis reports
 * of changes ends in the cache and in the lookups in flight.
 */

#include "worker.h"
#include "cached.h"
#include "debug.h"
#include "../core/version.h"
#include "../redis/endpoints.h"
#include "lookup.h"
#include "last_used.h"
#include "store.h"


static void ngx_http_scoped_key_worker_events(
    ngx_http_scoped_key_worker_t *worker);
static ngx_int_t ngx_http_scoped_key_worker_connect(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_disconnect(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_free(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_log_version(ngx_cycle_t *cycle);
static void ngx_http_scoped_key_worker_flush(void *data);
static void ngx_http_scoped_key_worker_changed(void *data,
    const ngx_str_t *key);
static void ngx_http_scoped_key_worker_message(void *data,
    const ngx_str_t *text);


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
    limits.user_bytes = ngx_http_scoped_key_allow_bytes(skmcf)
                        + NGX_HTTP_SCOPED_KEY_LAST_USED_BYTES;

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
    scoped_key_redis_desync_t         desync;
    scoped_key_redis_listener_t       listener;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = worker->conf;

    scoped_key_hash_key_make(&worker->hash_key);
    scoped_key_hash_key_make(&worker->request_id_key);

    if (ngx_http_scoped_key_last_used_create(worker) != NGX_OK) {
        return NGX_ERROR;
    }

    worker->endpoints = scoped_key_redis_endpoints_create(&skmcf->redis,
                                                          worker->log);
    if (worker->endpoints == NULL) {
        return NGX_ERROR;
    }

    /* what was read may have been what another key's record was, or its own */

    desync.handler = ngx_http_scoped_key_worker_flush;
    desync.data = worker;

    worker->redis = scoped_key_redis_connection_create(&skmcf->redis,
                                                       worker->endpoints,
                                                       &desync,
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
    ngx_http_scoped_key_waiter_cancel_all(worker);
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

    ngx_http_scoped_key_worker_log_version(cycle);

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


/* as nginx logs its own, but at a reload, too: the module may be a new one */

static void
ngx_http_scoped_key_worker_log_version(ngx_cycle_t *cycle)
{
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                                ngx_http_scoped_key_module);

    if (skmcf == NULL || !skmcf->used || ngx_test_config) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                  "scoped key: version " SCOPED_KEY_VERSION);
}


/* a clock that does not advance for longer than the bound cannot keep it */

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


/* every lookup in flight ends, and waits to be given out */

static void
ngx_http_scoped_key_worker_disconnect(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_last_used_stop(worker->last_used);
    ngx_http_scoped_key_last_used_stop(worker->previous_used);

    scoped_key_redis_tracking_destroy(worker->tracking);
    scoped_key_redis_connection_destroy(worker->redis);
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
    scoped_key_wipe(&worker->hash_key, sizeof(scoped_key_hash_key_t));
    scoped_key_wipe(&worker->request_id_key, sizeof(scoped_key_hash_key_t));
    ngx_free(worker->last_used);
    ngx_free(worker->previous_used);
    ngx_free(worker);
}


static void
ngx_http_scoped_key_worker_flush(void *data)
{
    ngx_http_scoped_key_worker_t  *worker = data;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                   "scoped key: forgets all that is cached");

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

    if (ngx_http_scoped_key_log_is_debug(worker->log)) {
        ngx_http_scoped_key_debug_changed(worker, key);
    }

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

    if (ngx_http_scoped_key_log_is_debug(worker->log)) {
        ngx_http_scoped_key_debug_changed(worker, text);
    }

    id = ngx_http_scoped_key_str(text);

    scoped_key_cache_invalidate(worker->cache, id);
    ngx_http_scoped_key_lookup_detach(worker, id);
}
