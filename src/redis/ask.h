/*
 * What the tracking link says to Redis: one function a command, each of which
 * adds it to the link's output.  Keeps no state, reads no reply.  Private to
 * src/redis.
 */

#ifndef SCOPED_KEY_REDIS_ASK_H
#define SCOPED_KEY_REDIS_ASK_H

#include "link.h"


#define SCOPED_KEY_REDIS_MAX_CHANNELS  2


/*
 * All return NULL, or why the command could not be said.  It goes out at the
 * end of this turn of the event loop.
 */

const char *scoped_key_redis_ask_id(scoped_key_redis_link_t *link);

/* CLIENT TRACKING, to be told to the client `id` */
const char *scoped_key_redis_ask_tracking(scoped_key_redis_link_t *link,
    const ngx_str_t *prefix, long long id);

/* n: at most SCOPED_KEY_REDIS_MAX_CHANNELS; each is answered apart */
const char *scoped_key_redis_ask_subscribe(scoped_key_redis_link_t *link,
    const ngx_str_t *channels, ngx_uint_t n);

const char *scoped_key_redis_ask_ping(scoped_key_redis_link_t *link);

#endif
