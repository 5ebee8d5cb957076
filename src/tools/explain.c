/*
 * Which grant of a key decides about a request, and why.  The verdict is the
 * core's own, of the text that the key has now.
 */

#include <string.h>

#include "../core/grant.h"
#include "../core/pattern.h"
#include "input.h"
#include "member.h"
#include "output.h"
#include "tool.h"


static input_t   input;
static member_t  member;


/* as the module decides: each question may take as many steps */
static scoped_key_verdict_e
explain_scopes_verdict(const scoped_key_record_t *record,
    const scoped_key_required_t *required, scoped_key_cause_t *cause)
{
    size_t  left = SCOPED_KEY_MATCH_MAX_STEPS;

    return scoped_key_verdict_scopes(record, required, &input.facts, &left,
                                     cause);
}


static bool
explain_failed(const char *why)
{
    output_drop();

    return output_refused(text_static(why), NULL);
}


static void
explain_request(void)
{
    output_open("request", '{');
    output_text("method", input.facts.method);
    output_text("host", input.facts.host);
    output_text("ip", input.address);
    output_number("now", input.facts.now);
    output_close('}');
}


static void
explain_outcome(scoped_key_verdict_e verdict, const scoped_key_cause_t *cause)
{
    output_word("verdict", verdict == SCOPED_KEY_ALLOWED ? "allowed"
                                                         : "refused");
    output_word("reason", scoped_key_reason_name(cause->reason));
    output_text("grant", cause->grant);
}


static void
explain_scopes(const char *name, const scoped_key_clause_t *clause)
{
    size_t  i;

    output_open(name, '[');

    for (i = 0; clause != NULL && i < clause->n; i++) {
        output_text(NULL, clause->scopes[i]);
    }

    output_close(']');
}


/* each clause as if it were the only one */
static void
explain_clauses(const scoped_key_record_t *record)
{
    size_t                 i;
    scoped_key_cause_t     cause;
    scoped_key_verdict_e   verdict;
    scoped_key_required_t  one = { NULL, 1, false };

    output_open("clauses", '[');

    for (i = 0; i < input.required.n; i++) {
        one.clauses = &input.clause[i];
        verdict = explain_scopes_verdict(record, &one, &cause);

        output_open(NULL, '{');
        explain_scopes("required", one.clauses);
        explain_outcome(verdict, &cause);
        output_close('}');
    }

    output_close(']');
}


/* the first required scope that the member is about */
static const scoped_key_str_t *
explain_matched(void)
{
    size_t  i, k;

    for (i = 0; i < input.required.n; i++) {
        for (k = 0; k < input.clause[i].n; k++) {
            if (member_matches(&member, input.scope[i][k])) {
                return &input.scope[i][k];
            }
        }
    }

    return NULL;
}


/* the refusal that beats every grant of the scope; empty: there is none */
static scoped_key_str_t
explain_refusal(const scoped_key_record_t *record, scoped_key_str_t scope)
{
    scoped_key_str_t       none = { 0, NULL };
    scoped_key_cause_t     cause;
    scoped_key_clause_t    clause = { &scope, 1 };
    scoped_key_required_t  required = { &clause, 1, false };

    (void) explain_scopes_verdict(record, &required, &cause);

    return cause.grant.len != 0
           && scoped_key_member_kind(cause.grant) == SCOPED_KEY_MEMBER_REFUSAL
           ? cause.grant : none;
}


static bool
explain_grant(const scoped_key_record_t *record,
    const scoped_key_str_t *matched)
{
    unsigned char        out[SCOPED_KEY_SCOPE_MAX_BYTES];
    scoped_key_str_t     scope;
    scoped_key_reason_e  reason;

    scope = matched != NULL ? *matched : member_sample(&member, out);
    reason = member_check(&member, scope, &input.facts);

    output_flag("holds", reason == SCOPED_KEY_REASON_NONE);
    output_word("reason", scoped_key_reason_name(reason));
    output_text("refused_by", explain_refusal(record, scope));

    return reason != SCOPED_KEY_STORE_UNAVAILABLE;
}


static bool
explain_member(const scoped_key_record_t *record, scoped_key_str_t text)
{
    bool                     done;
    scoped_key_str_t         pattern;
    const scoped_key_str_t  *matched;

    if (!member_read(&member, text, input.facts.now)) {
        return false;
    }

    matched = member.readable ? explain_matched() : NULL;

    if (member.readable && matched == NULL && input.required.n != 0) {
        return true;
    }

    output_open(NULL, '{');
    output_text("member", text);
    output_word("kind", !member.readable ? "unreadable"
                        : member.refusal ? "refusal" : "grant");

    pattern.data = member.pattern;
    pattern.len = member.len;
    output_text("scope", pattern);

    done = !member.readable || member.refusal
           || explain_grant(record, matched);

    output_close('}');

    return done;
}


/* the members that are about what is required, or, if nothing is, all */
static bool
explain_members(const scoped_key_record_t *record)
{
    size_t  i;

    output_open("members", '[');

    for (i = 0; i < input.raw.members.n; i++) {
        if (!explain_member(record, input.raw.members.text[i])) {
            return false;
        }
    }

    output_close(']');

    return true;
}


static bool
explain_record(const scoped_key_record_t *record)
{
    size_t                left;
    scoped_key_cause_t    cause;
    scoped_key_verdict_e  verdict;

    memset(&cause, 0, sizeof(cause));

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    verdict = SCOPED_KEY_REFUSED;
    cause.reason = scoped_key_verdict_key(record, SCOPED_KEY_PROOF_CURRENT,
                                          &input.facts, &left);

    if (cause.reason == SCOPED_KEY_REASON_NONE) {
        verdict = scoped_key_verdict_scopes(record, &input.required,
                                            &input.facts, &left, &cause);
    }

    if (verdict != SCOPED_KEY_ALLOWED && verdict != SCOPED_KEY_REFUSED) {
        return explain_failed("out of memory");
    }

    output_open(NULL, '{');
    output_text("id", scoped_key_record_id(record));
    output_word("mode", scoped_key_record_is_global(record) ? "global"
                                                            : "scoped");
    explain_request();
    explain_outcome(verdict, &cause);
    output_word("detail", scoped_key_reason_detail(cause.reason));
    explain_scopes("missing", cause.missing);
    output_flag("valid_key", input.required.any_key);
    explain_clauses(record);

    if (!explain_members(record)) {
        return explain_failed("out of memory");
    }

    output_close('}');

    return output_end();
}


static bool
explain(value_t asked, int64_t now)
{
    bool                  written;
    const char           *wrong;
    scoped_key_proof_t    proof;
    scoped_key_record_t  *record;

    wrong = input_read(&input, asked, now);
    if (wrong != NULL) {
        return explain_failed(wrong);
    }

    record = scoped_key_record_build(&input.raw.source, now, &proof, NULL,
                                     NULL);
    if (record == NULL) {
        return explain_failed("out of memory");
    }

    written = explain_record(record);
    scoped_key_record_release(record);

    return written;
}


bool
tool_explain(const tool_t *tool, scoped_key_str_t line)
{
    bool                written;
    scoped_key_json_t  *asked;

    asked = value_read(line);
    memset(&input, 0, sizeof(input));

    written = explain(asked, tool->now);

    input_free(&input);

    if (asked != NULL) {
        scoped_key_json_free(asked);
    }

    return written;
}
