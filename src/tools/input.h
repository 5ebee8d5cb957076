/*
 * What the explaining program is asked, read from lines: a word, then texts in
 * hexadecimal digits, a space before each, so that any byte can be said.
 * Knows the core's facts and records, and judges nothing.
 * Invariant: a line that is none, or one too many, ends the program's work; no
 * line is left out.
 */

#ifndef SCOPED_KEY_TOOLS_INPUT_H
#define SCOPED_KEY_TOOLS_INPUT_H

#include "../core/verdict.h"


#define INPUT_MAX_BYTES    (1024 * 1024)
#define INPUT_MAX_FIELDS   (SCOPED_KEY_RECORD_MAX_FIELDS + 1)
#define INPUT_MAX_MEMBERS  (SCOPED_KEY_RECORD_MAX_MEMBERS + 1)
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
    scoped_key_source_t    source;
    scoped_key_str_t       field[2 * INPUT_MAX_FIELDS];
    scoped_key_str_t       member[INPUT_MAX_MEMBERS];

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
 * Reads the len bytes of text, changes them, and points into them:
 *
 *     id ID            field NAME VALUE     member TEXT      damage TEXT
 *     now SECONDS      method NAME          host NAME        ip ADDRESS
 *     query STRING     text NAME VALUE      arg NAME ARGUMENT
 *     require          scope SCOPE          valid_key
 *
 * `text` and `arg` declare a param, as scoped_key_param would: an empty text is
 * no value, and arguments are looked for in the query that was given before.
 * `require` begins a clause, of which `scope` is one alternative.  Returns NULL
 * when all was read, else what is wrong, static.  *input must be zeroes.
 */
const char *input_read(input_t *input, unsigned char *text, size_t len);

/* what input_read() allocated */
void input_free(input_t *input);

#endif
