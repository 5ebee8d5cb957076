/*
 * How old a reading may be, and whether it may be kept: the revocation
 * guarantee of docs/operations.md, from what both links say.
 */

#include "store.h"


/* two servers: the first, the longest time until a link is made again */
#define NGX_HTTP_SCOPED_KEY_FIRST_REUNITE_MS   1000
#define NGX_HTTP_SCOPED_KEY_MAX_REUNITE_MS    60000


static uint64_t ngx_http_scoped_key_worker_since(ngx_msec_t age);
static ngx_http_scoped_key_servers_e ngx_http_scoped_key_worker_servers(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_compare(
    ngx_http_scoped_key_worker_t *worker);
static void ngx_http_scoped_key_worker_reunite(
    ngx_http_scoped_key_worker_t *worker);


ngx_http_scoped_key_worker_t  *ngx_http_scoped_key_worker;


/*
 * While Redis is proven to report changes, a reading is as good as new until
 * its ttl; once the last confirmation is older than the bound, no longer than
 * that.
 */

void
ngx_http_scoped_key_worker_update_freshness(
    ngx_http_scoped_key_worker_t *worker)
{
    ngx_msec_t                        confirmed, age, ttl, negative;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = worker->conf;
    ttl = skmcf->ttl;
    negative = skmcf->negative;
    age = skmcf->bound;

    worker->stale = 0;

    if (scoped_key_redis_tracking_last_confirmed(worker->tracking,
                                                 &confirmed))
    {
        age = ngx_current_msec - confirmed;
        worker->stale = age > skmcf->redis.heartbeat
                              * SCOPED_KEY_REDIS_MISSED_HEARTBEATS;
    }

    /* a confirmation is one for its own server */

    if (age >= skmcf->bound
        || worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_UNKNOWN)
    {
        ttl = ngx_min(ttl, skmcf->bound);
        negative = ngx_min(negative, skmcf->bound);
    }

    worker->oldest = ngx_http_scoped_key_worker_since(ttl);
    worker->oldest_negative = ngx_http_scoped_key_worker_since(negative);
    worker->freshness_updated = ngx_current_msec;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, worker->log, 0,
                   "scoped key: records are good for %M ms, unknown keys for "
                   "%M ms%s", ttl, negative, worker->stale ? ", stale" : "");
}


/* a reading of exactly this age is too old */

static uint64_t
ngx_http_scoped_key_worker_since(ngx_msec_t age)
{
    return ngx_current_msec < age ? 0 : ngx_current_msec - age + 1;
}


ngx_uint_t
ngx_http_scoped_key_worker_may_cache(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_worker_compare(worker);

    if (worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_UNKNOWN) {
        return scoped_key_redis_address_equal(
                       scoped_key_redis_connection_address(worker->redis),
                       scoped_key_redis_tracking_address(worker->tracking));
    }

    return worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_SAME;
}


/* may a line about this failure be written?  NULL, or how it ends */

static const char *
ngx_http_scoped_key_worker_may_log(ngx_http_scoped_key_worker_t *worker,
    const char *what)
{
    return scoped_key_redis_log_allow(&worker->limit,
                                      scoped_key_redis_log_reason(what,
                                                         ngx_strlen(what)),
                                      ngx_current_msec);
}


static void
ngx_http_scoped_key_worker_log_untold(ngx_http_scoped_key_worker_t *worker)
{
    const char  *note;

    note = ngx_http_scoped_key_worker_may_log(worker, "untold");

    if (note == NULL) {
        return;
    }

    worker->server_unknown = 1;

    ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                  "scoped key: redis %V does not say which server it is "
                  "(INFO): records are used no longer than the bound%s",
                  &worker->conf->redis.name, note);
}


static void
ngx_http_scoped_key_worker_log_servers(ngx_http_scoped_key_worker_t *worker)
{
    const char  *note;

    if (worker->servers != NGX_HTTP_SCOPED_KEY_SERVERS_DIFFERENT) {

        if (worker->two) {
            worker->two = 0;

            ngx_log_error(NGX_LOG_NOTICE, worker->log, 0,
                          "scoped key: redis %V: lookups are no longer "
                          "answered by another server than the one that "
                          "reports changes", &worker->conf->redis.name);
        }

        return;
    }

    note = worker->two ? NULL
           : ngx_http_scoped_key_worker_may_log(worker, "two");

    if (note != NULL) {
        worker->two = 1;

        ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                      "scoped key: redis %V: lookups are answered by another "
                      "server than the one that reports changes: nothing is "
                      "kept%s", &worker->conf->redis.name, note);
    }
}


