/*
 * The link on which Redis reports changes.  After the handshake:  CLIENT ID,
 * CLIENT TRACKING redirected to this very client, SUBSCRIBE; then messages,
 * and a heartbeat:  PING, and one SUBSCRIBE more, which works with every
 * server.  Where tracking is refused, the channel is left, and nothing is
 * confirmed.  Messages are those of RESP2's subscriptions: arrays of three,
 * ["subscribe", channel, count] and ["message", channel, what].
 * Invariants: the listener is told to flush when the link comes up, before
 * there is a new confirmation; until then the old one is valid; only keys that
 * begin with the prefix are reported, since whoever may publish may name any.
 */

#include "tracking.h"
#include "link.h"
#include "output.h"


#define SCOPED_KEY_REDIS_MAX_CHANNELS  2

typedef enum {
    SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED = 0,  /* some of it may be reported */
    SCOPED_KEY_REDIS_PUBSUB_TRACKED,     /* the one of changed keys is
                                            confirmed */
    SCOPED_KEY_REDIS_PUBSUB_SUBSCRIBED,  /* the channel is confirmed */
    SCOPED_KEY_REDIS_PUBSUB_REPORTED     /* to the listener */
} scoped_key_redis_pubsub_e;

/* which subscriptions there are, and who listens */
typedef struct {
    const ngx_str_t             *prefix;   /* of the keys that are tracked */
    const ngx_str_t             *channel;
    scoped_key_redis_listener_t  listener;
} scoped_key_redis_pubsub_t;

typedef enum {
    SCOPED_KEY_REDIS_TRACKING_ID = 0,    /* awaits its client id */
    SCOPED_KEY_REDIS_TRACKING_ON,        /* awaits OK to CLIENT TRACKING */
    SCOPED_KEY_REDIS_TRACKING_SUBSCRIBE, /* awaits the first subscriptions */
    SCOPED_KEY_REDIS_TRACKING_LIVE
} scoped_key_redis_tracking_step_e;

struct scoped_key_redis_tracking_s {
    scoped_key_redis_link_t           link;
    scoped_key_redis_pubsub_t         pubsub;
    ngx_event_t                       heartbeat;
    scoped_key_redis_tracking_step_e  step;
    ngx_uint_t                        pending;  /* subscriptions unanswered */
    ngx_uint_t                        missed;   /* intervals without answer */
    ngx_msec_t                        asked;    /* when they were sent */
    ngx_msec_t                        last_confirmed;
    unsigned                          tracks:1;
    unsigned                          proven:1;
    unsigned                          pinged:1;  /* and not yet answered */
    unsigned                          warned:1;  /* of refused tracking */
};


static const char *scoped_key_redis_tracking_cmd_id(
    scoped_key_redis_link_t *link);
static const char *scoped_key_redis_tracking_cmd_enable(
    scoped_key_redis_link_t *link, const ngx_str_t *prefix, long long id);
static const char *scoped_key_redis_tracking_cmd_subscribe(
    scoped_key_redis_link_t *link,
    const ngx_str_t *channels, ngx_uint_t n);
static const char *scoped_key_redis_tracking_cmd_ping(
    scoped_key_redis_link_t *link);
static scoped_key_redis_pubsub_e scoped_key_redis_pubsub_read(
    const scoped_key_redis_pubsub_t *pubsub,
    const scoped_key_resp_value_t *value);
static ngx_uint_t scoped_key_redis_pubsub_is_pong(
    const scoped_key_resp_value_t *value);
static const char *scoped_key_redis_tracking_ready(void *owner);
static const char *scoped_key_redis_tracking_reply(void *owner,
    const scoped_key_resp_value_t *value);
static const char *scoped_key_redis_tracking_too_large(void *owner,
    const scoped_key_resp_value_t *root);
static ngx_uint_t scoped_key_redis_tracking_is_idle(void *owner);
static void scoped_key_redis_tracking_lost(void *owner,
    scoped_key_redis_lost_e why);
