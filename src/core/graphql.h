/*
 * A GraphQL document (specification of October 2021, and June 2018) to its
 * operations and their root fields.  A lexer and a scanner of definitions, no
 * schema: whatever a server might execute of the document is reported.
 * Aliases are resolved to field names, fragment spreads and inline fragments
 * on the root are followed.  Bounded: bytes, tokens, depth, definitions.
 */

#ifndef SCOPED_KEY_GRAPHQL_H
#define SCOPED_KEY_GRAPHQL_H

#include "graphql_lexer.h"


#define SCOPED_KEY_GRAPHQL_MAX_DEPTH      64

typedef enum {
    SCOPED_KEY_GRAPHQL_READ = 0,         /* a valid executable document */
    SCOPED_KEY_GRAPHQL_REFUSED,          /* an error, see below */
    SCOPED_KEY_GRAPHQL_STOPPED           /* a callback returned false */
} scoped_key_graphql_e;

typedef struct {
    scoped_key_graphql_error_e  code;
    size_t                      at;      /* the byte of the document where it
                                            was noticed, from 0 */
} scoped_key_graphql_error_t;

typedef enum {
    SCOPED_KEY_GRAPHQL_QUERY = 0,
    SCOPED_KEY_GRAPHQL_MUTATION,
    SCOPED_KEY_GRAPHQL_SUBSCRIPTION
} scoped_key_graphql_operation_e;

typedef struct {
    /* once for each operation, before its fields */
    bool  (*operation)(void *data, scoped_key_graphql_operation_e type);
    /* once for each root field of it, however reached; name: in the document */
    bool  (*field)(void *data, scoped_key_str_t name);
    void   *data;
} scoped_key_graphql_sink_t;


/*
 * Reports all operations and their root fields, a field as often as it is in
 * the document.  A fragment is reported once, with the first operation that
 * spreads it on its root.  No memory, about 12 KiB of stack, time linear in
 * the document.  error: set when the result is REFUSED; what was reported
 * before must be forgotten then.
 */
scoped_key_graphql_e scoped_key_graphql_scan(scoped_key_str_t document,
    const scoped_key_graphql_sink_t *sink, scoped_key_graphql_error_t *error);

/* a few words: static, NUL-terminated */
const char *scoped_key_graphql_error_text(scoped_key_graphql_error_e code);

/* "query", "mutation", "subscription" */
scoped_key_str_t scoped_key_graphql_operation_name(
    scoped_key_graphql_operation_e type);

#endif
