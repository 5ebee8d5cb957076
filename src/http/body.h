/*
 * The request's body, as far as a decision needs it: read in the access
 * phase, at most scoped_key_body_limit of it, and left for the upstream as
 * it came.
 * What it is, by its header fields alone: its media type (RFC 9110, section
 * 8.3), its charset, and whether a content-coding hides it (section 8.4).
 */

#ifndef NGX_HTTP_SCOPED_KEY_BODY_H
#define NGX_HTTP_SCOPED_KEY_BODY_H

#include "context.h"
#include "../core/json.h"


typedef enum {
    NGX_HTTP_SCOPED_KEY_BODY_NONE = 0,   /* the request has no body */
    NGX_HTTP_SCOPED_KEY_BODY_JSON,       /* and text/json, or +json */
    NGX_HTTP_SCOPED_KEY_BODY_FORM,       /* application/x-www-form-urlencoded */
    NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL,    /* application/graphql */
    NGX_HTTP_SCOPED_KEY_BODY_OTHER       /* no one else's business: none or
                                            several types, another charset
                                            than UTF-8, a content-coding */
} ngx_http_scoped_key_body_e;

/* what other readers would find, see param.c */
typedef struct ngx_http_scoped_key_second_s  ngx_http_scoped_key_second_t;

/* in r->pool, made when a decision first asks */
struct ngx_http_scoped_key_body_s {
    ngx_http_scoped_key_body_e   type;
    ngx_str_t                    text;   /* once collected */
    scoped_key_json_t           *json;   /* once parsed; NULL: unreadable */
    ngx_http_scoped_key_second_t
                                *second; /* once searched */
    off_t                        bytes_left;
                                         /* while it is read: how many bytes
                                            may yet come, and one; 0: nobody
                                            counts */
    scoped_key_json_error_e      error;  /* of the JSON */
    unsigned                     collected:1;
    unsigned                     parsed:1;
};


/*
 * SCOPED_KEY_PARAM_VALUES: ctx->body is there, its type known, and its text
 * collected if there is any; _NEEDS_BODY, _TOO_LARGE, _ERROR as in facts.h.
 */
scoped_key_param_e ngx_http_scoped_key_body(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

/* the body as JSON; NULL: ctx->body->error says why.  Lives until forgotten */
const scoped_key_json_t *ngx_http_scoped_key_body_json(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);

/*
 * Once decided: gives back what the JSON takes, which may be a hundred times
 * its text, for an upstream may take long to answer.
 */
void ngx_http_scoped_key_body_forget(ngx_http_scoped_key_ctx_t *ctx);

/*
 * Reads the whole body; ctx->body is there.  NGX_OK: so is the body; NGX_DONE:
 * it is in progress, and the phases will be run again; else a status to answer
 * with.
 */
ngx_int_t ngx_http_scoped_key_body_read(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx);

/*
 * Of the request body filter, while ctx->body->room is not 0: what has just
 * come.  NGX_DECLINED: the body goes over scoped_key_body_limit, though no
 * length was said before, and the verdict is a refusal.  What came of the body
 * is then forgotten, and the rest is not read.
 */
ngx_int_t ngx_http_scoped_key_body_count(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx, const ngx_chain_t *in);

#endif
