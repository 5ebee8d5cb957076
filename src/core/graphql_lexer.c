/*
 * Bytes to tokens: names, numbers and punctuators, comments, strings and
 * block strings.  One pass, no look-back, no memory; every byte of the
 * document is looked at a bounded number of times.
 * Invariant: a reader of one token leaves `pos` behind it, or returns false
 * and the token is broken.
 */

#include <string.h>

#include "graphql_lexer.h"


#define SCOPED_KEY_GRAPHQL_PUNCTUATORS  "!$&():=@[]{|}"

#define SCOPED_KEY_UTF8_NEL        0x85
#define SCOPED_KEY_UTF8_SEPARATOR  0x2028
#define SCOPED_KEY_UTF8_PARAGRAPH  0x2029


static bool scoped_key_graphql_comment(scoped_key_graphql_lexer_t *lexer);
static bool scoped_key_graphql_string(scoped_key_graphql_lexer_t *lexer);
static bool scoped_key_graphql_block(scoped_key_graphql_lexer_t *lexer);
static bool scoped_key_graphql_at_quotes(
    const scoped_key_graphql_lexer_t *lexer,
    size_t n);


/* letters, digits and `_`, a bit for each byte */
static const uint32_t  scoped_key_graphql_name_bytes[8] = {
    0x00000000, 0x03ff0000, 0x87fffffe, 0x07fffffe, 0, 0, 0, 0
};


/* the byte at an offset from the current one; 0, which is no token, beyond */
static inline unsigned char
scoped_key_graphql_peek(const scoped_key_graphql_lexer_t *lexer, size_t n)
{
    return (size_t) (lexer->end - lexer->pos) > n ? lexer->pos[n] : 0;
}


static bool
scoped_key_graphql_is_name_start(unsigned char c)
{
    return scoped_key_is_letter(c) || c == '_';
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
    if (!scoped_key_is_digit(scoped_key_graphql_peek(lexer, 0))) {
        return false;
    }

    while (scoped_key_is_digit(scoped_key_graphql_peek(lexer, 0))) {
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

    return c != '.' && !scoped_key_is_digit(c)
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

    if (scoped_key_is_digit(c) || c == '-') {
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
static bool
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


static bool
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


/* whether three quotes stand n bytes ahead */
static bool
scoped_key_graphql_at_quotes(const scoped_key_graphql_lexer_t *lexer, size_t n)
{
    return scoped_key_graphql_peek(lexer, n) == '"'
           && scoped_key_graphql_peek(lexer, n + 1) == '"'
           && scoped_key_graphql_peek(lexer, n + 2) == '"';
}


/* sets token.plain */
static bool
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
