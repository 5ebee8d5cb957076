/*
 * Messages of RESP2's subscriptions: arrays of three, ["subscribe", channel,
 * count] and ["message", channel, what].  Knows neither socket nor state.
 * Invariant: of a key only one that begins with the prefix is told, since
 * whoever may publish may name any.
 */

#include "push.h"


/* the name is Redis' own */
const ngx_str_t  scoped_key_redis_push_changes =
    ngx_string("__redis__:invalidate");


static ngx_uint_t
scoped_key_redis_push_is(const scoped_key_resp_value_t *value,
    const ngx_str_t *text)
{
    return value->type == SCOPED_KEY_RESP_STRING
           && value->len == text->len
           && ngx_memcmp(value->data, text->data, text->len) == 0;
}


static scoped_key_redis_push_e
scoped_key_redis_push_key(const scoped_key_redis_push_t *push,
    const scoped_key_resp_value_t *value)
{
    ngx_str_t         key;
    const ngx_str_t  *prefix;

    if (value->type != SCOPED_KEY_RESP_STRING) {
        return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
    }

    prefix = push->prefix;

    if (value->len >= prefix->len
        && ngx_memcmp(value->data, prefix->data, prefix->len) == 0)
    {
        key.len = value->len;
        key.data = (u_char *) value->data;

        push->listener.changed(push->listener.data, &key);
    }

    return SCOPED_KEY_REDIS_PUSH_TOLD;
}


/* keys in an array; nil: all of them; a text: someone has published it */
static scoped_key_redis_push_e
scoped_key_redis_push_keys(const scoped_key_redis_push_t *push,
    const scoped_key_resp_value_t *what)
{
    size_t                          i;
    const scoped_key_resp_value_t  *key;

    if (what->type == SCOPED_KEY_RESP_NIL) {
        push->listener.flush(push->listener.data);
        return SCOPED_KEY_REDIS_PUSH_TOLD;
    }

    if (what->type != SCOPED_KEY_RESP_ARRAY) {
        return scoped_key_redis_push_key(push, what);
    }

    key = what + 1;

    for (i = 0; i < what->len; i++) {
        if (scoped_key_redis_push_key(push, key)
            != SCOPED_KEY_REDIS_PUSH_TOLD)
        {
            return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
        }

        key += key->span;
    }

    return SCOPED_KEY_REDIS_PUSH_TOLD;
}


static scoped_key_redis_push_e
scoped_key_redis_push_message(const scoped_key_redis_push_t *push,
    const scoped_key_resp_value_t *what)
{
    ngx_str_t  text;

    if (what->type != SCOPED_KEY_RESP_STRING) {
        return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
    }

    text.len = what->len;
    text.data = (u_char *) what->data;

    push->listener.message(push->listener.data, &text);

    return SCOPED_KEY_REDIS_PUSH_TOLD;
}


scoped_key_redis_push_e
scoped_key_redis_push_read(const scoped_key_redis_push_t *push,
    const scoped_key_resp_value_t *value)
{
    static const ngx_str_t  message = ngx_string("message");
    static const ngx_str_t  subscribe = ngx_string("subscribe");

    ngx_uint_t                      changes;
    const scoped_key_resp_value_t  *kind, *channel, *what;

    if (value->type != SCOPED_KEY_RESP_ARRAY || value->len != 3) {
        return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
    }

    kind = value + 1;
    channel = kind + kind->span;
    what = channel + channel->span;

    changes = scoped_key_redis_push_is(channel,
                                       &scoped_key_redis_push_changes);

    if (!changes && !scoped_key_redis_push_is(channel, push->channel)) {
        return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
    }

    if (scoped_key_redis_push_is(kind, &subscribe)
        && what->type == SCOPED_KEY_RESP_INTEGER)
    {
        return changes ? SCOPED_KEY_REDIS_PUSH_TRACKED
                       : SCOPED_KEY_REDIS_PUSH_SUBSCRIBED;
    }

    if (!scoped_key_redis_push_is(kind, &message)) {
        return SCOPED_KEY_REDIS_PUSH_UNEXPECTED;
    }

    return changes ? scoped_key_redis_push_keys(push, what)
                   : scoped_key_redis_push_message(push, what);
}


ngx_uint_t
scoped_key_redis_push_is_pong(const scoped_key_resp_value_t *value)
{
    static const ngx_str_t  pong = ngx_string("pong");

    return value->type == SCOPED_KEY_RESP_ARRAY
           && value->len == 2
           && scoped_key_redis_push_is(value + 1, &pong);
}
