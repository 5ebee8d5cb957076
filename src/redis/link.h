/*
 * What the connection and the tracking link share: one socket to Redis that is
 * connected, prepared (AUTH, SELECT, PING), read, written, lost and connected
 * again.  Knows nothing of requests or of subscriptions.  Private to src/redis.
 * Invariant: whatever goes wrong goes through scoped_key_redis_link_fail().
 */

#ifndef SCOPED_KEY_REDIS_LINK_H
#define SCOPED_KEY_REDIS_LINK_H

#include "endpoints.h"
#include "log_limit.h"
#include "output.h"
#include "resp.h"
#include "tls.h"


/* of a server's error text, what goes into the log */
#define SCOPED_KEY_REDIS_MAX_REASON  128

typedef enum {
    SCOPED_KEY_REDIS_IDLE = 0,           /* not started, or stopped */
    SCOPED_KEY_REDIS_RESOLVING,          /* no address is known yet */
    SCOPED_KEY_REDIS_CONNECTING,
    SCOPED_KEY_REDIS_TLS,                /* its handshake */
    SCOPED_KEY_REDIS_HANDSHAKE,
    SCOPED_KEY_REDIS_READY,
    SCOPED_KEY_REDIS_BACKOFF
} scoped_key_redis_state_e;

typedef enum {
    SCOPED_KEY_REDIS_STEP_AUTH = 0,
    SCOPED_KEY_REDIS_STEP_SELECT,
    SCOPED_KEY_REDIS_STEP_PING,
    SCOPED_KEY_REDIS_STEP_INFO,
    SCOPED_KEY_REDIS_STEP_DONE
} scoped_key_redis_step_e;

/* why a link was lost */
typedef enum {
    SCOPED_KEY_REDIS_LOST = 0,
    SCOPED_KEY_REDIS_LOST_GARBLED,       /* what it said cannot be read */
    SCOPED_KEY_REDIS_LOST_DEAD           /* the other side has gone */
} scoped_key_redis_lost_e;

/*
 * What the owner does.  Of ready and the replies a string is returned when the
 * link cannot go on, and it fails with that reason; NULL when all is well.
 * None of them may call fail or stop.
 */
typedef struct {
    const char   *name;                  /* for the log */
    /* after the handshake: commands may be sent */
    const char *(*ready)(void *owner);
    /* a reply that came once the link was ready */
    const char *(*reply)(void *owner, const scoped_key_resp_value_t *value);
    /* one over the limits of resp.h, of which there are type and length */
    const char *(*too_large)(void *owner, const scoped_key_resp_value_t *root);
    /* whether it may have been dropped because it was not in use */
    ngx_uint_t  (*is_idle)(void *owner);
    /* the link has failed and is backing off */
    void        (*lost)(void *owner, scoped_key_redis_lost_e why);
    /*
     * Whether somebody would lose an answer if a link that is ready moved to
     * another address now; if so, reply returns scoped_key_redis_link_moved
     * once link->moving is set and nobody would, or link->overdue is set and
     * who would can be sent again.  NULL: never.
     */
    ngx_uint_t  (*busy)(void *owner);
} scoped_key_redis_owner_t;

/*
 * First in its owner's struct: nginx's debug log takes what an event's data
 * points at for a connection, and reads `ident` where fd would be.
 */
