/* links: core/verdict core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * A scenario (t/data/verdict/README), a line each.  Whatever it says, a change
 * that takes away must not turn a refusal into an allowance: one more refusal,
 * one more condition on the record or in a grant, one grant less.  The order
 * of members is of no account, and what is fixed depends on no fact.
 */

#include "core/scope.h"
#include "fuzz.h"
#include "scenario_line.h"


#define MAX_TEXT  4096


/* owns the memory of a text that was made up here */
typedef struct {
    unsigned char  bytes[MAX_TEXT];
} made_t;


static scenario_outcome_t
decide(const scenario_t *s)
{
    scenario_t            copy;
    scenario_outcome_t    outcome;
    scoped_key_record_t  *record;

    scenario_copy(&copy, s);
    record = scenario_record(&copy, NULL, NULL);
    must(record != NULL);
    outcome = scenario_decide(&copy, record);

    /* the same again, and only an allowance goes without a reason */
    must(scenario_decide(&copy, record).verdict == outcome.verdict);
    must((outcome.decision.reason == SCOPED_KEY_REASON_NONE)
         == (outcome.verdict == SCOPED_KEY_ALLOWED
             || outcome.verdict == SCOPED_KEY_NEEDS_BODY));
    must(outcome.verdict != SCOPED_KEY_ALLOWED
         || scoped_key_record_is_valid(record));
    must(outcome.verdict == SCOPED_KEY_REFUSED
         || outcome.decision.failed_clause == NULL);

    scoped_key_record_unref(record);

    /* neither lives longer than the record and the copy */
    outcome.decision.grant.data = NULL;
    outcome.decision.failed_clause = NULL;

    return outcome;
}


static bool
allows(const scenario_t *s)
{
    return decide(s).verdict == SCOPED_KEY_ALLOWED;
}


static scoped_key_str_t
made_join(made_t *made, const char *head, scoped_key_str_t tail)
{
    scoped_key_str_t  text;

    must(strlen(head) + tail.len <= MAX_TEXT);
    memcpy(made->bytes, head, strlen(head));

    if (tail.len != 0) {
        memcpy(made->bytes + strlen(head), tail.data, tail.len);
    }

    text.data = made->bytes;
    text.len = strlen(head) + tail.len;

    return text;
}


static void
check_more_refusals(const scenario_t *s, bool allowed)
{
    size_t      i, k;
    made_t      made;
    scenario_t  changed;

    for (i = 0; i < s->required.n; i++) {
        for (k = 0; k < s->clause[i].n; k++) {
            scenario_copy(&changed, s);
            changed.member[changed.nmembers++] =
                made_join(&made, "!", s->scope[i][k]);
            must(allowed || !allows(&changed));
        }
    }

    scenario_copy(&changed, s);
    changed.member[changed.nmembers++] = scenario_text("!broken");
    must(!allows(&changed));
}


/* with everything refused, only empty scopes are accepted, and only globally */
static void
check_all_refused(const scenario_t *s)
{
    size_t      i, k;
    scenario_t  changed;

    scenario_copy(&changed, s);
    changed.member[changed.nmembers++] = scenario_text("!**:*");

    if (s->required.n == 0) {
        return;
    }

    for (i = 0; i < s->required.n; i++) {
        for (k = 0; k < s->clause[i].n; k++) {
            if (s->scope[i][k].len == 0) {
                return;
            }
        }
    }

    must(!allows(&changed));
}


static void
check_more_conditions(const scenario_t *s, bool allowed)
{
    size_t                    i;
    scenario_t                changed;
    static const char *const  fields[][2] = {
        { "hosts", "other.example.org" }, { "hosts", "**" },
        { "ips", "192.0.2.0/24" }, { "ips", "!192.0.2.1" },
        { "methods", "GET" }, { "methods", "PUT" },
        { "not_before", "1001" }, { "expires_at", "1001" },
        { "enabled", "0" }, { "mode", "scoped" }, { "mode", "x" }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        scenario_copy(&changed, s);
        changed.field[2 * changed.nfields] = scenario_text(fields[i][0]);
        changed.field[2 * changed.nfields + 1] = scenario_text(fields[i][1]);
        changed.nfields++;
        must(allowed || !allows(&changed));
    }
}


/* one more condition written into a constrained grant */
static void
check_narrower_grants(const scenario_t *s, bool allowed)
{
    size_t                    i, k;
    made_t                    made;
    scenario_t                changed;
    scoped_key_str_t          rest;
    static const char *const  heads[] = {
        "{\"methods\":[\"PUT\"],", "{\"hosts\":[\"x\"],", "{\"ips\":[\"::\"],",
        "{\"expires_at\":7,", "{\"not_before\":1007,",
        "{\"params\":{\"type\":[]},", "{\"params\":{\"x\":[\"*\"]},",
        "{\"unknown\":1,", "{\"scope\":\"**:*\","
    };

    for (i = 0; i < s->nmembers; i++) {
        if (s->member[i].len == 0 || s->member[i].data[0] != '{') {
            continue;
        }

        rest.data = s->member[i].data + 1;
        rest.len = s->member[i].len - 1;

        for (k = 0; k < sizeof(heads) / sizeof(heads[0]) - 1; k++) {
            scenario_copy(&changed, s);
            changed.member[i] = made_join(&made, heads[k], rest);
            must(allowed || !allows(&changed));
        }
    }
}


