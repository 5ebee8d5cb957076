/*
 * The output buffer of a link.  It knows a socket and no protocol but the
 * form of a command.
 * Invariants: sent <= last <= size <= SCOPED_KEY_REDIS_MAX_OUTPUT; no byte is
 * left in memory that was given back.
 */

#include "output.h"

#include <string.h>

#include "resp.h"


#define SCOPED_KEY_REDIS_FIRST_OUTPUT   4096
#define SCOPED_KEY_REDIS_KEEP_OUTPUT   65536
#define SCOPED_KEY_REDIS_MAX_ARGS          8


static ngx_int_t
scoped_key_redis_output_grow(scoped_key_redis_output_t *output, size_t len,
    ngx_log_t *log)
{
    u_char  *data;
    size_t   size, unsent;

    unsent = output->last - output->sent;

    if (len > SCOPED_KEY_REDIS_MAX_OUTPUT - unsent) {
        return NGX_DECLINED;
    }

    size = ngx_max(output->size, SCOPED_KEY_REDIS_FIRST_OUTPUT);

    while (size < unsent + len) {
        size *= 2;
    }

    /* not realloc(): it would leave the old bytes behind */
    data = ngx_alloc(size, log);
    if (data == NULL) {
        return NGX_DECLINED;
    }

    if (unsent > 0) {
        ngx_memcpy(data, output->data + output->sent, unsent);
    }

    scoped_key_redis_output_clear(output);

    output->data = data;
    output->last = unsent;
    output->size = size;

    return NGX_OK;
}


static ngx_int_t
scoped_key_redis_output_reserve(scoped_key_redis_output_t *output, size_t len,
    ngx_log_t *log)
{
    return len <= output->size - output->last
           ? NGX_OK : scoped_key_redis_output_grow(output, len, log);
}


ngx_int_t
scoped_key_redis_output_add(scoped_key_redis_output_t *output,
    const void *bytes, size_t len, ngx_log_t *log)
{
    if (scoped_key_redis_output_reserve(output, len, log) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_memcpy(output->data + output->last, bytes, len);
    output->last += len;

    return NGX_OK;
}


ngx_int_t
scoped_key_redis_output_command(scoped_key_redis_output_t *output,
    const ngx_str_t *argv, ngx_uint_t argc, ngx_log_t *log)
{
    size_t       len, room, lens[SCOPED_KEY_REDIS_MAX_ARGS];
    ngx_uint_t   i;
    const char  *args[SCOPED_KEY_REDIS_MAX_ARGS];

    if (argc > SCOPED_KEY_REDIS_MAX_ARGS) {
        return NGX_DECLINED;
    }

    for (i = 0; i < argc; i++) {
        args[i] = (const char *) argv[i].data;
        lens[i] = argv[i].len;
    }

    room = scoped_key_resp_command_room(argc, lens);

    if (room == 0
        || scoped_key_redis_output_reserve(output, room, log) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    len = scoped_key_resp_command(output->data + output->last,
                                  output->size - output->last, argc, args,
                                  lens);
    output->last += len;

    return len ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
scoped_key_redis_output_send(scoped_key_redis_output_t *output,
    ngx_connection_t *c)
{
    ssize_t  n;

    while (output->sent < output->last) {

        n = c->send(c, output->data + output->sent,
                    output->last - output->sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            return NGX_ERROR;
        }

        output->sent += n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (output->sent < output->last) {
        return NGX_AGAIN;
    }

    output->sent = 0;
    output->last = 0;

    if (output->size > SCOPED_KEY_REDIS_KEEP_OUTPUT) {
        scoped_key_redis_output_clear(output);
    }

    return NGX_OK;
}


void
scoped_key_redis_output_clear(scoped_key_redis_output_t *output)
{
    if (output->data != NULL) {
        explicit_bzero(output->data, output->size);
        ngx_free(output->data);
    }

    ngx_memzero(output, sizeof(scoped_key_redis_output_t));
}
