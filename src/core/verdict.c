/*
 * Verdicts: see verdict.h.  Which kind of member beats which is said here and
 * nowhere else: a refusal beats every grant of the same required scope; plain
 * grants come before constrained ones, which ask more.
 * Invariants: every way out that is not written as an allowance refuses; no
 * word for a reason needs an escape in JSON or in a header.
 */

#include <string.h>

#include "verdict.h"
#include "pattern.h"
#include "scope.h"


/* one clause, and what has become of it so far */
typedef struct {
    const scoped_key_record_t *record;
    const scoped_key_facts_t  *facts;
    scoped_key_grant_e         result;   /* the greatest: see grant.h */
    scoped_key_str_t           grant;    /* that had this result, or refused */
    scoped_key_str_t           param;    /* for which it has that result */
    size_t                    *left;     /* steps, for all clauses together */
    bool                       cacheable;
} scoped_key_clause_eval_t;

typedef struct {
    const char  *name;
    const char  *detail;
} scoped_key_reason_text_t;

#define SCOPED_KEY_REASONS                                                    \
    (sizeof(scoped_key_reasons) / sizeof(scoped_key_reasons[0]))


static const scoped_key_reason_text_t  scoped_key_reasons[] = {
    [SCOPED_KEY_REASON_NONE] = {
        "", ""
    },
    [SCOPED_KEY_MISSING_KEY] = {
        "missing_key",
        "No key was presented."
    },
    [SCOPED_KEY_AMBIGUOUS_KEY] = {
        "ambiguous_key",
        "More than one key was presented."
    },
    [SCOPED_KEY_MALFORMED_KEY] = {
        "malformed_key",
        "The key is not well-formed; it may be mistyped or cut off."
    },
    [SCOPED_KEY_UNKNOWN_KEY] = {
        "unknown_key",
        "The key is not known."
    },
    [SCOPED_KEY_RECORD_INVALID] = {
        "record_invalid",
        "The record of the key cannot be read."
    },
    [SCOPED_KEY_KEY_DISABLED] = {
        "key_disabled",
        "The key is disabled."
    },
    [SCOPED_KEY_KEY_NOT_YET_VALID] = {
        "key_not_yet_valid",
        "The key is not valid yet."
    },
    [SCOPED_KEY_KEY_EXPIRED] = {
        "key_expired",
        "The key has expired."
    },
    [SCOPED_KEY_IP_REFUSED] = {
        "ip_refused",
        "The key may not be used from this address."
    },
    [SCOPED_KEY_HOST_REFUSED] = {
        "host_refused",
        "The key may not be used for this host."
    },
    [SCOPED_KEY_METHOD_REFUSED] = {
        "method_refused",
        "The key may not be used with this method."
    },
    [SCOPED_KEY_INSUFFICIENT_SCOPE] = {
        "insufficient_scope",
        "The key does not grant what this request requires."
    },
    [SCOPED_KEY_PARAM_REFUSED] = {
        "param_refused",
        "The key does not grant this request with these parameters."
    },
    [SCOPED_KEY_BODY_UNREADABLE] = {
        "body_unreadable",
        "The body cannot be read as what is expected here: JSON, a form or "
        "GraphQL, with its Content-Type."
    },
    [SCOPED_KEY_BODY_TOO_LARGE] = {
        "body_too_large",
        "The request body is too large to be checked."
    },
    [SCOPED_KEY_STORE_UNAVAILABLE] = {
        "store_unavailable",
        "The key cannot be checked at the moment."
    }
};


/* everything but the plain case: a current text, no conditions, all well */
static scoped_key_reason_e
scoped_key_verdict_conditions(const scoped_key_record_t *record,
    const scoped_key_facts_t *facts, size_t *left)
{
    const scoped_key_conditions_t  *conditions;

    if (!(record->flags & SCOPED_KEY_RECORD_CONDITIONS)) {
        return SCOPED_KEY_REASON_NONE;
    }

    conditions = scoped_key_record_conditions(record);

    return scoped_key_conditions_check(conditions,
                                (const unsigned char *) (conditions + 1),
                                facts, left);
}


static bool
scoped_key_verdict_secret_matches(const scoped_key_record_t *record,
    scoped_key_secret_e match, const scoped_key_facts_t *facts)
{
    switch (match) {

    case SCOPED_KEY_SECRET_CURRENT:
        return true;

    case SCOPED_KEY_SECRET_PREVIOUS:
        return (record->flags & SCOPED_KEY_RECORD_PREVIOUS)
               && facts->now < *scoped_key_record_previous_until(record);

    default:
        return false;
    }
}


static scoped_key_reason_e
scoped_key_verdict_key_slow(const scoped_key_record_t *record,
    scoped_key_secret_e match, const scoped_key_facts_t *facts, size_t *left)
{
    if (!(record->flags & SCOPED_KEY_RECORD_DIGEST)) {
        return SCOPED_KEY_RECORD_INVALID;
    }

    /* an invalid record has lost its previous_until: whoever held the secret
       before the rotation learns no more than a stranger */
    if (!scoped_key_verdict_secret_matches(record, match, facts)) {
        return SCOPED_KEY_UNKNOWN_KEY;
    }

    if (!(record->flags & SCOPED_KEY_RECORD_VALID)) {
        return SCOPED_KEY_RECORD_INVALID;
    }

    if (!(record->flags & SCOPED_KEY_RECORD_ENABLED)) {
        return SCOPED_KEY_KEY_DISABLED;
    }

    return scoped_key_verdict_conditions(record, facts, left);
}


