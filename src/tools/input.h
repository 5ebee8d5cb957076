/*
 * What `explain` is asked: a record, and a request.
 * Knows the core's facts and records, and judges nothing.
 */

#ifndef SCOPED_KEY_TOOLS_INPUT_H
#define SCOPED_KEY_TOOLS_INPUT_H

#include "../core/verdict.h"
#include "raw.h"


#define INPUT_MAX_PARAMS   64
#define INPUT_MAX_CLAUSES  64
#define INPUT_MAX_SCOPES   64            /* alternatives of one clause */


/* one name that the location would declare, with what was found of it */
typedef struct {
    scoped_key_str_t       name;
    scoped_key_param_e     state;
    scoped_key_str_t      *values;
    size_t                 n;
    bool                   failed;       /* out of memory */
} input_param_t;

typedef struct {
    raw_t                  raw;

    scoped_key_facts_t     facts;
    scoped_key_str_t       address;      /* as written */
    scoped_key_str_t       query;
    input_param_t          param[INPUT_MAX_PARAMS];
    size_t                 nparams;

    scoped_key_required_t  required;
    scoped_key_clause_t    clause[INPUT_MAX_CLAUSES];
    scoped_key_str_t       scope[INPUT_MAX_CLAUSES][INPUT_MAX_SCOPES];
} input_t;


/*
 * {"record":{…},"request":{"method":…,"host":…,"ip":…,"query":…,
 *  "params":[{"name":…,"value":…},{"name":…,"arg":…}],
 *  "require":[["a:b","c:d"],…],"valid_key":true}}
 *
 * The record is raw.h's.  A param is declared as scoped_key_param would: an
 * empty value is none, and an `arg` is looked for in the query.  Each of
 * `require` is a clause, of alternatives.  Returns NULL when all was read, else
 * what is wrong, static.  *input must be zeroes.
 */
const char *input_read(input_t *input, value_t asked, int64_t now);

/* what input_read() allocated */
void input_free(input_t *input);

#endif
