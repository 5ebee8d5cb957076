/*
 * TLS to Redis by nginx's own OpenSSL: what is configured, the handshake on a
 * connected socket, whose server it is, and the session that the next one
 * resumes.  Knows nothing of RESP, and reads no byte of it.
 * Invariant: nothing is sent to a server that has not proven its name.
 */

#ifndef SCOPED_KEY_REDIS_TLS_H
#define SCOPED_KEY_REDIS_TLS_H

#include "endpoints.h"


/* of links in a chain of certificates */
#define SCOPED_KEY_REDIS_TLS_DEPTH          9

#define SCOPED_KEY_REDIS_MAX_TLS_REASON   384

/* of one link; all zero at the start, but for done and data */
typedef struct {
    /* the last thing that start() or an event does; why: NULL, or why the
       connection is of no use */
    void            (*done)(void *data, const char *why);
    void             *data;

    ngx_connection_t              *connection;
    const scoped_key_redis_conf_t *conf;
    const scoped_key_redis_host_t *host;
    void                          *session;      /* NULL, or of: */
    const scoped_key_redis_host_t *session_host;
    const char                    *alert;        /* what the server said */
    u_char                         reason[SCOPED_KEY_REDIS_MAX_TLS_REASON];
} scoped_key_redis_tls_t;


/*
 * At configuration: conf->ssl out of the files, of which ca, and cert with key,
 * may be empty.  NGX_ERROR: *bad is the file that could not be used, or NULL;
 * nginx has logged why.  NGX_DECLINED: nginx is built without TLS.
 */
ngx_int_t scoped_key_redis_tls_create(ngx_conf_t *cf,
    scoped_key_redis_conf_t *conf, ngx_str_t *ca, ngx_str_t *cert,
    ngx_str_t *key, const ngx_str_t **bad);

/* the handshake; the caller has the timer.  host: as whom it is addressed. */
void scoped_key_redis_tls_start(scoped_key_redis_tls_t *tls,
    ngx_connection_t *c, const scoped_key_redis_conf_t *conf,
    const scoped_key_redis_host_t *host);

/* before the connection is closed, whether or not start() was called */
void scoped_key_redis_tls_close(ngx_connection_t *c);

/* what the server said as it gave the connection up, or the reason given */
const char *scoped_key_redis_tls_reason(scoped_key_redis_tls_t *tls,
    const char *reason);

/* the session is forgotten */
void scoped_key_redis_tls_forget(scoped_key_redis_tls_t *tls);

#endif
