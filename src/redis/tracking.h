/*
 * The link on which Redis reports changes: one RESP2 connection of its own,
 * tracking redirected to itself (CLIENT TRACKING … BCAST), and a channel.
 * Says alive, lost, changed(what); knows nothing of keys.  Being connected
 * proves nothing: only an answered heartbeat does, for the moment it was sent.
 */

#ifndef SCOPED_KEY_REDIS_TRACKING_H
#define SCOPED_KEY_REDIS_TRACKING_H

#include "endpoints.h"


/* how often, where the configuration does not need it more often */
#define SCOPED_KEY_REDIS_HEARTBEAT_MS       1000
#define SCOPED_KEY_REDIS_MISSED_HEARTBEATS     2

typedef struct scoped_key_redis_tracking_s  scoped_key_redis_tracking_t;

/* what is told; called on the event loop, must not destroy the link */
typedef struct {
    /* everything may have changed: the link is new, or Redis was flushed */
    void  (*flush)(void *data);
    /* a Redis key that begins with the prefix was changed */
    void  (*changed)(void *data, const ngx_str_t *key);
    /* a message came on the channel */
    void  (*message)(void *data, const ngx_str_t *text);
    void   *data;
} scoped_key_redis_listener_t;


/*
 * prefix: of the tracked Redis keys; channel: of the messages.  Both live as
 * long as the cycle.  Starts to connect at once.  NULL: out of memory.
 */
scoped_key_redis_tracking_t *scoped_key_redis_tracking_create(
    const scoped_key_redis_conf_t *conf,
    scoped_key_redis_endpoints_t *endpoints, const ngx_str_t *prefix,
    const ngx_str_t *channel, const scoped_key_redis_listener_t *listener,
    ngx_log_t *log);
void scoped_key_redis_tracking_destroy(scoped_key_redis_tracking_t *tracking);

/* which address it is connected to, or has tried last */
const scoped_key_redis_address_t *scoped_key_redis_tracking_address(
    const scoped_key_redis_tracking_t *tracking);

/* the one that reports changes, or did last */
const scoped_key_redis_server_t *scoped_key_redis_tracking_server(
    const scoped_key_redis_tracking_t *tracking);

/* makes the link again, at this address if it is still one of the server's */
void scoped_key_redis_tracking_renew(scoped_key_redis_tracking_t *tracking,
    const scoped_key_redis_address_t *to);

/*
 * The moment (ngx_current_msec) up to which no change can have been missed; of
 * a link that is lost, of the time before.  Returns 0, and leaves
 * *last_confirmed alone, when there was none, or when the server refuses
 * tracking.
 */
ngx_uint_t scoped_key_redis_tracking_last_confirmed(
    const scoped_key_redis_tracking_t *tracking, ngx_msec_t *last_confirmed);

#endif
