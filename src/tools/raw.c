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
    *raw = (raw_t) { .id = value_str(value_member(value, "id")) };

    if (!value_strings(value_member(value, "fields"), &raw->fields)
        || !value_strings(value_member(value, "members"), &raw->members)
        || raw->fields.n % 2 != 0)
    {
        return false;
    }

    raw->error = value_str(value_member(value, "error"));
    raw_finish(raw);

    return true;
}


void
raw_finish(raw_t *raw)
{
    strings_sort(&raw->members, false);

    raw->record.id = raw->id;
    raw->record.fields = raw->fields.text;
    raw->record.nfields = raw->fields.n / 2;
    raw->record.members = raw->members.text;
    raw->record.nmembers = raw->members.n;
    raw->record.error = raw->error.len != 0 ? "damaged" : NULL;
}


scoped_key_str_t
raw_field(const raw_t *raw, const char *name)
{
    size_t            i;
    scoped_key_str_t  none = { 0, NULL };

    for (i = 0; i < raw->fields.n; i += 2) {
        if (str_is(raw->fields.text[i], name)) {
            return raw->fields.text[i + 1];
        }
    }

    return none;
}


bool
raw_has_field(const raw_t *raw, scoped_key_str_t name)
{
    size_t  i;

    for (i = 0; i < raw->fields.n; i += 2) {
        if (scoped_key_str_equal(raw->fields.text[i], name)) {
            return true;
        }
    }

    return false;
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
    if (judging->raw->error.len != 0) {
        return judging->raw->error;
    }

    if (str_is(why, "too many members")) {
        return str_static("scopes: over 1,024 members");
    }

    if (str_is(why, "too many fields")) {
        return str_static("record: over 1,024 fields");
    }

    return str_static("record: over 64 KiB");
}


/* of a value that the core could not read */
static scoped_key_str_t
raw_field_reason(const raw_judging_t *judging, const char *name,
    scoped_key_str_t value)
{
    scoped_key_str_t  field = str_static(name);

    /* the core does not show digests */

    if (str_is(field, "digest") || str_is(field, "previous_digest")) {
        value = raw_field(judging->raw, name);
    }

    if (value.len == 0) {
        return str_static("is missing");
    }

    if (str_is(field, "digest") || str_is(field, "previous_digest")) {
        return reason_digest(value);
    }

    if (str_is(field, "enabled")) {
        return str_static("is neither 0 nor 1");
    }

    if (str_is(field, "mode")) {
        return str_static("is neither scoped nor global");
    }

    if (str_is(field, "hosts")) {
        return reason_list(value, reason_host);
    }

    if (str_is(field, "ips")) {
        return reason_list(value, reason_block);
    }

    if (str_is(field, "methods")) {
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
    problem = str_format("scopes: \"%s\" %s", member, grant.reason);

    strings_add(grant.deny ? &judging->faults->problems
                         : &judging->faults->unreadable, problem);
}


static void
raw_report(void *data, const char *field, scoped_key_str_t value)
{
    raw_judging_t *judging = data;

    scoped_key_str_t  reason, name = str_static(field);

    if (str_is(name, "scopes")) {
        raw_member_report(judging, value);
        return;
    }

    if (str_is(name, "record")) {
        strings_add(&judging->faults->problems,
                    raw_whole_reason(judging, value));
        return;
    }

    reason = raw_field_reason(judging, field, value);

    if (reason.len == 0) {
        reason = str_static("cannot be read");
    }

    strings_add(&judging->faults->problems,
                str_format("%s: %s", name, reason));
}


void
raw_judge(const raw_t *raw, int64_t now, raw_faults_t *faults)
{
    raw_judging_t         judging = { raw, now, faults };
    scoped_key_digests_t  digests;
    scoped_key_record_t  *record;

    record = scoped_key_record_build(&raw->record, now, &digests, raw_report,
                                     &judging);

    if (record == NULL) {
        memory_failed();
    }

    scoped_key_record_unref(record);
    strings_sort(&faults->problems, true);
}
