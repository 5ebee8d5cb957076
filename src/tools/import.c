/*
 * Objects of an import: see import.h.  An object may say things in more ways
 * than a record, and less: free text without control bytes, names of meta in
 * lower case, nothing that is no field.  What its values mean is judged by the
 * core, of the record that was made.
 */

#include "../core/digest.h"
#include "../core/record_fields.h"
#include "grant.h"
#include "import.h"
#include "output.h"
#include "reason.h"
#include "times.h"


#define IMPORT_META_NAME_MAX_BYTES   64
#define IMPORT_META_MAX_NAMES       512

/* one kind of value: to the field's text; else the reason */
typedef scoped_key_str_t (*import_value_pt)(const tool_t *tool, value_t value,
    scoped_key_str_t *text);

typedef struct {
    const char       *name;
    import_value_pt   read;
    const char       *type;
    const char       *set_by;            /* of scoped-key, besides import */
} import_field_t;

/* the walk through an object's members */
typedef struct {
    import_t         *import;
    const tool_t     *tool;
    value_t           object;
    value_t           key;               /* what a text is, or NULL */
    size_t            names;
} import_walk_t;

static const scoped_key_str_t  import_none = { 0, NULL };


static scoped_key_str_t
import_text(const tool_t *tool, value_t value, scoped_key_str_t *text)
{
    size_t  i;

    (void) tool;

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_STRING) {
        return text_static("is no string");
    }

    *text = scoped_key_json_string(value);

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f) {
            return text_static("holds a control byte");
        }
    }

    return import_none;
}


static scoped_key_str_t
import_time(const tool_t *tool, value_t value, scoped_key_str_t *text)
{
    int64_t  time = -1;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER) {
        time = scoped_key_json_integer(value);

    } else if (!scoped_key_decimal_parse(value_text(value), &time)) {
        (void) times_parse(value_text(value), &time);
    }

    if (time < 0) {
        return text_static("is no time");
    }

    *text = times_digits(time);

    return reason_time(*text, tool->now);
}


static scoped_key_str_t
import_list(const tool_t *tool, value_t value, scoped_key_str_t *text)
{
    size_t            i;
    texts_t           items = { NULL, 0, 0 };
    scoped_key_str_t  item, rest;

    (void) tool;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_STRING) {
        rest = scoped_key_json_string(value);

        while (scoped_key_list_next(&rest, &item)) {
            texts_add(&items, item);
        }

    } else if (scoped_key_json_type(value) != SCOPED_KEY_JSON_ARRAY) {
        return text_static("is no list");

    } else if (!value_texts(value, &items)) {
        return text_static("holds what is no list item");
    }

    for (i = 0; i < items.n; i++) {
        if (items.text[i].len != 0
            && memchr(items.text[i].data, ',', items.text[i].len) != NULL)
        {
            return text_static("holds what is no list item");
        }
    }

    *text = texts_join(&items, "", "");

    return import_none;
}


static scoped_key_str_t
import_enabled(const tool_t *tool, value_t value, scoped_key_str_t *text)
{
    bool              is_flag;
    scoped_key_str_t  given = value_text(value);

    (void) tool;

    is_flag = scoped_key_json_type(value) == SCOPED_KEY_JSON_BOOLEAN;

    if (!is_flag && !text_is(given, "0") && !text_is(given, "1")) {
        return text_static("is neither true nor false");
    }

    *text = text_static(is_flag ? value_is_true(value) ? "1" : "0"
                                : text_is(given, "1") ? "1" : "0");

    return import_none;
}


/* the fields of a record: what docs/redis.md and the help say is checked */
static const import_field_t  import_fields[] = {
    { "digest", import_text, "64 hex digits",
      "create, rotate" },
    { "previous_digest", import_text, "64 hex digits",
      "rotate" },
    { "previous_until", import_time, "time",
      "rotate, expire" },
    { "enabled", import_enabled, "1 or 0",
      "create --disabled, enable, disable" },
    { "mode", import_text, "scoped or global",
      "create --global" },
    { "name", import_text, "text",
      "create --name" },
    { "owner", import_text, "text",
      "create --owner" },
    { "prefix", import_text, "text",
      "create --prefix, rotate --prefix" },
    { "created_at", import_time, "time",
      "create" },
    { "not_before", import_time, "time",
      "create --not-before" },
    { "expires_at", import_time, "time",
      "create --expires, expire" },
    { "rotated_at", import_time, "time",
      "rotate" },
    { "hosts", import_list, "list of host patterns",
      "create --host" },
    { "ips", import_list, "list of CIDR blocks",
      "create --ip" },
    { "methods", import_list, "list of methods",
      "create --method" },
    { NULL, NULL, NULL, NULL }
};

