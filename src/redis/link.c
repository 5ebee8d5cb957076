/*
 * One socket to Redis on nginx's event loop, for an owner who knows what is
 * said over it: connect, handshake, read, write, lose, back off, connect
 * again.  The handshake is one write:  AUTH and SELECT where they are
 * configured; PING, which tells whether the server serves: one that is
 * loading, or requires a password, answers with an error; and INFO, which
 * tells which process it is: not all that answer at one address need be the
 * same.
 * Invariants: the nginx connection is closed in one place and once; the state
 * says what the one timer means; the owner is called last, so that he finds
 * the link in the state that he is told of; after a failure nothing of the
 * link is touched.  The socket is read until there is nothing more, as edge-
 * triggered events want it, but what one turn of the event loop reads and
 * hands out is bounded, and the rest is left to the next turn.  Of an answer
 * to AUTH nothing is logged but a text that is known here, or its first word:
 * some servers quote the arguments that they refuse.
 */

#include "link.h"


/* the back-off doubles from the first to the longest */
#define SCOPED_KEY_REDIS_FIRST_BACKOFF_MS    50
#define SCOPED_KEY_REDIS_MAX_BACKOFF_MS    1000

/* one that was up for less is not made again at once, */
#define SCOPED_KEY_REDIS_HURRY_MS           100
/* and, after so many failures in a row, keeps nobody waiting */
#define SCOPED_KEY_REDIS_MAX_HURRIES          2

/* a link that stays down is spoken of again after this long */
#define SCOPED_KEY_REDIS_REMIND_MS        60000

/* one turn */
#define SCOPED_KEY_REDIS_READ_BYTES  16384
#define SCOPED_KEY_REDIS_MAX_READS       8
#define SCOPED_KEY_REDIS_MAX_REPLIES  1024

/* of an error's first word: "WRONGPASS", "MISCONF", … */
#define SCOPED_KEY_REDIS_MAX_WORD  16


static void scoped_key_redis_link_connected(scoped_key_redis_link_t *link);
static void scoped_key_redis_link_on_tls(void *data, const char *why);
static void scoped_key_redis_link_handshake(scoped_key_redis_link_t *link);
static void scoped_key_redis_link_on_read(ngx_event_t *rev);
static void scoped_key_redis_link_on_write(ngx_event_t *wev);
static void scoped_key_redis_link_on_flush(ngx_event_t *ev);
static ngx_int_t scoped_key_redis_handshake_write(
    scoped_key_redis_link_t *link);
static const char *scoped_key_redis_handshake_reply(
    scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value);
static void scoped_key_redis_link_connect(scoped_key_redis_link_t *link);
static void scoped_key_redis_link_on_timer(ngx_event_t *ev);
static void scoped_key_redis_link_on_names(void *data);


const char  scoped_key_redis_link_moved[] = "the server has another address";

/* errors in answer to AUTH that begin so are logged so far */
static const char *const  scoped_key_redis_handshake_known[] = {
    "ERR max number of clients reached",
    "ERR Client sent AUTH, but no password is set",
    "ERR AUTH <password> called without any password configured",
    "ERR unknown command",
    NULL
};


#if (NGX_DEBUG)

/* in the order of scoped_key_redis_step_e */
static const char *const  scoped_key_redis_handshake_names[] = {
    "AUTH", "SELECT", "PING", "INFO", ""
};

#endif


void
scoped_key_redis_link_init(scoped_key_redis_link_t *link,
    const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_owner_t *ops, void *owner, ngx_log_t *log)
{
    link->conf = conf;
    link->endpoints = endpoints;
    link->ops = ops;
    link->owner = owner;
    link->ident = -1;
    link->log = log;

    /* a worker that exits waits neither for a server nor for a next try */
    link->timer.handler = scoped_key_redis_link_on_timer;
    link->timer.data = link;
    link->timer.log = log;
    link->timer.cancelable = 1;

    link->flush.handler = scoped_key_redis_link_on_flush;
    link->flush.data = link;
    link->flush.log = log;

    link->tls.done = scoped_key_redis_link_on_tls;
    link->tls.data = link;

    ngx_str_set(&link->address.name, "no address");

    link->watcher.handler = scoped_key_redis_link_on_names;
    link->watcher.data = link;

    scoped_key_redis_endpoints_watch(endpoints, &link->watcher);
}


