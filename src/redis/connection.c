/*
 * Batches of commands over one link, answered in the order in which they were
 * sent, each reply of the form that its command has.
 * Invariants: slots are in the ring in the order of their commands in the
 * output; only the first is ever being answered; a request leaves its slot
 * before its handler is called, and no handler is called by send().  One
 * timer watches them all: a request whose time is over is given up, and its
 * slot stays until its replies have come, so that they are taken for no other
 * one's.  Slots that were given up are the first of the ring: who was sent
 * later is due later.  What a server may say of its own commands has the form
 * that is expected, and of what it says of other ones, or twice, something
 * has not.
 */

#include "connection.h"
#include "link.h"
#include "output.h"


/* sent and not yet answered; those count that nobody waits for any more */
#define SCOPED_KEY_REDIS_MAX_REQUESTS  8192

/* a connection that was idle for so long may have been dropped unnoticed */
#define SCOPED_KEY_REDIS_IDLE_MS      1000

/* and is tried as often as this */
#define SCOPED_KEY_REDIS_KEEPALIVE_MS  30000

/* how far the replies to a request have come; zero at its start */
typedef struct {
    ngx_uint_t               step;       /* the next form */
    ngx_uint_t               queued;     /* commands of the transaction */
    ngx_uint_t               pairs;      /* which of them: a bit each */
    unsigned                 refused:1;  /* MULTI was */
    unsigned                 aborted:1;  /* one of its commands was */
} scoped_key_redis_progress_t;

#define SCOPED_KEY_REDIS_FIRST_SLOTS  64

/* commands that were sent, and who waits for the replies */
typedef struct {
    const scoped_key_redis_forms_t  *forms;
    scoped_key_redis_request_t      *request; /* NULL: nobody any more */
    ngx_msec_t                       sent;
} scoped_key_redis_slot_t;

/* the size is a power of two */
typedef struct {
    scoped_key_redis_slot_t  *slots;
    ngx_uint_t                size;
    ngx_uint_t                first;
    ngx_uint_t                n;
} scoped_key_redis_ring_t;

struct scoped_key_redis_connection_s {
    scoped_key_redis_link_t      link;
    scoped_key_redis_ring_t      ring;
    ngx_uint_t                   nlate;   /* of its slots were given up */
    ngx_event_t                  timer;
    scoped_key_redis_desync_t    desync;
    ngx_event_t                  keepalive;
    scoped_key_redis_request_t   ping;
    ngx_msec_t                   pinged;  /* when it was sent */
    ngx_msec_t                   replied; /* the last whole reply */
    ngx_msec_t                   late;    /* the last late one */
    ngx_msec_t                   quiet;   /* link.heard when the first was sent
                                             over an idle link */

    /* of the first slot */
    scoped_key_redis_progress_t  progress;
    scoped_key_resp_value_t      error;   /* its first */
    u_char                       text[SCOPED_KEY_REDIS_MAX_REASON];

    unsigned                     failed:1;   /* there is an error */
    unsigned                     pinging:1;  /* ping is not yet answered */
    unsigned                     doubtful:1; /* a reply answered nothing */
    unsigned                     probing:1;  /* nothing has come since the
                                                link was idle */
};


static ngx_uint_t scoped_key_redis_form_check(
    const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value);
static ngx_uint_t scoped_key_redis_form_check_large(
    const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *root);
static const char *scoped_key_redis_connection_ready(void *owner);
static const char *scoped_key_redis_connection_reply(void *owner,
    const scoped_key_resp_value_t *value);
static const char *scoped_key_redis_connection_too_large(void *owner,
    const scoped_key_resp_value_t *root);
static ngx_uint_t scoped_key_redis_connection_is_idle(void *owner);
static void scoped_key_redis_connection_lost(void *owner,
    scoped_key_redis_lost_e why);