bool
scoped_key_verdict_key_is_static(const scoped_key_record_t *record,
    scoped_key_secret_e match)
{
    static const unsigned  well =
        SCOPED_KEY_RECORD_VALID|SCOPED_KEY_RECORD_ENABLED;

    return match == SCOPED_KEY_SECRET_CURRENT
           && (record->flags & (well|SCOPED_KEY_RECORD_CONDITIONS)) == well;
}


scoped_key_reason_e
scoped_key_verdict_key(const scoped_key_record_t *record,
    scoped_key_secret_e match, const scoped_key_facts_t *facts, size_t *left)
{
    if (scoped_key_verdict_key_is_static(record, match)) {
        return SCOPED_KEY_REASON_NONE;
    }

    return scoped_key_verdict_key_slow(record, match, facts, left);
}


/* whether grants and refusals can be about the scope at all */
static bool
scoped_key_scope_decidable(scoped_key_str_t scope)
{
    return scope.len != 0 && scope.len <= SCOPED_KEY_SCOPE_MAX_BYTES;
}


/*
 * Whether some refusal is about the scope: *grant is it.  If not, *plain is
 * where the plain grants begin.  Refused, too, is what there are not steps
 * enough left for to look at all refusals and all plain grants.
 */
static bool
scoped_key_eval_refused(const scoped_key_record_t *record,
    scoped_key_str_t scope, const unsigned char **plain, size_t *left,
    scoped_key_str_t *grant)
{
    size_t  members;

    members = (size_t) record->nrefusals + record->nplain;

    if (!scoped_key_steps_spend(left, members * scope.len)) {
        return true;
    }

    *plain = record->data + record->strings_len;

    return scoped_key_refusal_find(plain, record->nrefusals, scope, grant);
}


static void
scoped_key_eval_plain(scoped_key_clause_eval_t *eval, scoped_key_str_t scope)
{
    const unsigned char  *plain;

    if (!scoped_key_scope_decidable(scope)
        || scoped_key_eval_refused(eval->record, scope, &plain, eval->left,
                                   &eval->grant))
    {
        return;
    }

    if (scoped_key_plain_find(&plain, eval->record->nplain, scope,
                              &eval->grant))
    {
        eval->result = SCOPED_KEY_GRANT_ALLOWS;
    }
}


static void
scoped_key_eval_one(scoped_key_clause_eval_t *eval,
    const scoped_key_constrained_t *grant, scoped_key_str_t scope)
{
    scoped_key_str_t    param = { 0, NULL };
    scoped_key_grant_e  result;

    result = scoped_key_constrained_check(grant, scope, eval->facts,
                                          eval->left, &param);

    if (result == SCOPED_KEY_GRANT_NO_MATCH) {
        return;
    }

    eval->cacheable = false;

    if (result <= eval->result) {
        return;
    }

    eval->result = result;
    eval->param = param;

    if (result > SCOPED_KEY_GRANT_CONDITION_FAILS) {
        eval->grant = scoped_key_constrained_member(grant);
    }
}


static void
scoped_key_eval_constrained(scoped_key_clause_eval_t *eval,
    scoped_key_str_t scope)
{
    uint16_t                         n;
    scoped_key_str_t                 refusal;
    const unsigned char             *plain;
    const scoped_key_constrained_t  *grant;

    if (!scoped_key_scope_decidable(scope)
        || scoped_key_eval_refused(eval->record, scope, &plain, eval->left,
                                   &refusal))
    {
        return;
    }

    grant = scoped_key_record_constrained(eval->record);

    for (n = eval->record->nconstrained;
         n != 0 && eval->result != SCOPED_KEY_GRANT_ALLOWS;
         n--)
    {
        scoped_key_eval_one(eval, grant, scope);
        grant = scoped_key_constrained_next(grant);
    }
}


/* plain grants of all alternatives first: they need neither params nor body */
static void
scoped_key_eval_scoped(scoped_key_clause_eval_t *eval,
    const scoped_key_clause_t *clause)
{
    size_t  i;

    for (i = 0;
         i < clause->n && eval->result != SCOPED_KEY_GRANT_ALLOWS;
         i++)
    {
        scoped_key_eval_plain(eval, clause->scopes[i]);
    }

    if (eval->record->nconstrained == 0) {
        return;
    }

    for (i = 0;
         i < clause->n && eval->result != SCOPED_KEY_GRANT_ALLOWS;
         i++)
    {
        scoped_key_eval_constrained(eval, clause->scopes[i]);
    }
}


/*
 * A global key: one alternative that no refusal is about is enough.  Where it
 * has any, one that cannot be decided is not: it may be what is refused.
 */
