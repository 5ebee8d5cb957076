/*
 * Where the server is: the ADDRESSes of the configuration as addresses that
 * can be connected to, of which both links of a worker take the next to try.
 * Names are asked for when the worker starts, when their TTL has ended, and
 * after a failure.  Knows nothing of connections.
 * Addresses are compared by what they are: lists change.
 */

#ifndef SCOPED_KEY_REDIS_ENDPOINTS_H
#define SCOPED_KEY_REDIS_ENDPOINTS_H

#include "connection.h"


typedef struct scoped_key_redis_watcher_s  scoped_key_redis_watcher_t;

/* told that a name has got its first answer, or other addresses */
struct scoped_key_redis_watcher_s {
    ngx_queue_t   queue;
    void        (*handler)(void *data);
    void         *data;
};


/*
 * NULL: out of memory.  What needs no name server is there at once.  conf and
 * log live longer.
 */
scoped_key_redis_endpoints_t *scoped_key_redis_endpoints_create(
    const scoped_key_redis_conf_t *conf, ngx_log_t *log);

/* its watchers may be gone already: nobody is told */
void scoped_key_redis_endpoints_destroy(
    scoped_key_redis_endpoints_t *endpoints);

void scoped_key_redis_endpoints_watch(scoped_key_redis_endpoints_t *endpoints,
    scoped_key_redis_watcher_t *watcher);

/*
 * Puts an address into *address: the one that is there if it is still one of
 * the server's, or, with `advance`, the one after it; else the first.
 * NGX_AGAIN, with `patient` only: a name has not had its first answer yet.
 * NGX_DECLINED: there is none; reason() says why.
 */
ngx_int_t scoped_key_redis_endpoints_next(
    scoped_key_redis_endpoints_t *endpoints,
    scoped_key_redis_address_t *address, ngx_uint_t advance,
    ngx_uint_t patient);

/* how many there are to try */
ngx_uint_t scoped_key_redis_endpoints_count(
    const scoped_key_redis_endpoints_t *endpoints);

ngx_uint_t scoped_key_redis_endpoints_has(
    const scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_address_t *address);

/* why there is no address; lives until the next call */
const char *scoped_key_redis_endpoints_reason(
    scoped_key_redis_endpoints_t *endpoints);

/* for who could not connect: asks for all names again, but not at once, and
   not oftener than once a second */
void scoped_key_redis_endpoints_ask(scoped_key_redis_endpoints_t *endpoints);

#endif
