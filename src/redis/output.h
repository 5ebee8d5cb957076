/*
 * Bytes on their way to the server: what is written in one turn of the event
 * loop goes out in one piece.  Bounded; wiped before it is given back, since
 * a password may pass through.
 */

#ifndef SCOPED_KEY_REDIS_OUTPUT_H
#define SCOPED_KEY_REDIS_OUTPUT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define SCOPED_KEY_REDIS_MAX_OUTPUT  4194304   /* bytes not yet sent */

typedef struct {
    u_char  *data;
    size_t   sent;
    size_t   last;
    size_t   size;
} scoped_key_redis_output_t;


/* copies; NGX_DECLINED: over the limit, or out of memory */
ngx_int_t scoped_key_redis_output_add(scoped_key_redis_output_t *output,
    const void *bytes, size_t len, ngx_log_t *log);

/* one command, written where it is sent from: there is no other copy of it */
ngx_int_t scoped_key_redis_output_command(scoped_key_redis_output_t *output,
    const ngx_str_t *argv, ngx_uint_t argc, ngx_log_t *log);

/*
 * NGX_OK: all is sent.  NGX_AGAIN: the write event will tell.  NGX_ERROR: the
 * connection is of no use any more; ngx_socket_errno says why.
 */
ngx_int_t scoped_key_redis_output_send(scoped_key_redis_output_t *output,
    ngx_connection_t *c);

/* wipes, frees, and leaves it empty */
void scoped_key_redis_output_clear(scoped_key_redis_output_t *output);

#endif
