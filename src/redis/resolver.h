/*
 * From a host name to its addresses, without blocking: /etc/hosts first, then
 * nginx's `resolver`, or, where there is none, the name servers and search
 * domains of /etc/resolv.conf.  One for each worker.  Knows nothing of Redis.
 */

#ifndef SCOPED_KEY_REDIS_RESOLVER_H
#define SCOPED_KEY_REDIS_RESOLVER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "names.h"


/* RFC 1035: 253 in text, and a dot behind */
#define SCOPED_KEY_REDIS_MAX_NAME_BYTES  253

typedef struct scoped_key_redis_resolver_s  scoped_key_redis_resolver_t;
typedef struct scoped_key_redis_query_s     scoped_key_redis_query_t;

/* called once for each query, perhaps before resolve() returns; may free */
typedef void (*scoped_key_redis_query_pt)(scoped_key_redis_query_t *query);

/* owned by the caller, and left alone by him until it is answered */
struct scoped_key_redis_query_s {
    ngx_str_t                     name;
    scoped_key_redis_query_pt     handler;
    void                         *data;

    /* the answer */
    ngx_int_t                     state;  /* NGX_OK, or for
                                             ngx_resolver_strerror() */
    ngx_uint_t                    n;      /* of addresses, 1 or more */
    scoped_key_redis_ip_t         ips[SCOPED_KEY_REDIS_MAX_IPS];
    ngx_msec_t                    ttl;    /* until it should be asked again */

    /* private */
    scoped_key_redis_resolver_t  *resolver;
    ngx_resolver_ctx_t           *ctx;    /* NULL: nothing is in progress */
    ngx_uint_t                    attempt;  /* number of the search domain */
    u_char                        full[SCOPED_KEY_REDIS_MAX_NAME_BYTES + 2];
};


/* configured: nginx's own, NULL where there is none.  NULL: out of memory. */
scoped_key_redis_resolver_t *scoped_key_redis_resolver_create(
    ngx_resolver_t *configured, ngx_log_t *log);

/* no query may be in progress */
void scoped_key_redis_resolver_destroy(scoped_key_redis_resolver_t *resolver);

void scoped_key_redis_resolve(scoped_key_redis_resolver_t *resolver,
    scoped_key_redis_query_t *query);

/* its handler is not called */
void scoped_key_redis_resolve_cancel(scoped_key_redis_query_t *query);

#endif
