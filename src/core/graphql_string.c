/*
 * Characters, comments, strings and block strings of a GraphQL document: all
 * that may hold text beyond ASCII, and where servers differ most.
 * Invariant: each function takes what it names off the front of the lexer, or
 * returns false, and then the document is broken.
 */

#include "graphql_string.h"


#define SCOPED_KEY_UTF8_NEL        0x85
#define SCOPED_KEY_UTF8_SEPARATOR  0x2028
#define SCOPED_KEY_UTF8_PARAGRAPH  0x2029


/* how long a sequence is by its first byte (RFC 3629); 0: none */
static size_t
scoped_key_graphql_utf8_length(unsigned char c)
{
    if (c >= 0xc2 && c <= 0xdf) {
        return 2;
    }

    if (c >= 0xe0 && c <= 0xef) {
        return 3;
    }

    return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}


/*
 * Takes one character beyond ASCII.  The line ends of Unicode are refused
 * wherever they stand: servers whose lexer follows the specification of 2015
 * end a comment there, and others do not.
 */
static bool
scoped_key_graphql_utf8(scoped_key_graphql_lexer_t *lexer)
{
    size_t                 i, len;
    uint32_t               code;
    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    len = scoped_key_graphql_utf8_length(*lexer->pos);

    if (len == 0 || (size_t) (lexer->end - lexer->pos) < len) {
        return false;
    }

    code = *lexer->pos & (0x7fu >> len);

    for (i = 1; i < len; i++) {

        if ((lexer->pos[i] & 0xc0) != 0x80) {
            return false;
        }

        code = (code << 6) | (lexer->pos[i] & 0x3f);
    }

    if (code < least[len] || code > 0x10ffff
        || (code >= 0xd800 && code <= 0xdfff))
    {
        return false;
    }

    lexer->pos += len;

    return code != SCOPED_KEY_UTF8_NEL && code != SCOPED_KEY_UTF8_SEPARATOR
           && code != SCOPED_KEY_UTF8_PARAGRAPH;
}


/* takes one character within a string or a comment, but no line end */
static bool
scoped_key_graphql_character(scoped_key_graphql_lexer_t *lexer)
{
    unsigned char  c;

    c = *lexer->pos;

    if (c >= 0x80) {
        return scoped_key_graphql_utf8(lexer);
    }

    lexer->pos++;

    return c >= 0x20 || c == '\t';
}


/*
 * Takes a comment, up to the line feed that ends it.  A carriage return alone
 * ends it too, but not for every server: refused.
 */
bool
scoped_key_graphql_comment(scoped_key_graphql_lexer_t *lexer)
{
    while (lexer->pos < lexer->end && *lexer->pos != '\n') {

        if (*lexer->pos == '\r') {
            lexer->pos++;
            return scoped_key_graphql_peek(lexer, 0) == '\n';
        }

        if (!scoped_key_graphql_character(lexer)) {
            return false;
        }
    }

    return true;
}


/* takes four hexadecimal digits */
static bool
scoped_key_graphql_hex(scoped_key_graphql_lexer_t *lexer, unsigned *code)
{
    int     digit;
    size_t  i;

    *code = 0;

    for (i = 0; i < 4; i++) {
        digit = scoped_key_hex_digit(scoped_key_graphql_peek(lexer, 0));

        if (digit < 0) {
            return false;
        }

        *code = (*code << 4) | (unsigned) digit;
        lexer->pos++;
    }

    return true;
}


/* takes what follows `\u`: one character, or the two halves of a pair */
static bool
scoped_key_graphql_unicode(scoped_key_graphql_lexer_t *lexer)
{
    unsigned  code;

    if (!scoped_key_graphql_hex(lexer, &code)) {
        return false;
    }

    if (code < 0xd800 || code > 0xdfff) {
        return true;
    }

    if (code > 0xdbff || scoped_key_graphql_peek(lexer, 0) != '\\'
        || scoped_key_graphql_peek(lexer, 1) != 'u')
    {
        return false;
    }

    lexer->pos += 2;

    return scoped_key_graphql_hex(lexer, &code)
           && code >= 0xdc00 && code <= 0xdfff;
}


static bool
scoped_key_graphql_escape(scoped_key_graphql_lexer_t *lexer)
{
    unsigned char  c;

    c = scoped_key_graphql_peek(lexer, 1);

    switch (c) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        lexer->pos += 2;
        return true;

    case 'u':
        lexer->pos += 2;
        return scoped_key_graphql_unicode(lexer);

    default:
        return false;
    }
}


bool
scoped_key_graphql_string(scoped_key_graphql_lexer_t *lexer)
{
    lexer->pos++;

    while (lexer->pos < lexer->end) {

        if (*lexer->pos == '"') {
            lexer->pos++;
            return true;
        }

        if (*lexer->pos == '\\') {

            if (!scoped_key_graphql_escape(lexer)) {
                return false;
            }

        } else if (!scoped_key_graphql_character(lexer)) {
            return false;
        }
    }

    return false;
}


bool
scoped_key_graphql_at_quotes(const scoped_key_graphql_lexer_t *lexer, size_t n)
{
    return scoped_key_graphql_peek(lexer, n) == '"'
           && scoped_key_graphql_peek(lexer, n + 1) == '"'
           && scoped_key_graphql_peek(lexer, n + 2) == '"';
}


bool
scoped_key_graphql_block(scoped_key_graphql_lexer_t *lexer)
{
    unsigned char  c;

    lexer->pos += 3;
    lexer->token.plain = true;

    while (lexer->pos < lexer->end) {

        if (scoped_key_graphql_at_quotes(lexer, 0)) {
            lexer->pos += 3;
            return true;
        }

        c = *lexer->pos;

        if (c == '"' || c == '\n' || c == '\r') {
            lexer->token.plain = false;
            lexer->pos++;

        } else if (c == '\\' && scoped_key_graphql_at_quotes(lexer, 1)) {
            lexer->token.plain = false;
            lexer->pos += 4;

        } else if (!scoped_key_graphql_character(lexer)) {
            return false;
        }
    }

    return false;
}