static void
scoped_key_redis_link_peer(scoped_key_redis_link_t *link)
{
    ngx_peer_connection_t  *peer;

    link->quiet = *link->log;
    link->quiet.log_level = ngx_min(link->log->log_level, NGX_LOG_ALERT);

    peer = &link->peer;

    ngx_memzero(peer, sizeof(ngx_peer_connection_t));

    peer->sockaddr = &link->address.sockaddr.sockaddr;
    peer->socklen = link->address.socklen;
    peer->name = &link->address.name;
    peer->get = ngx_event_get_peer;
    peer->log = &link->quiet;
    peer->log_error = NGX_ERROR_ERR;
    peer->so_keepalive = 1;
}


/*
 * Takes the next address.  A name that has had no answer yet is waited for,
 * for as long as a connect may take, since it may be written first.
 */
static void
scoped_key_redis_link_find(scoped_key_redis_link_t *link, ngx_uint_t patient)
{
    ngx_int_t  rc;

    rc = scoped_key_redis_endpoints_next(link->endpoints, &link->address,
                                         link->advance, patient);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    if (rc == NGX_OK) {
        scoped_key_redis_link_connect(link);
        return;
    }

    scoped_key_redis_link_fail(link, 0,
                       scoped_key_redis_endpoints_reason(link->endpoints));
}


void
scoped_key_redis_link_start(scoped_key_redis_link_t *link)
{
    link->state = SCOPED_KEY_REDIS_RESOLVING;
    link->soon = 0;

    ngx_add_timer(&link->timer, link->conf->connect_timeout);

    scoped_key_redis_link_find(link, 1);
}


static void
scoped_key_redis_link_connect(scoped_key_redis_link_t *link)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    link->state = SCOPED_KEY_REDIS_CONNECTING;
    scoped_key_redis_link_peer(link);

    link->resp = scoped_key_resp_create();
    if (link->resp == NULL) {
        scoped_key_redis_link_fail(link, 0, "out of memory");
        return;
    }

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&link->peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        scoped_key_redis_link_fail(link, ngx_socket_errno, "connect() failed");
        return;
    }

    /* not idle: a worker that shuts down still has requests to decide */
    c = link->peer.connection;

    ngx_log_debug4(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s connects to %V, fd:%d #%uA",
                   link->ops->name, &link->address.name, c->fd, c->number);

    c->data = link;
    c->read->handler = scoped_key_redis_link_on_read;
    c->write->handler = scoped_key_redis_link_on_write;

    ngx_add_timer(&link->timer, link->conf->connect_timeout);

    if (rc == NGX_OK) {
        scoped_key_redis_link_connected(link);
    }
}


