/*
 * Lines to an input_t: see input.h.  Each kind of line has a function of its
 * own; what the texts mean is read by the core, and here nothing is decided.
 * Invariant: texts point into the caller's memory.
 */

#include <string.h>

#include "../core/scope.h"
#include "params.h"


#define INPUT_TEXTS  2                   /* in one line, at most */

typedef const char *(*input_line_pt)(input_t *input,
    const scoped_key_str_t *text);

/* one kind of line */
typedef struct {
    const char     *word;
    size_t          texts;
    input_line_pt   read;
} input_kind_t;


static const char *
input_id(input_t *input, const scoped_key_str_t *text)
{
    input->source.id = text[0];

    return NULL;
}


static const char *
input_field(input_t *input, const scoped_key_str_t *text)
{
    size_t  n;

    n = input->source.nfields;

    if (n == INPUT_MAX_FIELDS) {
        return "too many fields";
    }

    input->field[2 * n] = text[0];
    input->field[2 * n + 1] = text[1];
    input->source.nfields++;

    return NULL;
}


static const char *
input_member(input_t *input, const scoped_key_str_t *text)
{
    if (input->source.nmembers == INPUT_MAX_MEMBERS) {
        return "too many members";
    }

    input->member[input->source.nmembers++] = text[0];

    return NULL;
}


static const char *
input_damage(input_t *input, const scoped_key_str_t *text)
{
    (void) text;

    input->source.damage = "damaged";

    return NULL;
}


static const char *
input_now(input_t *input, const scoped_key_str_t *text)
{
    return scoped_key_decimal_parse(text[0], &input->facts.now)
           ? NULL : "now is no time";
}


static const char *
input_method(input_t *input, const scoped_key_str_t *text)
{
    input->facts.method = text[0];

    return NULL;
}


static const char *
input_host(input_t *input, const scoped_key_str_t *text)
{
    input->facts.host = text[0];

    return NULL;
}


static const char *
input_ip(input_t *input, const scoped_key_str_t *text)
{
    scoped_key_block_t  block;

    if (memchr(text[0].data, '/', text[0].len) != NULL
        || !scoped_key_block_parse(text[0], &block) || block.excluded)
    {
        return "the ip is no address";
    }

    input->address = text[0];
    input->facts.address = block.address;

    return NULL;
}


static const char *
input_query(input_t *input, const scoped_key_str_t *text)
{
    input->query = text[0];

    return NULL;
}


static const char *
input_require(input_t *input, const scoped_key_str_t *text)
{
    size_t  n;

    (void) text;

    if (input->required.n == INPUT_MAX_CLAUSES) {
        return "too many requirements";
    }

    n = input->required.n++;
    input->clause[n].scopes = input->scope[n];

    return NULL;
}


static const char *
input_scope(input_t *input, const scoped_key_str_t *text)
{
    size_t                n;
    scoped_key_clause_t  *clause;

    if (input->required.n == 0) {
        return "a scope that belongs to no requirement";
    }

    n = input->required.n - 1;
    clause = &input->clause[n];

    if (clause->n == INPUT_MAX_SCOPES) {
        return "too many alternatives";
    }

    if (!scoped_key_scope_valid(text[0])) {
        return "a required scope is no scope: resource:action, no wildcards";
    }

    input->scope[n][clause->n++] = text[0];

    return NULL;
}


static const char *
input_valid_key(input_t *input, const scoped_key_str_t *text)
{
    (void) text;

    input->required.any_key = true;

    return NULL;
}


static const input_kind_t  input_kinds[] = {
    { "id",        1, input_id },
    { "field",     2, input_field },
    { "member",    1, input_member },
    { "damage",    1, input_damage },
    { "now",       1, input_now },
    { "method",    1, input_method },
    { "host",      1, input_host },
    { "ip",        1, input_ip },
    { "query",     1, input_query },
    { "text",      2, input_text },
    { "arg",       2, input_arg },
    { "require",   0, input_require },
    { "scope",     1, input_scope },
    { "valid_key", 0, input_valid_key },
    { NULL,        0, NULL }
};


/* hexadecimal digits to bytes, in place; false: there are others among them */
static bool
input_decode(unsigned char *hex, size_t len, scoped_key_str_t *text)
{
    int     high, low;
    size_t  i;

    if (len % 2 != 0) {
        return false;
    }

    for (i = 0; i < len; i += 2) {
        high = scoped_key_hex_digit(hex[i]);
        low = scoped_key_hex_digit(hex[i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }

        hex[i / 2] = (unsigned char) (high << 4 | low);
    }

    text->data = hex;
    text->len = len / 2;

    return true;
}


/* bytes before the next space, or all */
static size_t
input_word(const unsigned char *line, size_t len)
{
    const unsigned char  *space;

    space = memchr(line, ' ', len);

    return space == NULL ? len : (size_t) (space - line);
}


static const input_kind_t *
input_kind(const unsigned char *word, size_t len)
{
    const input_kind_t  *kind;

    for (kind = input_kinds; kind->word != NULL; kind++) {
        if (strlen(kind->word) == len && memcmp(kind->word, word, len) == 0) {
            return kind;
        }
    }

    return NULL;
}


static const char *
input_line(input_t *input, unsigned char *line, size_t len)
{
    size_t               n, at, end;
    scoped_key_str_t     text[INPUT_TEXTS];
    const input_kind_t  *kind;

    at = input_word(line, len);

    kind = input_kind(line, at);
    if (kind == NULL) {
        return "an unknown line";
    }

    for (n = 0; at < len; n++) {
        at++;
        end = at + input_word(line + at, len - at);

        if (n == kind->texts || !input_decode(line + at, end - at, &text[n])) {
            return "a line that is not as it should be";
        }

        at = end;
    }

    return n == kind->texts ? kind->read(input, text)
                            : "a line that lacks a text";
}


const char *
input_read(input_t *input, unsigned char *text, size_t len)
{
    size_t          size;
    const char     *wrong;
    unsigned char  *end;

    input->source.fields = input->field;
    input->source.members = input->member;
    input->required.clauses = input->clause;
    input->facts.param = input_values;
    input->facts.data = input;

    for (wrong = NULL; wrong == NULL && len != 0; len -= size) {
        end = memchr(text, '\n', len);
        if (end == NULL) {
            return "a line without an end";
        }

        wrong = input_line(input, text, (size_t) (end - text));

        size = (size_t) (end - text) + 1;
        text += size;
    }

    return wrong;
}