static void scoped_key_redis_tracking_on_heartbeat(ngx_event_t *ev);


static const scoped_key_redis_owner_t  scoped_key_redis_tracking_ops = {
    "tracking link",
    scoped_key_redis_tracking_ready,
    scoped_key_redis_tracking_reply,
    scoped_key_redis_tracking_too_large,
    scoped_key_redis_tracking_is_idle,
    scoped_key_redis_tracking_lost,
    NULL
};

static const char  scoped_key_redis_tracking_unexpected[] =
    "an unexpected message";

/* where Redis reports changed keys; the name is its own */
static const ngx_str_t  scoped_key_redis_pubsub_changes =
    ngx_string("__redis__:invalidate");


scoped_key_redis_tracking_t *
scoped_key_redis_tracking_create(const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints, const ngx_str_t *prefix,
    const ngx_str_t *channel, const scoped_key_redis_listener_t *listener,
    ngx_log_t *log)
{
    scoped_key_redis_tracking_t  *tracking;

    tracking = ngx_calloc(sizeof(scoped_key_redis_tracking_t), log);
    if (tracking == NULL) {
        return NULL;
    }

    tracking->pubsub.prefix = prefix;
    tracking->pubsub.channel = channel;
    tracking->pubsub.listener = *listener;

    tracking->heartbeat.handler = scoped_key_redis_tracking_on_heartbeat;
    tracking->heartbeat.data = tracking;
    tracking->heartbeat.log = log;
    tracking->heartbeat.cancelable = 1;

    scoped_key_redis_link_init(&tracking->link, conf, endpoints,
                               &scoped_key_redis_tracking_ops, tracking, log);
    scoped_key_redis_link_start(&tracking->link);

    return tracking;
}


void
scoped_key_redis_tracking_destroy(scoped_key_redis_tracking_t *tracking)
{
    if (tracking == NULL) {
        return;
    }

    if (tracking->heartbeat.timer_set) {
        ngx_del_timer(&tracking->heartbeat);
    }

    scoped_key_redis_link_stop(&tracking->link);

    ngx_free(tracking);
}


const scoped_key_redis_address_t *
scoped_key_redis_tracking_address(const scoped_key_redis_tracking_t *tracking)
{
    return &tracking->link.address;
}


const scoped_key_redis_server_t *
scoped_key_redis_tracking_server(const scoped_key_redis_tracking_t *tracking)
{
    return &tracking->link.server;
}


void
scoped_key_redis_tracking_renew(scoped_key_redis_tracking_t *tracking,
    const scoped_key_redis_address_t *to)
{
    scoped_key_redis_link_renew(&tracking->link, to);
}


ngx_uint_t
scoped_key_redis_tracking_last_confirmed(
    const scoped_key_redis_tracking_t *tracking, ngx_msec_t *last_confirmed)
{
    if (!tracking->proven) {
        return 0;
    }

    *last_confirmed = tracking->last_confirmed;

    return 1;
}


static const char *
scoped_key_redis_tracking_ready(void *owner)
{
    scoped_key_redis_tracking_t  *tracking = owner;

    tracking->step = SCOPED_KEY_REDIS_TRACKING_ID;
    tracking->tracks = 0;
    tracking->pending = 0;
    tracking->missed = 0;
    tracking->pinged = 0;

    /* watches the steps to come, too */
    ngx_add_timer(&tracking->heartbeat, tracking->link.conf->heartbeat);

    return scoped_key_redis_tracking_cmd_id(&tracking->link);
}


static const char *
scoped_key_redis_tracking_subscribe(scoped_key_redis_tracking_t *tracking)
{
    ngx_uint_t  n;
    ngx_str_t   channels[SCOPED_KEY_REDIS_MAX_CHANNELS];

    n = 0;

    if (tracking->step != SCOPED_KEY_REDIS_TRACKING_LIVE) {
        tracking->step = SCOPED_KEY_REDIS_TRACKING_SUBSCRIBE;

        if (tracking->tracks) {
            channels[n++] = scoped_key_redis_pubsub_changes;
        }
    }

    channels[n++] = *tracking->pubsub.channel;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, tracking->link.log, 0,
                   "scoped key: redis tracking link subscribes to %s\"%V\"",
                   n > 1 ? "changes of keys and " : "",
                   tracking->pubsub.channel);

    tracking->pending = n;
    tracking->asked = ngx_current_msec;

    return scoped_key_redis_tracking_cmd_subscribe(&tracking->link, channels,
                                                   n);
}


