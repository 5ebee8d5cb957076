/*
 * Ids of documents that a server keeps, where they stand beside a document:
 * some servers run the one, some the other, and only one of them was read.
 * Automatic persisted queries are let be: extensions.persistedQuery holds the
 * hash of the document beside it, and servers compare the two; or the hash
 * alone, and clients send the document when they are told that it is unknown.
 */

#ifndef NGX_HTTP_SCOPED_KEY_DOCUMENT_ID_H
#define NGX_HTTP_SCOPED_KEY_DOCUMENT_ID_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "../core/json.h"


/*
 * Whether a query string has an id, or what could be taken for one, also
 * within `extensions`.  scratch: as many bytes as text has; overwritten.
 */
ngx_uint_t ngx_http_scoped_key_document_id_in_args(scoped_key_str_t text,
    u_char *scratch);

/* what a member of a request in JSON is, that it may not be */
typedef struct {
    const char        *what;   /* for the log: static, ends in a space */
    scoped_key_str_t   name;   /* which it is, or is like: static */
} ngx_http_scoped_key_document_fault_t;

/*
 * Whether a member of an object, or of its `extensions`, is such an id, or is
 * query, operationName, variables or extensions in another spelling.
 */
ngx_uint_t ngx_http_scoped_key_document_id_is(scoped_key_str_t name,
    const scoped_key_json_t *value,
    ngx_http_scoped_key_document_fault_t *fault);

/*
 * Whether there is the hash of an automatic persisted query: in an object, or
 * in a query string.  scratch: as above.
 */
ngx_uint_t ngx_http_scoped_key_document_hash_in_json(
    const scoped_key_json_t *json);
ngx_uint_t ngx_http_scoped_key_document_hash_in_args(scoped_key_str_t text,
    u_char *scratch);

#endif
