/*
 * What a change makes of a record: which fields and members are written, and
 * what must be as it was seen for that.  Values are read as those of an import;
 * whether the record that comes of it can be read is the core's word.
 * Invariant: a change that is refused writes nothing.
 */

#include "fields.h"
#include "grant.h"
#include "output.h"
#include "raw.h"
#include "reason.h"
#include "times.h"
#include "tool.h"


typedef struct {
    const tool_t     *tool;
    const raw_t      *raw;

    strings_t         set;               /* name, value, … */
    strings_t         unset;
    strings_t         expect;            /* name, value or nothing, … */
    strings_t         add;
    strings_t         remove;

    strings_t         given;             /* members, as they were written */
    strings_t         already;           /* members that were to be added */
    strings_t         near;              /* that one may have meant */
    strings_t         words;             /* for people, of each field */
    bool              differs;           /* a field, from what it was */
    scoped_key_str_t  refused;
} change_t;


static value_t
change_option(const change_t *change, const char *name)
{
    return value_member(value_member(change->tool->options, "change"), name);
}


static bool
change_is(const change_t *change, const char *command)
{
    return str_is(value_str(change_option(change, "command")), command);
}


static scoped_key_str_t
change_quoted(scoped_key_str_t text)
{
    buffer_t  buffer = { NULL, 0, 0 };

    buffer_quote(&buffer, text);

    return buffer_done(&buffer);
}


/* also by a shorter name: host, expires; NULL: it cannot be set */
static const char *
change_field_name(scoped_key_str_t name)
{
    size_t           i;
    const fields_t  *field = NULL;

    static const char *const  forms[] = { "%s", "%ss", "%s_at" };

    if (fields_is_meta(name)) {
        return text_terminated(name);
    }

    for (i = 0; field == NULL && i < 3; i++) {
        field = fields_find(str_format(forms[i], name));
    }

    return field != NULL ? field->name : NULL;
}


/* the fields that `set` knows */
static scoped_key_str_t
change_editable(void)
{
    buffer_t         names = { NULL, 0, 0 };
    const fields_t  *field;

    for (field = fields_table; field->name != NULL; field++) {
        if (field->editable) {
            buffer_word(&names, field->name);
            buffer_word(&names, ", ");
        }
    }

    buffer_word(&names, "meta.NAME");

    return buffer_done(&names);
}


/* what its value was seen to be stays so until the change is made */
static void
change_expect(change_t *change, const char *name)
{
    strings_add(&change->expect, str_static(name));
    strings_add(&change->expect, raw_field(change->raw, name));
}


/* an empty value: none */
static void
change_put(change_t *change, const char *name, scoped_key_str_t value)
{
    bool              same;
    scoped_key_str_t  before = raw_field(change->raw, name);

    same = scoped_key_str_equal(before, value);

    if (same && change_is(change, "set")) {
        return;
    }

    change->differs = change->differs || !same;

    if (value.len == 0) {
        strings_add(&change->unset, str_static(name));
        strings_add(&change->words, str_format("%s %s removed",
                                               str_static(name),
                                               change_quoted(before)));
        return;
    }

    strings_add(&change->set, str_static(name));
    strings_add(&change->set, value);
    strings_add(&change->words, before.len != 0
                ? str_format("%s %s -> %s", str_static(name),
                             change_quoted(before), change_quoted(value))
                : str_format("%s %s", str_static(name), change_quoted(value)));
}


/* whether `set` may; enable and expire name their field themselves */
static const char *
change_name(change_t *change, scoped_key_str_t given)
{
    const char      *name = change_field_name(given);
    const fields_t  *field;

    field = name != NULL ? fields_find(str_static(name)) : NULL;

    if (name == NULL
        || (change_is(change, "set") && field != NULL && !field->editable))
    {
        change->refused = str_format("\"%s\" cannot be set: give %s", given,
                                     change_editable());
        return NULL;
    }

    return name;
}