static void
scoped_key_eval_global(scoped_key_clause_eval_t *eval,
    const scoped_key_clause_t *clause)
{
    size_t                i;
    const unsigned char  *plain;

    if (clause->n != 0 && !scoped_key_record_has_refusals(eval->record)) {
        eval->result = SCOPED_KEY_GRANT_ALLOWS;
        return;
    }

    for (i = 0; i < clause->n && *eval->left != 0; i++) {
        if (scoped_key_scope_decidable(clause->scopes[i])
            && !scoped_key_eval_refused(eval->record, clause->scopes[i],
                                        &plain, eval->left, &eval->grant))
        {
            eval->result = SCOPED_KEY_GRANT_ALLOWS;
            eval->grant.len = 0;
            return;
        }
    }
}


static scoped_key_verdict_e
scoped_key_eval_verdict(const scoped_key_clause_eval_t *eval,
    scoped_key_decision_t *decision)
{
    decision->grant = eval->grant;
    decision->cacheable = decision->cacheable && eval->cacheable
                          && *eval->left != 0;

    switch (eval->result) {

    case SCOPED_KEY_GRANT_ALLOWS:
        return SCOPED_KEY_ALLOWED;

    case SCOPED_KEY_GRANT_NEEDS_BODY:
        return SCOPED_KEY_NEEDS_BODY;

    case SCOPED_KEY_GRANT_UNDECIDED:
        decision->reason = SCOPED_KEY_STORE_UNAVAILABLE;
        return SCOPED_KEY_UNDECIDED;

    case SCOPED_KEY_GRANT_BODY_TOO_LARGE:
        decision->reason = SCOPED_KEY_BODY_TOO_LARGE;
        return SCOPED_KEY_REFUSED;

    case SCOPED_KEY_GRANT_BODY_UNREADABLE:
        decision->reason = SCOPED_KEY_BODY_UNREADABLE;
        return SCOPED_KEY_REFUSED;

    case SCOPED_KEY_GRANT_PARAM_REFUSED:
        decision->reason = SCOPED_KEY_PARAM_REFUSED;
        decision->param = eval->param;
        return SCOPED_KEY_REFUSED;

    default:
        decision->reason = SCOPED_KEY_INSUFFICIENT_SCOPE;
        return SCOPED_KEY_REFUSED;
    }
}


static scoped_key_verdict_e
scoped_key_verdict_clause(const scoped_key_record_t *record,
    const scoped_key_clause_t *clause, const scoped_key_facts_t *facts,
    size_t *left, scoped_key_decision_t *decision)
{
    scoped_key_clause_eval_t  eval;
    scoped_key_verdict_e      verdict;

    memset(&eval, 0, sizeof(eval));

    eval.record = record;
    eval.facts = facts;
    eval.left = left;
    eval.cacheable = true;

    if (record->flags & SCOPED_KEY_RECORD_GLOBAL) {
        scoped_key_eval_global(&eval, clause);

    } else {
        scoped_key_eval_scoped(&eval, clause);
    }

    verdict = scoped_key_eval_verdict(&eval, decision);

    if (verdict == SCOPED_KEY_REFUSED) {
        decision->failed_clause = clause;
    }

    return verdict;
}


/* what a location that names no scope asks for */
static scoped_key_verdict_e
scoped_key_verdict_no_clauses(const scoped_key_record_t *record,
    const scoped_key_required_t *required, scoped_key_decision_t *decision)
{
    if (required->any_key || (record->flags & SCOPED_KEY_RECORD_GLOBAL)) {
        return SCOPED_KEY_ALLOWED;
    }

    decision->reason = SCOPED_KEY_INSUFFICIENT_SCOPE;

    return SCOPED_KEY_REFUSED;
}


scoped_key_verdict_e
scoped_key_verdict_scopes(const scoped_key_record_t *record,
    const scoped_key_required_t *required, const scoped_key_facts_t *facts,
    size_t *left, scoped_key_decision_t *decision)
{
    size_t                i;
    scoped_key_verdict_e  verdict, one;

    memset(decision, 0, sizeof(*decision));
    decision->cacheable = true;

    if (required->n == 0) {
        return scoped_key_verdict_no_clauses(record, required, decision);
    }

    verdict = SCOPED_KEY_ALLOWED;

    for (i = 0; i < required->n; i++) {
        one = scoped_key_verdict_clause(record, &required->clauses[i], facts,
                                        left, decision);

        if (one == SCOPED_KEY_NEEDS_BODY) {
            verdict = one;

        } else if (one != SCOPED_KEY_ALLOWED) {
            return one;
        }
    }

    return verdict;
}


static const scoped_key_reason_text_t *
scoped_key_reason_text(scoped_key_reason_e reason)
{
    size_t  i;

    i = reason;

    return &scoped_key_reasons[i < SCOPED_KEY_REASONS ? i : 0];
}


const char *
scoped_key_reason_name(scoped_key_reason_e reason)
{
    return scoped_key_reason_text(reason)->name;
}


const char *
scoped_key_reason_detail(scoped_key_reason_e reason)
{
    return scoped_key_reason_text(reason)->detail;
}
