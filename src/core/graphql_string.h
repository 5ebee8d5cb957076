/*
 * Within the lexer of GraphQL: comments and strings.  Knows no other tokens.
 * Each function takes what it names off the front of the lexer, which stands
 * on its first byte; after false the document is broken.
 */

#ifndef SCOPED_KEY_GRAPHQL_STRING_H
#define SCOPED_KEY_GRAPHQL_STRING_H

#include "graphql_lexer.h"


bool scoped_key_graphql_comment(scoped_key_graphql_lexer_t *lexer);
bool scoped_key_graphql_string(scoped_key_graphql_lexer_t *lexer);
/* sets token.plain */
bool scoped_key_graphql_block(scoped_key_graphql_lexer_t *lexer);

/* whether three quotes stand n bytes ahead */
bool scoped_key_graphql_at_quotes(const scoped_key_graphql_lexer_t *lexer,
    size_t n);

/* the byte at an offset from the current one; 0, which is no token, beyond */
static inline unsigned char
scoped_key_graphql_peek(const scoped_key_graphql_lexer_t *lexer, size_t n)
{
    return (size_t) (lexer->end - lexer->pos) > n ? lexer->pos[n] : 0;
}

#endif
