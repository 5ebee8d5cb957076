/*
 * JSON of our own scripts: see value.h.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "value.h"


#define VALUE_ESCAPE_BYTES  8            /* of one byte, in the line */

typedef struct {
    const char  *name;
    value_t      value;
} value_search_t;

typedef struct {
    buffer_t    *buffer;
    bool         named;
    bool         comma;
} value_writing_t;


/* the line, with each byte that is not ASCII as U+0000 and its digits */
static scoped_key_str_t
value_escape(scoped_key_str_t line)
{
    char      escape[VALUE_ESCAPE_BYTES + 1];
    size_t    i;
    buffer_t  buffer = { NULL, 0, 0 };

    for (i = 0; i < line.len; i++) {

        if (line.data[i] < 0x80) {
            buffer_bytes(&buffer, line.data + i, 1);
            continue;
        }

        (void) snprintf(escape, sizeof(escape), "\\u0000%02x", line.data[i]);
        buffer_word(&buffer, escape);
    }

    return buffer_done(&buffer);
}


scoped_key_json_t *
value_read(scoped_key_str_t line)
{
    scoped_key_json_t        *document;
    scoped_key_json_error_e   error;

    document = scoped_key_json_parse_body(line, &error);

    if (document == NULL && error == SCOPED_KEY_JSON_UTF8) {
        document = scoped_key_json_parse_body(value_escape(line), &error);
    }

    return document;
}


static bool
value_search(void *data, scoped_key_str_t name, value_t value)
{
    value_search_t *search = data;

    if (!str_is(name, search->name)) {
        return true;
    }

    search->value = value;

    return false;
}


value_t
value_member(value_t object, const char *name)
{
    value_search_t  search = { name, NULL };

    if (object != NULL
        && scoped_key_json_type(object) == SCOPED_KEY_JSON_OBJECT)
    {
        (void) scoped_key_json_each(object, value_search, &search);
    }

    return search.value;
}


bool
value_is_given(value_t value)
{
    return value != NULL
           && scoped_key_json_type(value) != SCOPED_KEY_JSON_NULL;
}


scoped_key_str_t
value_str(value_t value)
{
    int               high, low;
    size_t            i, n;
    unsigned char    *bytes;
    scoped_key_str_t  text = { 0, NULL };

    if (value == NULL) {
        return text;
    }

    text = scoped_key_json_string(value);

    if (text.len == 0 || memchr(text.data, '\0', text.len) == NULL) {
        return text;
    }

    bytes = memory_alloc(text.len);

    for (i = 0, n = 0; i < text.len; i++) {
        bytes[n++] = text.data[i];

        if (text.data[i] != '\0' || i + 2 >= text.len) {
            continue;
        }

        high = scoped_key_hex_digit(text.data[i + 1]);
        low = scoped_key_hex_digit(text.data[i + 2]);

        if (high >= 0 && low >= 0) {
            bytes[n - 1] = (unsigned char) (high << 4 | low);
            i += 2;
        }
    }

    text.data = bytes;
    text.len = n;

    return text;
}


bool
value_is_true(value_t value)
{
    return value != NULL && scoped_key_json_boolean(value);
}


static bool
value_collect(void *data, scoped_key_str_t name, value_t value)
{
    (void) name;

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_STRING) {
        return false;
    }

    strings_add(data, value_str(value));

    return true;
}


bool
value_strings(value_t value, strings_t *texts)
{
    return value != NULL
           && scoped_key_json_type(value) == SCOPED_KEY_JSON_ARRAY
           && scoped_key_json_each(value, value_collect, texts);
}


static bool
value_write_member(void *data, scoped_key_str_t name, value_t value)
{
    value_writing_t *writing = data;

    if (writing->comma) {
        buffer_word(writing->buffer, ",");
    }

    writing->comma = true;

    if (writing->named) {
        buffer_quote(writing->buffer, name);
        buffer_word(writing->buffer, ":");
    }

    value_write(writing->buffer, value);

    return true;
}


static void
value_write_integer(buffer_t *buffer, value_t value)
{
    char  digits[24];

    (void) snprintf(digits, sizeof(digits), "%" PRId64,
                    scoped_key_json_integer(value));
    buffer_word(buffer, digits);
}


void
value_write(buffer_t *buffer, value_t value)
{
    value_writing_t  writing = { buffer, true, false };

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_OBJECT:
        buffer_word(buffer, "{");
        (void) scoped_key_json_each(value, value_write_member, &writing);
        buffer_word(buffer, "}");
        return;

    case SCOPED_KEY_JSON_ARRAY:
        writing.named = false;
        buffer_word(buffer, "[");
        (void) scoped_key_json_each(value, value_write_member, &writing);
        buffer_word(buffer, "]");
        return;

    case SCOPED_KEY_JSON_STRING:
        buffer_quote(buffer, value_str(value));
        return;

    case SCOPED_KEY_JSON_INTEGER:
        value_write_integer(buffer, value);
        return;

    case SCOPED_KEY_JSON_BOOLEAN:
        buffer_word(buffer, value_is_true(value) ? "true" : "false");
        return;

    case SCOPED_KEY_JSON_NULL:
        buffer_word(buffer, "null");
        return;

    default: /* SCOPED_KEY_JSON_OTHER */
        buffer_word(buffer, "0.5");
        return;
    }
}
