/*
 * Params, gathered as the module does it: by the core's own reading of query
 * strings.  Knows nothing of lines.
 * Invariant: values lie in memory of their own, until input_free().
 */

#include <stdlib.h>
#include <string.h>

#include "../core/query.h"
#include "params.h"


/* the param of the name, a new one if need be; NULL: too many */
static input_param_t *
input_declare(input_t *input, scoped_key_str_t name)
{
    size_t          i;
    input_param_t  *param;

    for (i = 0; i < input->nparams; i++) {
        if (scoped_key_str_equal(input->param[i].name, name)) {
            return &input->param[i];
        }
    }

    if (input->nparams == INPUT_MAX_PARAMS) {
        return NULL;
    }

    param = &input->param[input->nparams++];
    param->name = name;

    return param;
}


/* a copy of the value: the walk's scratch memory does not last */
static bool
input_found(void *data, scoped_key_str_t value)
{
    input_param_t *param = data;

    unsigned char     *copy;
    scoped_key_str_t  *values;

    values = realloc(param->values, (param->n + 1) * sizeof(*values));
    if (values == NULL) {
        param->failed = true;
        return false;
    }

    param->values = values;

    copy = malloc(value.len + 1);
    if (copy == NULL) {
        param->failed = true;
        return false;
    }

    memcpy(copy, value.data, value.len);

    values[param->n].data = copy;
    values[param->n].len = value.len;
    param->n++;

    return true;
}


const char *
input_text(input_t *input, const scoped_key_str_t *text)
{
    input_param_t  *param;

    param = input_declare(input, text[0]);
    if (param == NULL) {
        return "too many params";
    }

    if (text[1].len != 0 && !input_found(param, text[1])) {
        return "out of memory";
    }

    return NULL;
}


const char *
input_arg(input_t *input, const scoped_key_str_t *text)
{
    input_param_t  *param;
    unsigned char  *scratch;

    param = input_declare(input, text[0]);
    if (param == NULL) {
        return "too many params";
    }

    scratch = malloc(input->query.len + 1);
    if (scratch == NULL) {
        return "out of memory";
    }

    if (scoped_key_query_walk(input->query, text[1], false, scratch,
                              input_found, param)
        == SCOPED_KEY_QUERY_REFUSED)
    {
        param->state = SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    free(scratch);

    return param->failed ? "out of memory" : NULL;
}


scoped_key_param_e
input_values(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    size_t          i;
    const input_t  *input = data;

    for (i = 0; i < input->nparams; i++) {
        if (scoped_key_str_equal(input->param[i].name, name)) {
            *values = input->param[i].values;
            *n = input->param[i].n;

            return input->param[i].state;
        }
    }

    return SCOPED_KEY_PARAM_UNDECLARED;
}

void
input_free(input_t *input)
{
    size_t          i;
    input_param_t  *param;

    for (i = 0; i < input->nparams; i++) {
        param = &input->param[i];

        while (param->n != 0) {
            free((void *) param->values[--param->n].data);
        }

        free(param->values);
    }
}