static bool
change_set(void *data, scoped_key_str_t given, value_t value)
{
    change_t *change = data;

    const char        *name = change_name(change, given);
    const fields_t    *field;
    scoped_key_str_t   text = { 0, NULL }, reason = { 0, NULL };

    if (name == NULL) {
        return false;
    }

    field = fields_find(str_static(name));

    if (value_is_given(value)) {
        reason = (field != NULL ? field->read : fields_text)
                     (change->tool->now, value, &text);
    }

    if (reason.len == 0 && str_is(str_static(name), "ips")) {
        reason = reason_list(text, reason_block);
    }

    if (reason.len != 0) {
        change->refused = str_format("%s: %s", str_static(name), reason);
        return false;
    }

    change_put(change, name, text);

    return true;
}


/* of the fields as they will be */
static scoped_key_str_t
change_after(const change_t *change, const char *name)
{
    size_t            i;
    scoped_key_str_t  none = { 0, NULL };

    for (i = 0; i < change->set.n; i += 2) {
        if (str_is(change->set.text[i], name)) {
            return change->set.text[i + 1];
        }
    }

    for (i = 0; i < change->unset.n; i++) {
        if (str_is(change->unset.text[i], name)) {
            return none;
        }
    }

    return raw_field(change->raw, name);
}


/* a key ends after it begins, and an old text never after its key */
static void
change_times(change_t *change)
{
    int64_t           starts, ends, until;
    scoped_key_str_t  end = change_after(change, "expires_at");

    change_expect(change, "not_before");
    change_expect(change, "expires_at");
    change_expect(change, "previous_until");

    if (!scoped_key_decimal_parse(end, &ends)) {
        return;
    }

    if (scoped_key_decimal_parse(change_after(change, "not_before"), &starts)
        && starts >= ends && ends > change->tool->now)
    {
        change->refused = str_format("key %s would expire before it is valid",
                                     change->raw->id);
    }

    if (scoped_key_decimal_parse(raw_field(change->raw, "previous_until"),
                                 &until)
        && until > ends)
    {
        change_put(change, "previous_until", end);
    }
}


static bool
change_has_problem(const raw_faults_t *faults, scoped_key_str_t problem)
{
    size_t  i;

    for (i = 0; i < faults->problems.n; i++) {
        if (scoped_key_str_equal(faults->problems.text[i], problem)) {
            return true;
        }
    }

    return false;
}


/* what the module could read before, it reads afterwards */
static void
change_judge(change_t *change)
{
    raw_t         after = *change->raw;
    size_t        i;
    raw_faults_t  faults = { { NULL, 0, 0 }, { NULL, 0, 0 } };
    raw_faults_t  known = { { NULL, 0, 0 }, { NULL, 0, 0 } };

    after.fields = (strings_t) { NULL, 0, 0 };

    for (i = 0; i < change->raw->fields.n; i += 2) {
        strings_add(&after.fields, change->raw->fields.text[i]);
        strings_add(&after.fields,
                    change_after(change, text_terminated(
                                           change->raw->fields.text[i])));
    }

    for (i = 0; i < change->set.n; i += 2) {
        if (!raw_has_field(change->raw, change->set.text[i])) {
            strings_add(&after.fields, change->set.text[i]);
            strings_add(&after.fields, change->set.text[i + 1]);
        }
    }

    raw_finish(&after);
    raw_judge(change->raw, change->tool->now, &known);
    raw_judge(&after, change->tool->now, &faults);

    for (i = 0; i < faults.problems.n; i++) {
        if (!change_has_problem(&known, faults.problems.text[i])) {
            change->refused = faults.problems.text[i];
            return;
        }
    }
}


static void
change_fields(change_t *change)
{
    value_t  set = change_option(change, "set");

    if (set == NULL || !scoped_key_json_each(set, change_set, change)) {
        return;
    }

    if (change->set.n + change->unset.n == 0) {
        return;
    }

    if (value_member(set, "enabled") == NULL) {
        change_times(change);
    }

    if (change->refused.len == 0) {
        change_judge(change);
    }
}


static bool
change_is_among(const strings_t *texts, scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < texts->n; i++) {
        if (scoped_key_str_equal(texts->text[i], text)) {
            return true;
        }
    }

    return false;
}


