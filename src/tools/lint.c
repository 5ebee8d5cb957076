/*
 * What is wrong, or pointless, about one record: findings of a kind and a text
 * each.  What the module would not take comes from raw.h; here is added what
 * it takes, and what can hardly have been meant.
 */

#include "../core/record_fields.h"
#include "fields.h"
#include "grant.h"
#include "output.h"
#include "raw.h"
#include "times.h"
#include "tool.h"


/* the readable members of a list */
typedef struct {
    grant_t  *grants;
    size_t    n;
    int64_t   now;
    bool      global;
} lint_members_t;


static void
lint_open(scoped_key_str_t id)
{
    output_open(NULL, '{');
    output_string("id", id);
    output_open("findings", '[');
}


static bool
lint_close(void)
{
    output_close(']');
    output_close('}');

    return output_end();
}


static void
lint_add(const char *kind, scoped_key_str_t text)
{
    output_open(NULL, '{');
    output_word("kind", kind);
    output_string("text", text);
    output_close('}');
}


static bool
lint_one(scoped_key_str_t id, const char *kind, scoped_key_str_t text)
{
    lint_open(id);
    lint_add(kind, text);

    return lint_close();
}


/* a member that cannot be read, as "scopes: …" has it */
static void
lint_unreadable(scoped_key_str_t problem)
{
    size_t  head = sizeof("scopes: ") - 1;

    problem.data += head;
    problem.len -= head;

    lint_add("member", str_format("%s; it grants nothing", problem));
}


static void
lint_pattern(void *data, scoped_key_str_t param, scoped_key_str_t pattern)
{
    const grant_t *grant = data;

    if (pattern.data[0] == '!') {
        lint_add("pattern", str_format("param %s: \"%s\" excludes, in %s",
                                       param, pattern, grant->member));

    } else if (memchr(pattern.data, '\\', pattern.len) != NULL) {
        lint_add("pattern", str_format("param %s: \"%s\" has an escape, in "
                                       "%s", param, pattern, grant->member));
    }
}


/* why a grant allows nothing, now or ever; empty: it allows something */
static scoped_key_str_t
lint_vain(const lint_members_t *members, const grant_t *grant)
{
    size_t            i;
    int64_t           starts, ends;
    const grant_t    *deny;
    scoped_key_str_t  none = { 0, NULL };

    for (i = 0; i < members->n; i++) {
        deny = &members->grants[i];

        if (deny->deny && grant_covers(deny->scope, grant->scope)) {
            return str_format("grants nothing: %s refuses all of it",
                              deny->member);
        }
    }

    if (grant->packed == NULL) {
        return none;
    }

    starts = grant->packed->conditions.not_before;
    ends = grant->packed->conditions.expires_at;

    if (ends != INT64_MAX && starts >= ends) {
        return str_static("grants nothing: it ends before it begins");
    }

    return ends > members->now
           ? none : str_format("grants nothing: it ended at %s",
                               times_rfc3339(times_digits(ends)));
}


/* counts grants, and of them those that grant nothing */
static void
lint_grants(const lint_members_t *members, size_t *all, size_t *vain)
{
    size_t            i;
    grant_t          *grant;
    scoped_key_str_t  reason;

    for (i = 0, *all = 0, *vain = 0; i < members->n; i++) {
        grant = &members->grants[i];

        if (grant->deny) {
            continue;
        }

        (*all)++;
        reason = lint_vain(members, grant);

        if (members->global) {
            lint_add("member", str_format("\"%s\" does nothing: a global key "
                                          "needs no grant", grant->member));

        } else if (reason.len != 0) {
            (*vain)++;
            lint_add("member", str_format("\"%s\" %s", grant->member,
                                          reason));
        }
    }
}


static void
lint_scopes(const lint_members_t *members)
{
    size_t         i, all, vain;
    const grant_t  *grant;

    lint_grants(members, &all, &vain);

    for (i = 0; i < members->n; i++) {
        grant = &members->grants[i];

        if (grant->deny && grant_covers(grant->scope, str_static("**:*"))) {
            lint_add("refusal", str_format("\"%s\" refuses every scope",
                                           grant->member));
        }
    }

    if (members->global) {
        return;
    }

    if (all == 0) {
        lint_add("grants", str_static("no grant: it opens only what asks for "
                                      "valid_key"));

    } else if (vain == all) {
        lint_add("grants", str_static("no grant that grants anything"));
    }
}


