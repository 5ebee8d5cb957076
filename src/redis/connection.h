/*
 * One pipelining connection to Redis on nginx's event loop: connect, AUTH,
 * SELECT, commands, time-outs, back-off with full jitter, one way to fail.
 * Knows nothing of keys, scopes or requests.  Never blocks.
 * Invariant: every batch that was taken is answered exactly once, and never
 * from within scoped_key_redis_send().
 */

#ifndef SCOPED_KEY_REDIS_CONNECTION_H
#define SCOPED_KEY_REDIS_CONNECTION_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "resp.h"


#define SCOPED_KEY_REDIS_MAX_BATCHES  8192   /* sent and not yet answered */

/* one ADDRESS of the configuration */
typedef struct {
    ngx_str_t    text;                   /* as written */
    ngx_str_t    host;                   /* a name to resolve, and its port */
    in_port_t    port;
    ngx_addr_t   addr;                   /* no sockaddr: it is a name */
} scoped_key_redis_host_t;

/* const once merged; lives as long as the cycle */
typedef struct {
    scoped_key_redis_host_t  *hosts;     /* tried in turn */
    ngx_uint_t                nhosts;
    ngx_resolver_t           *resolver;  /* nginx's own, or NULL */
    ngx_str_t    name;                   /* as written, for the log */
    ngx_str_t    user;                   /* empty: AUTH with password only */
    ngx_str_t    password;               /* empty: no AUTH; never logged */
    ngx_uint_t   db;
    ngx_msec_t   connect_timeout;        /* connect and handshake together */
    ngx_msec_t   timeout;                /* a batch, from send to last reply */
    ngx_msec_t   heartbeat;              /* of a tracking link, how often */
} scoped_key_redis_conf_t;

/* where a link is, or tries to be; socklen 0: no address is known */
typedef struct {
    ngx_sockaddr_t  sockaddr;
    socklen_t       socklen;
    ngx_str_t       name;                /* points to text, or to a constant */
    u_char          text[NGX_SOCKADDR_STRLEN];
} scoped_key_redis_address_t;

typedef struct scoped_key_redis_endpoints_s   scoped_key_redis_endpoints_t;
typedef struct scoped_key_redis_connection_s  scoped_key_redis_connection_t;
typedef struct scoped_key_redis_batch_s       scoped_key_redis_batch_t;

typedef enum {
    SCOPED_KEY_REDIS_REPLY = 0,
    SCOPED_KEY_REDIS_TOO_LARGE,          /* this batch's reply broke the limits
                                            of resp.h */
    SCOPED_KEY_REDIS_FAILED              /* any other end: nothing is known */
} scoped_key_redis_result_e;

/*
 * The end of a batch.  reply: the last one (of MULTI … EXEC: EXEC's), valid
 * during the call only, NULL but for SCOPED_KEY_REDIS_REPLY; it may be an
 * error: then it is the first error of the batch.
 * The handler may send, and may free the batch; it must not close the
 * connection.
 */
typedef void (*scoped_key_redis_batch_pt)(scoped_key_redis_batch_t *batch,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply);

/* owned by the caller, and left alone by him until it is answered */
struct scoped_key_redis_batch_s {
    ngx_queue_t                 queue;
    ngx_uint_t                  replies; /* still to come */
    ngx_msec_t                  sent;    /* ngx_current_msec when taken */
    ngx_uint_t                  failed;  /* an error reply was kept */
    scoped_key_redis_batch_pt   handler;
    void                       *data;
};


/*
 * Starts to connect at once.  NULL: out of memory.  endpoints: of conf, outlive
 * the connection.  log: of the cycle.
 * State changes are logged once each: lost (with the reason), up again.
 */
scoped_key_redis_connection_t *scoped_key_redis_connection_create(
    const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints, ngx_log_t *log);

/* fails all batches, closes, frees; for the end of a worker */
void scoped_key_redis_connection_destroy(
    scoped_key_redis_connection_t *connection);

/* which address it is connected to, or has tried last */
const scoped_key_redis_address_t *scoped_key_redis_connection_address(
    const scoped_key_redis_connection_t *connection);

/* 0, too, where one of them is not known */
ngx_uint_t scoped_key_redis_address_equal(
    const scoped_key_redis_address_t *one,
    const scoped_key_redis_address_t *two);

/*
 * Takes a batch: `replies` commands in RESP, back to back, copied.
 * While the first attempt to connect is under way, at the start or after a
 * loss, the batch waits for it, also when that attempt is about to begin since
 * a reply was too large; while the connection is backing off, or is trying
 * again in vain, the batch is refused.
 * NGX_OK: the handler will be called once.  NGX_DECLINED: not now (down, too
 * many, out of memory): the handler will not be called.
 */
ngx_int_t scoped_key_redis_send(scoped_key_redis_connection_t *connection,
    scoped_key_redis_batch_t *batch, ngx_uint_t replies, const void *commands,
    size_t len);

#endif
