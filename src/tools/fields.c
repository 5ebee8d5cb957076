/*
 * The fields of a record: see fields.h.
 */

#include "../core/conditions.h"
#include "../core/record_fields.h"
#include "fields.h"
#include "output.h"
#include "reason.h"
#include "times.h"


#define FIELDS_META_NAME_MAX_BYTES  64

static const scoped_key_str_t  fields_none = { 0, NULL };


scoped_key_str_t
fields_text(int64_t now, value_t value, scoped_key_str_t *text)
{
    size_t  i;

    (void) now;

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_STRING) {
        return str_static("is no string");
    }

    *text = scoped_key_json_string(value);

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f) {
            return str_static("holds a control byte");
        }
    }

    return fields_none;
}


static scoped_key_str_t
fields_time(int64_t now, value_t value, scoped_key_str_t *text)
{
    int64_t  time = -1;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER) {
        time = scoped_key_json_integer(value);

    } else if (!scoped_key_decimal_parse(value_str(value), &time)) {
        (void) times_parse(value_str(value), &time);
    }

    if (time < 0) {
        return str_static("is no time");
    }

    *text = times_digits(time);

    return reason_time(*text, now);
}


static scoped_key_str_t
fields_number(int64_t now, value_t value, scoped_key_str_t *text)
{
    int64_t  number = -1;

    (void) now;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER) {
        number = scoped_key_json_integer(value);

    } else {
        (void) scoped_key_decimal_parse(value_str(value), &number);
    }

    if (number < 0) {
        return str_static("is no number");
    }

    *text = times_digits(number);

    return fields_none;
}


static scoped_key_str_t
fields_list(int64_t now, value_t value, scoped_key_str_t *text)
{
    size_t            i;
    strings_t         items = { NULL, 0, 0 };
    scoped_key_str_t  item, rest;

    (void) now;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_STRING) {
        rest = scoped_key_json_string(value);

        while (scoped_key_list_next(&rest, &item)) {
            strings_add(&items, item);
        }

    } else if (scoped_key_json_type(value) != SCOPED_KEY_JSON_ARRAY) {
        return str_static("is no list");

    } else if (!value_strings(value, &items)) {
        return str_static("holds what is no list item");
    }

    for (i = 0; i < items.n; i++) {
        if (items.text[i].len != 0
            && memchr(items.text[i].data, ',', items.text[i].len) != NULL)
        {
            return str_static("holds what is no list item");
        }
    }

    *text = strings_join(&items, "", "");

    return fields_none;
}


static scoped_key_str_t
fields_enabled(int64_t now, value_t value, scoped_key_str_t *text)
{
    bool              is_flag;
    scoped_key_str_t  given = value_str(value);

    (void) now;

    is_flag = scoped_key_json_type(value) == SCOPED_KEY_JSON_BOOLEAN;

    if (!is_flag && !str_is(given, "0") && !str_is(given, "1")) {
        return str_static("is neither true nor false");
    }

    *text = str_static(is_flag ? value_is_true(value) ? "1" : "0"
                                : str_is(given, "1") ? "1" : "0");

    return fields_none;
}


/* what docs/redis.md and the help say of them is checked */
const fields_t  fields_table[] = {
    { "digest", fields_text, "64 hex digits",
      "create, rotate", false },
    { "previous_digest", fields_text, "64 hex digits",
      "rotate", false },
    { "previous_until", fields_time, "time",
      "rotate, expire", false },
    { "enabled", fields_enabled, "1 or 0",
      "create --disabled, enable, disable", false },
    { "mode", fields_text, "scoped or global",
      "create --global", false },
    { "name", fields_text, "text",
      "create --name, set", true },
    { "owner", fields_text, "text",
      "create --owner, set", true },
    { "prefix", fields_text, "prefix of keys",
      "create --prefix, rotate --prefix", false },
    { "created_at", fields_time, "time",
      "create", false },
    { "not_before", fields_time, "time",
      "create --not-before, set", true },
    { "expires_at", fields_time, "time",
      "create --expires, expire, set", true },
    { "rotated_at", fields_time, "time",
      "rotate", false },
    { "hosts", fields_list, "list of host patterns",
      "create --host, set", true },
    { "ips", fields_list, "list of CIDR blocks",
      "create --ip, set", true },
    { "methods", fields_list, "list of methods",
      "create --method, set", true },
    { "revision", fields_number, "number",
      "create, set, enable, disable, expire, rotate, grant, ungrant", false },
    { NULL, NULL, NULL, NULL, false }
};


const fields_t *
fields_find(scoped_key_str_t name)
{
    const fields_t  *field;

    for (field = fields_table; field->name != NULL; field++) {
        if (str_is(name, field->name)) {
            return field;
        }
    }

    return NULL;
}


bool
fields_is_meta(scoped_key_str_t name)
{
    size_t         i, head = SCOPED_KEY_META_HEAD_BYTES;
    unsigned char  c;

    if (scoped_key_field_find(name) != SCOPED_KEY_FIELD_META
        || name.len > head + FIELDS_META_NAME_MAX_BYTES)
    {
        return false;
    }

    for (i = head; i < name.len; i++) {
        c = name.data[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return false;
        }
    }

    return true;
}


/* whether the table has all that the core reads */
static bool
fields_are_all(void)
{
    scoped_key_field_e  field;

    for (field = 0; field < SCOPED_KEY_FIELDS; field++) {
        if (fields_find(str_static(scoped_key_field_name(field))) == NULL) {
            return false;
        }
    }

    return true;
}


bool
fields_print(void)
{
    scoped_key_str_t   name;
    const fields_t    *field;

    for (field = fields_table; field->name != NULL; field++) {
        name = str_static(field->name);

        output_open(NULL, '{');
        output_string("name", name);
        output_word("type", field->type);
        output_word("set_by", field->set_by);
        output_flag("editable", field->editable);
        output_flag("module", scoped_key_field_find(name)
                              != SCOPED_KEY_FIELD_UNKNOWN);
        output_close('}');

        if (!output_end()) {
            return false;
        }
    }

    return fields_are_all();
}
