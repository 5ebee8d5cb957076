/*
 * Looks for ids by name; what they say is nobody's business.  Looks at the
 * names of what stands beside a document, too.  Knows no request.
 * Invariant: another spelling of a name is that name.
 */

#include "document_id.h"
#include "../core/name_match.h"
#include "../core/query.h"


static ngx_uint_t ngx_http_scoped_key_document_id_arg(scoped_key_str_t text,
    scoped_key_str_t name, u_char *scratch, scoped_key_query_found_pt found);
static bool ngx_http_scoped_key_document_id_found(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_document_id_extensions(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_document_id_name(void *data,
    scoped_key_str_t name, const scoped_key_json_t *value);
static ngx_uint_t ngx_http_scoped_key_document_id_spelt(scoped_key_str_t name,
    ngx_http_scoped_key_document_fault_t *fault);
static bool ngx_http_scoped_key_document_hash_extensions(void *data,
    scoped_key_str_t value);
static bool ngx_http_scoped_key_document_hash_found(void *data,
    scoped_key_str_t value);


/* by which servers and their clients' libraries take them */

static const scoped_key_str_t  ngx_http_scoped_key_document_ids[] = {
    scoped_key_str("id"),
    scoped_key_str("hash"),
    scoped_key_str("docId"),
    scoped_key_str("doc_id"),
    scoped_key_str("documentId"),
    scoped_key_str("document_id"),
    scoped_key_str("queryId"),
    scoped_key_str("query_id"),
    scoped_key_str("queryHash"),
    scoped_key_str("query_hash"),
    scoped_key_str("operationId"),
    scoped_key_str("operation_id"),
    scoped_key_str("sha256Hash")
};

#define NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS                                      \
    (sizeof(ngx_http_scoped_key_document_ids) / sizeof(scoped_key_str_t))

static const scoped_key_str_t  ngx_http_scoped_key_document_members[] = {
    scoped_key_str("query"),
    scoped_key_str("operationName"),
    scoped_key_str("variables"),
    scoped_key_str("extensions")
};

#define NGX_HTTP_SCOPED_KEY_DOCUMENT_MEMBERS                                  \
    (sizeof(ngx_http_scoped_key_document_members) / sizeof(scoped_key_str_t))

/* what it holds may be an id like the members around it */
static const scoped_key_str_t  ngx_http_scoped_key_extensions =
    scoped_key_str("extensions");


ngx_uint_t
ngx_http_scoped_key_document_id_in_args(scoped_key_str_t text, u_char *scratch)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS; i++) {

        if (ngx_http_scoped_key_document_id_arg(text,
                                        ngx_http_scoped_key_document_ids[i],
                                        scratch,
                                        ngx_http_scoped_key_document_id_found))
        {
            return 1;
        }
    }

    return ngx_http_scoped_key_document_id_arg(text,
                                   ngx_http_scoped_key_extensions, scratch,
                                   ngx_http_scoped_key_document_id_extensions);
}


static ngx_uint_t
ngx_http_scoped_key_document_id_arg(scoped_key_str_t text,
    scoped_key_str_t name, u_char *scratch, scoped_key_query_found_pt found)
{
    return scoped_key_query_walk(text, name, true, scratch, found, NULL)
           != SCOPED_KEY_QUERY_WALKED;
}


static bool
ngx_http_scoped_key_document_id_found(void *data, scoped_key_str_t value)
{
    return false;
}


/* as JSON, the way they stand in a query string */

static bool
ngx_http_scoped_key_document_id_extensions(void *data, scoped_key_str_t value)
{
    bool                none;
    scoped_key_json_t  *json;

    json = scoped_key_json_parse(value);
    if (json == NULL) {
        return false;
    }

    none = scoped_key_json_each(json, ngx_http_scoped_key_document_id_name,
                                NULL);

    scoped_key_json_free(json);

    return none;
}


ngx_uint_t
ngx_http_scoped_key_document_id_is(scoped_key_str_t name,
    const scoped_key_json_t *value,
    ngx_http_scoped_key_document_fault_t *fault)
{
    if (!ngx_http_scoped_key_document_id_name(fault, name, value)
        || ngx_http_scoped_key_document_id_spelt(name, fault))
    {
        return 1;
    }

    return scoped_key_str_equal(name, ngx_http_scoped_key_extensions)
           && !scoped_key_json_each(value,
                                    ngx_http_scoped_key_document_id_name,
                                    fault);
}


/* false: it is one; data: what is then filled in, or NULL */

static bool
ngx_http_scoped_key_document_id_name(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    ngx_http_scoped_key_document_fault_t  *fault = data;

    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_IDS; i++) {

        if (scoped_key_name_match(name,
                                  ngx_http_scoped_key_document_ids[i],
                                  SCOPED_KEY_NAME_MEMBER)
            == SCOPED_KEY_NAME_OTHER)
        {
            continue;
        }

        if (fault) {
            fault->what = "id of a stored document, ";
            fault->name = ngx_http_scoped_key_document_ids[i];
        }

        return false;
    }

    return true;
}


static ngx_uint_t
ngx_http_scoped_key_document_id_spelt(scoped_key_str_t name,
    ngx_http_scoped_key_document_fault_t *fault)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_DOCUMENT_MEMBERS; i++) {

        if (scoped_key_name_match(name,
                                  ngx_http_scoped_key_document_members[i],
                                  SCOPED_KEY_NAME_MEMBER)
            == SCOPED_KEY_NAME_SUSPECT)
        {
            fault->what = "another spelling of ";
            fault->name = ngx_http_scoped_key_document_members[i];

            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_scoped_key_document_hash_in_json(const scoped_key_json_t *json)
{
    ngx_uint_t  n;

    static const scoped_key_str_t  hash =
        scoped_key_str("/extensions/persistedQuery/sha256Hash");

    n = 0;

    return scoped_key_json_walk(json, hash,
                                ngx_http_scoped_key_document_hash_found, &n)
           == SCOPED_KEY_JSON_WALKED
           && n == 1;
}


ngx_uint_t
ngx_http_scoped_key_document_hash_in_args(scoped_key_str_t text,
    u_char *scratch)
{
    ngx_uint_t  n;

    n = 0;

    return scoped_key_query_walk(text, ngx_http_scoped_key_extensions, true,
                                 scratch,
                                 ngx_http_scoped_key_document_hash_extensions,
                                 &n)
           == SCOPED_KEY_QUERY_WALKED
           && n == 1;
}


static bool
ngx_http_scoped_key_document_hash_extensions(void *data,
    scoped_key_str_t value)
{
    scoped_key_json_t       *json;
    scoped_key_json_walk_e   walked;

    static const scoped_key_str_t  hash =
        scoped_key_str("/persistedQuery/sha256Hash");

    json = scoped_key_json_parse(value);
    if (json == NULL) {
        return false;
    }

    walked = scoped_key_json_walk(json, hash,
                                  ngx_http_scoped_key_document_hash_found,
                                  data);
    scoped_key_json_free(json);

    return walked == SCOPED_KEY_JSON_WALKED;
}


static bool
ngx_http_scoped_key_document_hash_found(void *data, scoped_key_str_t value)
{
    ngx_uint_t *n = data;

    (*n)++;

    return value.len != 0;
}
