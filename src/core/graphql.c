/*
 * Definitions, selections and values of a GraphQL document.  The first pass
 * checks all of it and notes the fragments in a sorted table of fixed size; a
 * second one reports operations and what is at their roots.  No schema: a
 * type condition is taken to match, and @skip and @include to let the field
 * be; values, arguments and directives are checked and passed over.
 * Invariants: nothing is reported of what is not well formed; no recursion
 * beyond SCOPED_KEY_GRAPHQL_MAX_DEPTH; no byte is read more than three times,
 * however the fragments depend on each other; no fragment has two entries.
 */

#include <string.h>

#include "graphql.h"
#include "graphql_lexer.h"



#define SCOPED_KEY_GRAPHQL_MAX_FRAGMENTS  256

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

typedef struct {
    scoped_key_graphql_lexer_t        lexer;
    scoped_key_graphql_fragments_t   *fragments;
    const scoped_key_graphql_sink_t  *sink;  /* NULL in the first pass */
    unsigned                          operations;  /* met so far */
    bool                              stopped;
} scoped_key_graphql_scan_t;


static bool scoped_key_graphql_fragments_add(
    scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name, scoped_key_str_t body);
static scoped_key_graphql_fragment_t *scoped_key_graphql_fragments_find(
    scoped_key_graphql_fragments_t *table, scoped_key_str_t name);
static bool scoped_key_graphql_may_nest(scoped_key_graphql_lexer_t *lexer,
    unsigned depth);
static bool scoped_key_graphql_accept(scoped_key_graphql_lexer_t *lexer,
    unsigned char kind);
static bool scoped_key_graphql_arguments(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);
static bool scoped_key_graphql_directives(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);
static bool scoped_key_graphql_variables(scoped_key_graphql_lexer_t *lexer);
static bool scoped_key_graphql_selections(scoped_key_graphql_scan_t *scan,
    bool root, unsigned depth);
static bool scoped_key_graphql_value(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth);


static const scoped_key_str_t  scoped_key_graphql_operations[] = {
    scoped_key_str("query"),
    scoped_key_str("mutation"),
    scoped_key_str("subscription")
};

/* in the order of scoped_key_graphql_error_e */
static const char *const  scoped_key_graphql_errors[] = {
    "syntax error",
    "no operation",
    "too many tokens",
    "too deep",
    "too many fragments",
    "two fragments of one name",
    "unknown fragment",
    "fragment within itself"
};

static const scoped_key_str_t  scoped_key_graphql_fragment_word =
    scoped_key_str("fragment");

static const scoped_key_str_t  scoped_key_graphql_on_word =
    scoped_key_str("on");


static inline bool
scoped_key_graphql_fragments_full(const scoped_key_graphql_fragments_t *table)
{
    return table->n == SCOPED_KEY_GRAPHQL_MAX_FRAGMENTS;
}


static bool
scoped_key_graphql_is_word(const scoped_key_graphql_scan_t *scan,
    scoped_key_str_t word)
{
    const scoped_key_graphql_token_t  *token;

    token = &scan->lexer.token;

    return token->kind == SCOPED_KEY_GRAPHQL_NAME
           && scoped_key_str_equal(token->text, word);
}


static bool
scoped_key_graphql_report(scoped_key_graphql_scan_t *scan,
    scoped_key_str_t field)
{
    scan->stopped = !scan->sink->field(scan->sink->data, field);

    return !scan->stopped;
}


static bool
scoped_key_graphql_field(scoped_key_graphql_scan_t *scan, bool root,
    unsigned depth)
{
    scoped_key_str_t             name;
    scoped_key_graphql_lexer_t  *lexer;

    lexer = &scan->lexer;
    name = lexer->token.text;

    if (!scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
        return false;
    }

    if (scoped_key_graphql_accept(lexer, ':')) {
        /* that was the alias */
        name = lexer->token.text;

        if (!scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
            return false;
        }
    }

    if (root && !scoped_key_graphql_report(scan, name)) {
        return false;
    }

    if (!scoped_key_graphql_arguments(lexer, false, depth)
        || !scoped_key_graphql_directives(lexer, false, depth))
    {
        return false;
    }

    return lexer->token.kind != '{'
           || scoped_key_graphql_selections(scan, false, depth);
}