static void
check_fewer_grants(const scenario_t *s, bool allowed)
{
    size_t      i;
    scenario_t  changed;

    for (i = 0; i < s->nmembers; i++) {
        if (s->member[i].len != 0 && s->member[i].data[0] == '!') {
            continue;
        }

        scenario_copy(&changed, s);
        changed.member[i] = changed.member[--changed.nmembers];
        must(allowed || !allows(&changed));
    }

    scenario_copy(&changed, s);
    changed.nmembers = 0;

    if (scenario_field(s, "mode") == NULL
        && (s->required.n != 0 || !s->required.any_key))
    {
        must(!allows(&changed));
    }
}


static void
check_order(const scenario_t *s, const scenario_outcome_t *outcome)
{
    size_t              i;
    scenario_t          changed;
    scenario_outcome_t  other;

    scenario_copy(&changed, s);

    for (i = 0; i < s->nmembers; i++) {
        changed.member[i] = s->member[s->nmembers - 1 - i];
    }

    other = decide(&changed);
    must(other.verdict == outcome->verdict);
    must(other.decision.reason == outcome->decision.reason);
    must(other.decision.cacheable == outcome->decision.cacheable);
}


/* the scopes' part of the verdict, with all facts others */
static void
check_fixed(const scenario_t *s, const scenario_outcome_t *outcome)
{
    size_t                 i, left;
    scenario_t             changed;
    scoped_key_decision_t  decision;
    scoped_key_record_t   *record;

    if (outcome->key != SCOPED_KEY_REASON_NONE
        || !outcome->decision.cacheable)
    {
        return;
    }

    left = SCOPED_KEY_MATCH_MAX_STEPS;

    scenario_copy(&changed, s);
    record = scenario_record(&changed, NULL, NULL);
    changed.facts.now = 5;
    changed.facts.method = scenario_text("PATCH");
    changed.facts.host = scenario_text("");
    memset(&changed.facts.address, 0, sizeof(changed.facts.address));

    for (i = 0; i < changed.nparams; i++) {
        changed.param[i].state = SCOPED_KEY_PARAM_ERROR;
    }

    must(scoped_key_verdict_scopes(record, &changed.required, &changed.facts,
                                   &left, &decision)
         == outcome->verdict);
    must(decision.reason == outcome->decision.reason);
    must(decision.cacheable);
    scoped_key_record_unref(record);
}


/* a key that no fact is asked about: with all facts others */
static void
check_settled(const scenario_t *s, const scenario_outcome_t *outcome)
{
    size_t                left;
    scenario_t            changed;
    scoped_key_record_t  *record;

    if (!outcome->settled) {
        return;
    }

    /* and no step either */
    left = 0;

    scenario_copy(&changed, s);
    record = scenario_record(&changed, NULL, NULL);
    memset(&changed.facts, 0, sizeof(changed.facts));

    must(outcome->key == SCOPED_KEY_REASON_NONE);
    must(scoped_key_verdict_key(record, changed.match, &changed.facts, &left)
         == SCOPED_KEY_REASON_NONE);
    scoped_key_record_unref(record);
}


/* a record that asks for no fact but the time: without any other */
static void
check_plain(const scenario_t *s, const scenario_outcome_t *outcome)
{
    scenario_t            changed;
    scenario_outcome_t    other;
    scoped_key_record_t  *record;

    scenario_copy(&changed, s);
    record = scenario_record(&changed, NULL, NULL);

    if (scoped_key_record_is_plain(record)) {
        memset(&changed.facts, 0, sizeof(changed.facts));
        changed.facts.now = s->facts.now;
        other = scenario_decide(&changed, record);

        must(other.key == outcome->key);
        must(other.verdict == outcome->verdict);
        must(other.decision.reason == outcome->decision.reason);
    }

    scoped_key_record_unref(record);
}


static void
check_key_order(const scenario_t *s)
{
    scenario_t  changed;

    scenario_copy(&changed, s);
    changed.match = SCOPED_KEY_SECRET_WRONG;
    must(!allows(&changed));

    scenario_copy(&changed, s);
    changed.error = "damaged";
    must(!allows(&changed));
}


/* required scopes come from templates: they are valid, or empty */
static void
scopes_repair(scenario_t *s)
{
    size_t  i, k;

    for (i = 0; i < s->required.n; i++) {
        for (k = 0; k < s->clause[i].n; k++) {
            if (!scoped_key_scope_valid(s->scope[i][k])) {
                s->scope[i][k].len = 0;
            }
        }
    }
}


static void
check_all(const scenario_t *s)
{
    bool                allowed;
    scenario_outcome_t  outcome;

    outcome = decide(s);
    allowed = outcome.verdict == SCOPED_KEY_ALLOWED;

    check_more_refusals(s, allowed);
    check_all_refused(s);
    check_more_conditions(s, allowed);
    check_narrower_grants(s, allowed);
    check_fewer_grants(s, allowed);
    check_order(s, &outcome);
    check_fixed(s, &outcome);
    check_settled(s, &outcome);
    check_plain(s, &outcome);
    check_key_order(s);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n;
    scenario_t        s;
    scoped_key_str_t  lines[128];

    if (size > MAX_TEXT / 2) {
        return 0;
    }

    scenario_init(&s);

    for (n = 0; n < 128 && size != 0; n++) {
        lines[n] = fuzz_line(&data, &size);

        /* a line that is none has no effect */
        (void) scenario_line(&s, lines[n]);
    }

    scopes_repair(&s);
    check_all(&s);

    while (n != 0) {
        fuzz_free(lines[--n]);
    }

    return 0;
}
