/*
 * Within the scanner of GraphQL: the parts of a document that hold no fields.
 * Each function takes one such part off the lexer and says whether it was
 * well formed; after false the document is of no use.
 * depth: how many levels of brackets stand around; never more than
 * SCOPED_KEY_GRAPHQL_MAX_DEPTH.
 */

#ifndef SCOPED_KEY_GRAPHQL_VALUE_H
#define SCOPED_KEY_GRAPHQL_VALUE_H

#include "graphql_lexer.h"


/* whether one more level of brackets may be opened; else it fails */
bool scoped_key_graphql_may_nest(scoped_key_graphql_lexer_t *lexer,
    unsigned depth);

/* takes a token of this kind, if that is the next one: whether it was */
bool scoped_key_graphql_take(scoped_key_graphql_lexer_t *lexer,
    unsigned char kind);

/* `(name: value ...)`, or nothing; constant: without variables */
bool scoped_key_graphql_arguments(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);
/* `@name(name: value ...) ...`, or nothing */
bool scoped_key_graphql_directives(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);
/* `($name: type = value @name ...)`, or nothing */
bool scoped_key_graphql_variables(scoped_key_graphql_lexer_t *lexer);

#endif
