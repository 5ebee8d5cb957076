/*
 * Which grant of a key decides about a request, and why: what input.h reads on
 * standard input, to one JSON object on standard output.  The verdict is the
 * core's own, of the text that the key has now.  scripts/scoped-key runs it.
 * With the argument `ids`, what digests.h says instead.
 * Exit status: 0 allowed, 1 refused, 2 neither, with the reason on standard
 * error.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/grant.h"
#include "../core/pattern.h"
#include "digests.h"
#include "input.h"
#include "member.h"
#include "output.h"


#define EXPLAIN_ALLOWED  0
#define EXPLAIN_REFUSED  1
#define EXPLAIN_FAILED   2


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


static int
explain_failed(const char *why)
{
    fprintf(stderr, "%s\n", why);

    return EXPLAIN_FAILED;
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

    for (i = 0; i < input.source.nmembers; i++) {
        if (!explain_member(record, input.member[i])) {
            return false;
        }
    }

    output_close(']');

    return true;
}


static int
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

    return output_end() ? verdict == SCOPED_KEY_ALLOWED ? EXPLAIN_ALLOWED
                                                        : EXPLAIN_REFUSED
                        : explain_failed("cannot write");
}


static int
explain(unsigned char *text, size_t len)
{
    int                   status;
    const char           *wrong;
    scoped_key_proof_t    proof;
    scoped_key_record_t  *record;

    wrong = input_read(&input, text, len);
    if (wrong != NULL) {
        return explain_failed(wrong);
    }

    record = scoped_key_record_build(&input.source, input.facts.now, &proof,
                                     NULL, NULL);
    if (record == NULL) {
        return explain_failed("out of memory");
    }

    status = explain_record(record);
    scoped_key_record_release(record);

    return status;
}


int
main(int argc, char **argv)
{
    int             status;
    size_t          len;
    unsigned char  *text;

    if (argc > 1) {
        if (argc > 3 || strcmp(argv[1], "ids") != 0) {
            return explain_failed("usage: scoped-key-explain "
                                  "[ids [PEPPER_FILE]]");
        }

        return digests(argv[2]);
    }

    text = malloc(INPUT_MAX_BYTES + 1);
    if (text == NULL) {
        return explain_failed("out of memory");
    }

    len = fread(text, 1, INPUT_MAX_BYTES + 1, stdin);

    status = ferror(stdin) || len > INPUT_MAX_BYTES
             ? explain_failed("the input cannot be read, or is too long")
             : explain(text, len);

    input_free(&input);
    free(text);

    return status;
}
