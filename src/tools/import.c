/*
 * Objects of an import: see tool.h.  An object may say things in more ways
 * than a record, and less: free text without control bytes, names of meta in
 * lower case, nothing that is no field.  What its values mean is judged by the
 * core, of the record that was made.
 */

#include "../core/digest.h"
#include "fields.h"
#include "grant.h"
#include "output.h"
#include "raw.h"
#include "reason.h"
#include "times.h"
#include "tool.h"


#define IMPORT_META_MAX_NAMES  512

/* the walk through an object's members */
typedef struct {
    import_t         *import;
    const tool_t     *tool;
    value_t           object;
    value_t           key;               /* what a text is, or NULL */
    size_t            names;
} import_walk_t;

static const scoped_key_str_t  import_none = { 0, NULL };


/* what an object may have besides; of the second, an import makes nothing */
static const char *const  import_others[] = {
    "id", "meta", "scopes", "last_used", "previous_last_used", NULL
};
static const char *const  import_derived[] = {
    "state", "previous", "problems", NULL
};


static bool
import_is_among(scoped_key_str_t name, const char *const *words)
{
    while (*words != NULL && !str_is(name, *words)) {
        words++;
    }

    return *words != NULL;
}


static void
import_add(import_t *import, scoped_key_str_t name, scoped_key_str_t reason)
{
    strings_add(&import->problems,
                str_format(import->strict ? "%s %s" : "%s: %s", name, reason));
}


static void
import_set(import_t *import, scoped_key_str_t name, scoped_key_str_t value)
{
    if (value.len != 0) {
        strings_add(&import->raw.fields, name);
        strings_add(&import->raw.fields, value);
    }
}


/* of the object, or of what is so where it says nothing */
static value_t
import_member(const import_walk_t *walk, const char *name)
{
    value_t  value = NULL;

    /* what the text is wins over what its line may say of it */

    if (str_is(str_static(name), "id")
        || str_is(str_static(name), "digest"))
    {
        value = value_member(walk->key, name);
    }

    if (value == NULL) {
        value = value_member(walk->object, name);
    }

    if (value == NULL) {
        value = value_member(value_member(walk->tool->options, "defaults"),
                             name);
    }

    return value_is_given(value) ? value : NULL;
}


/* what is no field might be a secret: its value is never repeated */
static bool
import_check_name(void *data, scoped_key_str_t name, value_t value)
{
    import_t *import = data;

    (void) value;

    if (fields_find(name) != NULL || import_is_among(name, import_others)
        || import_is_among(name, import_derived))
    {
        return true;
    }

    import->refused = str_format("has the field \"%s\", which a record has "
                                 "not", name);
    return false;
}


static void
import_read_fields(const import_walk_t *walk)
{
    value_t                value;
    scoped_key_str_t       text, reason, name;
    const fields_t    *field;

    for (field = fields_table; field->name != NULL; field++) {
        value = import_member(walk, field->name);
        name = str_static(field->name);
        text = str_is(name, "enabled") ? str_static("1") : import_none;

        reason = value == NULL ? import_none
                               : field->read(walk->tool->now, value, &text);

        if (reason.len != 0) {
            import_add(walk->import, name, reason);
            continue;
        }

        import_set(walk->import, name, text);
    }
}


/* a use is never later than now, or the key would never count as unused */
static void
import_read_use(const import_walk_t *walk, const char *member,
    scoped_key_str_t *used)
{
    value_t           value = value_member(walk->object, member);
    int64_t           time;
    scoped_key_str_t  reason;

    if (!value_is_given(value)) {
        return;
    }

    reason = fields_find(str_static("created_at"))
             ->read(walk->tool->now, value, used);

    if (reason.len != 0) {
        *used = import_none;
        import_add(walk->import, str_static(member), reason);
        return;
    }

    if (scoped_key_decimal_parse(*used, &time) && time > walk->tool->now) {
        *used = times_digits(walk->tool->now);
    }
}


