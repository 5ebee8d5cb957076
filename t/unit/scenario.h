/*
 * A record, what a location requires and what a request brings; for the unit
 * test and the fuzzer of verdicts.  scenario_line.h makes it out of lines.
 * All texts are the maker's; nothing is allocated but the record.
 */

#ifndef SCENARIO_H
#define SCENARIO_H

#include "core/pattern.h"
#include "core/verdict.h"

#include <string.h>


#define SCENARIO_MAX_FIELDS   24
#define SCENARIO_MAX_MEMBERS  24
#define SCENARIO_MAX_CLAUSES   4
#define SCENARIO_MAX_SCOPES    4
#define SCENARIO_MAX_PARAMS    8
#define SCENARIO_MAX_VALUES    4


typedef struct {
    scoped_key_str_t       name;
    scoped_key_param_e     state;
    size_t                 n;
    scoped_key_str_t       value[SCENARIO_MAX_VALUES];
} scenario_param_t;

typedef struct {
    bool                   bare;         /* no digest, no enabled of itself */
    const char            *error;
    scoped_key_str_t       field[2 * SCENARIO_MAX_FIELDS];
    size_t                 nfields;
    scoped_key_str_t       member[SCENARIO_MAX_MEMBERS];
    size_t                 nmembers;
    scoped_key_secret_e    match;

    scoped_key_clause_t    clause[SCENARIO_MAX_CLAUSES];
    scoped_key_str_t       scope[SCENARIO_MAX_CLAUSES][SCENARIO_MAX_SCOPES];
    scoped_key_required_t  required;

    scoped_key_facts_t     facts;
    scenario_param_t       param[SCENARIO_MAX_PARAMS];
    size_t                 nparams;
} scenario_t;

/* what becomes of a scenario */
typedef struct {
    scoped_key_reason_e     key;         /* of scoped_key_verdict_key() */
    bool                    settled;     /* ..._key_settled() */
    scoped_key_verdict_e    verdict;
    scoped_key_decision_t   decision;
} scenario_outcome_t;


static inline scoped_key_str_t
scenario_text(const char *s)
{
    scoped_key_str_t  text = { strlen(s), (const unsigned char *) s };

    return text;
}


static inline bool
scenario_is(scoped_key_str_t text, const char *word)
{
    return scoped_key_str_equal(text, scenario_text(word));
}


static inline scoped_key_param_e
scenario_param(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    size_t             i;
    scenario_t        *s = data;
    scenario_param_t  *param;

    for (i = 0; i < s->nparams; i++) {
        param = &s->param[i];

        if (scoped_key_str_equal(param->name, name)) {
            *values = param->value;
            *n = param->n;

            return param->state;
        }
    }

    return SCOPED_KEY_PARAM_UNDECLARED;
}


static inline void
scenario_init(scenario_t *s)
{
    memset(s, 0, sizeof(*s));

    s->match = SCOPED_KEY_SECRET_CURRENT;
    s->required.clauses = s->clause;
    s->facts.now = 1000;
    s->facts.method = scenario_text("GET");
    s->facts.host = scenario_text("api.example.com");
    s->facts.param = scenario_param;
    s->facts.data = s;

    scoped_key_address_set(&s->facts.address, "\xC0\x00\x02\x01", 4);
}


/* the same again, to be changed */
static inline void
scenario_copy(scenario_t *to, const scenario_t *from)
{
    size_t  i;

    *to = *from;
    to->required.clauses = to->clause;
    to->facts.data = to;

    for (i = 0; i < to->required.n; i++) {
        to->clause[i].scopes = to->scope[i];
    }
}


/* the value of a field, or NULL */
static inline const scoped_key_str_t *
scenario_field(const scenario_t *s, const char *name)
{
    size_t  i;

    for (i = 0; i < s->nfields; i++) {
        if (scenario_is(s->field[2 * i], name)) {
            return &s->field[2 * i + 1];
        }
    }

    return NULL;
}


/* scenario_line() leaves room for these and for a test of its own */
static inline void
scenario_default(scenario_t *s, const char *name, const char *value)
{
    if (s->bare || scenario_field(s, name) != NULL) {
        return;
    }

    s->field[2 * s->nfields] = scenario_text(name);
    s->field[2 * s->nfields + 1] = scenario_text(value);
    s->nfields++;
}


/* the record of a scenario; the caller releases it.  Call it once. */
static inline scoped_key_record_t *
scenario_record(scenario_t *s, scoped_key_report_pt report, void *data)
{
    scoped_key_digests_t     digests;
    scoped_key_raw_record_t  raw;

    scenario_default(s, "enabled", "1");
    scenario_default(s, "digest",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

    memset(&raw, 0, sizeof(raw));

    raw.id = scenario_text("4mQ2xV9tKc1Z");
    raw.fields = s->field;
    raw.nfields = s->nfields;
    raw.members = s->member;
    raw.nmembers = s->nmembers;
    raw.error = s->error;

    return scoped_key_record_build(&raw, s->facts.now, &digests, report,
                                   data);
}


static inline scenario_outcome_t
scenario_decide(const scenario_t *s, const scoped_key_record_t *record)
{
    size_t              left;
    scenario_outcome_t  outcome;

    memset(&outcome, 0, sizeof(outcome));

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    outcome.key = scoped_key_verdict_key(record, s->match, &s->facts, &left);
    outcome.settled = scoped_key_verdict_key_is_static(record, s->match);

    if (outcome.key != SCOPED_KEY_REASON_NONE) {
        outcome.verdict = SCOPED_KEY_REFUSED;
        outcome.decision.reason = outcome.key;

        return outcome;
    }

    outcome.verdict = scoped_key_verdict_scopes(record, &s->required,
                                                &s->facts, &left,
                                                &outcome.decision);

    return outcome;
}

#endif
