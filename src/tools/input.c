/*
 * A JSON object to an input_t: see input.h.  What the texts mean is read by
 * the core, and here nothing is decided.
 * Invariant: texts point into the document, or into memory.h's memory.
 */

#include <string.h>

#include "../core/scope.h"
#include "params.h"


static const char *
input_ip(input_t *input, scoped_key_str_t text)
{
    scoped_key_block_t  block;

    if (memchr(text.data, '/', text.len) != NULL
        || !scoped_key_block_parse(text, &block) || block.excluded)
    {
        return "the ip is no address";
    }

    input->address = text;
    input->facts.address = block.address;

    return NULL;
}


/* {"name":…,"value":…}, or {"name":…,"arg":…} */
static const char *
input_param(input_t *input, value_t param)
{
    value_t           arg = value_member(param, "arg");
    scoped_key_str_t  text[2];

    text[0] = value_text(value_member(param, "name"));

    if (text[0].len == 0) {
        return "a param without a name";
    }

    text[1] = value_text(arg != NULL ? arg : value_member(param, "value"));

    return arg != NULL ? input_arg(input, text) : input_text(input, text);
}


static const char *
input_clause(input_t *input, value_t value)
{
    size_t               i, n;
    texts_t              scopes = { NULL, 0, 0 };
    scoped_key_clause_t  *clause;

    if (input->required.n == INPUT_MAX_CLAUSES) {
        return "too many requirements";
    }

    if (!value_texts(value, &scopes) || scopes.n == 0) {
        return "a requirement without a scope";
    }

    if (scopes.n > INPUT_MAX_SCOPES) {
        return "too many alternatives";
    }

    n = input->required.n++;
    clause = &input->clause[n];
    clause->scopes = input->scope[n];
    clause->n = scopes.n;

    for (i = 0; i < scopes.n; i++) {
        if (!scoped_key_scope_valid(scopes.text[i])) {
            return "a required scope is no scope: resource:action, "
                   "no wildcards";
        }

        input->scope[n][i] = scopes.text[i];
    }

    return NULL;
}


/* each element of the array, as far as nothing is wrong */
static const char *
input_each(input_t *input, value_t array,
    const char *(*read)(input_t *input, value_t element))
{
    size_t       i, n;
    const char  *wrong = NULL;

    n = array == NULL ? 0 : scoped_key_json_count(array);

    for (i = 0; wrong == NULL && i < n; i++) {
        wrong = read(input, scoped_key_json_element(array, i));
    }

    return wrong;
}


const char *
input_read(input_t *input, value_t asked, int64_t now)
{
    value_t      request, ip;
    const char  *wrong;

    input->facts.now = now;
    input->facts.param = input_values;
    input->facts.data = input;
    input->required.clauses = input->clause;

    if (!raw_read(&input->raw, value_member(asked, "record"))) {
        return "there is no record";
    }

    request = value_member(asked, "request");
    ip = value_member(request, "ip");

    input->facts.method = value_text(value_member(request, "method"));
    input->facts.host = value_text(value_member(request, "host"));
    input->query = value_text(value_member(request, "query"));
    input->required.any_key =
        value_is_true(value_member(request, "valid_key"));

    wrong = ip == NULL ? NULL : input_ip(input, value_text(ip));

    if (wrong == NULL) {
        wrong = input_each(input, value_member(request, "params"),
                           input_param);
    }

    return wrong != NULL ? wrong
                         : input_each(input, value_member(request, "require"),
                                      input_clause);
}
