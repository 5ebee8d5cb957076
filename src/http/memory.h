/*
 * Whether the JSON library got all the memory that it asked for.  It goes on
 * without a part of a string when there is none, and says of much else that it
 * is a mistake in the text: neither may decide anything.
 */

#ifndef NGX_HTTP_SCOPED_KEY_MEMORY_H
#define NGX_HTTP_SCOPED_KEY_MEMORY_H

#include <ngx_config.h>
#include <ngx_core.h>


/* begins to watch what is read from now on; at once, in one thread */
void ngx_http_scoped_key_memory_watch(void);

/* ends it; 0: some memory was missing, and nothing that was read is to be
   used */
ngx_uint_t ngx_http_scoped_key_memory_sufficed(void);

#endif
