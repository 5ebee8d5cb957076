/*
 * Values, arguments, directives and variable definitions of a GraphQL
 * document: checked and passed over, for nothing in them is executed.
 * Knows nothing of selections.  Recursion ends at
 * SCOPED_KEY_GRAPHQL_MAX_DEPTH brackets.
 */

#include "graphql_value.h"


static bool scoped_key_graphql_value(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);


bool
scoped_key_graphql_may_nest(scoped_key_graphql_lexer_t *lexer, unsigned depth)
{
    return depth < SCOPED_KEY_GRAPHQL_MAX_DEPTH
           || scoped_key_graphql_fail(lexer, SCOPED_KEY_GRAPHQL_DEPTH);
}


bool
scoped_key_graphql_take(scoped_key_graphql_lexer_t *lexer, unsigned char kind)
{
    if (lexer->token.kind != kind) {
        return false;
    }

    scoped_key_graphql_lexer_next(lexer);

    return true;
}


/*
 * A server that knows no block strings reads one as several strings.  Only in
 * a list may several stand side by side: there, what it would take for tokens
 * must be no more than what we took for text.
 */
static bool
scoped_key_graphql_list(scoped_key_graphql_lexer_t *lexer, bool constant,
    unsigned depth)
{
    scoped_key_graphql_token_t  *token;

    token = &lexer->token;
    scoped_key_graphql_lexer_next(lexer);

    while (token->kind != ']') {

        if (token->kind == SCOPED_KEY_GRAPHQL_BLOCK && !token->plain) {
            return false;
        }

        if (!scoped_key_graphql_value(lexer, constant, depth)) {
            return false;
        }
    }

    scoped_key_graphql_lexer_next(lexer);

    return true;
}


/* `name: value` */
static bool
scoped_key_graphql_named_value(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth)
{
    return scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)
           && scoped_key_graphql_take(lexer, ':')
           && scoped_key_graphql_value(lexer, constant, depth);
}


static bool
scoped_key_graphql_object(scoped_key_graphql_lexer_t *lexer, bool constant,
    unsigned depth)
{
    scoped_key_graphql_lexer_next(lexer);

    while (lexer->token.kind != '}') {

        if (!scoped_key_graphql_named_value(lexer, constant, depth)) {
            return false;
        }
    }

    scoped_key_graphql_lexer_next(lexer);

    return true;
}


static bool
scoped_key_graphql_variable(scoped_key_graphql_lexer_t *lexer)
{
    return scoped_key_graphql_take(lexer, '$')
           && scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME);
}


static bool
scoped_key_graphql_value(scoped_key_graphql_lexer_t *lexer, bool constant,
    unsigned depth)
{
    switch (lexer->token.kind) {

    case SCOPED_KEY_GRAPHQL_NAME:
    case SCOPED_KEY_GRAPHQL_NUMBER:
    case SCOPED_KEY_GRAPHQL_STRING:
    case SCOPED_KEY_GRAPHQL_BLOCK:
        scoped_key_graphql_lexer_next(lexer);
        return true;

    case '$':
        return !constant && scoped_key_graphql_variable(lexer);

    case '[':
        return scoped_key_graphql_may_nest(lexer, depth)
               && scoped_key_graphql_list(lexer, constant, depth + 1);

    case '{':
        return scoped_key_graphql_may_nest(lexer, depth)
               && scoped_key_graphql_object(lexer, constant, depth + 1);

    default:
        return false;
    }
}


bool
scoped_key_graphql_arguments(scoped_key_graphql_lexer_t *lexer, bool constant,
    unsigned depth)
{
    if (!scoped_key_graphql_take(lexer, '(')) {
        return true;
    }

    do {
        if (!scoped_key_graphql_named_value(lexer, constant, depth)) {
            return false;
        }
    } while (!scoped_key_graphql_take(lexer, ')'));

    return true;
}


bool
scoped_key_graphql_directives(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth)
{
    while (scoped_key_graphql_take(lexer, '@')) {

        if (!scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)
            || !scoped_key_graphql_arguments(lexer, constant, depth))
        {
            return false;
        }
    }

    return true;
}


/* `name`, `[type]`, either with a `!` behind */
static bool
scoped_key_graphql_type(scoped_key_graphql_lexer_t *lexer, unsigned depth)
{
    bool  read;

    if (scoped_key_graphql_take(lexer, '[')) {
        read = scoped_key_graphql_may_nest(lexer, depth)
               && scoped_key_graphql_type(lexer, depth + 1)
               && scoped_key_graphql_take(lexer, ']');

    } else {
        read = scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME);
    }

    (void) scoped_key_graphql_take(lexer, '!');

    return read;
}


/* `$name: type`, then `= value` and directives, if any */
static bool
scoped_key_graphql_variable_definition(scoped_key_graphql_lexer_t *lexer)
{
    if (!scoped_key_graphql_variable(lexer)
        || !scoped_key_graphql_take(lexer, ':')
        || !scoped_key_graphql_type(lexer, 0))
    {
        return false;
    }

    if (scoped_key_graphql_take(lexer, '=')
        && !scoped_key_graphql_value(lexer, true, 0))
    {
        return false;
    }

    return scoped_key_graphql_directives(lexer, true, 0);
}


bool
scoped_key_graphql_variables(scoped_key_graphql_lexer_t *lexer)
{
    if (!scoped_key_graphql_take(lexer, '(')) {
        return true;
    }

    do {
        if (!scoped_key_graphql_variable_definition(lexer)) {
            return false;
        }
    } while (!scoped_key_graphql_take(lexer, ')'));

    return true;
}
