/*
 * Which grant of a key decides about a request, and why.  The verdict is the
 * core's own, of the text that the key has now; params are gathered as the
 * module does it, by the core's own reading of query strings.
 * Invariant: a name that was never declared is undeclared, not empty.
 */

#include <string.h>

#include "../core/pattern.h"
#include "../core/query.h"
#include "../core/scope.h"
#include "../core/verdict.h"
#include "grant.h"
#include "output.h"
#include "raw.h"
#include "tool.h"


/* one name that the location would declare, with what was found of it */
typedef struct {
    scoped_key_str_t       name;
    scoped_key_param_e     state;
    strings_t              values;
} explain_param_t;

/* what is asked: a record, and a request */
typedef struct {
    raw_t                  raw;
    scoped_key_facts_t     facts;
    scoped_key_str_t       address;      /* as written */
    scoped_key_str_t       query;
    explain_param_t       *params;
    size_t                 nparams;
    scoped_key_required_t  required;
    scoped_key_clause_t   *clauses;      /* of the same */
} explain_t;


static const char *
explain_read_ip(explain_t *explain, scoped_key_str_t text)
{
    scoped_key_block_t  block;

    if (memchr(text.data, '/', text.len) != NULL
        || !scoped_key_block_parse(text, &block) || block.excluded)
    {
        return "the ip is no address";
    }

    explain->address = text;
    explain->facts.address = block.address;

    return NULL;
}


/* the param of the name, a new one if need be; there is room for it */
static explain_param_t *
explain_declare(explain_t *explain, scoped_key_str_t name)
{
    size_t            i;
    explain_param_t  *param;

    for (i = 0; i < explain->nparams; i++) {
        if (scoped_key_str_equal(explain->params[i].name, name)) {
            return &explain->params[i];
        }
    }

    param = &explain->params[explain->nparams++];
    *param = (explain_param_t) { .name = name };

    return param;
}


/* a copy of the value: the walk's scratch memory does not last */
static bool
explain_found(void *data, scoped_key_str_t value)
{
    explain_param_t *param = data;

    strings_add(&param->values, str_format("%s", value));

    return true;
}


/*
 * {"name":…,"value":…}, or {"name":…,"arg":…}: an empty value is none, and an
 * argument is looked for in the query
 */