/* what waits to be sent stays */
static void
scoped_key_redis_link_close(scoped_key_redis_link_t *link)
{
    link->state = SCOPED_KEY_REDIS_IDLE;

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    if (link->flush.posted) {
        ngx_delete_posted_event(&link->flush);
    }

    if (link->peer.connection != NULL) {
        scoped_key_redis_tls_close(link->peer.connection);
        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    scoped_key_resp_free(link->resp);
    link->resp = NULL;

    scoped_key_redis_output_clear(&link->handshake_out);
}


void
scoped_key_redis_link_stop(scoped_key_redis_link_t *link)
{
    scoped_key_redis_link_close(link);
    scoped_key_redis_output_clear(&link->output);
    scoped_key_redis_tls_forget(&link->tls);
}


/* each reason once, and all of them again when it has been down for long */
static ngx_uint_t
scoped_key_redis_link_is_news(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason)
{
    uint32_t  bit;

    if (!link->down
        || ngx_current_msec - link->logged >= SCOPED_KEY_REDIS_REMIND_MS)
    {
        link->logged = ngx_current_msec;
        link->logged_reasons = 0;
    }

    bit = ngx_crc32_short((u_char *) reason, ngx_strlen(reason)) + err;
    bit = (uint32_t) 1 << (bit % 32);

    if (link->logged_reasons & bit) {
        return 0;
    }

    link->logged_reasons |= bit;

    return 1;
}


/* up to the first word of what a server says: the rest may vary */
static uint32_t
scoped_key_redis_link_reason(ngx_err_t err, const char *reason)
{
    size_t  i, words;

    words = 0;

    for (i = 0; reason[i] != '\0'; i++) {
        if (reason[i] == ':' && reason[i + 1] == ' ') {
            words = 1;
            i++;

        } else if (words && reason[i] == ' ') {
            break;
        }
    }

    return ngx_crc32_short((u_char *) reason, i) + err;
}


const char *
scoped_key_redis_link_may_log(scoped_key_redis_link_t *link, const char *what)
{
    return scoped_key_redis_log_allow(&link->limit,
                                      scoped_key_redis_link_reason(0, what),
                                      ngx_current_msec);
}


/* NULL: this one is not logged; else what its line ends with */
static const char *
scoped_key_redis_link_news(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason)
{
    const char  *note;

    if (link->lost) {
        return scoped_key_redis_link_is_news(link, err, reason) ? "" : NULL;
    }

    /* one that is lost and made again at any pace is not logged at any */

    note = scoped_key_redis_log_allow(&link->limit,
                                    scoped_key_redis_link_reason(err, reason),
                                    ngx_current_msec);
    if (note == NULL) {
        return NULL;
    }

    link->lost = 1;
    link->logged = ngx_current_msec;
    link->logged_reasons = 0;
    (void) scoped_key_redis_link_is_news(link, err, reason);

    return note;
}


static void
scoped_key_redis_link_log_stale(scoped_key_redis_link_t *link)
{
    if (link->stale == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, link->log, link->stale_err,
                  "scoped key: redis %s to \"%V\" (%V) lost: %s",
                  link->ops->name, &link->conf->name, &link->address.name,
                  link->stale);

    link->stale = NULL;
}


/* changes of state, not each try */
static void
scoped_key_redis_link_log_failure(scoped_key_redis_link_t *link,
    ngx_err_t err, const char *reason)
{
    ngx_uint_t   level;
    const char  *note;

    level = link->moving ? NGX_LOG_NOTICE : NGX_LOG_ERR;
    note = link->renewing ? NULL
                          : scoped_key_redis_link_news(link, err, reason);

    if (note == NULL) {
        ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, err,
                       "scoped key: redis %s: %s", link->ops->name, reason);
        return;
    }

    scoped_key_redis_link_log_stale(link);

    ngx_log_error(level, link->log, err,
                  "scoped key: redis %s to \"%V\" (%V) %s: %s%s",
                  link->ops->name, &link->conf->name, &link->address.name,
                  link->up ? "lost" : "could not be made", reason, note);
}


/* full jitter: many workers that lost one server do not return as one */
static ngx_msec_t
scoped_key_redis_link_backoff(scoped_key_redis_link_t *link)
{
    ngx_uint_t  i;
    ngx_msec_t  longest;

    longest = SCOPED_KEY_REDIS_FIRST_BACKOFF_MS;

    for (i = 0; i < link->failures; i++) {
        longest *= 2;

        if (longest >= SCOPED_KEY_REDIS_MAX_BACKOFF_MS) {
            longest = SCOPED_KEY_REDIS_MAX_BACKOFF_MS;
            break;
        }
    }

    link->failures++;

    return 1 + ngx_random() % longest;
}


/* when to try again, at which address; how long until then */
static ngx_msec_t
scoped_key_redis_link_delay(scoped_key_redis_link_t *link)
{
    link->advance = !link->up;

    if (link->moving) {
        link->tried = 0;
        link->soon = 1;
        return 0;
    }

    /* the other addresses are tried at once, and all of them after a while */
    if (!link->up
        && ++link->tried < scoped_key_redis_endpoints_count(link->endpoints))
    {
        link->soon = !link->down;
        return 0;
    }

    link->tried = 0;
    link->down |= !link->up;
    scoped_key_redis_endpoints_refresh(link->endpoints);

    return scoped_key_redis_link_backoff(link);
}


/*
 * Servers and balancers close what is not in use: that is no error, unless the
 * connection cannot be made again.
 */
static ngx_uint_t
scoped_key_redis_link_is_stale(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason, scoped_key_redis_lost_e why)
{
    const char  *note;

    if (why != SCOPED_KEY_REDIS_LOST_DEAD || !link->up
        || !link->ops->is_idle(link->owner))
    {
        return 0;
    }

    link->stale = reason;
    link->stale_err = err;

    note = scoped_key_redis_link_may_log(link, "was not in use");

    if (note != NULL) {
        ngx_log_error(NGX_LOG_INFO, link->log, err,
                      "scoped key: redis %s to \"%V\" (%V) was not in use, and "
                      "is made again: %s%s", link->ops->name,
                      &link->conf->name, &link->address.name, reason, note);
    }

    return 1;
}