static void
lint_times(const tool_t *tool, const raw_t *raw)
{
    int64_t           starts, ends;
    bool              has_start, has_end;
    scoped_key_str_t  expires_at = raw_field(raw, "expires_at");

    has_end = scoped_key_decimal_parse(expires_at, &ends);
    has_start = scoped_key_decimal_parse(raw_field(raw, "not_before"),
                                         &starts);

    if (has_end && ends <= tool->now) {
        lint_add("expired", str_format("expired at %s",
                                       times_rfc3339(expires_at)));
    }

    if (has_end && has_start && starts >= ends) {
        lint_add("expired", str_static("expires before it is valid"));
    }
}


/* names that only look like fields: they bind nobody */
static void
lint_fields(const raw_t *raw)
{
    size_t            i;
    strings_t         names = { NULL, 0, 0 };
    scoped_key_str_t  name;

    for (i = 0; i < raw->fields.n; i += 2) {
        name = raw->fields.text[i];

        if (fields_find(name) == NULL
            && scoped_key_field_find(name) == SCOPED_KEY_FIELD_UNKNOWN)
        {
            strings_add(&names, name);
        }
    }

    strings_sort(&names, false);

    for (i = 0; i < names.n; i++) {
        lint_add("field", str_format("\"%s\" is no field: nothing reads it",
                                     names.text[i]));
    }
}


static void
lint_members(const tool_t *tool, const raw_t *raw)
{
    bool            patterns;
    size_t          i;
    grant_t        *grant;
    lint_members_t  members;

    members.n = 0;
    members.now = tool->now;
    members.global = str_is(raw_field(raw, "mode"), "global");
    members.grants = memory_alloc((raw->members.n + 1) * sizeof(grant_t));
    patterns = value_is_true(value_member(tool->options, "patterns"));

    for (i = 0; i < raw->members.n; i++) {
        grant = &members.grants[members.n];
        grant_read(grant, raw->members.text[i], tool->now);
        members.n += grant->readable;

        if (patterns) {
            grant_patterns(grant, lint_pattern, grant);
        }
    }

    lint_scopes(&members);
}


/* problems: what was wrong before there was a record */
static bool
lint_record(const tool_t *tool, scoped_key_str_t id, const raw_t *raw,
    const strings_t *problems)
{
    size_t        i;
    raw_faults_t  faults = { { NULL, 0, 0 }, { NULL, 0, 0 } };

    raw_judge(raw, tool->now, &faults);
    lint_open(id);

    for (i = 0; i < problems->n; i++) {
        lint_add("invalid", problems->text[i]);
    }

    for (i = 0; i < faults.problems.n; i++) {
        lint_add("invalid", faults.problems.text[i]);
    }

    if (!str_is(raw->error, "record: is no hash")) {

        for (i = 0; i < faults.unreadable.n; i++) {
            lint_unreadable(faults.unreadable.text[i]);
        }

        lint_members(tool, raw);
        lint_times(tool, raw);
        lint_fields(raw);
    }

    return lint_close();
}


/* a record, or {"id":…,"missing":true} */
bool
tool_check(const tool_t *tool, value_t asked)
{
    raw_t      raw;
    strings_t  none = { NULL, 0, 0 };

    if (value_is_true(value_member(asked, "missing"))) {
        return lint_one(value_str(value_member(asked, "id")), "index",
                        str_static("in the index, but without a record"));
    }

    return raw_read(&raw, asked)
           ? lint_record(tool, raw.id, &raw, &none)
           : output_refused(str_static("is no record"), NULL);
}


/* a line of an import: the record that it would make */
bool
tool_check_import(const tool_t *tool, value_t asked)
{
    import_t          import;
    scoped_key_str_t  where;

    (void) asked;

    where = str_format("line %s", times_digits((int64_t) tool->line));

    if (text_is_blank(tool->text)) {
        return true;
    }

    import_read(&import, tool, false);

    if (import.refused.len != 0) {
        return lint_one(where, "invalid", import.refused);
    }

    return lint_record(tool, import.raw.id.len != 0 ? import.raw.id : where,
                       &import.raw, &import.problems);
}
