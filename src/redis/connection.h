/*
 * One pipelining connection to Redis on nginx's event loop: connect, AUTH,
 * SELECT, commands, time-outs, back-off with full jitter, one way to fail.
 * Knows nothing of keys, scopes or requests.  Never blocks.
 * Invariants: every request that was taken is answered exactly once, and never
 * from within scoped_key_redis_send(); with replies of the form that its
 * commands have, or with none.
 */

#ifndef SCOPED_KEY_REDIS_CONNECTION_H
#define SCOPED_KEY_REDIS_CONNECTION_H

#include "endpoints.h"
#include "resp.h"


typedef struct scoped_key_redis_connection_s  scoped_key_redis_connection_t;
typedef struct scoped_key_redis_request_s     scoped_key_redis_request_t;

typedef enum {
    SCOPED_KEY_REDIS_REPLY = 0,
    SCOPED_KEY_REDIS_TOO_LARGE,          /* EXEC's reply is over the limits of
                                            resp.h, and nothing else is wrong
                                            with it */
    SCOPED_KEY_REDIS_DEAD,               /* the connection was, before a reply
                                            came: the request may be sent once
                                            more, and again is to be cleared;
                                            only to who has set it */
    SCOPED_KEY_REDIS_FAILED              /* any other end: nothing is known */
} scoped_key_redis_result_e;

/*
 * The end of a request.  reply: the last one (of MULTI … EXEC: EXEC's), valid
 * during the call only, NULL but for SCOPED_KEY_REDIS_REPLY; it may be an
 * error: then it is the first error of the request.
 * The handler may send, and may free the request; it must not close the
 * connection.
 */
typedef void (*scoped_key_redis_request_pt)(scoped_key_redis_request_t *request,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply);

/* owned by the caller, and left alone by him until it is answered */
struct scoped_key_redis_request_s {
    ngx_msec_t                    sent;  /* ngx_current_msec when it was, or
                                            before */
    ngx_uint_t                    again; /* set by the owner, see above */
    scoped_key_redis_request_pt   handler;
    void                         *data;
};

#define SCOPED_KEY_REDIS_MAX_FORMS  8

/* any command may also be answered with an error */
typedef enum {
    SCOPED_KEY_REDIS_FORM_MULTI = 0,     /* +OK */
    SCOPED_KEY_REDIS_FORM_QUEUED,        /* +QUEUED */
    SCOPED_KEY_REDIS_FORM_PAIRS,         /* +QUEUED, and then an even number of
                                            strings */
    SCOPED_KEY_REDIS_FORM_EXEC,          /* an array, of each that was queued
                                            an array of strings or an error */
    SCOPED_KEY_REDIS_FORM_INTEGER,
    SCOPED_KEY_REDIS_FORM_PONG           /* +PONG */
} scoped_key_redis_form_e;

/* of one request; const, and outlives it */
typedef struct {
    ngx_uint_t               n;
    scoped_key_redis_form_e  form[SCOPED_KEY_REDIS_MAX_FORMS];
} scoped_key_redis_forms_t;


/*
 * Who is told that something came which answers nothing that was asked, or
 * something else: whole replies before it may have been taken for those of
 * other commands, since a heartbeat of conf and a round trip ago at most.
 * Called before the requests fail; must not destroy the connection.
 */
typedef struct {
    void  (*handler)(void *data);
    void   *data;
} scoped_key_redis_desync_t;

/*
 * Starts to connect at once.  NULL: out of memory.  endpoints: of conf, outlive
 * the connection.  log: of the cycle.
 * State changes are logged once each: lost (with the reason), up again.
 */
scoped_key_redis_connection_t *scoped_key_redis_connection_create(
    const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_desync_t  *desync, ngx_log_t *log);

/* fails all requests, closes, frees; for the end of a worker */
void scoped_key_redis_connection_destroy(
    scoped_key_redis_connection_t *connection);

/* which address it is connected to, or has tried last */
const scoped_key_redis_address_t *scoped_key_redis_connection_address(
    const scoped_key_redis_connection_t *connection);

/* the one that it is connected to, or was last */
const scoped_key_redis_server_t *scoped_key_redis_connection_server(
    const scoped_key_redis_connection_t *connection);

/*
 * Connects again, perhaps to another server, at this address if it is still one
 * of the server's: when no request is to be answered any more, or has had its
 * time; and then those that may be are sent once more.
 */
void scoped_key_redis_connection_renew(
    scoped_key_redis_connection_t *connection,
    const scoped_key_redis_address_t *to);

/*
 * Takes a request: commands in RESP, back to back, copied; forms: of the reply
 * to each.
 * While the first attempt to connect is in progress, at the start or after a
 * loss, the request waits for it, also when that attempt is about to begin
 * because the connection was found dead; while the connection is backing off,
 * or is trying again in vain, the request is refused.
 * NGX_OK: the handler will be called once.  NGX_DECLINED: not now (down, too
 * many, out of memory): the handler will not be called.
 */
ngx_int_t scoped_key_redis_send(scoped_key_redis_connection_t *connection,
    scoped_key_redis_request_t *request, const scoped_key_redis_forms_t *forms,
    const void *commands, size_t len);

#endif
