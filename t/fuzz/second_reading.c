/* links: core/second_reading core/query core/query_name core/name_match core/name_table core/str -ljansson */

/*
 * A body against the readers that this is about: jansson taking the first value
 * of it with whatever follows, and pairs cut at `&`.  Whatever they find of the
 * name, at any depth, the lenient reader finds too, and its value if it says
 * that it knows it.
 */

#include <jansson.h>

#include "core/query.h"
#include "core/second_reading.h"
#include "fuzz.h"


#define MAX_BODY   4096
#define MAX_FOUND  1024


typedef struct {
    scoped_key_str_t  name;
    size_t            n;
    bool              unknown;
    char             *values[MAX_FOUND];
    size_t            lens[MAX_FOUND];
} found_t;

static const char *const  names[] = { "a", "name", "_method", "x-y" };


static bool
found(void *data, const scoped_key_second_t *second)
{
    found_t  *f = data;

    if (!scoped_key_second_is(second, f->name)) {
        return true;
    }

    if (!second->known) {
        f->unknown = true;
        return true;
    }

    must(f->n < MAX_FOUND);
    f->lens[f->n] = second->value.len;
    f->values[f->n] = malloc(second->value.len + 1);
    must(f->values[f->n] != NULL);

    if (second->value.len != 0) {
        memcpy(f->values[f->n], second->value.data, second->value.len);
    }

    f->n++;

    return true;
}


static void
has(const found_t *f, const char *value, size_t len)
{
    size_t  i;

    if (f->unknown) {
        return;
    }

    for (i = 0; i < f->n; i++) {
        if (f->lens[i] == len
            && (len == 0 || memcmp(f->values[i], value, len) == 0))
        {
            return;
        }
    }

    must(0);
}


static void
check_value(const found_t *f, json_t *value)
{
    char  number[32];

    switch (json_typeof(value)) {

    case JSON_STRING:
        has(f, json_string_value(value), json_string_length(value));
        break;

    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%lld",
                 (long long) json_integer_value(value));

        /* "-0" is one, too */
        if (json_integer_value(value) != 0) {
            has(f, number, strlen(number));
        }

        break;

    case JSON_TRUE:
        has(f, "true", 4);
        break;

    case JSON_FALSE:
        has(f, "false", 5);
        break;

    default:
        must(f->unknown || f->n != 0);
    }
}


static void
check_json(const found_t *f, json_t *value)
{
    size_t       i;
    json_t      *member;
    const char  *key;

    if (json_is_array(value)) {
        json_array_foreach(value, i, member) {
            check_json(f, member);
        }
    }

    if (!json_is_object(value)) {
        return;
    }

    json_object_foreach(value, key, member) {
        if (strlen(key) == f->name.len
            && memcmp(key, f->name.data, f->name.len) == 0)
        {
            check_value(f, member);
        }

        check_json(f, member);
    }
}


static void
clear(found_t *f)
{
    while (f->n != 0) {
        free(f->values[--f->n]);
    }

    f->unknown = false;
}


static bool
same(void *data, scoped_key_str_t value)
{
    has(data, (const char *) value.data, value.len);

    return true;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t            *document;
    found_t            f;
    const char        *name;
    unsigned char     *scratch, *more;
    scoped_key_str_t   text;

    if (size == 0 || size > MAX_BODY) {
        return 0;
    }

    name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
    text = fuzz_copy(data + 1, size - 1);
    memset(&f, 0, sizeof(f));
    f.name.data = (const unsigned char *) name;
    f.name.len = strlen(name);
    scratch = malloc(text.len + (text.len == 0));
    more = malloc(text.len + (text.len == 0));
    must(scratch != NULL && more != NULL);

    document = json_loadb((const char *) text.data, text.len,
                          JSON_DISABLE_EOF_CHECK|JSON_DECODE_ANY, NULL);

    if (document != NULL) {
        must(scoped_key_second_json(text, scratch, found, &f));
        must(scoped_key_second_begins_json(text));
        check_json(&f, document);
        clear(&f);
        json_decref(document);
    }

    must(scoped_key_second_json(text, scratch, found, &f));
    clear(&f);

    must(scoped_key_second_form(text, scratch, found, &f));
    scoped_key_query_walk(text, f.name, false, more, same, &f);
    clear(&f);

    free(scratch);
    free(more);
    fuzz_free(text);

    return 0;
}