static ngx_uint_t scoped_key_redis_connection_is_busy(void *owner);
static void scoped_key_redis_connection_on_timer(ngx_event_t *ev);
static void scoped_key_redis_connection_on_keepalive(ngx_event_t *ev);
static void scoped_key_redis_connection_on_pong(
    scoped_key_redis_request_t *request, scoped_key_redis_result_e result,
    const scoped_key_resp_value_t *reply);


static const scoped_key_redis_owner_t  scoped_key_redis_connection_ops = {
    "connection",
    scoped_key_redis_connection_ready,
    scoped_key_redis_connection_reply,
    scoped_key_redis_connection_too_large,
    scoped_key_redis_connection_is_idle,
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

static const scoped_key_redis_forms_t  scoped_key_redis_connection_pong = {
    1, { SCOPED_KEY_REDIS_FORM_PONG }
};

static const char  scoped_key_redis_connection_unexpected[] =
    "an unexpected reply";

static const char  scoped_key_redis_connection_nobody[] =
    "a reply that nobody waits for";
static const char  scoped_key_redis_connection_large[] = "reply too large";
static const char  scoped_key_redis_connection_timed_out[] =
    "no reply in time";


scoped_key_redis_connection_t *
scoped_key_redis_connection_create(const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_desync_t  *desync, ngx_log_t *log)
{
    scoped_key_redis_connection_t  *connection;

    connection = ngx_calloc(sizeof(scoped_key_redis_connection_t), log);
    if (connection == NULL) {
        return NULL;
    }

    connection->timer.handler = scoped_key_redis_connection_on_timer;
    connection->timer.data = connection;
    connection->timer.log = log;

    connection->keepalive.handler = scoped_key_redis_connection_on_keepalive;
    connection->keepalive.data = connection;
    connection->keepalive.log = log;
    connection->keepalive.cancelable = 1;

    connection->ping.handler = scoped_key_redis_connection_on_pong;
    connection->ping.data = connection;
    connection->desync = *desync;

    scoped_key_redis_link_init(&connection->link, conf, endpoints,
                               &scoped_key_redis_connection_ops, connection,
                               log);
    scoped_key_redis_link_start(&connection->link);

    return connection;
}


static ngx_inline scoped_key_redis_slot_t *
scoped_key_redis_ring_at(const scoped_key_redis_ring_t *ring, ngx_uint_t i)
{
    return &ring->slots[(ring->first + i) & (ring->size - 1)];
}


static ngx_int_t
scoped_key_redis_ring_grow(scoped_key_redis_ring_t *ring, ngx_log_t *log)
{
    ngx_uint_t               i, size;
    scoped_key_redis_slot_t  *slots;

    size = ring->size ? 2 * ring->size : SCOPED_KEY_REDIS_FIRST_SLOTS;

    slots = ngx_alloc(size * sizeof(scoped_key_redis_slot_t), log);
    if (slots == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < ring->n; i++) {
        slots[i] = *scoped_key_redis_ring_at(ring, i);
    }

    ngx_free(ring->slots);

    ring->slots = slots;
    ring->size = size;
    ring->first = 0;

    return NGX_OK;
}


/* what has not begun to be answered may be sent again */
static scoped_key_redis_result_e
scoped_key_redis_connection_end(const scoped_key_redis_request_t *request,
    scoped_key_redis_lost_e why, ngx_uint_t answered)
{
    return why == SCOPED_KEY_REDIS_LOST_DEAD && request->again && !answered
           ? SCOPED_KEY_REDIS_DEAD : SCOPED_KEY_REDIS_FAILED;
}


/* takes the ring away first: a handler finds none of its requests in there */
static void
scoped_key_redis_connection_fail_all(
    scoped_key_redis_connection_t *connection, scoped_key_redis_lost_e why)
{
    ngx_uint_t                    i, answered;
    scoped_key_redis_ring_t       ring;
    scoped_key_redis_request_t   *request;

    if (connection->timer.timer_set) {
        ngx_del_timer(&connection->timer);
    }

    ring = connection->ring;
    answered = connection->progress.step;

    ngx_memzero(&connection->ring, sizeof(scoped_key_redis_ring_t));
    ngx_memzero(&connection->progress, sizeof(scoped_key_redis_progress_t));
    connection->nlate = 0;
    connection->failed = 0;
    connection->probing = 0;

    for (i = 0; i < ring.n; i++) {
        request = scoped_key_redis_ring_at(&ring, i)->request;

        if (request != NULL) {
            request->handler(request,
                             scoped_key_redis_connection_end(request, why,
                                                             answered),
                             NULL);
        }

        answered = 0;
    }

    ngx_free(ring.slots);
}


void
scoped_key_redis_connection_destroy(scoped_key_redis_connection_t *connection)
{
    if (connection == NULL) {
        return;
    }

    if (connection->keepalive.timer_set) {
        ngx_del_timer(&connection->keepalive);
    }

    scoped_key_redis_link_stop(&connection->link);
    scoped_key_redis_connection_fail_all(connection, SCOPED_KEY_REDIS_LOST);

    ngx_free(connection->ring.slots);
    ngx_free(connection);
}


/* a server that is known to be down keeps nobody waiting */
static ngx_uint_t
scoped_key_redis_connection_accepts(scoped_key_redis_connection_t *connection)
{
    if (connection->ring.n >= SCOPED_KEY_REDIS_MAX_REQUESTS) {
        return 0;
    }

    switch (connection->link.state) {

    case SCOPED_KEY_REDIS_READY:
        return 1;

    case SCOPED_KEY_REDIS_RESOLVING:
    case SCOPED_KEY_REDIS_CONNECTING:
    case SCOPED_KEY_REDIS_TLS:
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


const scoped_key_redis_server_t *
scoped_key_redis_connection_server(
    const scoped_key_redis_connection_t *connection)
{
    return &connection->link.server;
}


void
scoped_key_redis_connection_renew(scoped_key_redis_connection_t *connection,
    const scoped_key_redis_address_t *to)
{
    scoped_key_redis_link_renew(&connection->link, to);
}


/* the first one over a link that was idle tells whether it is still there */
static void
scoped_key_redis_connection_probe(scoped_key_redis_connection_t *connection)
{
    ngx_msec_t  heard;

    heard = connection->link.heard;

    connection->quiet = heard;
    connection->probing = connection->link.state == SCOPED_KEY_REDIS_READY
                          && ngx_current_msec - heard
                             >= SCOPED_KEY_REDIS_IDLE_MS;
}


static ngx_int_t
scoped_key_redis_connection_push(scoped_key_redis_connection_t *connection,
    scoped_key_redis_request_t *request, const scoped_key_redis_forms_t *forms,
    const void *commands, size_t len)
{
    scoped_key_redis_link_t    *link;
    scoped_key_redis_ring_t    *ring;
    scoped_key_redis_slot_t    *slot;

    link = &connection->link;
    ring = &connection->ring;

    if (!scoped_key_redis_connection_accepts(connection)) {
        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, link->log, 0,
                       "scoped key: redis connection takes no batch, "
                       "%ui in flight", ring->n);
        return NGX_DECLINED;
    }

    if (ring->n == ring->size
        && scoped_key_redis_ring_grow(ring, link->log) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (scoped_key_redis_output_add(&link->output, commands, len, link->log)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ring->n == 0) {
        scoped_key_redis_connection_probe(connection);
    }

    slot = scoped_key_redis_ring_at(ring, ring->n++);

    slot->forms = forms;
    slot->request = request;
    slot->sent = ngx_current_msec;
    request->sent = ngx_current_msec;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, link->log, 0,
                   "scoped key: redis connection takes a batch of %ui "
                   "commands, %uz bytes, %ui in flight",
                   forms->n, len, ring->n);

    scoped_key_redis_connection_watch(connection);
    scoped_key_redis_link_flush(link);

    return NGX_OK;
}


static ngx_int_t
scoped_key_redis_connection_ping(scoped_key_redis_connection_t *connection)
{
    static const u_char  ping[] = "*1\r\n$4\r\nPING\r\n";

    if (connection->pinging
        || scoped_key_redis_connection_push(connection, &connection->ping,
                                            &scoped_key_redis_connection_pong,
                                            ping, sizeof(ping) - 1)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    connection->pinging = 1;
    connection->pinged = ngx_current_msec;

    return NGX_OK;
}


/*
 * All requests of one kind have replies of one form: one whole reply too many,
 * and each would get that of the one before, for as long as some are always
 * in progress.  A PING among them gets what has another form.
 */
ngx_int_t
scoped_key_redis_send(scoped_key_redis_connection_t *connection,
    scoped_key_redis_request_t *request, const scoped_key_redis_forms_t *forms,
    const void *commands, size_t len)
{
    ngx_int_t  rc;

    rc = scoped_key_redis_connection_push(connection, request, forms, commands,
                                          len);

    if (rc == NGX_OK && connection->link.state == SCOPED_KEY_REDIS_READY
        && ngx_current_msec - connection->pinged
           >= connection->link.conf->heartbeat)
    {
        (void) scoped_key_redis_connection_ping(connection);
    }

    return rc;
}


static const char *
scoped_key_redis_connection_ready(void *owner)
{
    ngx_uint_t                      i;
    scoped_key_redis_slot_t        *slot;
    scoped_key_redis_connection_t  *connection = owner;

    scoped_key_redis_link_up(&connection->link);

    /* what has waited for the connection is sent only now */
    for (i = 0; i < connection->ring.n; i++) {
        slot = scoped_key_redis_ring_at(&connection->ring, i);
        slot->sent = ngx_current_msec;
        slot->request->sent = ngx_current_msec;
    }

    connection->replied = ngx_current_msec;
    connection->late = ngx_current_msec;
    connection->pinged = ngx_current_msec;

    if (connection->ring.n > 0) {
        scoped_key_redis_connection_watch(connection);
    }

    if (!connection->keepalive.timer_set) {
        ngx_add_timer(&connection->keepalive, SCOPED_KEY_REDIS_KEEPALIVE_MS);
    }

    return NULL;
}


/* replies live until the next one: a request's first error has to be kept */
static void
scoped_key_redis_connection_save_error(
    scoped_key_redis_connection_t *connection,
    const scoped_key_resp_value_t *value)
{
    connection->failed = 1;
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


/* the first slot is answered; NULL: nobody waits for that */
static scoped_key_redis_request_t *
scoped_key_redis_connection_pop(scoped_key_redis_connection_t *connection)
{
    scoped_key_redis_ring_t     *ring;
    scoped_key_redis_request_t  *request;

    ring = &connection->ring;
    request = scoped_key_redis_ring_at(ring, 0)->request;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, connection->link.log, 0,
                   "scoped key: redis connection: a batch is answered after "
                   "%M ms, %ui in flight%s",
                   ngx_current_msec - scoped_key_redis_ring_at(ring, 0)->sent,
                   ring->n - 1, request ? "" : ", nobody waits for it");

    ring->first = (ring->first + 1) & (ring->size - 1);
    ring->n--;

    ngx_memzero(&connection->progress, sizeof(scoped_key_redis_progress_t));

    if (connection->nlate > 0) {
        connection->nlate--;
        connection->late = ngx_current_msec;
    }

    /* left to run: it costs less to look again than to set it each time */
    if (ring->n == 0) {
        connection->timer.cancelable = 1;
    }

    return request;
}


/* the request's last reply; NULL, or why the link must not go on */
static const char *
scoped_key_redis_connection_answer(scoped_key_redis_connection_t *connection,
    const scoped_key_resp_value_t *value)
{
    const char                  *reason;
    scoped_key_redis_request_t  *request;

    request = scoped_key_redis_connection_pop(connection);
    reason = NULL;

    if (connection->failed) {
        connection->failed = 0;
        value = &connection->error;

        if (scoped_key_redis_connection_is_fatal(value)) {
            reason = scoped_key_redis_link_refused(&connection->link,
                                                   "a command", value);
        }
    }

    if (request != NULL) {
        request->handler(request, SCOPED_KEY_REDIS_REPLY, value);
    }

    if (reason == NULL && connection->link.moving
        && (connection->ring.n == 0 || connection->link.overdue))
    {
        return scoped_key_redis_link_moved;
    }

    return reason;
}


static const char *
scoped_key_redis_connection_desync(scoped_key_redis_connection_t *connection,
    const char *reason)
{
    connection->doubtful = 1;

    return reason;
}


static const char *
scoped_key_redis_connection_reply(void *owner,
    const scoped_key_resp_value_t *value)
{
    const scoped_key_redis_forms_t  *forms;
    scoped_key_redis_connection_t   *connection = owner;

    if (connection->ring.n == 0) {
        return scoped_key_redis_connection_desync(connection,
                                         scoped_key_redis_connection_nobody);
    }

    forms = scoped_key_redis_ring_at(&connection->ring, 0)->forms;

    if (!scoped_key_redis_form_check(forms, &connection->progress, value)) {
        return scoped_key_redis_connection_desync(connection,
                                     scoped_key_redis_connection_unexpected);
    }

    connection->probing = 0;
    connection->replied = ngx_current_msec;

    if (value->type == SCOPED_KEY_RESP_ERROR && !connection->failed) {
        scoped_key_redis_connection_save_error(connection, value);
    }

    return connection->progress.step < forms->n
           ? NULL : scoped_key_redis_connection_answer(connection, value);
}


static const char *
scoped_key_redis_connection_too_large(void *owner,
    const scoped_key_resp_value_t *root)
{
    scoped_key_redis_request_t      *request;
    const scoped_key_redis_forms_t  *forms;
    scoped_key_redis_connection_t   *connection = owner;

    if (connection->ring.n == 0) {
        return scoped_key_redis_connection_desync(connection,
                                         scoped_key_redis_connection_nobody);
    }

    forms = scoped_key_redis_ring_at(&connection->ring, 0)->forms;

    if (!scoped_key_redis_form_check_large(forms, &connection->progress, root)
        || connection->progress.step < forms->n)
    {
        return scoped_key_redis_connection_desync(connection,
                                          scoped_key_redis_connection_large);
    }

    connection->probing = 0;
    connection->replied = ngx_current_msec;

    request = scoped_key_redis_connection_pop(connection);

    if (request != NULL) {
        request->handler(request, SCOPED_KEY_REDIS_TOO_LARGE, NULL);
    }

    return NULL;
}


static ngx_uint_t
scoped_key_redis_connection_is_idle(void *owner)
{
    scoped_key_redis_connection_t  *connection = owner;

    if (connection->ring.n == 0) {
        scoped_key_redis_connection_probe(connection);
    }

    return connection->probing && connection->link.heard == connection->quiet;
}


static ngx_uint_t
scoped_key_redis_connection_is_busy(void *owner)
{
    scoped_key_redis_connection_t  *connection = owner;

    return connection->ring.n > 0;
}


static void
scoped_key_redis_connection_lost(void *owner, scoped_key_redis_lost_e why)
{
    ngx_uint_t                      i;
    scoped_key_redis_request_t     *request;
    scoped_key_redis_connection_t  *connection = owner;

    if (connection->keepalive.timer_set) {
        ngx_del_timer(&connection->keepalive);
    }

    if (connection->doubtful || why == SCOPED_KEY_REDIS_LOST_GARBLED) {
        connection->doubtful = 0;
        connection->desync.handler(connection->desync.data);
    }

    /* who is to be sent again waits for the next try, which comes at once */

    for (i = 0; i < connection->ring.n; i++) {
        request = scoped_key_redis_ring_at(&connection->ring, i)->request;

        if (request != NULL
            && scoped_key_redis_connection_end(request, why, i == 0
                                               && connection->progress.step)
               == SCOPED_KEY_REDIS_DEAD)
        {
            break;
        }
    }

    if (why == SCOPED_KEY_REDIS_LOST_DEAD
        && (connection->link.down
            || (i == connection->ring.n && connection->link.stale == NULL)
            || !scoped_key_redis_link_reconnect_now(&connection->link)))
    {
        why = SCOPED_KEY_REDIS_LOST;
    }

    scoped_key_redis_connection_fail_all(connection, why);
}


/* behind a late one, nobody is late for that alone */
static ngx_msec_t
scoped_key_redis_connection_due(scoped_key_redis_connection_t *connection,
    const scoped_key_redis_slot_t *slot)
{
    ngx_msec_t  timeout, age, late;

    timeout = connection->link.conf->timeout;

    if (connection->nlate > 0) {
        return slot->sent + 2 * timeout;
    }

    age = ngx_current_msec - slot->sent;
    late = ngx_current_msec - connection->late;

    return slot->sent + timeout + (late < age ? ngx_min(age - late, timeout)
                                              : 0);
}


static void
scoped_key_redis_connection_log_late(scoped_key_redis_link_t *link)
{
    const char  *note;

    note = scoped_key_redis_link_may_log(link, "is late");

    if (note != NULL) {
        ngx_log_error(NGX_LOG_INFO, link->log, NGX_ETIMEDOUT,
                      "scoped key: redis connection to \"%V\" (%V) is late: "
                      "no reply within %M ms%s", &link->conf->name,
                      link->peer.name, link->conf->timeout, note);
    }
}


/* those whose time is over; their handlers may send, and move the ring */
static void
scoped_key_redis_connection_give_up(scoped_key_redis_connection_t *connection)
{
    scoped_key_redis_slot_t     *slot;
    scoped_key_redis_request_t  *request;

    while (connection->nlate < connection->ring.n) {
        slot = scoped_key_redis_ring_at(&connection->ring, connection->nlate);

        if ((ngx_msec_int_t) (scoped_key_redis_connection_due(connection, slot)
                              - ngx_current_msec)
            > 0)
        {
            break;
        }

        if (connection->nlate == 0) {
            scoped_key_redis_connection_log_late(&connection->link);
        }

        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, connection->link.log, 0,
                       "scoped key: redis connection: a batch has timed out "
                       "after %M ms", ngx_current_msec - slot->sent);

        request = slot->request;
        slot->request = NULL;
        connection->nlate++;

        request->handler(request, SCOPED_KEY_REDIS_FAILED, NULL);
    }
}


/* looks again no later than any request can be due that is sent meanwhile */
static void
scoped_key_redis_connection_on_timer(ngx_event_t *ev)
{
    ngx_msec_t                      age, silent, timeout, due;
    scoped_key_redis_slot_t        *slot;
    scoped_key_redis_connection_t  *connection;

    connection = ev->data;

    if (connection->ring.n == 0) {
        return;
    }

    timeout = connection->link.conf->timeout;
    slot = scoped_key_redis_ring_at(&connection->ring, 0);

    age = ngx_current_msec - slot->sent;
    silent = ngx_min(age, ngx_current_msec - connection->replied);

    if (age >= timeout && scoped_key_redis_connection_is_idle(connection)) {
        scoped_key_redis_link_fail_due(&connection->link, NGX_ETIMEDOUT,
                                       scoped_key_redis_connection_timed_out,
                                       SCOPED_KEY_REDIS_LOST_DEAD);
        return;
    }

    if (silent >= 2 * timeout) {
        scoped_key_redis_link_fail(&connection->link, NGX_ETIMEDOUT,
                                   scoped_key_redis_connection_timed_out);
        return;
    }

    scoped_key_redis_connection_give_up(connection);

    due = 2 * timeout - silent;

    if (connection->nlate < connection->ring.n) {
        slot = scoped_key_redis_ring_at(&connection->ring, connection->nlate);
        due = ngx_min(due, scoped_key_redis_connection_due(connection, slot)
                           - ngx_current_msec);
    }

    ngx_add_timer(ev, ngx_min(due, timeout));
}


static void
scoped_key_redis_connection_on_keepalive(ngx_event_t *ev)
{
    ngx_msec_t                      idle;
    scoped_key_redis_connection_t  *connection;

    connection = ev->data;
    idle = ngx_current_msec - connection->link.heard;

    if (connection->ring.n > 0) {
        idle = 0;
    }

    if (idle >= SCOPED_KEY_REDIS_KEEPALIVE_MS
        && scoped_key_redis_connection_ping(connection) == NGX_OK)
    {
        idle = 0;
    }

    ngx_add_timer(ev, SCOPED_KEY_REDIS_KEEPALIVE_MS
                      - ngx_min(idle, SCOPED_KEY_REDIS_KEEPALIVE_MS - 1));
}


static void
scoped_key_redis_connection_on_pong(scoped_key_redis_request_t *request,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply)
{
    scoped_key_redis_connection_t  *connection = request->data;

    /* that something came, and came in its place, is all that was wanted */
    connection->pinging = 0;
}


static ngx_uint_t
scoped_key_redis_form_is_strings(const scoped_key_resp_value_t *value)
{
    size_t  i;

    if (value->type != SCOPED_KEY_RESP_ARRAY) {
        return 0;
    }

    for (i = 1; i <= value->len; i++) {
        if (value[i].type != SCOPED_KEY_RESP_STRING) {
            return 0;
        }
    }

    return 1;
}


/* a command that was not queued, since MULTI was refused, has been executed */
static ngx_uint_t
scoped_key_redis_form_queued(scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    progress->queued++;

    if (value->type == SCOPED_KEY_RESP_ERROR) {
        progress->aborted = 1;
        return 1;
    }

    return progress->refused ? scoped_key_redis_form_is_strings(value)
                             : scoped_key_resp_is_status(value, "QUEUED");
}


static ngx_uint_t
scoped_key_redis_form_exec(const scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    size_t                          i;
    ngx_uint_t                      odd;
    const scoped_key_resp_value_t  *element;

    if (value->type == SCOPED_KEY_RESP_ERROR) {
        return 1;
    }

    if (progress->refused || progress->aborted
        || value->type != SCOPED_KEY_RESP_ARRAY
        || value->len != progress->queued)
    {
        return 0;
    }

    element = value + 1;

    for (i = 0; i < value->len; i++) {

        odd = ((progress->pairs >> i) & 1) && element->len % 2 != 0;

        if (element->type != SCOPED_KEY_RESP_ERROR
            && (odd || !scoped_key_redis_form_is_strings(element)))
        {
            return 0;
        }

        element += element->span;
    }

    return 1;
}


/* whether the value is of the next form; then the one after it is the next */
static ngx_uint_t
scoped_key_redis_form_check(const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    ngx_uint_t  error;

    error = (value->type == SCOPED_KEY_RESP_ERROR);

    switch (forms->form[progress->step++]) {

    case SCOPED_KEY_REDIS_FORM_MULTI:
        progress->refused = error;
        return error || scoped_key_resp_is_status(value, "OK");

    case SCOPED_KEY_REDIS_FORM_PAIRS:
        progress->pairs |= (ngx_uint_t) 1 << progress->queued;
        return scoped_key_redis_form_queued(progress, value);

    case SCOPED_KEY_REDIS_FORM_QUEUED:
        return scoped_key_redis_form_queued(progress, value);

    case SCOPED_KEY_REDIS_FORM_EXEC:
        return scoped_key_redis_form_exec(progress, value);

    case SCOPED_KEY_REDIS_FORM_INTEGER:
        return error || value->type == SCOPED_KEY_RESP_INTEGER;

    default: /* SCOPED_KEY_REDIS_FORM_PONG */
        return error || scoped_key_resp_is_status(value, "PONG");
    }
}


/* the same for a reply that was too large; root: its type and length alone */
static ngx_uint_t
scoped_key_redis_form_check_large(const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *root)
{
    return forms->form[progress->step++] == SCOPED_KEY_REDIS_FORM_EXEC
           && !progress->refused && !progress->aborted
           && root->type == SCOPED_KEY_RESP_ARRAY
           && root->len == progress->queued;
}