/* reports the fields of a fragment that is spread on the root */
static bool
scoped_key_graphql_follow(scoped_key_graphql_scan_t *scan,
    scoped_key_str_t name, unsigned depth)
{
    scoped_key_graphql_lexer_t      lexer;
    scoped_key_graphql_fragment_t  *fragment;

    fragment = scoped_key_graphql_fragments_find(scan->fragments, name);

    if (fragment == NULL) {
        return scoped_key_graphql_fail(&scan->lexer,
                                       SCOPED_KEY_GRAPHQL_UNKNOWN);
    }

    if (fragment->open) {
        return scoped_key_graphql_fail(&scan->lexer, SCOPED_KEY_GRAPHQL_CYCLE);
    }

    if (fragment->reported) {
        return true;
    }

    fragment->reported = true;
    fragment->open = true;

    lexer = scan->lexer;
    scoped_key_graphql_lexer_init(&scan->lexer, fragment->body);

    if (!scoped_key_graphql_selections(scan, true, depth)) {
        /* where it failed is to be told */
        return false;
    }

    scan->lexer = lexer;
    fragment->open = false;

    return true;
}


/* `... name @directives`; the current token is the name */
static bool
scoped_key_graphql_spread_of(scoped_key_graphql_scan_t *scan, bool root,
    unsigned depth)
{
    scoped_key_str_t  name;

    name = scan->lexer.token.text;
    scoped_key_graphql_lexer_next(&scan->lexer);

    if (!scoped_key_graphql_directives(&scan->lexer, false, depth)) {
        return false;
    }

    return !root || scoped_key_graphql_follow(scan, name, depth);
}


/* what begins with `...` */
static bool
scoped_key_graphql_inclusion(scoped_key_graphql_scan_t *scan, bool root,
    unsigned depth)
{
    scoped_key_graphql_lexer_t  *lexer;

    lexer = &scan->lexer;
    scoped_key_graphql_lexer_next(lexer);

    if (scoped_key_graphql_is_word(scan, scoped_key_graphql_on_word)) {
        scoped_key_graphql_lexer_next(lexer);

        if (!scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
            return false;
        }

    } else if (lexer->token.kind == SCOPED_KEY_GRAPHQL_NAME) {
        return scoped_key_graphql_spread_of(scan, root, depth);
    }

    return scoped_key_graphql_directives(lexer, false, depth)
           && scoped_key_graphql_selections(scan, root, depth);
}


/*
 * `{ selection ... }`.  root: its fields are fields of the operation, to be
 * reported.  depth: of what stands around it.
 */
static bool
scoped_key_graphql_selections(scoped_key_graphql_scan_t *scan, bool root,
    unsigned depth)
{
    bool  read;

    if (!scoped_key_graphql_may_nest(&scan->lexer, depth)
        || !scoped_key_graphql_accept(&scan->lexer, '{'))
    {
        return false;
    }

    do {
        if (scan->lexer.token.kind == SCOPED_KEY_GRAPHQL_SPREAD) {
            read = scoped_key_graphql_inclusion(scan, root, depth + 1);

        } else {
            read = scoped_key_graphql_field(scan, root, depth + 1);
        }

        if (!read) {
            return false;
        }
    } while (!scoped_key_graphql_accept(&scan->lexer, '}'));

    return true;
}


/* the current token is the `{` of a shorthand query, or the operation's type */
static bool
scoped_key_graphql_operation(scoped_key_graphql_scan_t *scan,
    scoped_key_graphql_operation_e type)
{
    scoped_key_graphql_lexer_t  *lexer;

    lexer = &scan->lexer;
    scan->operations++;

    if (scan->sink != NULL) {
        scan->stopped = !scan->sink->operation(scan->sink->data, type);

        if (scan->stopped) {
            return false;
        }
    }

    if (lexer->token.kind != '{') {
        scoped_key_graphql_lexer_next(lexer);
        (void) scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME);

        if (!scoped_key_graphql_variables(lexer)
            || !scoped_key_graphql_directives(lexer, false, 0))
        {
            return false;
        }
    }

    return scoped_key_graphql_selections(scan, scan->sink != NULL, 0);
}