/*
 * A replica that may not serve, since it has lost its primary, lets one
 * subscribe all the same: only PING tells.
 */
static const char *
scoped_key_redis_tracking_send_heartbeat(scoped_key_redis_tracking_t *tracking)
{
    const char  *reason;

    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, tracking->link.log, 0,
                   "scoped key: redis tracking link sends a heartbeat");

    reason = scoped_key_redis_tracking_cmd_ping(&tracking->link);
    if (reason != NULL) {
        return reason;
    }

    tracking->pinged = 1;

    return scoped_key_redis_tracking_subscribe(tracking);
}


/* its answer comes before that to SUBSCRIBE; not all users may PING */
static const char *
scoped_key_redis_tracking_ponged(scoped_key_redis_tracking_t *tracking,
    const scoped_key_resp_value_t *value)
{
    tracking->pinged = 0;

    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, tracking->link.log, 0,
                   "scoped key: redis tracking link answers a heartbeat");

    if (value->type == SCOPED_KEY_RESP_ERROR
        && !scoped_key_resp_is_error(value, "NOPERM"))
    {
        return scoped_key_redis_link_refused(&tracking->link, "PING", value);
    }

    return NULL;
}


/* goes on without; said once for as long as it is so */
static const char *
scoped_key_redis_tracking_refused(scoped_key_redis_tracking_t *tracking,
    const char *command, const scoped_key_resp_value_t *value)
{
    const char               *reason, *note;
    scoped_key_redis_link_t  *link;

    link = &tracking->link;
    reason = scoped_key_redis_link_refused(link, command, value);

    if (value->type != SCOPED_KEY_RESP_ERROR) {
        return reason;
    }

    note = tracking->warned ? NULL
           : scoped_key_redis_link_may_log(link, "does not tell");

    if (note != NULL) {
        tracking->warned = 1;

        ngx_log_error(NGX_LOG_WARN, link->log, 0,
                      "scoped key: redis \"%V\" (%V) does not tell of "
                      "changed keys, only the channel \"%V\" does: %s%s",
                      &link->conf->name, link->peer.name,
                      tracking->pubsub.channel, reason, note);
    }

    tracking->tracks = 0;
    tracking->proven = 0;

    return scoped_key_redis_tracking_subscribe(tracking);
}


static void
scoped_key_redis_tracking_flush(scoped_key_redis_tracking_t *tracking)
{
    scoped_key_redis_listener_t  *listener;

    listener = &tracking->pubsub.listener;
    listener->flush(listener->data);
}


/* all subscriptions of one SUBSCRIBE are confirmed */
static void
scoped_key_redis_tracking_confirm(scoped_key_redis_tracking_t *tracking)
{
    tracking->missed = 0;

    if (tracking->step == SCOPED_KEY_REDIS_TRACKING_SUBSCRIBE) {
        tracking->step = SCOPED_KEY_REDIS_TRACKING_LIVE;
        scoped_key_redis_link_up(&tracking->link);

        /* changes up to now were told to nobody */
        scoped_key_redis_tracking_flush(tracking);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_EVENT, tracking->link.log, 0,
                   "scoped key: redis tracking link is confirmed, asked %M ms "
                   "ago", ngx_current_msec - tracking->asked);

    if (tracking->tracks) {
        tracking->warned = 0;
        tracking->last_confirmed = tracking->asked;
        tracking->proven = 1;
    }
}


