/*
 * Records for `show`, `list` and `export`: a record as raw.h has it to the
 * object that people's and programs' output is made of, if it is asked for.
 */

#include "fields.h"
#include "grant.h"
#include "output.h"
#include "raw.h"
#include "times.h"
#include "tool.h"


static const char *
view_state(const raw_t *raw, const raw_faults_t *faults, int64_t now)
{
    int64_t  expires_at;

    if (faults->problems.n != 0) {
        return "invalid";
    }

    if (str_is(raw_field(raw, "enabled"), "0")) {
        return "disabled";
    }

    if (raw_time(raw, "not_before") > now) {
        return "not_yet_valid";
    }

    expires_at = raw_time(raw, "expires_at");

    return raw_field(raw, "expires_at").len != 0 && expires_at <= now
           ? "expired" : "enabled";
}


/* whether the option is missing, or the text is what it says */
static bool
view_is_asked(const tool_t *tool, const char *name, scoped_key_str_t text)
{
    value_t  wanted = value_member(tool->options, name);

    return wanted == NULL || scoped_key_str_equal(value_str(wanted), text);
}


/* whether the string from before a rotation is still accepted */
static bool
view_has_previous(const raw_t *raw, int64_t now)
{
    return raw_field(raw, "previous_digest").len != 0
           && raw_time(raw, "previous_until") > now;
}


static bool
view_passes(const tool_t *tool, const raw_t *raw, const raw_faults_t *faults)
{
    value_t  scope, expiring, before;
    int64_t  expires_at = raw_time(raw, "expires_at");

    scope = value_member(tool->options, "scope");
    expiring = value_member(tool->options, "expiring");
    before = value_member(tool->options, "created_before");

    return view_is_asked(tool, "owner", raw_field(raw, "owner"))
           && view_is_asked(tool, "name", raw_field(raw, "name"))
           && view_is_asked(tool, "state",
                            str_static(view_state(raw, faults, tool->now)))
           && (expiring == NULL
               || (expires_at > tool->now
                   && expires_at <= scoped_key_json_integer(expiring)))
           && (before == NULL || raw_time(raw, "created_at")
                                 < scoped_key_json_integer(before))
           && (!value_is_true(value_member(tool->options, "rotating"))
               || view_has_previous(raw, tool->now))
           && (scope == NULL || grant_any_covers(&raw->members,
                                                 value_str(scope),
                                                 tool->now));
}


static void
view_strings(const raw_t *raw, const char *const *names)
{
    scoped_key_str_t  value;

    for ( /* void */ ; *names != NULL; names++) {
        value = raw_field(raw, *names);

        if (value.len != 0) {
            output_string(*names, value);
        }
    }
}


/* what people write about a key, in the order of the table */
static void
view_free_texts(const raw_t *raw)
{
    const fields_t  *field;
    const char      *name[] = { NULL, NULL };

    for (field = fields_table; field->name != NULL; field++) {
        if (str_is(str_static(field->type), "text")) {
            name[0] = field->name;
            view_strings(raw, name);
        }
    }
}


static void
view_times(const raw_t *raw)
{
    scoped_key_str_t          value;
    const char *const        *name;
    static const char *const  names[] = {
        "created_at", "not_before", "expires_at", "rotated_at",
        "previous_until", NULL
    };

    for (name = names; *name != NULL; name++) {
        value = raw_field(raw, *name);

        if (value.len != 0) {
            output_string(*name, times_rfc3339(value));
        }
    }
}


static void
view_number(const raw_t *raw, const char *name)
{
    int64_t  number;

    if (scoped_key_decimal_parse(raw_field(raw, name), &number)) {
        output_number(name, number);
    }
}


static void
view_lists(const raw_t *raw)
{
    scoped_key_str_t          value, item;
    const char *const        *name;
    static const char *const  names[] = { "hosts", "ips", "methods", NULL };

    for (name = names; *name != NULL; name++) {
        value = raw_field(raw, *name);

        if (value.len == 0) {
            continue;
        }

        output_open(*name, '[');

        while (scoped_key_list_next(&value, &item)) {
            output_string(NULL, item);
        }

        output_close(']');
    }
}


static void
view_meta(const raw_t *raw)
{
    size_t            i;
    strings_t         parts = { NULL, 0, 0 };
    buffer_t          part;
    scoped_key_str_t  name;

    for (i = 0; i < raw->fields.n; i += 2) {
        name = raw->fields.text[i];

        if (name.len < 5 || memcmp(name.data, "meta.", 5) != 0) {
            continue;
        }

        name.data += 5;
        name.len -= 5;

        part = (buffer_t) { NULL, 0, 0 };
        buffer_quote(&part, name);
        buffer_word(&part, ":");
        buffer_quote(&part, raw->fields.text[i + 1]);
        strings_add(&parts, buffer_done(&part));
    }

    strings_sort(&parts, false);
    output_json("meta", strings_join(&parts, "{", "}"));
}


