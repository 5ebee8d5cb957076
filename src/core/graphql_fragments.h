/*
 * Within the scanner of GraphQL: the fragments that a document defines, by
 * name, in a table of fixed size.  Knows nothing of syntax; owns no text: the
 * document must outlive the table.
 */

#ifndef SCOPED_KEY_GRAPHQL_FRAGMENTS_H
#define SCOPED_KEY_GRAPHQL_FRAGMENTS_H

#include "graphql.h"


typedef struct {
    scoped_key_str_t              name;
    scoped_key_str_t              body;  /* its selection set, braces and all */
    bool                          reported;  /* has been, or is being */
    bool                          open;  /* is being reported */
} scoped_key_graphql_fragment_t;

typedef struct {
    size_t                         n;
    /* in the order of names */
    scoped_key_graphql_fragment_t  list[SCOPED_KEY_GRAPHQL_MAX_FRAGMENTS];
} scoped_key_graphql_fragments_t;


/* false: the name is taken, or the table is full; see full() */
bool scoped_key_graphql_fragments_add(scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name, scoped_key_str_t body);

static inline bool
scoped_key_graphql_fragments_full(const scoped_key_graphql_fragments_t *table)
{
    return table->n == SCOPED_KEY_GRAPHQL_MAX_FRAGMENTS;
}

/* NULL: there is none */
scoped_key_graphql_fragment_t *scoped_key_graphql_fragments_find(
    scoped_key_graphql_fragments_t *table, scoped_key_str_t name);

#endif