/* left: how many are to come after this one, as they were asked for */
static const char *
scoped_key_redis_tracking_subscribed(scoped_key_redis_tracking_t *tracking,
    ngx_uint_t left)
{
    /* PING was asked before */
    if (tracking->pending != left + 1 || tracking->pinged) {
        return scoped_key_redis_tracking_unexpected;
    }

    if (--tracking->pending == 0) {
        scoped_key_redis_tracking_confirm(tracking);
    }

    return NULL;
}


/* the link is a subscriber now: messages may come at any time */
static const char *
scoped_key_redis_tracking_listen(scoped_key_redis_tracking_t *tracking,
    const scoped_key_resp_value_t *value)
{
    if (tracking->pinged
        && (value->type == SCOPED_KEY_RESP_ERROR
            || scoped_key_redis_pubsub_is_pong(value)))
    {
        return scoped_key_redis_tracking_ponged(tracking, value);
    }

    if (value->type == SCOPED_KEY_RESP_ERROR) {
        if (tracking->step == SCOPED_KEY_REDIS_TRACKING_SUBSCRIBE
            && tracking->tracks)
        {
            return scoped_key_redis_tracking_refused(tracking, "SUBSCRIBE",
                                                     value);
        }

        return scoped_key_redis_link_refused(&tracking->link, "SUBSCRIBE",
                                             value);
    }

    switch (scoped_key_redis_pubsub_read(&tracking->pubsub, value)) {

    case SCOPED_KEY_REDIS_PUBSUB_REPORTED:
        return NULL;

    case SCOPED_KEY_REDIS_PUBSUB_TRACKED:
        return scoped_key_redis_tracking_subscribed(tracking, 1);

    case SCOPED_KEY_REDIS_PUBSUB_SUBSCRIBED:
        return scoped_key_redis_tracking_subscribed(tracking, 0);

    default: /* SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED: perhaps a change */
        scoped_key_redis_tracking_flush(tracking);
        return scoped_key_redis_tracking_unexpected;
    }
}


static const char *
scoped_key_redis_tracking_reply(void *owner,
    const scoped_key_resp_value_t *value)
{
    scoped_key_redis_tracking_t  *tracking = owner;

    switch (tracking->step) {

    case SCOPED_KEY_REDIS_TRACKING_ID:
        if (value->type == SCOPED_KEY_RESP_INTEGER) {
            tracking->step = SCOPED_KEY_REDIS_TRACKING_ON;
            return scoped_key_redis_tracking_cmd_enable(&tracking->link,
                                                        tracking->pubsub.prefix,
                                                        value->integer);
        }

        return scoped_key_redis_tracking_refused(tracking, "CLIENT ID", value);

    case SCOPED_KEY_REDIS_TRACKING_ON:
        if (scoped_key_resp_is_status(value, "OK")) {
            tracking->tracks = 1;
            return scoped_key_redis_tracking_subscribe(tracking);
        }

        return scoped_key_redis_tracking_refused(tracking, "CLIENT TRACKING",
                                                 value);

    default: /* SCOPED_KEY_REDIS_TRACKING_SUBSCRIBE, _LIVE */
        return scoped_key_redis_tracking_listen(tracking, value);
    }
}


/* it told of changes, and nobody knows of which: lost() forgets all */
static const char *
scoped_key_redis_tracking_too_large(void *owner,
    const scoped_key_resp_value_t *root)
{
    return "reply too large";
}


/* a heartbeat goes over it all the time */
static ngx_uint_t
scoped_key_redis_tracking_is_idle(void *owner)
{
    return 0;
}


static void
scoped_key_redis_tracking_lost(void *owner, scoped_key_redis_lost_e why)
{
    ngx_uint_t                    live;
    scoped_key_redis_tracking_t  *tracking = owner;

    if (tracking->heartbeat.timer_set) {
        ngx_del_timer(&tracking->heartbeat);
    }

    live = (tracking->step == SCOPED_KEY_REDIS_TRACKING_LIVE);

    tracking->step = SCOPED_KEY_REDIS_TRACKING_ID;

    /* the last confirmation is valid; what was unreadable may be a change */

    if (live && why == SCOPED_KEY_REDIS_LOST_GARBLED) {
        scoped_key_redis_tracking_flush(tracking);
    }
}


