/*
 * Untrusted JSON by way of jansson: see json.h.  No other file knows which
 * library this is.  jansson recurses on depth, up to 2,048 levels: so depth is
 * counted beforehand, in one pass that needs no memory.
 * Invariant: without JSON_ALLOW_NUL no name and no string holds a NUL.
 */

#include <jansson.h>
#include <string.h>

#include "json.h"


/* how far a pass over the text has come */
typedef struct {
    size_t  depth;
    bool    in_string;
    bool    escaped;
} scoped_key_json_scan_t;


static const scoped_key_str_t  scoped_key_json_bom =
    scoped_key_str("\xEF\xBB\xBF");


static json_t *
scoped_key_json_value(const scoped_key_json_t *value)
{
    /* jansson counts references in what it calls const: see its API */
    return (json_t *) value;
}


static void
scoped_key_json_scan_string(scoped_key_json_scan_t *scan, unsigned char c)
{
    if (scan->escaped) {
        scan->escaped = false;

    } else if (c == '\\') {
        scan->escaped = true;

    } else if (c == '"') {
        scan->in_string = false;
    }
}


static void
scoped_key_json_scan_outside(scoped_key_json_scan_t *scan, unsigned char c)
{
    switch (c) {

    case '"':
        scan->in_string = true;
        break;

    case '[':
    case '{':
        scan->depth++;
        break;

    case ']':
    case '}':
        /* too many of them are jansson's to refuse */
        if (scan->depth > 0) {
            scan->depth--;
        }

        break;
    }
}


static bool
scoped_key_json_shallow(scoped_key_str_t text)
{
    size_t                  i;
    scoped_key_json_scan_t  scan;

    memset(&scan, 0, sizeof(scan));

    for (i = 0; i < text.len; i++) {
        if (scan.in_string) {
            scoped_key_json_scan_string(&scan, text.data[i]);
            continue;
        }

        scoped_key_json_scan_outside(&scan, text.data[i]);

        if (scan.depth > SCOPED_KEY_JSON_MAX_DEPTH) {
            return false;
        }
    }

    return true;
}


scoped_key_json_t *
scoped_key_json_parse(scoped_key_str_t text)
{
    json_t  *document;

    if (text.len == 0) {
        return NULL;
    }

    if (text.len >= scoped_key_json_bom.len
        && memcmp(text.data, scoped_key_json_bom.data,
                  scoped_key_json_bom.len) == 0)
    {
        return NULL;
    }

    if (!scoped_key_json_shallow(text)) {
        return NULL;
    }

    document = json_loadb((const char *) text.data, text.len,
                          JSON_REJECT_DUPLICATES|JSON_DECODE_ANY, NULL);

    return (scoped_key_json_t *) document;
}


void
scoped_key_json_free(scoped_key_json_t *document)
{
    json_decref((json_t *) document);
}


scoped_key_json_e
scoped_key_json_type(const scoped_key_json_t *value)
{
    switch (json_typeof(scoped_key_json_value(value))) {

    case JSON_OBJECT:
        return SCOPED_KEY_JSON_OBJECT;

    case JSON_ARRAY:
        return SCOPED_KEY_JSON_ARRAY;

    case JSON_STRING:
        return SCOPED_KEY_JSON_STRING;

    case JSON_INTEGER:
        return SCOPED_KEY_JSON_INTEGER;

    case JSON_TRUE:
    case JSON_FALSE:
        return SCOPED_KEY_JSON_BOOLEAN;

    default:
        return SCOPED_KEY_JSON_OTHER;
    }
}


scoped_key_str_t
scoped_key_json_string(const scoped_key_json_t *value)
{
    json_t            *string;
    scoped_key_str_t   text = scoped_key_str("");

    string = scoped_key_json_value(value);

    if (json_is_string(string)) {
        text.data = (const unsigned char *) json_string_value(string);
        text.len = json_string_length(string);
    }

    return text;
}


int64_t
scoped_key_json_integer(const scoped_key_json_t *value)
{
    return json_integer_value(scoped_key_json_value(value));
}


bool
scoped_key_json_boolean(const scoped_key_json_t *value)
{
    return json_is_true(scoped_key_json_value(value));
}


static bool
scoped_key_json_each_element(json_t *array, scoped_key_json_member_pt each,
    void *data)
{
    size_t            i, n;
    scoped_key_str_t  name = scoped_key_str("");

    n = json_array_size(array);

    for (i = 0; i < n; i++) {
        if (!each(data, name,
                  (const scoped_key_json_t *) json_array_get(array, i)))
        {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_json_each_member(json_t *object, scoped_key_json_member_pt each,
    void *data)
{
    void              *member;
    const char        *key;
    scoped_key_str_t   name;

    for (member = json_object_iter(object);
         member != NULL;
         member = json_object_iter_next(object, member))
    {
        key = json_object_iter_key(member);
        name.data = (const unsigned char *) key;
        name.len = strlen(key);

        if (!each(data, name,
                  (const scoped_key_json_t *) json_object_iter_value(member)))
        {
            return false;
        }
    }

    return true;
}


bool
scoped_key_json_each(const scoped_key_json_t *value,
    scoped_key_json_member_pt each, void *data)
{
    json_t  *container;

    container = scoped_key_json_value(value);

    if (json_is_object(container)) {
        return scoped_key_json_each_member(container, each, data);
    }

    return scoped_key_json_each_element(container, each, data);
}
