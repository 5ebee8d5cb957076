/*
 * The GraphQL documents of a request: from the body or from ?query=, batches
 * and all, to what they would run.  Whatever some server might execute counts;
 * whatever could be read in two ways is unreadable.
 */

#ifndef NGX_HTTP_SCOPED_KEY_DOCUMENT_H
#define NGX_HTTP_SCOPED_KEY_DOCUMENT_H

#include "context.h"
#include "../core/graphql.h"


/* in r->pool, made when a decision first asks */
struct ngx_http_scoped_key_document_s {
    ngx_array_t         operations;   /* of scoped_key_str_t: type names, each
                                         once */
    ngx_array_t         fields;       /* of scoped_key_str_t, in the text */
    ngx_str_t           error;        /* of an unreadable one, for the log */
    scoped_key_param_e  state;        /* once it was read */
    ngx_uint_t          types;        /* of operations, a bit for each */
    unsigned            mutates:1;
    unsigned            failed:1;     /* out of memory on the way */
    unsigned            persisted:1;  /* unreadable, for there is nothing but
                                         the hash of a persisted query */
    unsigned            unsupported:1;  /* and the key may read: the answer is
                                           that there are none here */
};


/*
 * SCOPED_KEY_PARAM_VALUES: ctx->document is there, with one operation at
 * least; else as in facts.h.  Unreadable is all that may run something else
 * than what was read: a request to upgrade, behind which documents go by
 * unseen, and the id of a document that the server keeps.  ctx->document is
 * there then, too, and says why.
 */
scoped_key_param_e ngx_http_scoped_key_document(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf,
    ngx_http_scoped_key_ctx_t *ctx);

#endif