static void
scoped_key_redis_tracking_on_heartbeat(ngx_event_t *ev)
{
    const char                   *reason;
    scoped_key_redis_tracking_t  *tracking;

    tracking = ev->data;
    reason = NULL;

    if (tracking->step == SCOPED_KEY_REDIS_TRACKING_LIVE
        && tracking->pending == 0)
    {
        reason = scoped_key_redis_tracking_send_heartbeat(tracking);

    } else if (++tracking->missed == SCOPED_KEY_REDIS_MISSED_HEARTBEATS) {
        reason = "no heartbeat";

    } else {
        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, tracking->link.log, 0,
                       "scoped key: redis tracking link: %ui heartbeats are "
                       "missing", tracking->missed);
    }

    if (reason != NULL) {
        scoped_key_redis_link_fail(&tracking->link, 0, reason);
        return;
    }

    ngx_add_timer(ev, tracking->link.conf->heartbeat);
}


static const char *
scoped_key_redis_tracking_cmd(scoped_key_redis_link_t *link,
    const ngx_str_t *argv, ngx_uint_t argc)
{
    if (scoped_key_redis_output_command(&link->output, argv, argc, link->log)
        != NGX_OK)
    {
        return "out of memory";
    }

    scoped_key_redis_link_flush(link);

    return NULL;
}


/*
 * All return NULL, or why the command could not be said.  It goes out at the
 * end of this turn of the event loop.
 */
static const char *
scoped_key_redis_tracking_cmd_id(scoped_key_redis_link_t *link)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "ID");

    return scoped_key_redis_tracking_cmd(link, argv, 2);
}


/* CLIENT TRACKING, to be told to the client `id` */
static const char *
scoped_key_redis_tracking_cmd_enable(scoped_key_redis_link_t *link,
    const ngx_str_t *prefix, long long id)
{
    u_char     number[NGX_INT64_LEN];
    ngx_str_t  argv[8];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "TRACKING");
    ngx_str_set(&argv[2], "ON");
    ngx_str_set(&argv[3], "REDIRECT");

    argv[4].data = number;
    argv[4].len = ngx_sprintf(number, "%L", (int64_t) id) - number;

    ngx_str_set(&argv[5], "BCAST");
    ngx_str_set(&argv[6], "PREFIX");
    argv[7] = *prefix;

    return scoped_key_redis_tracking_cmd(link, argv, 8);
}


/* n: at most SCOPED_KEY_REDIS_MAX_CHANNELS; each is answered apart */
static const char *
scoped_key_redis_tracking_cmd_subscribe(scoped_key_redis_link_t *link,
    const ngx_str_t *channels, ngx_uint_t n)
{
    ngx_uint_t  i;
    ngx_str_t   argv[1 + SCOPED_KEY_REDIS_MAX_CHANNELS];

    ngx_str_set(&argv[0], "SUBSCRIBE");

    for (i = 0; i < n; i++) {
        argv[1 + i] = channels[i];
    }

    return scoped_key_redis_tracking_cmd(link, argv, 1 + n);
}


static const char *
scoped_key_redis_tracking_cmd_ping(scoped_key_redis_link_t *link)
{
    ngx_str_t  ping = ngx_string("PING");

    return scoped_key_redis_tracking_cmd(link, &ping, 1);
}


static ngx_uint_t
scoped_key_redis_pubsub_is(const scoped_key_resp_value_t *value,
    const ngx_str_t *text)
{
    return value->type == SCOPED_KEY_RESP_STRING
           && value->len == text->len
           && ngx_memcmp(value->data, text->data, text->len) == 0;
}