static void
scoped_key_redis_link_retry(scoped_key_redis_link_t *link)
{
    ngx_msec_t  delay;

    /* one that is lost as soon as it is up has not recovered */
    if (link->up
        && ngx_current_msec - link->since >= SCOPED_KEY_REDIS_MAX_BACKOFF_MS)
    {
        link->failures = 0;
    }

    delay = scoped_key_redis_link_delay(link);

    if (link->renewing) {
        link->address.sockaddr = link->to;
        link->address.socklen = link->to_len;
    }

    link->up = 0;
    link->moving = 0;
    link->overdue = 0;
    link->renewing = 0;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s tries again in %M ms",
                   link->ops->name, delay);

    link->state = SCOPED_KEY_REDIS_BACKOFF;
    ngx_add_timer(&link->timer, delay);
}


void
scoped_key_redis_link_fail_due(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason, scoped_key_redis_lost_e why)
{
    ngx_uint_t  stale, trying;

    trying = (link->state != SCOPED_KEY_REDIS_READY);
    stale = scoped_key_redis_link_is_stale(link, err, reason, why);

    if (!stale) {
        scoped_key_redis_link_log_failure(link, err, reason);
    }

    scoped_key_redis_link_close(link);
    scoped_key_redis_link_retry(link);

    /* who waits until it is ready waits for the next address, too */
    if (trying && link->soon) {
        return;
    }

    scoped_key_redis_output_clear(&link->output);
    link->timer.cancelable = 1;

    link->ops->lost(link->owner, why);
}


void
scoped_key_redis_link_fail(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason)
{
    scoped_key_redis_link_fail_due(link, err, reason, SCOPED_KEY_REDIS_LOST);
}


ngx_uint_t
scoped_key_redis_link_reconnect_now(scoped_key_redis_link_t *link)
{
    /* one that is lost as soon as it is used would be made without an end */
    if (ngx_current_msec - link->since < SCOPED_KEY_REDIS_HURRY_MS) {
        link->soon = (link->failures <= SCOPED_KEY_REDIS_MAX_HURRIES);
        return link->soon;
    }

    link->soon = 1;

    if (link->failures > 0) {
        link->failures--;
    }

    /* nginx leaves a timer alone that is set to nearly the same time */
    ngx_del_timer(&link->timer);
    ngx_add_timer(&link->timer, 0);

    return 1;
}


void
scoped_key_redis_link_up(scoped_key_redis_link_t *link)
{
    if (link->lost) {
        ngx_log_error(NGX_LOG_NOTICE, link->log, 0,
                      "scoped key: redis %s to \"%V\" (%V) is up again",
                      link->ops->name, &link->conf->name,
                      &link->address.name);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s to %V is up", link->ops->name,
                   &link->address.name);

    if (scoped_key_redis_endpoints_all_up(link->endpoints, &link->watcher)) {
        ngx_log_error(NGX_LOG_NOTICE, link->log, 0,
                      "scoped key: all links to redis \"%V\" (%V) are up",
                      &link->conf->name, &link->address.name);
    }

    link->tried = 0;
    link->stale = NULL;
    link->since = ngx_current_msec;
    link->up = 1;
    link->down = 0;
    link->lost = 0;
}


void
scoped_key_redis_link_flush(scoped_key_redis_link_t *link)
{
    if (link->state == SCOPED_KEY_REDIS_READY) {
        ngx_post_event(&link->flush, &ngx_posted_events);
    }
}


const char *
scoped_key_redis_link_refused(scoped_key_redis_link_t *link,
    const char *command, const scoped_key_resp_value_t *value)
{
    u_char  *p, *last;
    size_t   i, len;

    last = link->reason + sizeof(link->reason) - 1;

    if (value->type != SCOPED_KEY_RESP_ERROR) {
        p = ngx_slprintf(link->reason, last, "unexpected reply to %s",
                         command);
        *p = '\0';
        return (const char *) link->reason;
    }

    len = ngx_min(value->len, SCOPED_KEY_REDIS_MAX_REASON);
    p = ngx_slprintf(link->reason, last, "%s was refused%s", command,
                     len > 0 ? ": " : "");
    len = ngx_min(len, (size_t) (last - p));

    for (i = 0; i < len; i++) {
        *p++ = (value->data[i] < 0x20 || value->data[i] == 0x7f)
               ? '.' : value->data[i];
    }

    *p = '\0';

    return (const char *) link->reason;
}