/* what an object may have besides; of the second, an import makes nothing */
static const char *const  import_others[] = { "id", "meta", "scopes", NULL };
static const char *const  import_derived[] = {
    "state", "last_used", "previous", "previous_last_used", "problems", NULL
};


static bool
import_is_among(scoped_key_str_t name, const char *const *words)
{
    while (*words != NULL && !text_is(name, *words)) {
        words++;
    }

    return *words != NULL;
}


static const import_field_t *
import_field(scoped_key_str_t name)
{
    const import_field_t  *field;

    for (field = import_fields; field->name != NULL; field++) {
        if (text_is(name, field->name)) {
            return field;
        }
    }

    return NULL;
}


bool
import_is_field(scoped_key_str_t name)
{
    return import_field(name) != NULL;
}


static void
import_add(import_t *import, scoped_key_str_t name, scoped_key_str_t reason)
{
    texts_add(&import->problems,
              text_format(import->strict ? "%s %s" : "%s: %s", name, reason));
}


static void
import_set(import_t *import, scoped_key_str_t name, scoped_key_str_t value)
{
    if (value.len != 0) {
        texts_add(&import->raw.fields, name);
        texts_add(&import->raw.fields, text_format("%s", value));
    }
}


/* of the object, or of what is so where it says nothing */
static value_t
import_member(const import_walk_t *walk, const char *name)
{
    value_t  value = NULL;

    /* what the text is wins over what its line may say of it */

    if (text_is(text_static(name), "id")
        || text_is(text_static(name), "digest"))
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

    if (import_field(name) != NULL || import_is_among(name, import_others)
        || import_is_among(name, import_derived))
    {
        return true;
    }

    import->refused = text_format("has the field \"%s\", which a record has "
                                  "not", name);
    return false;
}


static void
import_read_fields(const import_walk_t *walk)
{
    value_t                value;
    scoped_key_str_t       text, reason, name;
    const import_field_t  *field;

    for (field = import_fields; field->name != NULL; field++) {
        value = import_member(walk, field->name);
        name = text_static(field->name);
        text = text_is(name, "enabled") ? text_static("1") : import_none;

        reason = value == NULL ? import_none
                               : field->read(walk->tool, value, &text);

        if (reason.len != 0) {
            import_add(walk->import, name, reason);
            continue;
        }

        import_set(walk->import, name, text);
    }
}


static void
import_add_meta(import_t *import, scoped_key_str_t reason)
{
    texts_add(&import->problems, import->strict
                                 ? reason : text_format("meta: %s", reason));
}


static bool
import_meta_name_is_good(scoped_key_str_t name)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return false;
        }
    }

    return name.len != 0 && name.len <= IMPORT_META_NAME_MAX_BYTES;
}


static bool
import_read_meta(void *data, scoped_key_str_t name, value_t value)
{
    import_walk_t *walk = data;

    scoped_key_str_t  text, reason;

    if (++walk->names > IMPORT_META_MAX_NAMES) {
        import_add_meta(walk->import, text_static("meta has over 512 names"));
        return false;
    }

    if (!import_meta_name_is_good(name)) {
        import_add_meta(walk->import,
                        text_format("meta name \"%s\" is not 1 to 64 of a-z, "
                                    "0-9 and _", name));
        return false;
    }

    name = text_format("meta.%s", name);
    reason = import_text(walk->tool, value, &text);

    if (reason.len != 0) {
        import_add_meta(walk->import, text_format("%s %s", name, reason));
        return false;
    }

    import_set(walk->import, name, text);

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
        import_add_meta(walk->import, text_static("meta is no object"));
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
        member = text_format("%s", scoped_key_json_string(value));

    } else {
        import_add(walk->import, text_static("scopes"),
                   text_static(walk->import->strict
                               ? "holds what is no string"
                               : "is no list of strings"));
        return true;
    }

    grant_read(&grant, member, walk->tool->now);

    if (walk->import->strict && grant.meaning.len == 0) {
        texts_add(&walk->import->problems,
                  text_format("scope \"%s\" %s", member, grant.reason));
        return false;
    }

    texts_add(&walk->import->raw.members, walk->import->strict ? grant.meaning
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
        import_add(walk->import, text_static("scopes"),
                   text_static(walk->import->strict ? "is no array"
                                                    : "is no list of strings"));
        return;
    }

    (void) scoped_key_json_each(scopes, import_read_scope, walk);
    texts_sort(&walk->import->raw.members, walk->import->strict);
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

    return text_format("x%s", hex);
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

    raw->id = text_format("%s", value_text(id));

    if (!reason_id_is_good(raw->id)) {
        raw->id = import_none;
        import_add(walk->import, text_static("id"),
                   text_static("is not of the form that keys have"));
    }
}


