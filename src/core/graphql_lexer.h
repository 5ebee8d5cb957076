/*
 * The tokens of a GraphQL document (specification of October 2021, section 2).
 * Knows nothing of grammar; owns no memory.  Refuses, besides what is no
 * token, whatever two servers are known to read as different tokens: line
 * ends that only some take for such, a byte order mark between tokens,
 * `\u{...}`, and characters that are not UTF-8.
 */

#ifndef SCOPED_KEY_GRAPHQL_LEXER_H
#define SCOPED_KEY_GRAPHQL_LEXER_H

#include "str.h"


#define SCOPED_KEY_GRAPHQL_MAX_TOKENS  16384

/* why a document is refused */
typedef enum {
    SCOPED_KEY_GRAPHQL_SYNTAX = 0,       /* definitions of types, too */
    SCOPED_KEY_GRAPHQL_EMPTY,            /* it has no operation */
    SCOPED_KEY_GRAPHQL_TOKENS,           /* over MAX_TOKENS */
    SCOPED_KEY_GRAPHQL_DEPTH,            /* over MAX_DEPTH */
    SCOPED_KEY_GRAPHQL_FRAGMENTS,        /* over MAX_FRAGMENTS */
    SCOPED_KEY_GRAPHQL_DUPLICATE,        /* two fragments of one name */
    SCOPED_KEY_GRAPHQL_UNKNOWN,          /* a fragment that is not defined */
    SCOPED_KEY_GRAPHQL_CYCLE             /* a fragment within itself */
} scoped_key_graphql_error_e;

/* a punctuator's kind is its own character, one of ! $ & ( ) : = @ [ ] { | } */
#define SCOPED_KEY_GRAPHQL_END     0
#define SCOPED_KEY_GRAPHQL_NAME    'a'
#define SCOPED_KEY_GRAPHQL_NUMBER  '0'   /* int or float */
#define SCOPED_KEY_GRAPHQL_STRING  '"'
#define SCOPED_KEY_GRAPHQL_BLOCK   '#'   /* a block string */
#define SCOPED_KEY_GRAPHQL_SPREAD  '.'
#define SCOPED_KEY_GRAPHQL_BROKEN  '?'   /* no token, or one too many */

typedef struct {
    unsigned char         kind;
    bool                  plain;         /* of a block string: on one line and
                                            without inner quotes, so that it
                                            ends at the same place for a server
                                            that knows no block strings */
    scoped_key_str_t      text;          /* in the document */
} scoped_key_graphql_token_t;

typedef struct {
    const unsigned char         *pos;
    const unsigned char         *end;
    size_t                       left;   /* tokens that may still come */
    scoped_key_graphql_error_e   error;  /* of whoever gives the document up;
                                            SYNTAX until something else is */
    scoped_key_graphql_token_t   token;  /* the current one */
} scoped_key_graphql_lexer_t;


/* the first token is the current one */
void scoped_key_graphql_lexer_init(scoped_key_graphql_lexer_t *lexer,
    scoped_key_str_t document);

/* always false: the document is given up, for this reason */
bool scoped_key_graphql_fail(scoped_key_graphql_lexer_t *lexer,
    scoped_key_graphql_error_e error);

/* END and BROKEN stay the current token for ever */
void scoped_key_graphql_lexer_next(scoped_key_graphql_lexer_t *lexer);

#endif
