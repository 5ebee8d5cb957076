/*
 * What is known of one request: the key that was presented, the record it
 * opened, the verdict.  Lives in the pool of the main request, and is found
 * again after an internal redirect, which zeroes r->ctx (the way of
 * ngx_http_realip_module): the new location decides again, the variables keep
 * what was decided last.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CONTEXT_H
#define NGX_HTTP_SCOPED_KEY_CONTEXT_H

#include "ngx_http_scoped_key.h"


typedef enum {
    NGX_HTTP_SCOPED_KEY_NO_VERDICT = 0,
    NGX_HTTP_SCOPED_KEY_ALLOWED,
    NGX_HTTP_SCOPED_KEY_REFUSED,
    NGX_HTTP_SCOPED_KEY_ANONYMOUS,
    NGX_HTTP_SCOPED_KEY_UNAVAILABLE,
    NGX_HTTP_SCOPED_KEY_DRY_RUN
} ngx_http_scoped_key_verdict_e;

/* where the record came from; NONE: none was asked for */
typedef enum {
    NGX_HTTP_SCOPED_KEY_CACHE_NONE = 0,
    NGX_HTTP_SCOPED_KEY_CACHE_HIT,
    NGX_HTTP_SCOPED_KEY_CACHE_MISS,
    NGX_HTTP_SCOPED_KEY_CACHE_NEGATIVE,
    NGX_HTTP_SCOPED_KEY_CACHE_STALE
} ngx_http_scoped_key_cache_e;

/* the word for each of them: static, "" for the first */
extern const char *const  ngx_http_scoped_key_verdicts[];
extern const char *const  ngx_http_scoped_key_caches[];

/* a credential that was taken out of the request; see hide.h */
typedef struct ngx_http_scoped_key_hidden_s  ngx_http_scoped_key_hidden_t;

struct ngx_http_scoped_key_hidden_s {
    const ngx_http_scoped_key_source_t  *source;
    ngx_str_t                            value;
    ngx_http_scoped_key_hidden_t        *next;
};

/* what is to be found in a request */
typedef struct {
    ngx_uint_t                           nkeys;   /* credentials, not empty */
    ngx_str_t                            key;     /* if there are any: one */
    ngx_uint_t                           nforeign;  /* bearer tokens that are
                                                     not of our form */
    ngx_str_t                            foreign; /* one of them */
    ngx_uint_t                           nheaders; /* header fields that are
                                                      sources, were they empty
                                                      ones */
    unsigned                             other_source:1; /* a key is in another
                                                     source than bearer's */
    unsigned                             keep_bearer:1;  /* foreign ones are
                                                     the upstream's own */
    unsigned                             settings:1;  /* HTTP2-Settings is
                                                     there */
    unsigned                             upgrade:1;   /* Upgrade names h2c */
} ngx_http_scoped_key_found_t;

typedef struct ngx_http_scoped_key_captures_s  ngx_http_scoped_key_captures_t;
typedef struct ngx_http_scoped_key_lookup_s    ngx_http_scoped_key_lookup_t;
typedef struct ngx_http_scoped_key_waiter_s    ngx_http_scoped_key_waiter_t;
typedef struct ngx_http_scoped_key_body_s      ngx_http_scoped_key_body_t;
typedef struct ngx_http_scoped_key_document_s  ngx_http_scoped_key_document_t;

/* in the request's pool, one for all its lookups */
struct ngx_http_scoped_key_waiter_s {
    ngx_queue_t                    queue;
    ngx_http_request_t            *request;
    ngx_http_scoped_key_lookup_t  *lookup;   /* NULL: waits for none */
    scoped_key_digest_t            digest;   /* of the presented key */
    scoped_key_hash_t              hash;
    scoped_key_secret_e            match;    /* once the lookup has ended */
    ngx_uint_t                     outdated; /* lookups, in a row */
};

typedef struct {
    ngx_str_t                        key;       /* the presented key */
    scoped_key_record_t             *record;    /* a reference of our own */
    unsigned char                   *cached_data;
                                                /* of the cached record; only
                                                   until the event loop turns */
    ngx_msec_t                       read_ms;
    ngx_http_scoped_key_waiter_t    *waiter;    /* of a lookup, see lookup.h */
    ngx_http_scoped_key_hidden_t    *hidden;
    ngx_http_scoped_key_hidden_t     first;     /* of the hidden; most have one
                                                   alone; no source: not yet */

    ngx_http_scoped_key_captures_t  *captures;  /* see captures.h */

    ngx_http_scoped_key_body_t      *body;      /* see body.h */
    ngx_http_scoped_key_document_t  *document;  /* see document.h */
    size_t                           steps;     /* that were taken so far, see
                                                   core/steps.h */
    const char                      *unreadable;    /* why the body is, if we
                                                    know; NULL */
    const char                      *param_kind;    /* of what was found of the
                                                    refused param; NULL */

    const ngx_http_scoped_key_require_t
                                    *cached_allow; /* allowed by the cache: the
                                                      cause is not filled in */
    scoped_key_decision_t            decision;
    ngx_str_t                       *problem;   /* body, once built */

    scoped_key_secret_e              match;
    ngx_http_scoped_key_verdict_e    verdict;
    ngx_http_scoped_key_cache_e      cache;

    unsigned                         status:10;         /* of a refusal */
    unsigned                         wants_record:1;    /* a key is there; or
                                                           its body was slow */
    unsigned                         waiting:1;         /* for a lookup */
    unsigned                         wants_body:1;      /* to decide */
    unsigned                         reading:1;         /* is asking for it */
    unsigned                         body_read:1;
    unsigned                         captures_saved:1;
    unsigned                         exhausted:1;       /* there was more to
                                                           match than may be */
    unsigned                         answering:1;   /* our status is on its way
                                                       to the client */
    unsigned                         replacing:1;   /* and so is our body */
    unsigned                         trailers_only:1;   /* no body at all: to
                                                           gRPC */
} ngx_http_scoped_key_ctx_t;


/* of this pass through the phases; NULL before it began */
#define ngx_http_scoped_key_ctx(r)                                            \
    ((ngx_http_scoped_key_ctx_t *)                                            \
         ngx_http_get_module_ctx(r, ngx_http_scoped_key_module))

/* of this pass or of an earlier one, or the main request's; NULL: none yet */
ngx_http_scoped_key_ctx_t *ngx_http_scoped_key_ctx_find(
    ngx_http_request_t *r);

/*
 * Begins a pass: a new context, or the old one with its decision forgotten.
 * NULL: out of memory.
 */
ngx_http_scoped_key_ctx_t *ngx_http_scoped_key_ctx_begin(
    ngx_http_request_t *r);

/*
 * Forgets the record: it was read before time went by, and the access handler
 * is to look the key up once more.  There must be no verdict yet.
 */
void ngx_http_scoped_key_ctx_reset_record(ngx_http_scoped_key_ctx_t *ctx);

/* the request does not wait any more, whether it did or not */
void ngx_http_scoped_key_waiter_detach(ngx_http_scoped_key_waiter_t *waiter);

#endif