static void
scoped_key_redis_link_on_timer(ngx_event_t *ev)
{
    scoped_key_redis_link_t  *link;

    link = ev->data;

    switch (link->state) {

    case SCOPED_KEY_REDIS_BACKOFF:
        scoped_key_redis_link_start(link);
        return;

    case SCOPED_KEY_REDIS_RESOLVING:
        scoped_key_redis_link_find(link, 0);
        return;

    case SCOPED_KEY_REDIS_READY:
        /* not within an answer: who has a part of it cannot be sent again */
        link->overdue = 1;
        return;

    case SCOPED_KEY_REDIS_CONNECTING:
        scoped_key_redis_link_fail(link, NGX_ETIMEDOUT, "connect timed out");
        return;

    case SCOPED_KEY_REDIS_TLS:
        scoped_key_redis_link_fail(link, NGX_ETIMEDOUT,
                                   "TLS handshake timed out");
        return;

    default: /* SCOPED_KEY_REDIS_HANDSHAKE */
        scoped_key_redis_link_fail(link, NGX_ETIMEDOUT, "greeting timed out");
    }
}


/*
 * Its address is no longer one of the server's, or it is to be another
 * connection: when nobody waits for an answer, and at the latest, between two
 * answers, when those who wait now have had their time.
 */
static void
scoped_key_redis_link_move(scoped_key_redis_link_t *link)
{
    link->moving = 1;

    if (link->state == SCOPED_KEY_REDIS_READY
        && link->ops->busy != NULL && link->ops->busy(link->owner))
    {
        if (!link->timer.timer_set) {
            ngx_add_timer(&link->timer, link->conf->timeout);
        }

        return;
    }

    scoped_key_redis_link_fail(link, 0, scoped_key_redis_link_moved);
}


void
scoped_key_redis_link_renew(scoped_key_redis_link_t *link,
    const scoped_key_redis_address_t *to)
{
    if (link->state != SCOPED_KEY_REDIS_READY) {
        return;
    }

    link->renewing = 1;
    link->to = to->sockaddr;
    link->to_len = to->socklen;

    scoped_key_redis_link_move(link);
}


static void
scoped_key_redis_link_cancel_move(scoped_key_redis_link_t *link)
{
    if (link->renewing) {
        return;
    }

    if (link->moving && link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    link->moving = 0;
    link->overdue = 0;
}


static void
scoped_key_redis_link_on_names(void *data)
{
    scoped_key_redis_link_t  *link = data;

    switch (link->state) {

    case SCOPED_KEY_REDIS_IDLE:
        return;

    case SCOPED_KEY_REDIS_RESOLVING:
        scoped_key_redis_link_find(link, 1);
        return;

    case SCOPED_KEY_REDIS_BACKOFF:
        if (scoped_key_redis_endpoints_count(link->endpoints) > 0) {
            ngx_del_timer(&link->timer);
            ngx_add_timer(&link->timer, 0);
        }

        return;

    default:
        if (scoped_key_redis_endpoints_has(link->endpoints, &link->address)) {
            scoped_key_redis_link_cancel_move(link);
            return;
        }

        link->renewing = 0;
        scoped_key_redis_link_move(link);
    }
}


/* NGX_ERROR: connect() has come to a bad end, and the link has failed */
static ngx_int_t
scoped_key_redis_link_test_connect(scoped_key_redis_link_t *link)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(link->peer.connection->fd, SOL_SOCKET, SO_ERROR,
                   (void *) &err, &len)
        == -1)
    {
        err = ngx_socket_errno;
    }

    if (err == 0) {
        return NGX_OK;
    }

    scoped_key_redis_link_fail(link, err, "connect() failed");

    return NGX_ERROR;
}


/* the other side has; err: none that OpenSSL may have left behind */
static void
scoped_key_redis_link_gone(scoped_key_redis_link_t *link, const char *reason)
{
    ngx_err_t  err;

    err = link->conf->ssl == NULL ? ngx_socket_errno : 0;

    scoped_key_redis_link_fail_due(link, err,
                               scoped_key_redis_tls_reason(&link->tls, reason),
                               SCOPED_KEY_REDIS_LOST_DEAD);
}


static void
scoped_key_redis_link_connected(scoped_key_redis_link_t *link)
{
    if (link->conf->ssl == NULL) {
        scoped_key_redis_link_handshake(link);
        return;
    }

    link->state = SCOPED_KEY_REDIS_TLS;
    scoped_key_redis_tls_start(&link->tls, link->peer.connection, link->conf,
                               link->address.host);
}


