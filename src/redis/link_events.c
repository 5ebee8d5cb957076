/*
 * What the events of a link's socket do: the greeting, replies in, commands
 * out.  Knows when a link has to fail; failing itself is link.c's.
 * Invariants: the socket is read until there is nothing more, as edge-triggered
 * events want it, but what one turn of the event loop reads and hands out is
 * bounded, and the rest is left to the next turn.  After a failure nothing of
 * the link is touched.
 */

#include "link.h"


/* one turn */
#define SCOPED_KEY_REDIS_READ_BYTES  16384
#define SCOPED_KEY_REDIS_MAX_READS       8
#define SCOPED_KEY_REDIS_MAX_REPLIES  1024


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


void
scoped_key_redis_link_greet(scoped_key_redis_link_t *link)
{
    ngx_connection_t  *c;

    c = link->peer.connection;

    if (ngx_tcp_nodelay(c) != NGX_OK
        || scoped_key_redis_handshake_write(link) != NGX_OK)
    {
        scoped_key_redis_link_fail(link, 0, "greeting failed");
        return;
    }

    link->state = SCOPED_KEY_REDIS_HANDSHAKE;
    scoped_key_redis_link_on_flush(&link->flush);
}


void
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
        scoped_key_redis_link_greet(link);
    }
}


void
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
        if (scoped_key_redis_output_send(&link->output, c) == NGX_ERROR) {
            scoped_key_redis_link_fail_due(link, ngx_socket_errno,
                                           "send() failed",
                                           SCOPED_KEY_REDIS_LOST_DEAD);
        }

        return;
    }

    rc = scoped_key_redis_output_send(&link->hello, c);

    /*
     * A server that turns us away says why and closes: let the read event
     * tell, or the timer.
     */
    if (rc != NGX_AGAIN) {
        scoped_key_redis_output_clear(&link->hello);
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
scoped_key_redis_link_take(scoped_key_redis_link_t *link, ngx_uint_t *left)
{
    const char                     *reason;
    scoped_key_redis_lost_e         why;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    while (*left > 0) {
        status = scoped_key_resp_take(link->resp, &value);
        why = SCOPED_KEY_REDIS_LOST_GARBLED;

        switch (status) {

        case SCOPED_KEY_RESP_MORE:
            return NGX_OK;

        case SCOPED_KEY_RESP_REPLY:
            reason = scoped_key_redis_link_reply(link, value);
            why = SCOPED_KEY_REDIS_LOST;
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
        scoped_key_redis_link_fail_due(link, ngx_socket_errno, "recv() failed",
                                       SCOPED_KEY_REDIS_LOST_DEAD);
        return NGX_ERROR;
    }

    if (n == 0) {
        scoped_key_redis_link_fail_due(link, 0, "closed by the server",
                                       SCOPED_KEY_REDIS_LOST_DEAD);
        return NGX_ERROR;
    }

    link->heard = ngx_current_msec;

    if (!scoped_key_resp_feed(link->resp, buffer, n)) {
        scoped_key_redis_link_fail(link, 0, "out of memory");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
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
    rc = scoped_key_redis_link_take(link, &left);

    for (i = 0; rc == NGX_OK && i < SCOPED_KEY_REDIS_MAX_READS; i++) {
        rc = scoped_key_redis_link_receive(link);

        if (rc == NGX_OK) {
            rc = scoped_key_redis_link_take(link, &left);
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