static void
import_add_meta(import_t *import, scoped_key_str_t reason)
{
    strings_add(&import->problems, import->strict
                                 ? reason : str_format("meta: %s", reason));
}


static bool
import_read_meta(void *data, scoped_key_str_t name, value_t value)
{
    import_walk_t *walk = data;

    scoped_key_str_t  text, reason, field;

    if (++walk->names > IMPORT_META_MAX_NAMES) {
        import_add_meta(walk->import, str_static("meta has over 512 names"));
        return false;
    }

    field = str_format("meta.%s", name);

    if (!fields_is_meta(field)) {
        import_add_meta(walk->import,
                        str_format("meta name \"%s\" is not 1 to 64 of a-z, "
                                   "0-9 and _", name));
        return false;
    }

    reason = fields_text(walk->tool->now, value, &text);

    if (reason.len != 0) {
        import_add_meta(walk->import, str_format("%s %s", field, reason));
        return false;
    }

    import_set(walk->import, field, text);

    return true;
}


static void
import_read_metas(import_walk_t *walk)
{
    value_t  meta = import_member(walk, "meta");

    if (meta == NULL) {
        return;
    }

    if (scoped_key_json_type(meta) != SCOPED_KEY_JSON_OBJECT) {
        import_add_meta(walk->import, str_static("meta is no object"));
        return;
    }

    (void) scoped_key_json_each(meta, import_read_meta, walk);
}


/* a member as text, or as the object that it is */
static bool
import_read_scope(void *data, scoped_key_str_t name, value_t value)
{
    import_walk_t *walk = data;

    grant_t           grant;
    buffer_t          written = { NULL, 0, 0 };
    scoped_key_str_t  member;

    (void) name;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_OBJECT) {
        value_write(&written, value);
        member = buffer_done(&written);

    } else if (scoped_key_json_type(value) == SCOPED_KEY_JSON_STRING) {
        member = scoped_key_json_string(value);

    } else {
        import_add(walk->import, str_static("scopes"),
                   str_static(walk->import->strict
                              ? "holds what is no string"
                              : "is no list of strings"));
        return true;
    }

    grant_read(&grant, member, walk->tool->now);

    if (walk->import->strict && grant.meaning.len == 0) {
        strings_add(&walk->import->problems,
                    str_format("scope \"%s\" %s", member, grant.reason));
        return false;
    }

    strings_add(&walk->import->raw.members, walk->import->strict ? grant.meaning
                                                               : member);
    return true;
}


static void
import_read_scopes(import_walk_t *walk)
{
    value_t  scopes = import_member(walk, "scopes");

    if (scopes == NULL) {
        return;
    }

    if (scoped_key_json_type(scopes) != SCOPED_KEY_JSON_ARRAY) {
        import_add(walk->import, str_static("scopes"),
                   str_static(walk->import->strict ? "is no array"
                                                    : "is no list of strings"));
        return;
    }

    (void) scoped_key_json_each(scopes, import_read_scope, walk);
    strings_sort(&walk->import->raw.members, walk->import->strict);
}


/* of a legacy key, whose id comes from its digest */
static scoped_key_str_t
import_legacy_id(scoped_key_str_t hex)
{
    scoped_key_digest_t  digest;

    if (!scoped_key_digest_from_hex(&digest, hex)) {
        return import_none;
    }

    hex.len = 24;

    return str_format("x%s", hex);
}


static void
import_read_id(const import_walk_t *walk)
{
    value_t   id = import_member(walk, "id");
    raw_t    *raw = &walk->import->raw;

    if (id == NULL) {
        raw->id = import_legacy_id(raw_field(raw, "digest"));
        return;
    }

    raw->id = value_str(id);

    if (!reason_id_is_good(raw->id)) {
        raw->id = import_none;
        import_add(walk->import, str_static("id"),
                   str_static("is not of the form that keys have"));
    }
}


