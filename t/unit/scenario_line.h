/*
 * Scenarios out of lines of text; t/data/verdict/README tells the lines.  All
 * texts of a scenario point into the lines.  A line that is none, or one too
 * many, is left out and reported to the caller.
 */

#ifndef SCENARIO_LINE_H
#define SCENARIO_LINE_H

#include "scenario.h"


/* takes a word off the front, and one space; `""` is a word of no text */
static inline scoped_key_str_t
scenario_word(scoped_key_str_t *line)
{
    size_t            len;
    scoped_key_str_t  word;

    for (len = 0; len < line->len && line->data[len] != ' '; len++) {
        /* void */
    }

    word.data = line->data;
    word.len = len;

    len += len < line->len;
    line->data += len;
    line->len -= len;

    if (scenario_is(word, "\"\"")) {
        word.len = 0;
    }

    return word;
}


static inline bool
scenario_add_require(scenario_t *s, scoped_key_str_t line)
{
    size_t  i;

    if (s->required.n == SCENARIO_MAX_CLAUSES) {
        return false;
    }

    i = s->required.n++;
    s->clause[i].scopes = s->scope[i];

    while (line.len != 0) {
        if (s->clause[i].n == SCENARIO_MAX_SCOPES) {
            return false;
        }

        s->scope[i][s->clause[i].n++] = scenario_word(&line);
    }

    return true;
}


static inline bool
scenario_param_state(scoped_key_str_t word, scoped_key_param_e *state)
{
    size_t                    i;
    static const char *const  words[] = {
        "values", "nothing", "undeclared", "needs_body", "ambiguous",
        "unreadable", "too_large", "error"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (scenario_is(word, words[i])) {
            *state = (scoped_key_param_e) i;
            return true;
        }
    }

    return false;
}


static inline bool
scenario_add_param(scenario_t *s, scoped_key_str_t line)
{
    scenario_param_t  *param;

    if (s->nparams == SCENARIO_MAX_PARAMS) {
        return false;
    }

    param = &s->param[s->nparams];
    memset(param, 0, sizeof(*param));
    param->name = scenario_word(&line);

    if (!scenario_param_state(scenario_word(&line), &param->state)) {
        return false;
    }

    s->nparams++;

    while (line.len != 0 && param->n != SCENARIO_MAX_VALUES) {
        param->value[param->n++] = scenario_word(&line);
    }

    return line.len == 0;
}


static inline bool
scenario_set_secret(scenario_t *s, scoped_key_str_t word)
{
    if (scenario_is(word, "none")) {
        s->match = SCOPED_KEY_SECRET_WRONG;

    } else if (scenario_is(word, "previous")) {
        s->match = SCOPED_KEY_SECRET_PREVIOUS;

    } else {
        return scenario_is(word, "current");
    }

    return true;
}


static inline bool
scenario_set_address(scenario_t *s, scoped_key_str_t word)
{
    scoped_key_block_t  block;

    memset(&s->facts.address, 0, sizeof(s->facts.address));

    if (word.len == 0) {
        return true;
    }

    if (!scoped_key_block_parse(word, &block)) {
        return false;
    }

    s->facts.address = block.address;

    return true;
}


static inline bool
scenario_set_fact(scenario_t *s, scoped_key_str_t word, scoped_key_str_t line)
{
    if (scenario_is(word, "method")) {
        s->facts.method = scenario_word(&line);

    } else if (scenario_is(word, "host")) {
        s->facts.host = scenario_word(&line);

    } else if (scenario_is(word, "ip")) {
        return scenario_set_address(s, scenario_word(&line));

    } else if (scenario_is(word, "now")) {
        return scoped_key_decimal_parse(line, &s->facts.now);

    } else {
        return false;
    }

    return true;
}


/* false: it is no line of a scenario, or one too many */
static inline bool
scenario_line(scenario_t *s, scoped_key_str_t line)
{
    scoped_key_str_t  word;

    word = scenario_word(&line);

    if (scenario_is(word, "field")) {
        if (s->nfields == SCENARIO_MAX_FIELDS - 4) {
            return false;
        }

        s->field[2 * s->nfields] = scenario_word(&line);
        s->field[2 * s->nfields + 1] = line;
        s->nfields++;

    } else if (scenario_is(word, "member")) {
        if (s->nmembers == SCENARIO_MAX_MEMBERS - 1) {
            return false;
        }

        s->member[s->nmembers++] = line;

    } else if (scenario_is(word, "require")) {
        return scenario_add_require(s, line);

    } else if (scenario_is(word, "param")) {
        return scenario_add_param(s, line);

    } else if (scenario_is(word, "secret")) {
        return scenario_set_secret(s, line);

    } else if (scenario_is(word, "valid_key")) {
        s->required.any_key = true;

    } else if (scenario_is(word, "no_params")) {
        s->facts.param = NULL;

    } else if (scenario_is(word, "damaged")) {
        s->error = "wrong type";

    } else if (scenario_is(word, "bare")) {
        s->bare = true;

    } else {
        return scenario_set_fact(s, word, line);
    }

    return true;
}

#endif
