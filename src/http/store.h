/*
 * What one worker process has: its cache, its connections to Redis, its
 * lookups in flight; and how old a reading may be.  Made by worker.c.
 * Invariant: none of it is shared with another process.
 */

#ifndef NGX_HTTP_SCOPED_KEY_STORE_H
#define NGX_HTTP_SCOPED_KEY_STORE_H

#include "ngx_http_scoped_key.h"
#include "../redis/log_limit.h"
#include "../redis/tracking.h"


#define NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS  256

/*
 * Behind one address there may be several servers: which process answers
 * lookups, and which one reports changes?
 */
typedef enum {
    NGX_HTTP_SCOPED_KEY_SERVERS_UNKNOWN = 0,  /* one of them is not connected to
                                                 yet, or does not say */
    NGX_HTTP_SCOPED_KEY_SERVERS_SAME,
    NGX_HTTP_SCOPED_KEY_SERVERS_DIFFERENT
} ngx_http_scoped_key_servers_e;

typedef struct ngx_http_scoped_key_last_used_s  ngx_http_scoped_key_last_used_t;
typedef struct ngx_http_scoped_key_worker_s     ngx_http_scoped_key_worker_t;

struct ngx_http_scoped_key_worker_s {
    ngx_http_scoped_key_main_conf_t  *conf;
    ngx_log_t                        *log;

    scoped_key_cache_t               *cache;
    scoped_key_hash_key_t             hash_key;

    scoped_key_hash_key_t             request_id_key;
    uint64_t                          request_ids;  /* made so far */

    scoped_key_redis_endpoints_t     *endpoints;  /* of both links */
    scoped_key_redis_connection_t    *redis;
    scoped_key_redis_tracking_t      *tracking;

    ngx_http_scoped_key_servers_e     servers;  /* of the last reading */
    ngx_msec_t                        reunite_delay;
                                                /* how long the next try to
                                                   reach one server waits */
    ngx_uint_t                        tries;    /* since they were one */
    ngx_event_t                       reunite;

    /* lookups that may still be joined, by id; see lookup.h */
    ngx_queue_t              lookups[NGX_HTTP_SCOPED_KEY_LOOKUP_BUCKETS];

    ngx_queue_t              ended;      /* lookups whose waiters are to be
                                            woken, see lookup.c */
    ngx_event_t              wake;

    ngx_msec_t               freshness_updated; /* when the next three were */
    uint64_t                 oldest;
    uint64_t                 oldest_negative;
    ngx_uint_t               stale;

    ngx_http_scoped_key_last_used_t  *last_used;    /* NULL: off */
    ngx_http_scoped_key_last_used_t  *previous_used;

    scoped_key_redis_log_limit_t  limit; /* of the lines about what follows */
    unsigned                 store_failing:1;   /* and was logged */
    unsigned                 server_unknown:1;  /* ditto: which server it is */
    unsigned                 two:1;             /* ditto: two servers */

    ngx_msec_t               reports_since;     /* lines about unreadable */
    ngx_uint_t               nreports;          /* records: how many since */
    ngx_uint_t               unreported;        /* then, how many left out */
};


/* of the data of a cached record: the allow bits of decide.c come first */
#define ngx_http_scoped_key_allow_bytes(skmcf)  (((skmcf)->nallow_bits + 7) / 8)


/* of this process; NULL in the master, and where no location uses keys */
extern ngx_http_scoped_key_worker_t  *ngx_http_scoped_key_worker;


/*
 * The oldest reading (ngx_current_msec) of a known and of an unknown key that
 * may still be used: the revocation guarantee of docs/operations.md in two
 * numbers.  And whether Redis reported changes once and has not recently.  All
 * three, worker->oldest, ->oldest_negative and ->stale, need be computed once
 * in a millisecond: worker->freshness_updated is that of the last time.
 */
void ngx_http_scoped_key_worker_update_freshness(
    ngx_http_scoped_key_worker_t *worker);

/*
 * Whether what has just been read may be kept: not when another server process
 * said it than the one that reports changes.
 */
ngx_uint_t ngx_http_scoped_key_worker_may_cache(
    ngx_http_scoped_key_worker_t *worker);

/* of worker->reunite: tries to get both links to one server process */
void ngx_http_scoped_key_worker_on_reunite(ngx_event_t *ev);

#endif
