/*
 * Definitions and selections of a GraphQL document.  The first pass checks all
 * of it and notes the fragments; the second reports operations and what is at
 * their roots.  No schema: a type condition is taken to match, and @skip and
 * @include to let the field be.  Invariants: nothing is reported of what is
 * not well formed; no recursion beyond SCOPED_KEY_GRAPHQL_MAX_DEPTH; however
 * the fragments hang together, what is read is three times the document and
 * SCOPED_KEY_GRAPHQL_REREAD_BYTES at most.
 */

#include "graphql.h"
#include "graphql_fragments.h"
#include "graphql_lexer.h"
#include "graphql_value.h"


/* what several operations may cost that share a fragment */
#define SCOPED_KEY_GRAPHQL_REREAD_BYTES  65536


typedef struct {
    scoped_key_graphql_lexer_t        lexer;
    scoped_key_graphql_fragments_t   *fragments;
    const scoped_key_graphql_sink_t  *sink;  /* NULL in the first pass */
    unsigned                          operations;  /* met so far */
    size_t                            budget;  /* bytes of fragments that may
                                                  still be read again */
    bool                              stopped;
} scoped_key_graphql_scan_t;


static const scoped_key_str_t  scoped_key_graphql_operations[] = {
    scoped_key_str("query"),
    scoped_key_str("mutation"),
    scoped_key_str("subscription")
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
    bool                            read;
    scoped_key_graphql_lexer_t      lexer;
    scoped_key_graphql_fragment_t  *fragment;

    fragment = scoped_key_graphql_fragments_find(scan->fragments, name);

    if (fragment == NULL) {
        return false;
    }

    if (fragment->operation == scan->operations) {
        /* known already, or within itself */
        return !fragment->open;
    }

    if (fragment->body.len > scan->budget) {
        return false;
    }

    scan->budget -= fragment->body.len;
    fragment->operation = scan->operations;
    fragment->open = true;

    lexer = scan->lexer;
    scoped_key_graphql_lexer_init(&scan->lexer, fragment->body);
    read = scoped_key_graphql_selections(scan, true, depth);
    scan->lexer = lexer;

    fragment->open = false;

    return read;
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

    if (depth == SCOPED_KEY_GRAPHQL_MAX_DEPTH
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

    return scan->sink != NULL
           || scoped_key_graphql_fragments_add(scan->fragments, name, body);
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

    return scan->operations != 0;
}


scoped_key_graphql_e
scoped_key_graphql_scan(scoped_key_str_t document,
    const scoped_key_graphql_sink_t *sink)
{
    scoped_key_graphql_scan_t       scan;
    scoped_key_graphql_fragments_t  fragments;

    fragments.n = 0;
    scan.fragments = &fragments;
    scan.sink = NULL;
    scan.stopped = false;
    scan.budget = 0;

    if (document.len == 0 || !scoped_key_graphql_pass(&scan, document)) {
        return SCOPED_KEY_GRAPHQL_REFUSED;
    }

    scan.sink = sink;
    scan.budget = document.len + SCOPED_KEY_GRAPHQL_REREAD_BYTES;

    if (!scoped_key_graphql_pass(&scan, document)) {
        return scan.stopped ? SCOPED_KEY_GRAPHQL_STOPPED
                            : SCOPED_KEY_GRAPHQL_REFUSED;
    }

    return SCOPED_KEY_GRAPHQL_READ;
}


scoped_key_str_t
scoped_key_graphql_operation_name(scoped_key_graphql_operation_e type)
{
    return scoped_key_graphql_operations[type];
}