static void
change_grant(change_t *change, const strings_t *members)
{
    size_t   i;
    grant_t  grant;

    for (i = 0; i < members->n; i++) {
        grant_read(&grant, members->text[i], change->tool->now);

        if (grant.meaning.len == 0) {
            change->refused = str_format("\"%s\" %s", grant.member,
                                         grant.reason);
            return;
        }

        strings_add(&change->given, grant.member);
        members->text[i] = grant.meaning;

        if (change_is_among(&change->raw->members, grant.meaning)) {
            strings_add(&change->already, grant.meaning);

        } else if (!change_is_among(&change->add, grant.meaning)) {
            strings_add(&change->add, grant.meaning);
        }
    }
}


/*
 * Those of the record that are the wanted one, or mean the same, are removed;
 * the constrained grants of its scope, of which one may have been meant, are
 * near.
 */
static void
change_find(change_t *change, const grant_t *wanted)
{
    size_t   i;
    grant_t  grant;

    change->near.n = 0;

    for (i = 0; i < change->raw->members.n; i++) {
        grant_read(&grant, change->raw->members.text[i], change->tool->now);

        if (scoped_key_str_equal(grant.member, wanted->member)
            || (wanted->meaning.len != 0
                && scoped_key_str_equal(grant.meaning, wanted->meaning)))
        {
            strings_add(&change->remove, grant.member);
        }

        if (wanted->meaning.len != 0 && grant.packed != NULL
            && scoped_key_str_equal(grant.scope, wanted->scope))
        {
            strings_add(&change->near, grant.member);
        }
    }
}


static void
change_ungrant(change_t *change, const strings_t *members)
{
    size_t   i, before;
    grant_t  wanted;

    for (i = 0; i < members->n; i++) {
        before = change->remove.n;

        grant_read(&wanted, members->text[i], change->tool->now);
        change_find(change, &wanted);

        if (change->remove.n == before) {
            change->refused = str_format("key %s has no grant \"%s\"",
                                         change->raw->id, wanted.member);
            return;
        }
    }

    change->near.n = 0;
    strings_sort(&change->remove, true);
}


static scoped_key_str_t
change_joined(const strings_t *texts, const char *between)
{
    size_t    i;
    buffer_t  buffer = { NULL, 0, 0 };

    for (i = 0; i < texts->n; i++) {
        buffer_word(&buffer, i == 0 ? "" : between);
        buffer_str(&buffer, texts->text[i]);
    }

    return buffer_done(&buffer);
}


static scoped_key_str_t
change_end_text(const change_t *change)
{
    int64_t           ends;
    scoped_key_str_t  end = change_after(change, "expires_at");

    if (!scoped_key_decimal_parse(end, &ends)) {
        return str_format("%s never expires", change->raw->id);
    }

    return ends <= change->tool->now
           ? str_format("%s has expired: it is refused from now on",
                        change->raw->id)
           : str_format("%s expires %s", change->raw->id, times_rfc3339(end));
}


/* what is said of it, once it is done */
static scoped_key_str_t
change_text(const change_t *change, const strings_t *members)
{
    scoped_key_str_t  id = change->raw->id;

    if (change_is(change, "enable")) {
        return str_format("enabled %s", id);
    }

    if (change_is(change, "disable")) {
        return str_format("disabled %s", id);
    }

    if (change_is(change, "delete")) {
        return str_format("deleted %s", id);
    }

    if (change_is(change, "expire")) {
        return change_end_text(change);
    }

    if (change_is(change, "grant")) {
        return str_format(change->add.n != 0 ? "granted to %s: %s"
                                              : "%s has it already: %s",
                          id, change_joined(&change->given, " "));
    }

    if (change_is(change, "ungrant")) {
        return str_format("taken from %s: %s", id,
                          change_joined(members, " "));
    }

    return str_format(change->words.n != 0 ? "%s: %s" : "%s has it already",
                      id, change_joined(&change->words, ", "));
}


