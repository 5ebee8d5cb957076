/*
 * A GraphQL document (specification of October 2021, and June 2018) to its
 * operations and their root fields.  A lexer and a scanner of definitions, no
 * schema: whatever a server might execute of the document is reported.
 * Aliases are resolved to field names, fragment spreads and inline fragments
 * on the root are followed.  Bounded: bytes, tokens, depth, definitions.
 */

#ifndef SCOPED_KEY_GRAPHQL_H
#define SCOPED_KEY_GRAPHQL_H

#include "text.h"


#define SCOPED_KEY_GRAPHQL_MAX_DEPTH      64
#define SCOPED_KEY_GRAPHQL_MAX_TOKENS     16384
#define SCOPED_KEY_GRAPHQL_MAX_FRAGMENTS  256

typedef enum {
    SCOPED_KEY_GRAPHQL_READ = 0,         /* a valid executable document */
    SCOPED_KEY_GRAPHQL_REFUSED,          /* syntax, limits, unknown or cyclic
                                            fragments, no operation, or
                                            definitions of types */
    SCOPED_KEY_GRAPHQL_STOPPED           /* a callback returned false */
} scoped_key_graphql_e;

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
 * Reports all operations and their root fields, a field as often as it stands
 * there, and a fragment once for each operation.  No memory, some 12 KiB of
 * stack, time linear in the document and 64 KiB.  After REFUSED, what was
 * reported before it must be forgotten.
 */
scoped_key_graphql_e scoped_key_graphql_scan(scoped_key_str_t document,
    const scoped_key_graphql_sink_t *sink);

/* "query", "mutation", "subscription" */
scoped_key_str_t scoped_key_graphql_operation_name(
    scoped_key_graphql_operation_e type);

#endif