static ngx_http_scoped_key_servers_e
ngx_http_scoped_key_worker_servers(ngx_http_scoped_key_worker_t *worker)
{
    const scoped_key_redis_server_t  *data, *changes;

    data = scoped_key_redis_connection_server(worker->redis);
    changes = scoped_key_redis_tracking_server(worker->tracking);

    if (data->len == 0 || changes->len == 0) {

        if (data->handshakes && changes->handshakes
            && !worker->server_unknown)
        {
            ngx_http_scoped_key_worker_log_untold(worker);
        }

        return NGX_HTTP_SCOPED_KEY_SERVERS_UNKNOWN;
    }

    worker->server_unknown = 0;

    return data->len == changes->len
           && ngx_memcmp(data->run_id, changes->run_id, data->len) == 0
           ? NGX_HTTP_SCOPED_KEY_SERVERS_SAME
           : NGX_HTTP_SCOPED_KEY_SERVERS_DIFFERENT;
}


/* at each reading, since either link may have been made again meanwhile */

static void
ngx_http_scoped_key_worker_compare(ngx_http_scoped_key_worker_t *worker)
{
    ngx_http_scoped_key_servers_e  before;

    before = worker->servers;
    worker->servers = ngx_http_scoped_key_worker_servers(worker);

    ngx_http_scoped_key_worker_log_servers(worker);

    if (worker->servers == before) {
        return;
    }

    worker->freshness_updated = 0;

    /* of what was kept, nobody knows which server said it */

    if (before == NGX_HTTP_SCOPED_KEY_SERVERS_UNKNOWN) {
        scoped_key_cache_flush(worker->cache);
    }

    if (worker->servers == NGX_HTTP_SCOPED_KEY_SERVERS_DIFFERENT) {
        worker->reunite_delay = NGX_HTTP_SCOPED_KEY_FIRST_REUNITE_MS;
        worker->tries = 0;
        ngx_http_scoped_key_worker_reunite(worker);
    }
}


/* not all workers at once */

static void
ngx_http_scoped_key_worker_reunite(ngx_http_scoped_key_worker_t *worker)
{
    ngx_msec_t  apart;

    apart = worker->reunite_delay;

    ngx_add_timer(&worker->reunite, apart - ngx_random() % (apart / 4));
}


/*
 * A balancer may lead either link to the server of the other one, if it is
 * asked often enough.  Not one after the other, since one that takes its
 * servers in turn would lead them past each other for ever: first those of
 * changes twice, between two of lookups, and then any.
 */

static ngx_uint_t
ngx_http_scoped_key_worker_renews_changes(
    const ngx_http_scoped_key_worker_t *worker)
{
    switch (worker->tries) {

    case 0:
    case 3:
        return 0;

    case 1:
    case 2:
        return 1;

    default:
        return ngx_random() % 2;
    }
}


void
ngx_http_scoped_key_worker_on_reunite(ngx_event_t *ev)
{
    ngx_http_scoped_key_worker_t  *worker;

    worker = ev->data;

    ngx_http_scoped_key_worker_compare(worker);

    if (worker->servers != NGX_HTTP_SCOPED_KEY_SERVERS_DIFFERENT) {
        return;
    }

    if (ngx_http_scoped_key_worker_renews_changes(worker)) {
        scoped_key_redis_tracking_renew(worker->tracking,
                        scoped_key_redis_connection_address(worker->redis));

    } else {
        scoped_key_redis_connection_renew(worker->redis,
                        scoped_key_redis_tracking_address(worker->tracking));
    }

    if (++worker->tries % 2 == 0) {
        worker->reunite_delay = ngx_min(2 * worker->reunite_delay,
                                        NGX_HTTP_SCOPED_KEY_MAX_REUNITE_MS);
    }

    ngx_http_scoped_key_worker_reunite(worker);
}