static void
change_write_fields(const change_t *change)
{
    size_t  i;

    output_open("set", '{');

    for (i = 0; i < change->set.n; i += 2) {
        output_string(text_terminated(change->set.text[i]),
                      change->set.text[i + 1]);
    }

    output_close('}');
    output_strings("unset", &change->unset);
}


/* what programs are told, once it is done */
static void
change_write_told(const change_t *change, const strings_t *members)
{
    output_string("id", change->raw->id);

    if (change_is(change, "enable") || change_is(change, "disable")) {
        output_flag("enabled", change_is(change, "enable"));

    } else if (change_is(change, "delete")) {
        output_flag("deleted", true);

    } else if (change_is(change, "expire")) {
        output_str("expires_at",
                   times_rfc3339(change_after(change, "expires_at")));

    } else if (change_is(change, "grant")) {
        output_strings("granted", members);
        output_number("added", (int64_t) change->add.n);
        output_strings("already", &change->already);
        output_string("mode", raw_field(change->raw, "mode"));

    } else if (change_is(change, "ungrant")) {
        output_strings("ungranted", &change->remove);

    } else {
        change_write_fields(change);
    }
}


static bool
change_write(const change_t *change, const strings_t *members)
{
    bool         same;
    const char  *state;

    same = !change->differs && change->add.n + change->remove.n == 0
           && !change_is(change, "delete");

    /* who disables a key again wants all to hear of it again */

    state = !same ? "change"
            : change->set.n + change->unset.n != 0 ? "again" : "same";

    output_json(NULL, str_format("%s %s\n%s\n", str_static(state),
                                 change->raw->id,
                                 text_line(change_text(change, members))));
    output_join();
    output_open(NULL, '{');
    output_strings("set", &change->set);
    output_strings("unset", &change->unset);
    output_strings("expect", &change->expect);
    output_strings("add", &change->add);
    output_strings("remove", &change->remove);
    output_close('}');
    output_join();
    output_json(NULL, str_static("\n"));
    output_join();
    output_open(NULL, '{');
    change_write_told(change, members);
    output_close('}');

    return output_end();
}


static bool
change_refused(scoped_key_str_t id, scoped_key_str_t reason,
    const strings_t *near)
{
    output_json(NULL, str_format("refused %s\n%s\n\n", text_line(id),
                                 text_line(reason)));
    output_join();

    return output_refused(reason, near);
}


static void
change_members(change_t *change, const char *name,
    void (*make)(change_t *change, const strings_t *members),
    strings_t *members)
{
    value_t  list = change_option(change, name);

    if (list == NULL || change->refused.len != 0) {
        return;
    }

    if (!value_strings(list, members)) {
        change->refused = str_static("is no list of members");
        return;
    }

    make(change, members);
}


/*
 * A record, or {"id":…,"missing":true} -> four lines: "change", "again" (it is
 * so, and is written again), "same" or "refused", and the id; what is said of
 * it; what the script in Redis writes; what programs are told, or
 * {"refused","members"}.
 *
 * options: "change": {"command":…,"set":{…},"grant":[…],"ungrant":[…]}; null in
 * `set` removes the field.
 */
bool
tool_change(const tool_t *tool, value_t asked)
{
    raw_t             raw;
    strings_t         members = { NULL, 0, 0 };
    change_t          change = { .tool = tool, .raw = &raw };
    scoped_key_str_t  id = value_str(value_member(asked, "id"));

    if (value_is_true(value_member(asked, "missing"))) {
        return change_refused(id, str_format("there is no key %s", id), NULL);
    }

    if (!raw_read(&raw, asked)) {
        return change_refused(id, str_static("is no record"), NULL);
    }

    if (raw.error.len != 0 && !change_is(&change, "delete")) {
        return change_refused(id, str_format("key %s has data of a wrong "
                                             "type in Redis", id), NULL);
    }

    change_fields(&change);
    change_members(&change, "grant", change_grant, &members);
    change_members(&change, "ungrant", change_ungrant, &members);

    return change.refused.len != 0
           ? change_refused(id, change.refused, &change.near)
           : change_write(&change, &members);
}