static void
scoped_key_redis_link_on_tls(void *data, const char *why)
{
    ngx_connection_t         *c;
    scoped_key_redis_link_t  *link = data;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s, TLS: %s", link->ops->name,
                   why != NULL ? why : "done");

    if (why != NULL) {
        scoped_key_redis_link_fail(link, 0, why);
        return;
    }

    c = link->peer.connection;
    c->read->handler = scoped_key_redis_link_on_read;
    c->write->handler = scoped_key_redis_link_on_write;

    /* what OpenSSL has taken from the socket comes with no event */
    ngx_post_event(c->read, &ngx_posted_events);

    scoped_key_redis_link_handshake(link);
}


/* AUTH, SELECT, PING and INFO to a server that has just been connected to */
static void
scoped_key_redis_link_handshake(scoped_key_redis_link_t *link)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    if (ngx_tcp_nodelay(c) != NGX_OK
        || scoped_key_redis_handshake_write(link) != NGX_OK)
    {
        scoped_key_redis_link_fail(link, 0, "greeting failed");
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s handshake:%s%s PING INFO",
                   link->ops->name, link->conf->password.len ? " AUTH" : "",
                   link->conf->db ? " SELECT" : "");

    link->state = SCOPED_KEY_REDIS_HANDSHAKE;
    scoped_key_redis_link_on_flush(&link->flush);
}


static void
scoped_key_redis_link_on_write(ngx_event_t *wev)
{
    ngx_connection_t         *c;
    scoped_key_redis_link_t  *link;

    c = wev->data;
    link = c->data;

    if (link->state != SCOPED_KEY_REDIS_CONNECTING) {
        scoped_key_redis_link_on_flush(&link->flush);
        return;
    }

    if (scoped_key_redis_link_test_connect(link) == NGX_OK) {
        scoped_key_redis_link_connected(link);
    }
}


static void
scoped_key_redis_link_on_flush(ngx_event_t *ev)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    scoped_key_redis_link_t  *link;

    link = ev->data;
    c = link->peer.connection;

    if (!c->write->ready) {
        return;
    }

    if (link->state == SCOPED_KEY_REDIS_READY) {
        if (link->output.last > link->output.sent) {
            ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, 0,
                           "scoped key: redis %s sends %uz bytes",
                           link->ops->name,
                           link->output.last - link->output.sent);
        }

        if (scoped_key_redis_output_send(&link->output, c) == NGX_ERROR) {
            scoped_key_redis_link_gone(link, "send() failed");
        }

        return;
    }

    rc = scoped_key_redis_output_send(&link->handshake_out, c);

    /*
     * A server that turns us away says why and closes: let the read event
     * tell, or the timer.
     */
    if (rc != NGX_AGAIN) {
        scoped_key_redis_output_clear(&link->handshake_out);
    }
}


static const char *
scoped_key_redis_link_reply(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    const char  *reason;

    switch (link->state) {

    case SCOPED_KEY_REDIS_READY:
        return link->ops->reply(link->owner, value);

    case SCOPED_KEY_REDIS_HANDSHAKE:
        break;

    default:
        return "the server spoke first";
    }

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s handshake: %s to %s",
                   link->ops->name,
                   value->type == SCOPED_KEY_RESP_ERROR ? "error" : "reply",
                   scoped_key_redis_handshake_names[link->step]);

    reason = scoped_key_redis_handshake_reply(link, value);

    if (reason != NULL || link->step != SCOPED_KEY_REDIS_STEP_DONE) {
        return reason;
    }

    ngx_del_timer(&link->timer);

    link->state = SCOPED_KEY_REDIS_READY;
    scoped_key_redis_link_flush(link);

    return link->ops->ready(link->owner);
}


/*
 * Hands out the replies that have come.  NGX_OK: all of them.  NGX_BUSY: as
 * many as one turn may.  NGX_ERROR: the link has failed.
 */
static ngx_int_t
scoped_key_redis_link_deliver(scoped_key_redis_link_t *link, ngx_uint_t *left)
{
    const char                     *reason;
    scoped_key_redis_lost_e         why;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    while (*left > 0) {
        status = scoped_key_resp_next(link->resp, &value);
        why = SCOPED_KEY_REDIS_LOST_GARBLED;

        switch (status) {

        case SCOPED_KEY_RESP_MORE:
            return NGX_OK;

        case SCOPED_KEY_RESP_REPLY:
            reason = scoped_key_redis_link_reply(link, value);

            /* its lookups are sent again, as to one that has died */
            why = reason == scoped_key_redis_link_moved
                  ? SCOPED_KEY_REDIS_LOST_DEAD : SCOPED_KEY_REDIS_LOST;
            break;

        case SCOPED_KEY_RESP_TOO_LARGE:
            reason = link->state == SCOPED_KEY_REDIS_READY
                     ? link->ops->too_large(link->owner, value)
                     : "reply too large";
            break;

        default: /* SCOPED_KEY_RESP_BROKEN */
            reason = "broken reply";
        }

        if (reason != NULL) {
            scoped_key_redis_link_fail_due(link, 0, reason, why);
            return NGX_ERROR;
        }

        (*left)--;
    }

    return NGX_BUSY;
}


