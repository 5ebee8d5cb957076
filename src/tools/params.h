/*
 * Params of an input_t: what declares them, and the question that the core
 * asks.  For input.c alone.
 * Invariant: a name that was never declared is undeclared, not empty.
 */

#ifndef SCOPED_KEY_TOOLS_PARAMS_H
#define SCOPED_KEY_TOOLS_PARAMS_H

#include "input.h"


/* name and value, name and argument: NULL, or what is wrong, static */
const char *input_text(input_t *input, const scoped_key_str_t *text);
const char *input_arg(input_t *input, const scoped_key_str_t *text);

/* facts.h's scoped_key_param_pt; data: the input_t */
scoped_key_param_e input_values(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n);

#endif
