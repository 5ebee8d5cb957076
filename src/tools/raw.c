/*
 * Records as Redis has them: see raw.h.
 * Invariant: what is wrong with one is what the core reports of it; here are
 * only the words for it.
 */

#include "grant.h"
#include "raw.h"
#include "reason.h"


typedef struct {
    const raw_t   *raw;
    int64_t        now;
    raw_faults_t  *faults;
} raw_judging_t;


bool
raw_read(raw_t *raw, value_t value)
{
    *raw = (raw_t) { .id = value_text(value_member(value, "id")) };

    if (!value_texts(value_member(value, "fields"), &raw->fields)
        || !value_texts(value_member(value, "members"), &raw->members)
        || raw->fields.n % 2 != 0)
    {
        return false;
    }

    raw->damage = value_text(value_member(value, "damage"));
    raw_finish(raw);

    return true;
}


void
raw_finish(raw_t *raw)
{
    texts_sort(&raw->members, false);

    raw->source.id = raw->id;
    raw->source.fields = raw->fields.text;
    raw->source.nfields = raw->fields.n / 2;
    raw->source.members = raw->members.text;
    raw->source.nmembers = raw->members.n;
    raw->source.damage = raw->damage.len != 0 ? "damaged" : NULL;
}


scoped_key_str_t
raw_field(const raw_t *raw, const char *name)
{
    size_t            i;
    scoped_key_str_t  none = { 0, NULL };

    for (i = 0; i < raw->fields.n; i += 2) {
        if (text_is(raw->fields.text[i], name)) {
            return raw->fields.text[i + 1];
        }
    }

    return none;
}


int64_t
raw_time(const raw_t *raw, const char *name)
{
    int64_t  time = 0;

    (void) scoped_key_decimal_parse(raw_field(raw, name), &time);

    return time;
}


static scoped_key_str_t
raw_whole_reason(const raw_judging_t *judging, scoped_key_str_t why)
{
    if (judging->raw->damage.len != 0) {
        return judging->raw->damage;
    }

    if (text_is(why, "too many members")) {
        return text_static("scopes: over 1,024 members");
    }

    if (text_is(why, "too many fields")) {
        return text_static("record: over 1,024 fields");
    }

    return text_static("record: over 64 KiB");
}


/* of a value that the core could not read */
static scoped_key_str_t
raw_field_reason(const raw_judging_t *judging, const char *name,
    scoped_key_str_t value)
{
    scoped_key_str_t  field = text_static(name);

    /* the core does not show digests */

    if (text_is(field, "digest") || text_is(field, "previous_digest")) {
        value = raw_field(judging->raw, name);
    }

    if (value.len == 0) {
        return text_static("is missing");
    }

    if (text_is(field, "digest") || text_is(field, "previous_digest")) {
        return reason_digest(value);
    }

    if (text_is(field, "enabled")) {
        return text_static("is neither 0 nor 1");
    }

    if (text_is(field, "mode")) {
        return text_static("is neither scoped nor global");
    }

    if (text_is(field, "hosts")) {
        return reason_list(value, reason_host);
    }

    if (text_is(field, "ips")) {
        return reason_list(value, reason_block);
    }

    if (text_is(field, "methods")) {
        return reason_list(value, reason_method);
    }

    return reason_time(value, judging->now);
}


static void
raw_member_report(raw_judging_t *judging, scoped_key_str_t member)
{
    grant_t           grant;
    scoped_key_str_t  problem;

    grant_read(&grant, member, judging->now);
    problem = text_format("scopes: \"%s\" %s", member, grant.reason);

    texts_add(grant.deny ? &judging->faults->problems
                         : &judging->faults->unreadable, problem);
}


static void
raw_report(void *data, const char *field, scoped_key_str_t value)
{
    raw_judging_t *judging = data;

    scoped_key_str_t  reason, name = text_static(field);

    if (text_is(name, "scopes")) {
        raw_member_report(judging, value);
        return;
    }

    if (text_is(name, "record")) {
        texts_add(&judging->faults->problems,
                  raw_whole_reason(judging, value));
        return;
    }

    reason = raw_field_reason(judging, field, value);

    if (reason.len == 0) {
        reason = text_static("cannot be read");
    }

    texts_add(&judging->faults->problems,
              text_format("%s: %s", name, reason));
}


void
raw_judge(const raw_t *raw, int64_t now, raw_faults_t *faults)
{
    raw_judging_t         judging = { raw, now, faults };
    scoped_key_proof_t    proof;
    scoped_key_record_t  *record;

    record = scoped_key_record_build(&raw->source, now, &proof, raw_report,
                                     &judging);

    if (record == NULL) {
        memory_failed();
    }

    scoped_key_record_release(record);
    texts_sort(&faults->problems, true);
}
