/*
 * Definitions and selections of a GraphQL document.  The first pass checks all
 * of it and notes the fragments; the second reports operations and what is at
 * their roots.  No schema: a type condition is taken to match, and @skip and
 * @include to let the field be.  Invariants: nothing is reported of what is
 * not well formed; no recursion beyond SCOPED_KEY_GRAPHQL_MAX_DEPTH; no byte
 * is read more than three times, however the fragments depend on each other.
 */

#include "graphql.h"
#include "graphql_fragments.h"
#include "graphql_lexer.h"
#include "graphql_value.h"


typedef struct {
    scoped_key_graphql_lexer_t        lexer;
    scoped_key_graphql_fragments_t   *fragments;
    const scoped_key_graphql_sink_t  *sink;  /* NULL in the first pass */
    unsigned                          operations;  /* met so far */
    bool                              stopped;
} scoped_key_graphql_scan_t;


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


static bool scoped_key_graphql_selections(scoped_key_graphql_scan_t *scan,
    bool root, unsigned depth);


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

    if (!scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
        return false;
    }

    if (scoped_key_graphql_take(lexer, ':')) {
        /* that was the alias */
        name = lexer->token.text;

        if (!scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
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

        if (!scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)) {
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
        || !scoped_key_graphql_take(&scan->lexer, '{'))
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
    } while (!scoped_key_graphql_take(&scan->lexer, '}'));

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
        (void) scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME);

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
        || !scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)
        || !scoped_key_graphql_is_word(scan, scoped_key_graphql_on_word))
    {
        return false;
    }

    scoped_key_graphql_lexer_next(lexer);

    if (!scoped_key_graphql_take(lexer, SCOPED_KEY_GRAPHQL_NAME)
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
scoped_key_graphql_pass(scoped_key_graphql_scan_t *scan,
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

    if (!scoped_key_graphql_pass(&scan, document)) {
        return scoped_key_graphql_refuse(&scan.lexer, document, error);
    }

    scan.sink = sink;

    if (!scoped_key_graphql_pass(&scan, document)) {
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
