/*
 * Ids of documents that a server keeps, where they stand beside a document:
 * some servers run the one, some the other, and only one of them was read.
 * Automatic persisted queries are let be: extensions.persistedQuery holds the
 * hash of the document beside it, and servers compare the two.
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

/*
 * The same of an object, or of any object of a batch; or whether one of their
 * members is operationName, variables or extensions in another spelling.
 */
ngx_uint_t ngx_http_scoped_key_document_id_in_json(
    const scoped_key_json_t *json);

#endif
