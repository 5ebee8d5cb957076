/*
 * Where the server is: the ADDRESSes of the configuration as addresses that
 * can be connected to, of which both links of a worker take the next to try.
 * Names are asked for when the worker starts, when their TTL has ended, and
 * after a failure.  Knows nothing of connections.
 * Addresses are compared by what they are: lists change.
 */

#ifndef SCOPED_KEY_REDIS_ENDPOINTS_H
#define SCOPED_KEY_REDIS_ENDPOINTS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>


#define SCOPED_KEY_REDIS_MAX_RUN_ID   64

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
    ngx_str_t                 name;      /* as written, for the log */
    ngx_str_t                 user;      /* empty: AUTH with password only */
    ngx_str_t                 password;  /* empty: no AUTH; never logged */
    ngx_uint_t                db;
    ngx_ssl_t                *ssl;       /* NULL: no TLS */
    ngx_str_t                 tls_name;  /* empty: the host of the address */
    ngx_msec_t                connect_timeout;   /* with TLS; and handshake */
    ngx_msec_t                timeout;   /* a request, from send to last reply;
                                            twice that behind a late one */
    ngx_msec_t                heartbeat; /* of a tracking link, how often */
} scoped_key_redis_conf_t;

/* where a link is, or tries to be; socklen 0: no address is known */
typedef struct {
    ngx_sockaddr_t  sockaddr;
    socklen_t       socklen;
    ngx_str_t       name;                /* points to text, or to a constant */
    const scoped_key_redis_host_t  *host;  /* the ADDRESS that it is of */
    u_char          text[NGX_SOCKADDR_STRLEN];
} scoped_key_redis_address_t;

/* the server process at the other end, as INFO calls it */
typedef struct {
    ngx_uint_t   handshakes;             /* ever */
    size_t       len;                    /* 0: it does not say */
    u_char       run_id[SCOPED_KEY_REDIS_MAX_RUN_ID];
} scoped_key_redis_server_t;

typedef struct scoped_key_redis_endpoints_s  scoped_key_redis_endpoints_t;
typedef struct scoped_key_redis_watcher_s  scoped_key_redis_watcher_t;

/* told that a name has got its first answer, or other addresses */
struct scoped_key_redis_watcher_s {
    ngx_queue_t   queue;
    ngx_uint_t    was_up;
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

/* of a watcher whose link is up: whether all are now, and were not before */
ngx_uint_t scoped_key_redis_endpoints_all_up(
    scoped_key_redis_endpoints_t *endpoints,
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

/* 0, too, where one of them is not known */
ngx_uint_t scoped_key_redis_address_equal(
    const scoped_key_redis_address_t *one,
    const scoped_key_redis_address_t *two);

/* how many there are to try */
ngx_uint_t scoped_key_redis_endpoints_count(
    const scoped_key_redis_endpoints_t *endpoints);

ngx_uint_t scoped_key_redis_endpoints_has(
    const scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_address_t *address);

/* why there is no address; lives until the next call */
const char *scoped_key_redis_endpoints_reason(
    scoped_key_redis_endpoints_t *endpoints);

/* for who could not connect: asks for all names again, but not at once, and not
   more often than once a second */
void scoped_key_redis_endpoints_refresh(
    scoped_key_redis_endpoints_t *endpoints);

#endif