/* stricter than the module */
static void
import_check(import_t *import)
{
    scoped_key_str_t  prefix, reason;

    prefix = raw_field(&import->raw, "prefix");

    if (import->strict && prefix.len != 0 && !reason_prefix_is_good(prefix)) {
        import_add(import, str_static("prefix"),
                   str_static("is not a-z, then 1 to 15 of a-z and 0-9"));
    }

    reason = reason_list(raw_field(&import->raw, "ips"), reason_block);

    if (reason.len != 0) {
        strings_add(&import->problems, str_format("ips: %s", reason));
    }
}


static void
import_read_object(import_t *import, const tool_t *tool, value_t object)
{
    import_walk_t  walk = { import, tool, object, NULL, 0 };

    if (scoped_key_json_type(object) != SCOPED_KEY_JSON_OBJECT) {
        import->refused = str_static("is no JSON object");
        return;
    }

    if (value_is_true(value_member(tool->options, "texts"))) {
        walk.key = object;
        walk.object = value_member(object, "record");
    }

    if (walk.object != NULL
        && !scoped_key_json_each(walk.object, import_check_name, import))
    {
        return;
    }

    import_read_fields(&walk);
    import_read_use(&walk, "last_used", &import->last_used);
    import_read_use(&walk, "previous_last_used", &import->previous_last_used);
    import_read_metas(&walk);
    import_read_id(&walk);
    import_read_scopes(&walk);
    import_check(import);
    raw_finish(&import->raw);
}


void
import_read(import_t *import, const tool_t *tool, bool strict)
{
    value_t                   document;
    scoped_key_str_t          line = tool->text;
    scoped_key_json_error_e   error;

    memset(import, 0, sizeof(*import));
    import->strict = strict;

    /* what the verb `digest` refused */

    if (line.data[0] == '!') {
        import->refused.data = line.data + 1;
        import->refused.len = line.len - 1;
        return;
    }

    document = scoped_key_json_parse(line);

    if (document != NULL) {
        import_read_object(import, tool, document);
        return;
    }

    document = scoped_key_json_parse_body(line, &error);
    import->refused = str_static(document == NULL
                                 && error == SCOPED_KEY_JSON_UTF8
                                 ? "is not UTF-8" : "is no JSON object");
}


/* a global key with members that grant */
static bool
import_is_idle(const raw_t *raw)
{
    size_t  i;

    for (i = 0; i < raw->members.n; i++) {
        if (raw->members.text[i].data[0] != '!') {
            return str_is(raw_field(raw, "mode"), "global");
        }
    }

    return false;
}


static bool
import_write(const import_t *import)
{
    output_open(NULL, '{');
    output_string("id", import->raw.id);
    output_strings("fields", &import->raw.fields);
    output_strings("members", &import->raw.members);
    output_flag("idle", import_is_idle(&import->raw));

    if (import->last_used.len != 0) {
        output_string("last_used", import->last_used);
    }

    if (import->previous_last_used.len != 0) {
        output_string("previous_last_used", import->previous_last_used);
    }

    output_close('}');

    return output_end();
}


bool
tool_record(const tool_t *tool, value_t asked)
{
    import_t      import;
    raw_faults_t  faults = { { NULL, 0, 0 }, { NULL, 0, 0 } };

    (void) asked;

    if (text_is_blank(tool->text)) {
        output_json(NULL, str_static("{}"));
        return output_end();
    }

    import_read(&import, tool, true);

    if (import.refused.len == 0 && import.problems.n == 0) {
        raw_judge(&import.raw, tool->now, &faults);
        import.problems = faults.problems;
    }

    if (import.refused.len == 0 && import.problems.n != 0) {
        import.refused = import.problems.text[0];
    }

    return import.refused.len != 0 ? output_refused(import.refused, NULL)
                                   : import_write(&import);
}