typedef struct {
    const scoped_key_redis_conf_t   *conf;
    const scoped_key_redis_owner_t  *ops;
    void                            *owner;
    ngx_int_t                        ident;   /* -1 */

    ngx_log_t                       *log;
    ngx_log_t                        quiet;   /* nginx's own lines come with
                                                 each attempt */
    scoped_key_redis_state_e         state;
    scoped_key_redis_step_e          step;    /* of the handshake */
    ngx_peer_connection_t            peer;
    scoped_key_redis_tls_t           tls;
    scoped_key_resp_t               *resp;
    scoped_key_redis_output_t        handshake_out; /* the handshake; wiped */
    scoped_key_redis_output_t        output;  /* kept until ready */

    ngx_event_t                      timer;   /* connect time-out, back-off,
                                                 and until when it moves */
    ngx_event_t                      flush;   /* posted: output is waiting */

    scoped_key_redis_endpoints_t    *endpoints;
    scoped_key_redis_watcher_t       watcher;
    scoped_key_redis_address_t       address;
    ngx_uint_t                       tried;   /* addresses, since it has last
                                                 backed off */
    scoped_key_redis_server_t        server;  /* of the last handshake */
    ngx_msec_t                       heard;   /* when bytes last came */
    const char                      *stale;   /* why it was dropped while idle,
                                                 and is not yet up again */
    ngx_err_t                        stale_err;

    ngx_uint_t                       failures;  /* in a row: the back-off */
    ngx_msec_t                       since;   /* when it came up */
    scoped_key_redis_log_limit_t     limit;
    ngx_msec_t                       logged;  /* when it was said to be down */
    uint32_t                         logged_reasons; /* why, since then: a bit a
                                                        reason */
    u_char                           reason[SCOPED_KEY_REDIS_MAX_REASON * 2];
    unsigned                         up:1;
    unsigned                         down:1;  /* all addresses failed since it
                                                 was last up */
    unsigned                         lost:1;  /* logged so, not yet up again */
    unsigned                         soon:1;  /* the next try comes at once */
    unsigned                         advance:1;  /* to another address */
    unsigned                         moving:1;  /* its address is no longer one
                                                   of the server's, or */
    unsigned                         overdue:1;  /* and cannot wait any more */
    unsigned                         renewing:1;  /* it is to be another
                                                     connection, to: */
    socklen_t                        to_len;
    ngx_sockaddr_t                   to;
} scoped_key_redis_link_t;


/* what a reply returns for a link that is to move */
extern const char  scoped_key_redis_link_moved[];


/* endpoints outlive the link, and are not told that it ends */
void scoped_key_redis_link_init(scoped_key_redis_link_t *link,
    const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_owner_t *ops, void *owner, ngx_log_t *log);

/* begins to connect; a failure calls lost before this returns */
void scoped_key_redis_link_start(scoped_key_redis_link_t *link);

/* closes and frees what is its own; calls nobody, logs nothing */
void scoped_key_redis_link_stop(scoped_key_redis_link_t *link);

/*
 * The one way to fail: closes, logs what has changed, plans the next attempt
 * and calls lost.  err: 0, or the errno behind it.
 */
void scoped_key_redis_link_fail(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason);

/*
 * The same, with what the owner is told.  One that was dropped while it was
 * idle is an error only if it cannot be made again.
 */
void scoped_key_redis_link_fail_due(scoped_key_redis_link_t *link,
    ngx_err_t err, const char *reason, scoped_key_redis_lost_e why);

/*
 * For an owner who is told that a link is lost that was up, and has reason to
 * think that the server is well: it is connected to again at once, as if
 * nothing had failed; or soon, if it was up for a moment only.  0: nobody is
 * to wait for that.
 */
ngx_uint_t scoped_key_redis_link_reconnect_now(scoped_key_redis_link_t *link);

/*
 * A link that is up is closed and made again, at this address if it is still
 * one of the server's: at once, or, as one that moves, when nobody waits for
 * an answer.  Logs nothing.
 */
void scoped_key_redis_link_renew(scoped_key_redis_link_t *link,
    const scoped_key_redis_address_t *to);

/* the owner's work is done too: the link is up, and its back-off forgotten */
void scoped_key_redis_link_up(scoped_key_redis_link_t *link);

/*
 * May a line about this be written now?  what: a constant, the same for all
 * lines that are to share a limit.  NULL, or what the line has to end with.
 */
const char *scoped_key_redis_link_may_log(scoped_key_redis_link_t *link,
    const char *what);

/* what was added to link->output goes out at the end of this turn */
void scoped_key_redis_link_flush(scoped_key_redis_link_t *link);

/* "SELECT was refused: ERR …", fit for the log; lives in the link */
const char *scoped_key_redis_link_refused(scoped_key_redis_link_t *link,
    const char *command, const scoped_key_resp_value_t *value);

#endif