/* for an export only what is known */
static void
view_use(const tool_t *tool, const char *name, scoped_key_str_t used)
{
    if (used.len != 0
        || !value_is_true(value_member(tool->options, "digests")))
    {
        output_str(name, times_rfc3339(used));
    }
}


/*
 * Last uses, where they were asked for.  What the previous secret was used for
 * before the rotation is no matter: it was the present secret then.
 */
static void
view_uses(const tool_t *tool, const raw_t *raw, value_t record)
{
    value_t           last, previous;
    int64_t           time;
    scoped_key_str_t  used;

    last = value_member(record, "last_used");
    previous = value_member(record, "previous_last_used");

    if (last != NULL) {
        view_use(tool, "last_used", value_str(last));
    }

    if (last == NULL || previous == NULL) {
        return;
    }

    used = value_str(previous);

    if (raw_field(raw, "previous_digest").len == 0
        || (scoped_key_decimal_parse(used, &time)
            && time < raw_time(raw, "rotated_at")))
    {
        used.len = 0;
    }

    view_use(tool, "previous_last_used", used);
}


/* in words of its own, for people and programs; not of an export */
static void
view_words(const tool_t *tool, const raw_t *raw, const raw_faults_t *faults)
{
    scoped_key_str_t  mode = raw_field(raw, "mode");

    output_string("mode", mode.len != 0 ? mode : str_static("scoped"));
    output_word("state", view_state(raw, faults, tool->now));

    if (raw_field(raw, "previous_digest").len != 0) {
        output_flag("previous", view_has_previous(raw, tool->now));
    }
}


static void
view_problems(raw_faults_t *faults)
{
    size_t  i;

    for (i = 0; i < faults->unreadable.n; i++) {
        strings_add(&faults->problems, faults->unreadable.text[i]);
    }

    output_strings("problems", &faults->problems);
}


static void
view_record(const tool_t *tool, const raw_t *raw, value_t record,
    raw_faults_t *faults)
{
    bool                      digests;
    scoped_key_str_t          enabled = raw_field(raw, "enabled");
    static const char *const  mode[] = { "mode", NULL };
    static const char *const  prefix[] = { "prefix", NULL };
    static const char *const  digest[] = {
        "digest", "previous_digest", NULL
    };

    digests = value_is_true(value_member(tool->options, "digests"));

    view_free_texts(raw);

    if (digests) {
        view_strings(raw, mode);

    } else {
        view_words(tool, raw, faults);
    }

    if (str_is(enabled, "0") || str_is(enabled, "1")) {
        output_flag("enabled", str_is(enabled, "1"));
    }

    view_times(raw);
    view_number(raw, "revision");
    view_uses(tool, raw, record);
    view_lists(raw);
    view_meta(raw);
    view_strings(raw, prefix);

    if (digests) {
        view_strings(raw, digest);
    }

    output_strings("scopes", &raw->members);

    if (!digests) {
        view_problems(faults);
    }
}


static bool
view_write(const tool_t *tool, const raw_t *raw, value_t record)
{
    raw_faults_t  faults = { { NULL, 0, 0 }, { NULL, 0, 0 } };

    raw_judge(raw, tool->now, &faults);

    if (!view_passes(tool, raw, &faults)) {
        return true;
    }

    output_open(NULL, '{');
    output_string("id", raw->id);

    if (!value_is_true(value_member(tool->options, "ids"))) {
        view_record(tool, raw, record, &faults);
    }

    output_close('}');

    return output_end();
}


bool
tool_view(const tool_t *tool, value_t asked)
{
    raw_t  raw;

    return raw_read(&raw, asked)
           ? view_write(tool, &raw, asked)
           : output_refused(str_static("is no record"), NULL);
}


/* {"scope":…,"members":[…]} -> {"matches":true}; members may be missing */
bool
tool_match(const tool_t *tool, value_t asked)
{
    grant_t           grant;
    strings_t         members = { NULL, 0, 0 };
    scoped_key_str_t  scope = value_str(value_member(asked, "scope"));

    (void) value_strings(value_member(asked, "members"), &members);
    grant_read(&grant, scope, tool->now);

    if (grant.constrained || grant.meaning.len == 0) {
        return output_refused(str_format("\"%s\" %s", scope,
                                         grant.constrained
                                         ? str_static("is not "
                                                      "resource:action")
                                         : grant.reason), NULL);
    }

    output_open(NULL, '{');
    output_flag("matches", grant_any_covers(&members, scope, tool->now));
    output_close('}');

    return output_end();
}
