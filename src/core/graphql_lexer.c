/*
 * Bytes to tokens.  One pass, no look-back, no memory; every byte of the
 * document is looked at a bounded number of times.
 * Invariant: a reader of one token leaves `pos` behind it, or returns false
 * and the token is broken.
 */

#include "graphql_lexer.h"
#include "graphql_string.h"

#include <string.h>


#define SCOPED_KEY_GRAPHQL_PUNCTUATORS  "!$&():=@[]{|}"


/* letters, digits and `_`, a bit for each byte */
static const uint32_t  scoped_key_graphql_name_bytes[8] = {
    0x00000000, 0x03ff0000, 0x87fffffe, 0x07fffffe, 0, 0, 0, 0
};


static bool
scoped_key_graphql_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


static bool
scoped_key_graphql_is_name_start(unsigned char c)
{
    unsigned char  lower;

    lower = (unsigned char) (c | 0x20);

    return (lower >= 'a' && lower <= 'z') || c == '_';
}


static bool
scoped_key_graphql_ignored(scoped_key_graphql_lexer_t *lexer)
{
    for ( ;; ) {

        switch (scoped_key_graphql_peek(lexer, 0)) {

        case ' ':
        case '\t':
        case '\n':
        case '\r':
        case ',':
            lexer->pos++;
            break;

        case '#':
            if (!scoped_key_graphql_comment(lexer)) {
                return false;
            }

            break;

        default:
            return true;
        }
    }
}


static bool
scoped_key_graphql_digits(scoped_key_graphql_lexer_t *lexer)
{
    if (!scoped_key_graphql_is_digit(scoped_key_graphql_peek(lexer, 0))) {
        return false;
    }

    while (scoped_key_graphql_is_digit(scoped_key_graphql_peek(lexer, 0))) {
        lexer->pos++;
    }

    return true;
}


static bool
scoped_key_graphql_exponent(scoped_key_graphql_lexer_t *lexer)
{
    unsigned char  c;

    lexer->pos++;
    c = scoped_key_graphql_peek(lexer, 0);

    if (c == '+' || c == '-') {
        lexer->pos++;
    }

    return scoped_key_graphql_digits(lexer);
}


static bool
scoped_key_graphql_number(scoped_key_graphql_lexer_t *lexer)
{
    unsigned char  c;

    if (*lexer->pos == '-') {
        lexer->pos++;
    }

    if (scoped_key_graphql_peek(lexer, 0) == '0') {
        lexer->pos++;

    } else if (!scoped_key_graphql_digits(lexer)) {
        return false;
    }

    if (scoped_key_graphql_peek(lexer, 0) == '.') {
        lexer->pos++;

        if (!scoped_key_graphql_digits(lexer)) {
            return false;
        }
    }

    if ((scoped_key_graphql_peek(lexer, 0) | 0x20) == 'e'
        && !scoped_key_graphql_exponent(lexer))
    {
        return false;
    }

    /* `00`, `1.2.3` and `0xF` are not two tokens */
    c = scoped_key_graphql_peek(lexer, 0);

    return c != '.' && !scoped_key_graphql_is_digit(c)
           && !scoped_key_graphql_is_name_start(c);
}


static bool
scoped_key_graphql_name(scoped_key_graphql_lexer_t *lexer)
{
    const unsigned char  *p;

    p = lexer->pos + 1;

    while (p < lexer->end
           && (scoped_key_graphql_name_bytes[*p >> 5] & (1u << (*p & 0x1f))))
    {
        p++;
    }

    lexer->pos = p;

    return true;
}


static bool
scoped_key_graphql_spread(scoped_key_graphql_lexer_t *lexer)
{
    if (scoped_key_graphql_peek(lexer, 1) != '.'
        || scoped_key_graphql_peek(lexer, 2) != '.')
    {
        return false;
    }

    lexer->pos += 3;

    return true;
}


/* takes the token that begins with c */
static bool
scoped_key_graphql_token(scoped_key_graphql_lexer_t *lexer, unsigned char c)
{
    if (scoped_key_graphql_is_name_start(c)) {
        lexer->token.kind = SCOPED_KEY_GRAPHQL_NAME;
        return scoped_key_graphql_name(lexer);
    }

    if (scoped_key_graphql_is_digit(c) || c == '-') {
        lexer->token.kind = SCOPED_KEY_GRAPHQL_NUMBER;
        return scoped_key_graphql_number(lexer);
    }

    switch (c) {

    case '"':
        if (scoped_key_graphql_at_quotes(lexer, 0)) {
            lexer->token.kind = SCOPED_KEY_GRAPHQL_BLOCK;
            return scoped_key_graphql_block(lexer);
        }

        lexer->token.kind = SCOPED_KEY_GRAPHQL_STRING;
        return scoped_key_graphql_string(lexer);

    case '.':
        lexer->token.kind = SCOPED_KEY_GRAPHQL_SPREAD;
        return scoped_key_graphql_spread(lexer);

    default:
        lexer->token.kind = c;
        lexer->pos++;
        return memchr(SCOPED_KEY_GRAPHQL_PUNCTUATORS, c,
                      sizeof(SCOPED_KEY_GRAPHQL_PUNCTUATORS) - 1) != NULL;
    }
}


void
scoped_key_graphql_lexer_next(scoped_key_graphql_lexer_t *lexer)
{
    scoped_key_graphql_token_t  *token;

    token = &lexer->token;

    if (token->kind == SCOPED_KEY_GRAPHQL_BROKEN) {
        return;
    }

    if (!scoped_key_graphql_ignored(lexer)) {
        token->kind = SCOPED_KEY_GRAPHQL_BROKEN;
        return;
    }

    token->text.data = lexer->pos;
    token->text.len = 0;

    if (lexer->pos == lexer->end) {
        token->kind = SCOPED_KEY_GRAPHQL_END;
        return;
    }

    if (lexer->left == 0) {
        (void) scoped_key_graphql_fail(lexer, SCOPED_KEY_GRAPHQL_TOKENS);
        token->kind = SCOPED_KEY_GRAPHQL_BROKEN;
        return;
    }

    if (!scoped_key_graphql_token(lexer, *lexer->pos)) {
        token->kind = SCOPED_KEY_GRAPHQL_BROKEN;
        return;
    }

    lexer->left--;
    token->text.len = (size_t) (lexer->pos - token->text.data);
}


bool
scoped_key_graphql_fail(scoped_key_graphql_lexer_t *lexer,
    scoped_key_graphql_error_e error)
{
    lexer->error = error;

    return false;
}


void
scoped_key_graphql_lexer_init(scoped_key_graphql_lexer_t *lexer,
    scoped_key_str_t document)
{
    lexer->pos = document.data;
    lexer->end = document.data + document.len;
    lexer->left = SCOPED_KEY_GRAPHQL_MAX_TOKENS;
    lexer->error = SCOPED_KEY_GRAPHQL_SYNTAX;
    lexer->token.kind = SCOPED_KEY_GRAPHQL_END;
    lexer->token.plain = false;

    scoped_key_graphql_lexer_next(lexer);
}
