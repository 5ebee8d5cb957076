/*
 * Batches of commands over one link, answered in the order in which they were
 * sent.
 * Invariants: batches are in the queue in the order of their commands in the
 * output; only the first is ever being answered; a batch leaves the queue
 * before its handler is called, and no handler is called by send().  One timer
 * watches the first batch: when it fires, the link fails as a whole, so that a
 * late reply can never be taken for another batch's.
 */

#include "link.h"


struct scoped_key_redis_connection_s {
    scoped_key_redis_link_t  link;
    ngx_queue_t              batches;
    ngx_uint_t               nbatches;
    ngx_event_t              timer;
    scoped_key_resp_value_t  error;      /* the first one of the first batch */
    u_char                   text[SCOPED_KEY_REDIS_MAX_REASON];
};


static const char *scoped_key_redis_connection_ready(void *owner);
static const char *scoped_key_redis_connection_reply(void *owner,
    const scoped_key_resp_value_t *value);
static void scoped_key_redis_connection_lost(void *owner,
    ngx_uint_t too_large);
static ngx_uint_t scoped_key_redis_connection_is_busy(void *owner);
static void scoped_key_redis_connection_on_timer(ngx_event_t *ev);


static const scoped_key_redis_owner_t  scoped_key_redis_connection_ops = {
    "connection",
    scoped_key_redis_connection_ready,
    scoped_key_redis_connection_reply,
    scoped_key_redis_connection_lost,
    scoped_key_redis_connection_is_busy
};


/*
 * Errors that are about this server and not about the command.  Behind a
 * proxy or after a restart, connecting again authenticates again; and of
 * several addresses another may serve.  READONLY and NOPERM are not here:
 * reading goes on.
 */
static const char *const  scoped_key_redis_connection_fatal[] = {
    "NOAUTH", "LOADING", "MASTERDOWN", NULL
};


scoped_key_redis_connection_t *
scoped_key_redis_connection_create(const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints, ngx_log_t *log)
{
    scoped_key_redis_connection_t  *connection;

    connection = ngx_calloc(sizeof(scoped_key_redis_connection_t), log);
    if (connection == NULL) {
        return NULL;
    }

    ngx_queue_init(&connection->batches);

    connection->timer.handler = scoped_key_redis_connection_on_timer;
    connection->timer.data = connection;
    connection->timer.log = log;

    scoped_key_redis_link_init(&connection->link, conf, endpoints,
                               &scoped_key_redis_connection_ops, connection,
                               log);
    scoped_key_redis_link_start(&connection->link);

    return connection;
}


/* takes all batches first: a handler finds none of them in the queue */
static void
scoped_key_redis_connection_fail_all(
    scoped_key_redis_connection_t *connection,
    scoped_key_redis_result_e first)
{
    ngx_queue_t                batches, *q;
    scoped_key_redis_batch_t  *batch;
    scoped_key_redis_result_e  result;

    if (connection->timer.timer_set) {
        ngx_del_timer(&connection->timer);
    }

    ngx_queue_init(&batches);

    if (!ngx_queue_empty(&connection->batches)) {
        ngx_queue_add(&batches, &connection->batches);
        ngx_queue_init(&connection->batches);
    }

    connection->nbatches = 0;
    result = first;

    while (!ngx_queue_empty(&batches)) {
        q = ngx_queue_head(&batches);
        ngx_queue_remove(q);

        batch = ngx_queue_data(q, scoped_key_redis_batch_t, queue);
        batch->handler(batch, result, NULL);

        result = SCOPED_KEY_REDIS_FAILED;
    }
}


void
scoped_key_redis_connection_destroy(scoped_key_redis_connection_t *connection)
{
    if (connection == NULL) {
        return;
    }

    scoped_key_redis_link_stop(&connection->link);
    scoped_key_redis_connection_fail_all(connection, SCOPED_KEY_REDIS_FAILED);

    ngx_free(connection);
}


/* a server that is known to be down keeps nobody waiting */
static ngx_uint_t
scoped_key_redis_connection_accepts(scoped_key_redis_connection_t *connection)
{
    if (connection->nbatches >= SCOPED_KEY_REDIS_MAX_BATCHES) {
        return 0;
    }

    switch (connection->link.state) {

    case SCOPED_KEY_REDIS_READY:
        return 1;

    case SCOPED_KEY_REDIS_RESOLVING:
    case SCOPED_KEY_REDIS_CONNECTING:
    case SCOPED_KEY_REDIS_HANDSHAKE:
        return !connection->link.down;

    default: /* SCOPED_KEY_REDIS_IDLE, SCOPED_KEY_REDIS_BACKOFF */
        return connection->link.soon;
    }
}


/* a worker that exits waits for the answers, or for the time-out */
static void
scoped_key_redis_connection_watch(scoped_key_redis_connection_t *connection)
{
    if (connection->link.state != SCOPED_KEY_REDIS_READY) {
        connection->link.timer.cancelable = 0;
        return;
    }

    connection->timer.cancelable = 0;

    if (!connection->timer.timer_set) {
        ngx_add_timer(&connection->timer, connection->link.conf->timeout);
    }
}


const scoped_key_redis_address_t *
scoped_key_redis_connection_address(
    const scoped_key_redis_connection_t *connection)
{
    return &connection->link.address;
}


