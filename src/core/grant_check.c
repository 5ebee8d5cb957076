/*
 * A packed constrained grant against a required scope and a request.  Knows
 * no JSON.  Invariant: only SCOPED_KEY_GRANT_ALLOWS allows, and it takes the
 * scope, every condition and every param.
 */

#include "grant_constrained.h"
#include "pattern.h"
#include "scope.h"

#include <string.h>


/* what is packed behind the struct, in order */
static const unsigned char *
scoped_key_constrained_data(const scoped_key_constrained_t *grant)
{
    return (const unsigned char *) (grant + 1);
}


scoped_key_str_t
scoped_key_constrained_member(const scoped_key_constrained_t *grant)
{
    scoped_key_str_t  member;

    member.len = grant->member;
    member.data = scoped_key_constrained_data(grant);

    return member;
}


const scoped_key_constrained_t *
scoped_key_constrained_next(const scoped_key_constrained_t *grant)
{
    return (const scoped_key_constrained_t *)
               ((const unsigned char *) grant + grant->size);
}


/*
 * Whether some pattern of a packed list matches the value, and no exclusion:
 * these come first.  An exclusion that there are no steps left for excludes.
 */
static bool
scoped_key_value_match(const unsigned char *at, uint16_t n,
    scoped_key_str_t value, size_t *left)
{
    bool              match, excluded;
    scoped_key_str_t  pattern;

    while (n-- != 0) {
        at = scoped_key_unpack_text(at, &pattern);
        excluded = scoped_key_pattern_exclusion_next(&pattern);
        match = scoped_key_pattern_match(pattern, value, left);

        if (*left == 0) {
            return false;
        }

        if (match) {
            return !excluded;
        }
    }

    return false;
}


static scoped_key_grant_e
scoped_key_values_check(const unsigned char *patterns, uint16_t npatterns,
    const scoped_key_str_t *values, size_t n, size_t *left)
{
    size_t  i;

    if (n == 0 && npatterns != 0) {
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }

    for (i = 0; i < n; i++) {
        if (!scoped_key_value_match(patterns, npatterns, values[i], left)) {
            return SCOPED_KEY_GRANT_PARAM_REFUSED;
        }
    }

    return SCOPED_KEY_GRANT_ALLOWS;
}


static scoped_key_grant_e
scoped_key_param_check(scoped_key_str_t name, const unsigned char *patterns,
    uint16_t npatterns, const scoped_key_facts_t *facts, size_t *left)
{
    size_t                   n;
    const scoped_key_str_t  *values;

    if (facts->param == NULL) {
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }

    n = 0;
    values = NULL;

    switch (facts->param(facts->data, name, &values, &n)) {

    case SCOPED_KEY_PARAM_VALUES:
        return scoped_key_values_check(patterns, npatterns, values, n, left);

    case SCOPED_KEY_PARAM_NOTHING:
        return npatterns == 0 ? SCOPED_KEY_GRANT_ALLOWS
                              : SCOPED_KEY_GRANT_PARAM_REFUSED;

    case SCOPED_KEY_PARAM_NEEDS_BODY:
        return SCOPED_KEY_GRANT_NEEDS_BODY;

    case SCOPED_KEY_PARAM_UNREADABLE:
        return SCOPED_KEY_GRANT_BODY_UNREADABLE;

    case SCOPED_KEY_PARAM_TOO_LARGE:
        return SCOPED_KEY_GRANT_BODY_TOO_LARGE;

    case SCOPED_KEY_PARAM_ERROR:
        return SCOPED_KEY_GRANT_UNDECIDED;

    default:
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }
}


/*
 * All must allow.  One that needs the body is set aside: another may refuse
 * without it.
 */
static scoped_key_grant_e
scoped_key_params_check(const unsigned char *at, uint16_t n,
    const scoped_key_facts_t *facts, size_t *left, scoped_key_str_t *param)
{
    uint16_t            npatterns;
    scoped_key_str_t    name, pattern;
    scoped_key_grant_e  result, one;

    result = SCOPED_KEY_GRANT_ALLOWS;

    while (n-- != 0) {
        at = scoped_key_unpack_text(at, &name);
        at = scoped_key_unpack_number(at, &npatterns);

        one = scoped_key_param_check(name, at, npatterns, facts, left);

        if (one == SCOPED_KEY_GRANT_NEEDS_BODY) {
            result = one;

        } else if (one != SCOPED_KEY_GRANT_ALLOWS) {
            *param = name;
            return one;
        }

        while (npatterns-- != 0) {
            at = scoped_key_unpack_text(at, &pattern);
        }
    }

    return result;
}


scoped_key_grant_e
scoped_key_constrained_check(const scoped_key_constrained_t *grant,
    scoped_key_str_t scope, const scoped_key_facts_t *facts, size_t *left,
    scoped_key_str_t *param)
{
    scoped_key_str_t      pattern;
    const unsigned char  *lists;

    pattern.len = grant->scope;
    pattern.data = scoped_key_constrained_data(grant) + grant->member;

    if (!scoped_key_steps_take(left, scope.len)
        || !scoped_key_scope_match(pattern, scope))
    {
        return SCOPED_KEY_GRANT_ELSEWHERE;
    }

    lists = pattern.data + pattern.len;

    if (scoped_key_conditions_check(&grant->conditions, lists, facts, left)
        != SCOPED_KEY_CONDITIONS_HOLD)
    {
        return SCOPED_KEY_GRANT_CONDITION_FAILS;
    }

    return scoped_key_params_check(lists + grant->conditions.lists,
                                   grant->nparams, facts, left, param);
}