/* `fragment name on type @directives { ... }`; the first word is current */
static bool
scoped_key_graphql_fragment(scoped_key_graphql_scan_t *scan)
{
    scoped_key_str_t             name, body;
    scoped_key_graphql_lexer_t  *lexer;

    lexer = &scan->lexer;
    scoped_key_graphql_lexer_next(lexer);
    name = lexer->token.text;

    if (scoped_key_graphql_is_word(scan, scoped_key_graphql_on_word)
        || !scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)
        || !scoped_key_graphql_is_word(scan, scoped_key_graphql_on_word))
    {
        return false;
    }

    scoped_key_graphql_lexer_next(lexer);

    if (!scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)
        || !scoped_key_graphql_directives(lexer, false, 0))
    {
        return false;
    }

    body.data = lexer->token.text.data;

    if (!scoped_key_graphql_selections(scan, false, 0)) {
        return false;
    }

    /* as far as the next definition: what stands between is ignored text */
    body.len = (size_t) (lexer->token.text.data - body.data);

    if (scan->sink != NULL
        || scoped_key_graphql_fragments_add(scan->fragments, name, body))
    {
        return true;
    }

    return scoped_key_graphql_fail(lexer,
               scoped_key_graphql_fragments_full(scan->fragments)
               ? SCOPED_KEY_GRAPHQL_FRAGMENTS : SCOPED_KEY_GRAPHQL_DUPLICATE);
}


static bool
scoped_key_graphql_definition(scoped_key_graphql_scan_t *scan)
{
    unsigned  type;

    if (scan->lexer.token.kind == '{') {
        return scoped_key_graphql_operation(scan, SCOPED_KEY_GRAPHQL_QUERY);
    }

    if (scoped_key_graphql_is_word(scan, scoped_key_graphql_fragment_word)) {
        return scoped_key_graphql_fragment(scan);
    }

    for (type = SCOPED_KEY_GRAPHQL_QUERY;
         type <= SCOPED_KEY_GRAPHQL_SUBSCRIPTION; type++)
    {
        if (scoped_key_graphql_is_word(scan,
                                       scoped_key_graphql_operations[type]))
        {
            return scoped_key_graphql_operation(scan, type);
        }
    }

    return false;
}


/* one pass over all definitions; a document has an operation at least */
static bool
scoped_key_graphql_definitions(scoped_key_graphql_scan_t *scan,
    scoped_key_str_t document)
{
    scoped_key_graphql_lexer_init(&scan->lexer, document);
    scan->operations = 0;

    while (scan->lexer.token.kind != SCOPED_KEY_GRAPHQL_END) {

        if (!scoped_key_graphql_definition(scan)) {
            return false;
        }
    }

    return scan->operations != 0
           || scoped_key_graphql_fail(&scan->lexer, SCOPED_KEY_GRAPHQL_EMPTY);
}


static scoped_key_graphql_e
scoped_key_graphql_refuse(const scoped_key_graphql_lexer_t *lexer,
    scoped_key_str_t document, scoped_key_graphql_error_t *error)
{
    const unsigned char  *at;

    /* what is no token may begin well */

    at = lexer->token.kind == SCOPED_KEY_GRAPHQL_BROKEN
         ? lexer->pos : lexer->token.text.data;

    error->code = lexer->error;
    error->at = (size_t) (at - document.data);

    return SCOPED_KEY_GRAPHQL_REFUSED;
}


scoped_key_graphql_e
scoped_key_graphql_scan(scoped_key_str_t document,
    const scoped_key_graphql_sink_t *sink, scoped_key_graphql_error_t *error)
{
    scoped_key_graphql_scan_t       scan;
    scoped_key_graphql_fragments_t  fragments;

    fragments.n = 0;
    scan.fragments = &fragments;
    scan.sink = NULL;
    scan.stopped = false;

    if (document.len == 0) {
        error->code = SCOPED_KEY_GRAPHQL_EMPTY;
        error->at = 0;

        return SCOPED_KEY_GRAPHQL_REFUSED;
    }

    if (!scoped_key_graphql_definitions(&scan, document)) {
        return scoped_key_graphql_refuse(&scan.lexer, document, error);
    }

    scan.sink = sink;

    if (!scoped_key_graphql_definitions(&scan, document)) {
        return scan.stopped
               ? SCOPED_KEY_GRAPHQL_STOPPED
               : scoped_key_graphql_refuse(&scan.lexer, document, error);
    }

    return SCOPED_KEY_GRAPHQL_READ;
}


const char *
scoped_key_graphql_error_text(scoped_key_graphql_error_e code)
{
    return scoped_key_graphql_errors[code];
}


scoped_key_str_t
scoped_key_graphql_operation_name(scoped_key_graphql_operation_e type)
{
    return scoped_key_graphql_operations[type];
}


/* any total order will do: short names first */
static int
scoped_key_graphql_compare(scoped_key_str_t a, scoped_key_str_t b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }

    return memcmp(a.data, b.data, a.len);
}