ngx_int_t
scoped_key_redis_send(scoped_key_redis_connection_t *connection,
    scoped_key_redis_batch_t *batch, ngx_uint_t replies, const void *commands,
    size_t len)
{
    scoped_key_redis_link_t  *link;

    link = &connection->link;

    if (replies == 0 || !scoped_key_redis_connection_accepts(connection)) {
        return NGX_DECLINED;
    }

    if (scoped_key_redis_output_add(&link->output, commands, len, link->log)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    batch->replies = replies;
    batch->sent = ngx_current_msec;
    batch->failed = 0;

    ngx_queue_insert_tail(&connection->batches, &batch->queue);
    connection->nbatches++;

    scoped_key_redis_connection_watch(connection);
    scoped_key_redis_link_flush(link);

    return NGX_OK;
}


static const char *
scoped_key_redis_connection_ready(void *owner)
{
    ngx_queue_t                    *q;
    scoped_key_redis_batch_t       *batch;
    scoped_key_redis_connection_t  *connection = owner;

    scoped_key_redis_link_up(&connection->link);

    /* what has waited for the connection is sent only now */
    for (q = ngx_queue_head(&connection->batches);
         q != ngx_queue_sentinel(&connection->batches);
         q = ngx_queue_next(q))
    {
        batch = ngx_queue_data(q, scoped_key_redis_batch_t, queue);
        batch->sent = ngx_current_msec;
    }

    if (connection->nbatches > 0) {
        scoped_key_redis_connection_watch(connection);
    }

    return NULL;
}


/* replies live until the next one: a batch's first error has to be kept */
static void
scoped_key_redis_connection_keep(scoped_key_redis_connection_t *connection,
    const scoped_key_resp_value_t *value)
{
    connection->error = *value;
    connection->error.len = ngx_min(value->len, SCOPED_KEY_REDIS_MAX_REASON);
    connection->error.data = connection->text;

    ngx_memcpy(connection->text, value->data, connection->error.len);
}


static ngx_uint_t
scoped_key_redis_connection_is_fatal(const scoped_key_resp_value_t *error)
{
    ngx_uint_t  i;

    for (i = 0; scoped_key_redis_connection_fatal[i] != NULL; i++) {
        if (scoped_key_resp_is_error(error,
                                     scoped_key_redis_connection_fatal[i]))
        {
            return 1;
        }
    }

    return 0;
}


/* the batch's last reply; NULL, or why the link must not go on */
static const char *
scoped_key_redis_connection_answer(scoped_key_redis_connection_t *connection,
    scoped_key_redis_batch_t *batch, const scoped_key_resp_value_t *value)
{
    const char  *reason;

    ngx_queue_remove(&batch->queue);
    connection->nbatches--;

    /* left to run: it costs less to look again than to set it each time */
    if (connection->nbatches == 0) {
        connection->timer.cancelable = 1;
    }

    reason = NULL;

    if (batch->failed) {
        value = &connection->error;

        if (scoped_key_redis_connection_is_fatal(value)) {
            reason = scoped_key_redis_link_refused(&connection->link,
                                                   "a command", value);
        }
    }

    batch->handler(batch, SCOPED_KEY_REDIS_REPLY, value);

    if (reason == NULL && connection->link.moving
        && connection->nbatches == 0)
    {
        return scoped_key_redis_link_moved;
    }

    return reason;
}


static const char *
scoped_key_redis_connection_reply(void *owner,
    const scoped_key_resp_value_t *value)
{
    ngx_queue_t                    *q;
    scoped_key_redis_batch_t       *batch;
    scoped_key_redis_connection_t  *connection = owner;

    if (ngx_queue_empty(&connection->batches)) {
        return "a reply that nobody waits for";
    }

    q = ngx_queue_head(&connection->batches);
    batch = ngx_queue_data(q, scoped_key_redis_batch_t, queue);

    if (value->type == SCOPED_KEY_RESP_ERROR && !batch->failed) {
        scoped_key_redis_connection_keep(connection, value);
        batch->failed = 1;
    }

    if (--batch->replies > 0) {
        return NULL;
    }

    return scoped_key_redis_connection_answer(connection, batch, value);
}


static void
scoped_key_redis_connection_lost(void *owner, ngx_uint_t too_large)
{
    scoped_key_redis_connection_t  *connection = owner;

    if (!too_large) {
        scoped_key_redis_connection_fail_all(connection,
                                             SCOPED_KEY_REDIS_FAILED);
        return;
    }

    /* one record is at fault, not the server: other keys need not wait */
    scoped_key_redis_link_hurry(&connection->link);

    scoped_key_redis_connection_fail_all(connection,
                                         SCOPED_KEY_REDIS_TOO_LARGE);
}


static ngx_uint_t
scoped_key_redis_connection_is_busy(void *owner)
{
    scoped_key_redis_connection_t  *connection = owner;

    return connection->nbatches > 0;
}


/* the first batch may have come after the timer was set */
static void
scoped_key_redis_connection_on_timer(ngx_event_t *ev)
{
    ngx_msec_t                      age, timeout;
    ngx_queue_t                    *q;
    scoped_key_redis_batch_t       *batch;
    scoped_key_redis_connection_t  *connection;

    connection = ev->data;

    if (ngx_queue_empty(&connection->batches)) {
        return;
    }

    q = ngx_queue_head(&connection->batches);
    batch = ngx_queue_data(q, scoped_key_redis_batch_t, queue);

    age = ngx_current_msec - batch->sent;
    timeout = connection->link.conf->timeout;

    if (age < timeout) {
        ngx_add_timer(ev, timeout - age);
        return;
    }

    scoped_key_redis_link_fail(&connection->link, NGX_ETIMEDOUT,
                               "no reply in time");
}