/* NGX_OK: something came.  NGX_ERROR: the link has failed. */
static ngx_int_t
scoped_key_redis_link_receive(scoped_key_redis_link_t *link)
{
    u_char             buffer[SCOPED_KEY_REDIS_READ_BYTES];
    ssize_t            n;
    ngx_connection_t  *c;

    c = link->peer.connection;

    n = c->recv(c, buffer, sizeof(buffer));

    if (n == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (n == NGX_ERROR) {
        scoped_key_redis_link_gone(link, "recv() failed");
        return NGX_ERROR;
    }

    if (n == 0) {
        scoped_key_redis_link_fail_due(link, 0,
                               scoped_key_redis_tls_reason(&link->tls,
                                                  "closed by the server"),
                               SCOPED_KEY_REDIS_LOST_DEAD);
        return NGX_ERROR;
    }

    link->heard = ngx_current_msec;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis %s got %z bytes", link->ops->name, n);

    if (!scoped_key_resp_feed(link->resp, buffer, n)) {
        scoped_key_redis_link_fail(link, 0, "out of memory");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
scoped_key_redis_link_on_read(ngx_event_t *rev)
{
    ngx_int_t                 rc;
    ngx_uint_t                i, left;
    ngx_connection_t         *c;
    scoped_key_redis_link_t  *link;

    c = rev->data;
    link = c->data;
    left = SCOPED_KEY_REDIS_MAX_REPLIES;

    if (link->state == SCOPED_KEY_REDIS_CONNECTING
        && scoped_key_redis_link_test_connect(link) != NGX_OK)
    {
        return;
    }

    /* what the last turn left in the reader */
    rc = scoped_key_redis_link_deliver(link, &left);

    for (i = 0; rc == NGX_OK && i < SCOPED_KEY_REDIS_MAX_READS; i++) {
        rc = scoped_key_redis_link_receive(link);

        if (rc == NGX_OK) {
            rc = scoped_key_redis_link_deliver(link, &left);
        }
    }

    if (rc == NGX_ERROR) {
        return;
    }

    if (rc != NGX_AGAIN) {
        ngx_post_event(rev, &ngx_posted_next_events);
        return;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        scoped_key_redis_link_fail(link, 0, "out of events");
    }
}


static ngx_int_t
scoped_key_redis_handshake_auth(scoped_key_redis_link_t *link)
{
    ngx_uint_t                      n;
    ngx_str_t                       argv[3];
    const scoped_key_redis_conf_t  *conf;

    conf = link->conf;

    ngx_str_set(&argv[0], "AUTH");
    n = 1;

    if (conf->user.len > 0) {
        argv[n++] = conf->user;
    }

    argv[n++] = conf->password;

    return scoped_key_redis_output_command(&link->handshake_out, argv, n,
                                           link->log);
}


static ngx_int_t
scoped_key_redis_handshake_select(scoped_key_redis_link_t *link)
{
    u_char     number[NGX_INT_T_LEN];
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "SELECT");

    argv[1].data = number;
    argv[1].len = ngx_sprintf(number, "%ui", link->conf->db) - number;

    return scoped_key_redis_output_command(&link->handshake_out, argv, 2,
                                           link->log);
}


/* the first step from this one on that is configured */
static scoped_key_redis_step_e
scoped_key_redis_handshake_step(const scoped_key_redis_conf_t *conf,
    scoped_key_redis_step_e step)
{
    if (step == SCOPED_KEY_REDIS_STEP_AUTH && conf->password.len == 0) {
        step = SCOPED_KEY_REDIS_STEP_SELECT;
    }

    if (step == SCOPED_KEY_REDIS_STEP_SELECT && conf->db == 0) {
        step = SCOPED_KEY_REDIS_STEP_PING;
    }

    return step;
}


/* writes link->handshake_out, and sets the first step */
static ngx_int_t
scoped_key_redis_handshake_write(scoped_key_redis_link_t *link)
{
    ngx_str_t                       ping = ngx_string("PING");
    ngx_str_t                       info[2] = { ngx_string("INFO"),
                                                ngx_string("server") };
    const scoped_key_redis_conf_t  *conf;

    conf = link->conf;

    if (conf->password.len > 0
        && scoped_key_redis_handshake_auth(link) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->db != 0 && scoped_key_redis_handshake_select(link) != NGX_OK) {
        return NGX_ERROR;
    }

    if (scoped_key_redis_output_command(&link->handshake_out, &ping, 1,
                                        link->log)
            != NGX_OK
        || scoped_key_redis_output_command(&link->handshake_out, info, 2,
                                           link->log)
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    link->step = scoped_key_redis_handshake_step(conf,
                                                 SCOPED_KEY_REDIS_STEP_AUTH);

    return NGX_OK;
}


/* of lines such as "run_id:0123…"; a server that has none stays unknown */
static void
scoped_key_redis_handshake_run_id(scoped_key_redis_server_t *server,
    const scoped_key_resp_value_t *info)
{
    static u_char  name[] = "\nrun_id:";

    u_char  *p, *from, *last;

    if (info->len < sizeof(name)) {
        return;
    }

    from = (u_char *) info->data;
    last = from + info->len;

    p = ngx_strlcasestrn(from, last, name, sizeof(name) - 1 - 1);
    if (p == NULL) {
        return;
    }

    for (p += sizeof(name) - 1; p < last && *p > ' '; p++) {

        if (server->len == SCOPED_KEY_REDIS_MAX_RUN_ID) {
            server->len = 0;
            return;
        }

        server->run_id[server->len++] = *p;
    }
}


/* a user who may not ask, or a server that does not know, is no failure */
static const char *
scoped_key_redis_handshake_info(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    link->server.handshakes = 1;
    link->server.len = 0;

    switch (value->type) {

    case SCOPED_KEY_RESP_STRING:
        scoped_key_redis_handshake_run_id(&link->server, value);
        return NULL;

    case SCOPED_KEY_RESP_ERROR:
        return NULL;

    default:
        return scoped_key_redis_link_refused(link, "INFO", value);
    }
}


/* how much of an answer to AUTH may be told: a known text, or one word */
static size_t
scoped_key_redis_handshake_harmless(const scoped_key_resp_value_t *error)
{
    size_t             n, len;
    const char *const *known;

    for (known = scoped_key_redis_handshake_known; *known != NULL; known++) {
        len = ngx_strlen(*known);

        if (error->len >= len && ngx_memcmp(error->data, *known, len) == 0) {
            return len;
        }
    }

    for (n = 0; n < error->len && error->data[n] != ' '; n++) {
        if (error->data[n] < 'A' || error->data[n] > 'Z'
            || n == SCOPED_KEY_REDIS_MAX_WORD)
        {
            return 0;
        }
    }

    return n;
}


static const char *
scoped_key_redis_handshake_auth_refused(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    scoped_key_resp_value_t  error;

    error = *value;

    if (error.type == SCOPED_KEY_RESP_ERROR) {
        error.len = scoped_key_redis_handshake_harmless(value);
    }

    return scoped_key_redis_link_refused(link, "AUTH", &error);
}


/* takes a reply to it; NULL, or why the server cannot be used */
static const char *
scoped_key_redis_handshake_reply(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    const char  *reason;

    reason = NULL;

    switch (link->step) {

    case SCOPED_KEY_REDIS_STEP_AUTH:
        if (!scoped_key_resp_is_status(value, "OK")) {
            return scoped_key_redis_handshake_auth_refused(link, value);
        }

        break;

    case SCOPED_KEY_REDIS_STEP_SELECT:
        if (!scoped_key_resp_is_status(value, "OK")) {
            return scoped_key_redis_link_refused(link, "SELECT", value);
        }

        break;

    case SCOPED_KEY_REDIS_STEP_INFO:
        reason = scoped_key_redis_handshake_info(link, value);
        break;

    default: /* SCOPED_KEY_REDIS_STEP_PING */

        /* a user who may not PING has been let in all the same */
        if (!scoped_key_resp_is_status(value, "PONG")
            && !scoped_key_resp_is_error(value, "NOPERM"))
        {
            return scoped_key_redis_link_refused(link, "PING", value);
        }
    }

    link->step = scoped_key_redis_handshake_step(link->conf, link->step + 1);

    return reason;
}
