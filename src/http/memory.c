/*
 * Stands between the JSON library and where it gets its memory from, which may
 * be another module's doing, and only for as long as a text of ours is read.
 */

#include "memory.h"
#include "../core/json.h"


static void *ngx_http_scoped_key_memory_take(size_t len);


/* one for the process, as the library's own are; a worker has one thread that
   reads JSON */

static scoped_key_json_memory_t  ngx_http_scoped_key_memory;
static ngx_uint_t                ngx_http_scoped_key_memory_missing;


void
ngx_http_scoped_key_memory_watch(void)
{
    scoped_key_json_memory_t  watched;

    scoped_key_json_memory_get(&ngx_http_scoped_key_memory);

    watched = ngx_http_scoped_key_memory;
    watched.take = ngx_http_scoped_key_memory_take;

    ngx_http_scoped_key_memory_missing = 0;

    scoped_key_json_memory_set(&watched);
}


ngx_uint_t
ngx_http_scoped_key_memory_sufficed(void)
{
    scoped_key_json_memory_set(&ngx_http_scoped_key_memory);

    return !ngx_http_scoped_key_memory_missing;
}


static void *
ngx_http_scoped_key_memory_take(size_t len)
{
    void  *memory;

    memory = ngx_http_scoped_key_memory.take(len);

    if (memory == NULL) {
        ngx_http_scoped_key_memory_missing = 1;
    }

    return memory;
}
