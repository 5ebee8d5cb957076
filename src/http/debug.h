/*
 * The lines of the debug log that take more than one ngx_log_debug to write:
 * where a key was found, what the cache knew, which grant decided.  They say
 * ids, scopes and grants, and never what was presented.  Without --with-debug
 * there is nothing of this.
 */

#ifndef NGX_HTTP_SCOPED_KEY_DEBUG_H
#define NGX_HTTP_SCOPED_KEY_DEBUG_H

#include "context.h"
#include "store.h"


/* whether such lines are written: ask before each of these functions */
#if (NGX_DEBUG)

#define ngx_http_scoped_key_log_is_debug(log)                                 \
    ((log)->log_level & NGX_LOG_DEBUG_HTTP)

#else

#define ngx_http_scoped_key_log_is_debug(log)  0

#endif

#define ngx_http_scoped_key_is_debug(r)                                       \
    ngx_http_scoped_key_log_is_debug((r)->connection->log)


/* a credential that was found; hidden: it was taken out at once */
void ngx_http_scoped_key_debug_credential(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source, const ngx_str_t *value,
    ngx_uint_t hidden);

/* one that is taken out */
void ngx_http_scoped_key_debug_hidden(ngx_http_request_t *r,
    const ngx_http_scoped_key_source_t *source);

/* what was found in the cache: ctx->cache, and ctx->record if there is one */
void ngx_http_scoped_key_debug_cached(ngx_http_request_t *r,
    ngx_http_scoped_key_worker_t *worker,
    const ngx_http_scoped_key_ctx_t *ctx);

/*
 * Each clause up to the one that decided; of several, each is asked for once
 * more by itself.  verdict: what ctx->decision reports; left: the steps that
 * there were.
 */
void ngx_http_scoped_key_debug_scopes(ngx_http_request_t *r,
    const ngx_http_scoped_key_ctx_t *ctx,
    const scoped_key_required_t *required, scoped_key_verdict_e verdict,
    const scoped_key_facts_t *facts, size_t left);

/* what Redis says that has changed: the name of a Redis key, or an id */
void ngx_http_scoped_key_debug_changed(ngx_http_scoped_key_worker_t *worker,
    const ngx_str_t *what);

#endif