static const char *
explain_read_param(explain_t *explain, value_t asked)
{
    value_t            arg = value_member(asked, "arg");
    explain_param_t   *param;
    scoped_key_str_t   name, value;

    name = value_str(value_member(asked, "name"));

    if (name.len == 0) {
        return "a param without a name";
    }

    param = explain_declare(explain, name);

    if (arg == NULL) {
        value = value_str(value_member(asked, "value"));

        if (value.len != 0) {
            strings_add(&param->values, value);
        }

        return NULL;
    }

    if (scoped_key_query_walk(explain->query, value_str(arg), false,
                              memory_alloc(explain->query.len + 1),
                              explain_found, param)
        == SCOPED_KEY_QUERY_REFUSED)
    {
        param->state = SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    return NULL;
}


static const char *
explain_read_clause(explain_t *explain, value_t value)
{
    size_t     i;
    strings_t  scopes = { NULL, 0, 0 };

    if (!value_strings(value, &scopes) || scopes.n == 0) {
        return "a requirement without a scope";
    }

    for (i = 0; i < scopes.n; i++) {
        if (!scoped_key_scope_valid(scopes.text[i])) {
            return "a required scope is no scope: resource:action, "
                   "no wildcards";
        }
    }

    explain->clauses[explain->required.n].scopes = scopes.text;
    explain->clauses[explain->required.n++].n = scopes.n;

    return NULL;
}


/* each element of the array, as far as nothing is wrong */
static const char *
explain_read_each(explain_t *explain, value_t array,
    const char *(*read)(explain_t *explain, value_t element))
{
    size_t       i, n;
    const char  *wrong = NULL;

    n = array == NULL ? 0 : scoped_key_json_count(array);

    for (i = 0; wrong == NULL && i < n; i++) {
        wrong = read(explain, scoped_key_json_element(array, i));
    }

    return wrong;
}


static void *
explain_room(value_t array, size_t size)
{
    size_t  n = array == NULL ? 0 : scoped_key_json_count(array);

    return memory_alloc((n + 1) * size);
}


/* facts.h's scoped_key_param_pt; data: what is asked */
static scoped_key_param_e
explain_values(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    size_t            i;
    const explain_t  *explain = data;

    for (i = 0; i < explain->nparams; i++) {
        if (scoped_key_str_equal(explain->params[i].name, name)) {
            *values = explain->params[i].values.text;
            *n = explain->params[i].values.n;

            return explain->params[i].state;
        }
    }

    return SCOPED_KEY_PARAM_UNDECLARED;
}


/* NULL when all was read, else what is wrong; *explain: zeroes */
static const char *
explain_read(explain_t *explain, value_t asked, int64_t now)
{
    value_t      request, ip, params, require;
    const char  *wrong;

    if (!raw_read(&explain->raw, value_member(asked, "record"))) {
        return "there is no record";
    }

    request = value_member(asked, "request");
    ip = value_member(request, "ip");
    params = value_member(request, "params");
    require = value_member(request, "require");

    explain->params = explain_room(params, sizeof(*explain->params));
    explain->clauses = explain_room(require, sizeof(*explain->clauses));
    explain->required.clauses = explain->clauses;
    explain->required.any_key =
        value_is_true(value_member(request, "valid_key"));

    explain->facts.now = now;
    explain->facts.param = explain_values;
    explain->facts.data = explain;
    explain->facts.method = value_str(value_member(request, "method"));
    explain->facts.host = value_str(value_member(request, "host"));
    explain->query = value_str(value_member(request, "query"));

    wrong = ip == NULL ? NULL : explain_read_ip(explain, value_str(ip));

    if (wrong == NULL) {
        wrong = explain_read_each(explain, params, explain_read_param);
    }

    return wrong != NULL ? wrong : explain_read_each(explain, require,
                                                     explain_read_clause);
}


/* as the module decides: each question may take as many steps */
static scoped_key_verdict_e
explain_verdict(const explain_t *explain, const scoped_key_record_t *record,
    const scoped_key_required_t *required, scoped_key_decision_t *decision)
{
    size_t  left = SCOPED_KEY_MATCH_MAX_STEPS;

    return scoped_key_verdict_scopes(record, required, &explain->facts, &left,
                                     decision);
}


static void
explain_request(const explain_t *explain)
{
    output_open("request", '{');
    output_str("method", explain->facts.method);
    output_str("host", explain->facts.host);
    output_str("ip", explain->address);
    output_number("now", explain->facts.now);
    output_close('}');
}


static void
explain_outcome(scoped_key_verdict_e verdict,
    const scoped_key_decision_t *decision)
{
    output_word("verdict", verdict == SCOPED_KEY_ALLOWED ? "allowed"
                                                         : "refused");
    output_word("reason", scoped_key_reason_name(decision->reason));
    output_str("grant", decision->grant);
}


/* as the module says it, and what was found */
static void
explain_param(const explain_t *explain, const scoped_key_decision_t *decision)
{
    size_t                   i, n = 0;
    const char              *cause;
    const scoped_key_str_t  *values = NULL;

    if (decision->reason != SCOPED_KEY_PARAM_REFUSED) {
        return;
    }

    switch (explain_values((void *) explain, decision->param, &values, &n)) {

    case SCOPED_KEY_PARAM_VALUES:
        cause = n == 0 ? "no value" : n == 1 ? "a value" : "several values";
        break;

    case SCOPED_KEY_PARAM_UNDECLARED:
        cause = "no value of it was given";
        break;

    default:
        cause = "can be read in two ways, or is no string, integer or boolean";
        n = 0;
    }

    output_str("param", decision->param);
    output_word("cause", cause);
    output_open("values", '[');

    for (i = 0; i < n; i++) {
        output_str(NULL, values[i]);
    }

    output_close(']');
}


static void
explain_scopes(const char *name, const scoped_key_clause_t *clause)
{
    size_t  i;

    output_open(name, '[');

    for (i = 0; clause != NULL && i < clause->n; i++) {
        output_str(NULL, clause->scopes[i]);
    }

    output_close(']');
}


/* each clause as if it were the only one */
static void
explain_clauses(const explain_t *explain, const scoped_key_record_t *record)
{
    size_t                 i;
    scoped_key_decision_t  decision;
    scoped_key_verdict_e   verdict;
    scoped_key_required_t  one = { NULL, 1, false };

    output_open("clauses", '[');

    for (i = 0; i < explain->required.n; i++) {
        one.clauses = &explain->clauses[i];
        verdict = explain_verdict(explain, record, &one, &decision);

        output_open(NULL, '{');
        explain_scopes("required", one.clauses);
        explain_outcome(verdict, &decision);
        output_close('}');
    }

    output_close(']');
}


/* the first required scope that the member is about */
static const scoped_key_str_t *
explain_matched(const explain_t *explain, const grant_t *grant)
{
    size_t                      i, k;
    const scoped_key_clause_t  *clause;

    for (i = 0; i < explain->required.n; i++) {
        clause = &explain->clauses[i];

        for (k = 0; k < clause->n; k++) {
            if (scoped_key_scope_match(grant->scope, clause->scopes[k])) {
                return &clause->scopes[k];
            }
        }
    }

    return NULL;
}


/* some scope that the pattern is about, in which each wildcard is a segment */
static scoped_key_str_t
explain_sample(scoped_key_str_t pattern)
{
    size_t    i;
    buffer_t  sample = { NULL, 0, 0 };

    for (i = 0; i < pattern.len; i++) {
        if (pattern.data[i] != '*') {
            buffer_bytes(&sample, pattern.data + i, 1);

        } else if (i == 0 || pattern.data[i - 1] != '*') {
            buffer_word(&sample, "x");
        }
    }

    return buffer_done(&sample);
}


/*
 * NONE when the grant allows the scope, else why not; of a condition that does
 * not hold, the reason that a record would have
 */
static scoped_key_reason_e
explain_reason(const explain_t *explain, const grant_t *grant,
    scoped_key_str_t scope)
{
    size_t              left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_grant_e  result;
    scoped_key_str_t    param;

    if (grant->packed == NULL) {
        return SCOPED_KEY_REASON_NONE;
    }

    result = scoped_key_constrained_check(grant->packed, scope,
                                          &explain->facts, &left, &param);

    switch (result) {

    case SCOPED_KEY_GRANT_ALLOWS:
        return SCOPED_KEY_REASON_NONE;

    case SCOPED_KEY_GRANT_CONDITION_FAILS:
        left = SCOPED_KEY_MATCH_MAX_STEPS;

        return scoped_key_constrained_conditions(grant->packed,
                                                 &explain->facts, &left);
    case SCOPED_KEY_GRANT_NO_MATCH:
        return SCOPED_KEY_INSUFFICIENT_SCOPE;

    default:
        return SCOPED_KEY_PARAM_REFUSED;
    }
}


/* the refusal that beats every grant of the scope; empty: there is none */
static scoped_key_str_t
explain_refusal(const explain_t *explain, const scoped_key_record_t *record,
    scoped_key_str_t scope)
{
    scoped_key_str_t       none = { 0, NULL };
    scoped_key_decision_t  decision;
    scoped_key_clause_t    clause = { &scope, 1 };
    scoped_key_required_t  required = { &clause, 1, false };

    (void) explain_verdict(explain, record, &required, &decision);

    return decision.grant.len != 0
           && scoped_key_member_kind(decision.grant)
              == SCOPED_KEY_MEMBER_REFUSAL
           ? decision.grant : none;
}


static void
explain_grant(const explain_t *explain, const scoped_key_record_t *record,
    const grant_t *grant, const scoped_key_str_t *matched)
{
    scoped_key_str_t     scope;
    scoped_key_reason_e  reason;

    scope = matched != NULL ? *matched : explain_sample(grant->scope);
    reason = explain_reason(explain, grant, scope);

    output_flag("holds", reason == SCOPED_KEY_REASON_NONE);
    output_word("reason", scoped_key_reason_name(reason));
    output_str("refused_by", explain_refusal(explain, record, scope));
}


static void
explain_member(const explain_t *explain, const scoped_key_record_t *record,
    scoped_key_str_t text)
{
    grant_t                  grant;
    scoped_key_str_t         none = { 0, NULL };
    const scoped_key_str_t  *matched;

    grant_read(&grant, text, explain->facts.now);
    matched = grant.readable ? explain_matched(explain, &grant) : NULL;

    if (grant.readable && matched == NULL && explain->required.n != 0) {
        return;
    }

    output_open(NULL, '{');
    output_str("member", text);
    output_word("kind", !grant.readable ? "unreadable"
                        : grant.deny ? "refusal" : "grant");
    output_str("scope", grant.readable ? grant.scope : none);

    if (grant.readable && !grant.deny) {
        explain_grant(explain, record, &grant, matched);
    }

    output_close('}');
}


/* the members that are about what is required, or, if nothing is, all */
static void
explain_members(const explain_t *explain, const scoped_key_record_t *record)
{
    size_t  i;

    output_open("members", '[');

    for (i = 0; i < explain->raw.members.n; i++) {
        explain_member(explain, record, explain->raw.members.text[i]);
    }

    output_close(']');
}


static void
explain_record(const explain_t *explain, const scoped_key_record_t *record)
{
    size_t                 left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_decision_t  decision;
    scoped_key_verdict_e   verdict = SCOPED_KEY_REFUSED;

    memset(&decision, 0, sizeof(decision));

    decision.reason = scoped_key_verdict_key(record, SCOPED_KEY_SECRET_CURRENT,
                                             &explain->facts, &left);

    if (decision.reason == SCOPED_KEY_REASON_NONE) {
        verdict = scoped_key_verdict_scopes(record, &explain->required,
                                            &explain->facts, &left, &decision);
    }

    if (verdict == SCOPED_KEY_UNDECIDED) {
        memory_failed();
    }

    output_open(NULL, '{');
    output_str("id", scoped_key_record_id(record));
    output_word("mode", scoped_key_record_is_global(record) ? "global"
                                                            : "scoped");
    explain_request(explain);
    explain_outcome(verdict, &decision);
    output_word("detail", scoped_key_reason_detail(decision.reason));
    explain_param(explain, &decision);
    explain_scopes("missing", decision.failed_clause);
    output_flag("valid_key", explain->required.any_key);
    explain_clauses(explain, record);
    explain_members(explain, record);
    output_close('}');
}


/*
 * {"record":{…},"request":{"method":…,"host":…,"ip":…,"query":…,
 *  "params":[{"name":…,"value":…},{"name":…,"arg":…}],
 *  "require":[["a:b","c:d"],…],"valid_key":true}} -> the verdict, and why.
 * Each of `require` is a clause, of alternatives.
 */
bool
tool_explain(const tool_t *tool, value_t asked)
{
    explain_t             explain;
    const char           *wrong;
    scoped_key_digests_t  digests;
    scoped_key_record_t  *record;

    memset(&explain, 0, sizeof(explain));

    wrong = explain_read(&explain, asked, tool->now);

    if (wrong != NULL) {
        return output_refused(str_static(wrong), NULL);
    }

    record = scoped_key_record_build(&explain.raw.record, tool->now, &digests,
                                     NULL, NULL);
    if (record == NULL) {
        memory_failed();
    }

    explain_record(&explain, record);
    scoped_key_record_unref(record);

    return output_end();
}