static scoped_key_redis_pubsub_e
scoped_key_redis_pubsub_key(const scoped_key_redis_pubsub_t *pubsub,
    const scoped_key_resp_value_t *value)
{
    ngx_str_t         key;
    const ngx_str_t  *prefix;

    if (value->type != SCOPED_KEY_RESP_STRING) {
        return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
    }

    prefix = pubsub->prefix;

    if (value->len >= prefix->len
        && ngx_memcmp(value->data, prefix->data, prefix->len) == 0)
    {
        key.len = value->len;
        key.data = (u_char *) value->data;

        pubsub->listener.changed(pubsub->listener.data, &key);
    }

    return SCOPED_KEY_REDIS_PUBSUB_REPORTED;
}


/* keys in an array; nil: all of them; a text: someone has published it */
static scoped_key_redis_pubsub_e
scoped_key_redis_pubsub_keys(const scoped_key_redis_pubsub_t *pubsub,
    const scoped_key_resp_value_t *what)
{
    size_t                          i;
    const scoped_key_resp_value_t  *key;

    if (what->type == SCOPED_KEY_RESP_NIL) {
        pubsub->listener.flush(pubsub->listener.data);
        return SCOPED_KEY_REDIS_PUBSUB_REPORTED;
    }

    if (what->type != SCOPED_KEY_RESP_ARRAY) {
        return scoped_key_redis_pubsub_key(pubsub, what);
    }

    key = what + 1;

    for (i = 0; i < what->len; i++) {
        if (scoped_key_redis_pubsub_key(pubsub, key)
            != SCOPED_KEY_REDIS_PUBSUB_REPORTED)
        {
            return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
        }

        key += key->span;
    }

    return SCOPED_KEY_REDIS_PUBSUB_REPORTED;
}


static scoped_key_redis_pubsub_e
scoped_key_redis_pubsub_message(const scoped_key_redis_pubsub_t *pubsub,
    const scoped_key_resp_value_t *what)
{
    ngx_str_t  text;

    if (what->type != SCOPED_KEY_RESP_STRING) {
        return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
    }

    text.len = what->len;
    text.data = (u_char *) what->data;

    pubsub->listener.message(pubsub->listener.data, &text);

    return SCOPED_KEY_REDIS_PUBSUB_REPORTED;
}


static scoped_key_redis_pubsub_e
scoped_key_redis_pubsub_read(const scoped_key_redis_pubsub_t *pubsub,
    const scoped_key_resp_value_t *value)
{
    static const ngx_str_t  message = ngx_string("message");
    static const ngx_str_t  subscribe = ngx_string("subscribe");

    ngx_uint_t                      changes;
    const scoped_key_resp_value_t  *kind, *channel, *what;

    if (value->type != SCOPED_KEY_RESP_ARRAY || value->len != 3) {
        return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
    }

    kind = value + 1;
    channel = kind + kind->span;
    what = channel + channel->span;

    changes = scoped_key_redis_pubsub_is(channel,
                                         &scoped_key_redis_pubsub_changes);

    if (!changes && !scoped_key_redis_pubsub_is(channel, pubsub->channel)) {
        return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
    }

    if (scoped_key_redis_pubsub_is(kind, &subscribe)
        && what->type == SCOPED_KEY_RESP_INTEGER)
    {
        return changes ? SCOPED_KEY_REDIS_PUBSUB_TRACKED
                       : SCOPED_KEY_REDIS_PUBSUB_SUBSCRIBED;
    }

    if (!scoped_key_redis_pubsub_is(kind, &message)) {
        return SCOPED_KEY_REDIS_PUBSUB_UNEXPECTED;
    }

    return changes ? scoped_key_redis_pubsub_keys(pubsub, what)
                   : scoped_key_redis_pubsub_message(pubsub, what);
}


/* what PING is answered with once there is a subscription */
static ngx_uint_t
scoped_key_redis_pubsub_is_pong(const scoped_key_resp_value_t *value)
{
    static const ngx_str_t  pong = ngx_string("pong");

    return value->type == SCOPED_KEY_RESP_ARRAY
           && value->len == 2
           && scoped_key_redis_pubsub_is(value + 1, &pong);
}
