/*
 * The commands of the tracking link.  It knows their words and no more: when
 * they are said, and what the answers mean, is tracking.c's.
 * Invariant: nothing is sent here; the link does that once a turn.
 */

#include "ask.h"


static const char *
scoped_key_redis_ask(scoped_key_redis_link_t *link, const ngx_str_t *argv,
    ngx_uint_t argc)
{
    if (scoped_key_redis_output_command(&link->output, argv, argc, link->log)
        != NGX_OK)
    {
        return "out of memory";
    }

    scoped_key_redis_link_flush(link);

    return NULL;
}


const char *
scoped_key_redis_ask_id(scoped_key_redis_link_t *link)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "ID");

    return scoped_key_redis_ask(link, argv, 2);
}


const char *
scoped_key_redis_ask_tracking(scoped_key_redis_link_t *link,
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

    return scoped_key_redis_ask(link, argv, 8);
}


const char *
scoped_key_redis_ask_subscribe(scoped_key_redis_link_t *link,
    const ngx_str_t *channels, ngx_uint_t n)
{
    ngx_uint_t  i;
    ngx_str_t   argv[1 + SCOPED_KEY_REDIS_MAX_CHANNELS];

    ngx_str_set(&argv[0], "SUBSCRIBE");

    for (i = 0; i < n; i++) {
        argv[1 + i] = channels[i];
    }

    return scoped_key_redis_ask(link, argv, 1 + n);
}


const char *
scoped_key_redis_ask_ping(scoped_key_redis_link_t *link)
{
    ngx_str_t  ping = ngx_string("PING");

    return scoped_key_redis_ask(link, &ping, 1);
}
