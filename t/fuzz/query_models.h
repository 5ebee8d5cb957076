/*
 * What upstreams make of the name of a pair, for the fuzzers: each model is a
 * few lines that do what one of them is known to do, and shares nothing with
 * what it is a test of.
 */

#ifndef QUERY_MODELS_H
#define QUERY_MODELS_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>


#define MAX_TEXT  1024


typedef struct {
    size_t  len;
    char    data[MAX_TEXT + 1];
} text_t;

/*
 * Turns a decoded name into what the upstream calls it; false: none.  Those
 * that know no case are given the asked-for name, too.
 */
typedef bool (*model_pt)(text_t *name);


/* as most do it: what is no escape stays as it is */
static inline void
decode(text_t *text)
{
    char      hex[3] = "";
    size_t    i, n;

    n = 0;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] == '%' && i + 2 < text->len
            && isxdigit((unsigned char) text->data[i + 1])
            && isxdigit((unsigned char) text->data[i + 2]))
        {
            memcpy(hex, text->data + i + 1, 2);
            text->data[n++] = (char) strtol(hex, NULL, 16);
            i += 2;

        } else {
            text->data[n++] = text->data[i] == '+' ? ' ' : text->data[i];
        }
    }

    text->len = n;
    text->data[n] = '\0';
}


static inline bool
model_plain(text_t *name)
{
    (void) name;

    return true;
}


static inline bool
model_twice(text_t *name)
{
    decode(name);

    return true;
}


static inline bool
model_no_case(text_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {
        name->data[i] = (char) tolower((unsigned char) name->data[i]);
    }

    return true;
}


static inline bool
model_c_string(text_t *name)
{
    name->len = strlen(name->data);

    return true;
}


static inline bool
model_trim(text_t *name)
{
    while (name->len != 0
           && isspace((unsigned char) name->data[name->len - 1]))
    {
        name->len--;
    }

    while (name->len != 0 && isspace((unsigned char) name->data[0])) {
        memmove(name->data, name->data + 1, name->len--);
    }

    return true;
}


/* php_register_variable_ex(): the variable, without what is between [ ] */
static inline bool
model_php(text_t *name)
{
    size_t   i, skip;
    char    *bracket;

    name->data[name->len] = '\0';
    name->len = strlen(name->data);
    skip = strspn(name->data, " ");
    memmove(name->data, name->data + skip, name->len - skip + 1);
    name->len -= skip;

    for (i = 0; i < name->len && name->data[i] != '['; i++) {
        if (name->data[i] == ' ' || name->data[i] == '.') {
            name->data[i] = '_';
        }
    }

    bracket = memchr(name->data, '[', name->len);

    if (bracket == NULL) {
        return true;
    }

    if (memchr(bracket, ']', name->len - (size_t) (bracket - name->data))
        != NULL)
    {
        name->len = (size_t) (bracket - name->data);
        return name->len != 0;
    }

    for (i = 0; i < name->len; i++) {
        if (strchr(" .[", name->data[i]) != NULL) {
            name->data[i] = '_';
        }
    }

    return true;
}


/* Rack: brackets before the name, and all behind it, are left out */
static inline bool
model_rack(text_t *name)
{
    size_t  skip;

    name->data[name->len] = '\0';
    skip = strspn(name->data, "[]");
    memmove(name->data, name->data + skip, name->len - skip + 1);
    name->len = strcspn(name->data, "[]");

    return name->len != 0;
}


/* protobuf's JSON and query strings: user_id is userId */
static inline bool
model_camel(text_t *name)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < name->len; i++) {
        if ((name->data[i] == '_' || name->data[i] == '-') && i != 0
            && i + 1 != name->len)
        {
            continue;
        }

        name->data[n++] = (char) tolower((unsigned char) name->data[i]);
    }

    name->len = n;

    return true;
}


/* converters that leave out what is not ASCII */
static inline bool
model_ascii(text_t *name)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < name->len; i++) {
        if ((unsigned char) name->data[i] < 0x80) {
            name->data[n++] = name->data[i];
        }
    }

    name->len = n;

    return true;
}


static const model_pt  models[] = {
    model_plain, model_twice, model_no_case, model_c_string, model_trim,
    model_php, model_rack, model_camel, model_ascii
};

#endif