/* stricter than the module */
static void
import_check(import_t *import)
{
    scoped_key_str_t  prefix, reason;

    prefix = raw_field(&import->raw, "prefix");

    if (import->strict && prefix.len != 0 && !reason_prefix_is_good(prefix)) {
        import_add(import, text_static("prefix"),
                   text_static("is not a-z, then 1 to 15 of a-z and 0-9"));
    }

    reason = reason_list(raw_field(&import->raw, "ips"), reason_block);

    if (reason.len != 0) {
        texts_add(&import->problems, text_format("ips: %s", reason));
    }
}


static void
import_read_object(import_t *import, const tool_t *tool, value_t object)
{
    import_walk_t  walk = { import, tool, object, NULL, 0 };

    if (scoped_key_json_type(object) != SCOPED_KEY_JSON_OBJECT) {
        import->refused = text_static("is no JSON object");
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
    import_read_metas(&walk);
    import_read_id(&walk);
    import_read_scopes(&walk);
    import_check(import);
    raw_finish(&import->raw);
}


bool
import_is_blank(scoped_key_str_t line)
{
    size_t  i;

    for (i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t'
            && line.data[i] != '\r')
        {
            return false;
        }
    }

    return true;
}


void
import_read(import_t *import, const tool_t *tool, scoped_key_str_t line,
    bool strict)
{
    scoped_key_json_t        *document;
    scoped_key_json_error_e   error;

    memset(import, 0, sizeof(*import));
    import->strict = strict;

    if (line.data[0] == '!') {
        import->refused.data = line.data + 1;
        import->refused.len = line.len - 1;
        return;
    }

    document = scoped_key_json_parse(line);

    if (document != NULL) {
        import_read_object(import, tool, document);
        scoped_key_json_free(document);
        return;
    }

    document = scoped_key_json_parse_body(line, &error);
    import->refused = text_static(document == NULL
                                  && error == SCOPED_KEY_JSON_UTF8
                                  ? "is not UTF-8" : "is no JSON object");
    if (document != NULL) {
        scoped_key_json_free(document);
    }
}


/* a global key with members that grant */
static bool
import_is_idle(const raw_t *raw)
{
    size_t  i;

    for (i = 0; i < raw->members.n; i++) {
        if (raw->members.text[i].data[0] != '!') {
            return text_is(raw_field(raw, "mode"), "global");
        }
    }

    return false;
}


static bool
import_write(const import_t *import)
{
    output_open(NULL, '{');
    output_string("id", import->raw.id);
    output_texts("fields", &import->raw.fields);
    output_texts("members", &import->raw.members);
    output_flag("idle", import_is_idle(&import->raw));
    output_close('}');

    return output_end();
}


bool
tool_record(const tool_t *tool, scoped_key_str_t line)
{
    import_t      import;
    raw_faults_t  faults = { { NULL, 0, 0 }, { NULL, 0, 0 } };

    if (import_is_blank(line)) {
        output_json(NULL, text_static("{}"));
        return output_end();
    }

    import_read(&import, tool, line, true);

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


/* whether the table has all that the core reads */
static bool
import_fields_are_all(void)
{
    scoped_key_field_e  field;

    for (field = 0; field < SCOPED_KEY_FIELDS; field++) {
        if (!import_is_field(text_static(scoped_key_field_name(field)))) {
            return false;
        }
    }

    return true;
}


bool
import_print_fields(void)
{
    scoped_key_str_t       name;
    const import_field_t  *field;

    for (field = import_fields; field->name != NULL; field++) {
        name = text_static(field->name);

        output_open(NULL, '{');
        output_string("name", name);
        output_word("type", field->type);
        output_word("set_by", field->set_by);
        output_flag("module", scoped_key_field_find(name)
                              != SCOPED_KEY_FIELD_UNKNOWN);
        output_close('}');

        if (!output_end()) {
            return false;
        }
    }

    return import_fields_are_all();
}
