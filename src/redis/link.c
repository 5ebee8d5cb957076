/*
 * One socket to Redis on nginx's event loop, for an owner who knows what is
 * said over it.
 * This is its life: connect, lose, back off, connect again; what its events
 * do is in link_events.c.
 * Invariants: the nginx connection is closed in one place and once; the state
 * says what the one timer means; the owner is called last, so that he finds
 * the link in the state that he is told of.
 */

#include "link.h"


/* the back-off doubles from the first to the longest */
#define SCOPED_KEY_REDIS_FIRST_BACKOFF_MS    50
#define SCOPED_KEY_REDIS_MAX_BACKOFF_MS    1000

/* a link that stays down is spoken of again after this long */
#define SCOPED_KEY_REDIS_REMIND_MS        60000


static void scoped_key_redis_link_connect(scoped_key_redis_link_t *link);
static void scoped_key_redis_link_on_timer(ngx_event_t *ev);
static void scoped_key_redis_link_on_names(void *data);


const char  scoped_key_redis_link_moved[] = "the server has another address";


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
    c->data = link;
    c->read->handler = scoped_key_redis_link_on_read;
    c->write->handler = scoped_key_redis_link_on_write;

    ngx_add_timer(&link->timer, link->conf->connect_timeout);

    if (rc == NGX_OK) {
        scoped_key_redis_link_greet(link);
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
        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    scoped_key_resp_free(link->resp);
    link->resp = NULL;

    scoped_key_redis_output_clear(&link->hello);
}


void
scoped_key_redis_link_stop(scoped_key_redis_link_t *link)
{
    scoped_key_redis_link_close(link);
    scoped_key_redis_output_clear(&link->output);
}


/* each reason once, and all of them anew when it has been down for long */
static ngx_uint_t
scoped_key_redis_link_is_news(scoped_key_redis_link_t *link, ngx_err_t err,
    const char *reason)
{
    uint32_t  bit;

    if (link->up || !link->down
        || ngx_current_msec - link->logged >= SCOPED_KEY_REDIS_REMIND_MS)
    {
        link->logged = ngx_current_msec;
        link->said = 0;
    }

    bit = ngx_crc32_short((u_char *) reason, ngx_strlen(reason)) + err;
    bit = (uint32_t) 1 << (bit % 32);

    if (link->said & bit) {
        return 0;
    }

    link->said |= bit;

    return 1;
}


/* changes of state, not each try */
static void
scoped_key_redis_link_log_failure(scoped_key_redis_link_t *link,
    ngx_err_t err, const char *reason)
{
    ngx_uint_t  level;

    level = link->moving ? NGX_LOG_NOTICE : NGX_LOG_ERR;

    if (!scoped_key_redis_link_is_news(link, err, reason)) {
        ngx_log_debug2(NGX_LOG_DEBUG_EVENT, link->log, err,
                       "scoped key: redis %s: %s", link->ops->name, reason);
        return;
    }

    ngx_log_error(level, link->log, err,
                  "scoped key: redis %s to \"%V\" (%V) %s: %s",
                  link->ops->name, &link->conf->name, &link->address.name,
                  link->up ? "lost" : "could not be made", reason);
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
    scoped_key_redis_endpoints_ask(link->endpoints);

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
    if (why != SCOPED_KEY_REDIS_LOST_DEAD || !link->up
        || !link->ops->is_idle(link->owner))
    {
        return 0;
    }

    link->stale = reason;
    link->stale_err = err;

    ngx_log_error(NGX_LOG_INFO, link->log, err,
                  "scoped key: redis %s to \"%V\" (%V) was not in use, and is "
                  "made anew: %s", link->ops->name, &link->conf->name,
                  &link->address.name, reason);

    return 1;
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

    link->up = 0;
    link->moving = 0;
    link->lost = 1;

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
        scoped_key_redis_link_log_stale(link);
        scoped_key_redis_link_log_failure(link, err, reason);
    }

    scoped_key_redis_link_close(link);
    scoped_key_redis_link_retry(link);

    if (stale) {
        link->lost = 0;
    }

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


void
scoped_key_redis_link_hurry(scoped_key_redis_link_t *link)
{
    link->soon = 1;

    if (link->failures > 0) {
        link->failures--;
    }

    /* nginx leaves a timer alone that is set to nearly the same time */
    ngx_del_timer(&link->timer);
    ngx_add_timer(&link->timer, 0);
}


void
scoped_key_redis_link_renew(scoped_key_redis_link_t *link)
{
    /* as one that moves: nothing has failed */
    link->moving = 1;

    scoped_key_redis_link_stop(link);
    scoped_key_redis_link_retry(link);

    link->timer.cancelable = 1;
    link->advance = 1;
    link->lost = 0;

    link->ops->lost(link->owner, SCOPED_KEY_REDIS_LOST);
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
        /* its lookups are sent again, as to one that has died */
        scoped_key_redis_link_fail_due(link, 0, scoped_key_redis_link_moved,
                                       SCOPED_KEY_REDIS_LOST_DEAD);
        return;

    case SCOPED_KEY_REDIS_CONNECTING:
        scoped_key_redis_link_fail(link, NGX_ETIMEDOUT, "connect timed out");
        return;

    default: /* SCOPED_KEY_REDIS_HANDSHAKE */
        scoped_key_redis_link_fail(link, NGX_ETIMEDOUT, "greeting timed out");
    }
}


/*
 * Its address is no longer one of the server's: it moves when nobody waits for
 * an answer, and at the latest when those who wait now have had their time.
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


static void
scoped_key_redis_link_stay(scoped_key_redis_link_t *link)
{
    if (link->moving && link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    link->moving = 0;
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
            scoped_key_redis_link_stay(link);
            return;
        }

        scoped_key_redis_link_move(link);
    }
}
