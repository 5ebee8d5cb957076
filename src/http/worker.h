/*
 * The start and the end of what a worker process has; see store.h.
 */

#ifndef NGX_HTTP_SCOPED_KEY_WORKER_H
#define NGX_HTTP_SCOPED_KEY_WORKER_H

#include "ngx_http_scoped_key.h"


/* init_process and exit_process.  Redis being down is no error. */
ngx_int_t ngx_http_scoped_key_worker_start(ngx_cycle_t *cycle);
void ngx_http_scoped_key_worker_stop(ngx_cycle_t *cycle);

/*
 * Whether the clock will be fine enough.  Asked when the blocks have been read,
 * and again when the whole file has: nginx exits, also at a reload, when the
 * second one is an error.
 */
ngx_int_t ngx_http_scoped_key_worker_check(ngx_cycle_t *cycle);

/*
 * init_module: without a master process, a reload finds the old worker still
 * there, with the configuration that is about to go.
 */
ngx_int_t ngx_http_scoped_key_worker_reload(ngx_cycle_t *cycle);

#endif
