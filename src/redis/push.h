/*
 * What a subscribed Redis says by itself: confirmations, changed keys and
 * messages.  Reads one such reply and tells the listener; keeps nothing.
 * Private to src/redis.
 */

#ifndef SCOPED_KEY_REDIS_PUSH_H
#define SCOPED_KEY_REDIS_PUSH_H

#include "tracking.h"


typedef enum {
    SCOPED_KEY_REDIS_PUSH_UNEXPECTED = 0,  /* some of it may have been told */
    SCOPED_KEY_REDIS_PUSH_TRACKED,         /* the one of changed keys is
                                              confirmed */
    SCOPED_KEY_REDIS_PUSH_SUBSCRIBED,      /* the channel is confirmed */
    SCOPED_KEY_REDIS_PUSH_TOLD             /* to the listener */
} scoped_key_redis_push_e;

/* which subscriptions there are, and who listens */
typedef struct {
    const ngx_str_t             *prefix;   /* of the keys that are tracked */
    const ngx_str_t             *channel;
    scoped_key_redis_listener_t  listener;
} scoped_key_redis_push_t;


/* where Redis tells of changed keys */
extern const ngx_str_t  scoped_key_redis_push_changes;

scoped_key_redis_push_e scoped_key_redis_push_read(
    const scoped_key_redis_push_t *push,
    const scoped_key_resp_value_t *value);

/* what PING is answered with once there is a subscription */
ngx_uint_t scoped_key_redis_push_is_pong(
    const scoped_key_resp_value_t *value);

#endif
