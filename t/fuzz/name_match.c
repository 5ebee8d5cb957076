/* links: core/name_match core/str */

/*
 * The first byte picks the asked-for name, the rest is a name that was found.
 * What a model of an upstream takes for the asked-for name is never another;
 * nor is anything that is put around it in a way that means nothing.
 */

#include <stdint.h>

#include "core/name_match.h"
#include "query_models.h"
#include "fuzz.h"


static const char *const  names[] = {
    "name", "a_b", "Type", "id", "x-y", "_method", "filter[type]", "a.b",
    "gr\xc3\xb6\xc3\x9f" "e"
};

/* those that hold for the members of an object, too */
static const model_pt  member_models[] = {
    model_plain, model_no_case, model_trim, model_camel
};


static void
set(text_t *text, scoped_key_str_t from)
{
    memcpy(text->data, from.data, from.len);
    text->data[from.len] = '\0';
    text->len = from.len;
}


static bool
takes(model_pt model, scoped_key_str_t found, scoped_key_str_t name)
{
    text_t  text, asked;

    set(&text, found);
    set(&asked, name);

    if (model == model_no_case || model == model_camel) {
        model(&asked);
    }

    return model(&text) && text.len == asked.len
           && memcmp(text.data, asked.data, asked.len) == 0;
}


static void
check_models(const model_pt *model, size_t n, scoped_key_str_t found,
    scoped_key_str_t name, scoped_key_name_kind_e kind)
{
    size_t             i;
    scoped_key_name_e  result;

    result = scoped_key_name_match(found, name, kind);

    must((result == SCOPED_KEY_NAME_SAME)
         == scoped_key_str_equal(found, name));

    for (i = 0; i < n; i++) {
        /* those of query strings undo encodings, which come before this */
        if (model[i] != model_twice && takes(model[i], found, name)) {
            must(result != SCOPED_KEY_NAME_OTHER);
        }
    }
}


/* a name with the found one behind or before it */
static void
check_around(scoped_key_str_t found, scoped_key_str_t name)
{
    unsigned char     *bytes;
    scoped_key_str_t   text;

    bytes = malloc(found.len + name.len + 2);
    must(bytes != NULL);

    memcpy(bytes, name.data, name.len);
    bytes[name.len] = '[';
    memcpy(bytes + name.len + 1, found.data, found.len);
    text.data = bytes;
    text.len = found.len + name.len + 1;

    if (name.len != 0) {
        must(scoped_key_name_match(text, name, SCOPED_KEY_NAME_PAIR)
             == SCOPED_KEY_NAME_SUSPECT);
        must(scoped_key_name_match(text, name, SCOPED_KEY_NAME_MEMBER)
             == SCOPED_KEY_NAME_SUSPECT);
    }

    memcpy(bytes, found.data, found.len);
    bytes[found.len] = ';';
    memcpy(bytes + found.len + 1, name.data, name.len);

    if (name.len != 0) {
        must(scoped_key_name_match(text, name, SCOPED_KEY_NAME_PAIR)
             == SCOPED_KEY_NAME_SUSPECT);
    }

    free(bytes);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char        *asked;
    unsigned char     *bytes;
    scoped_key_str_t   found, name;

    if (size == 0 || size > MAX_TEXT) {
        return 0;
    }

    asked = names[data[0] % (sizeof(names) / sizeof(names[0]))];
    name.data = (const unsigned char *) asked;
    name.len = strlen(asked);

    bytes = malloc(size);
    must(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    found.data = bytes;
    found.len = size - 1;

    check_models(models, sizeof(models) / sizeof(models[0]), found, name,
                 SCOPED_KEY_NAME_PAIR);
    check_models(member_models,
                 sizeof(member_models) / sizeof(member_models[0]), found,
                 name, SCOPED_KEY_NAME_MEMBER);
    check_around(found, name);
    free(bytes);

    return 0;
}