/* where the name stands, or would have to */
static size_t
scoped_key_graphql_fragments_seek(const scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name)
{
    size_t  low, high, middle;

    low = 0;
    high = table->n;

    while (low < high) {
        middle = (low + high) / 2;

        if (scoped_key_graphql_compare(table->list[middle].name, name) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* NULL: there is none */
static scoped_key_graphql_fragment_t *
scoped_key_graphql_fragments_find(scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name)
{
    size_t  i;

    i = scoped_key_graphql_fragments_seek(table, name);

    if (i == table->n
        || scoped_key_graphql_compare(table->list[i].name, name) != 0)
    {
        return NULL;
    }

    return &table->list[i];
}


/* false: the name is taken, or the table is full; see full() */
static bool
scoped_key_graphql_fragments_add(scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name, scoped_key_str_t body)
{
    size_t                          i;
    scoped_key_graphql_fragment_t  *fragment;

    if (scoped_key_graphql_fragments_full(table)
        || scoped_key_graphql_fragments_find(table, name) != NULL)
    {
        return false;
    }

    i = scoped_key_graphql_fragments_seek(table, name);
    fragment = &table->list[i];

    memmove(fragment + 1, fragment, (table->n - i) * sizeof(*fragment));
    table->n++;

    fragment->name = name;
    fragment->body = body;
    fragment->reported = false;
    fragment->open = false;

    return true;
}


/* whether one more level of brackets may be opened; else it fails */
static bool
scoped_key_graphql_may_nest(scoped_key_graphql_lexer_t *lexer, unsigned depth)
{
    return depth < SCOPED_KEY_GRAPHQL_MAX_DEPTH
           || scoped_key_graphql_fail(lexer, SCOPED_KEY_GRAPHQL_DEPTH);
}


/* takes a token of this kind, if that is the next one: whether it was */
static bool
scoped_key_graphql_accept(scoped_key_graphql_lexer_t *lexer, unsigned char kind)
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
    return scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)
           && scoped_key_graphql_accept(lexer, ':')
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
    return scoped_key_graphql_accept(lexer, '$')
           && scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME);
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


/* `(name: value ...)`, or nothing; constant: without variables */
static bool
scoped_key_graphql_arguments(scoped_key_graphql_lexer_t *lexer, bool constant,
    unsigned depth)
{
    if (!scoped_key_graphql_accept(lexer, '(')) {
        return true;
    }

    do {
        if (!scoped_key_graphql_named_value(lexer, constant, depth)) {
            return false;
        }
    } while (!scoped_key_graphql_accept(lexer, ')'));

    return true;
}


/* `@name(name: value ...) ...`, or nothing */
static bool
scoped_key_graphql_directives(scoped_key_graphql_lexer_t *lexer,
    bool constant, unsigned depth)
{
    while (scoped_key_graphql_accept(lexer, '@')) {

        if (!scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME)
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

    if (scoped_key_graphql_accept(lexer, '[')) {
        read = scoped_key_graphql_may_nest(lexer, depth)
               && scoped_key_graphql_type(lexer, depth + 1)
               && scoped_key_graphql_accept(lexer, ']');

    } else {
        read = scoped_key_graphql_accept(lexer, SCOPED_KEY_GRAPHQL_NAME);
    }

    (void) scoped_key_graphql_accept(lexer, '!');

    return read;
}


/* `$name: type`, then `= value` and directives, if any */
static bool
scoped_key_graphql_variable_definition(scoped_key_graphql_lexer_t *lexer)
{
    if (!scoped_key_graphql_variable(lexer)
        || !scoped_key_graphql_accept(lexer, ':')
        || !scoped_key_graphql_type(lexer, 0))
    {
        return false;
    }

    if (scoped_key_graphql_accept(lexer, '=')
        && !scoped_key_graphql_value(lexer, true, 0))
    {
        return false;
    }

    return scoped_key_graphql_directives(lexer, true, 0);
}


/* `($name: type = value @name ...)`, or nothing */
static bool
scoped_key_graphql_variables(scoped_key_graphql_lexer_t *lexer)
{
    if (!scoped_key_graphql_accept(lexer, '(')) {
        return true;
    }

    do {
        if (!scoped_key_graphql_variable_definition(lexer)) {
            return false;
        }
    } while (!scoped_key_graphql_accept(lexer, ')'));

    return true;
}
