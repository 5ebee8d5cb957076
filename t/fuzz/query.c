/* links: core/query core/query_name core/name_match core/text */

/*
 * A walk against models of what upstreams do: when it refuses nothing, every
 * one of them must find the same values as the walk, in the same order.  The
 * first byte picks the asked-for name, the rest is the text.
 */

#include <stdint.h>

#include "core/query.h"
#include "query_models.h"


#define MAX_VALUES  MAX_TEXT


typedef struct {
    size_t             n;
    size_t             stop;             /* the call that returns false */
    scoped_key_str_t   values[MAX_VALUES];
} list_t;


static const char *const  names[] = {
    "name", "a_b", "Type", "id", "x-y", "key"
};


static void
require(int holds)
{
    if (!holds) {
        abort();
    }
}


static void
copy(text_t *text, const char *data, size_t len)
{
    memcpy(text->data, data, len);
    text->data[len] = '\0';
    text->len = len;
}


static bool
is_name(text_t *name, const char *asked, model_pt model)
{
    text_t  folded;

    copy(&folded, asked, strlen(asked));

    if (model == model_no_case || model == model_camel) {
        model(&folded);
    }

    return model(name) && name->len == folded.len
           && memcmp(name->data, folded.data, folded.len) == 0;
}


/* one pair as the upstream reads it: whether it is the n-th value found */
static size_t
check_pair(const char *pair, size_t len, const char *asked, model_pt model,
    const list_t *list, size_t n)
{
    text_t       name, value;
    const char  *equals;

    equals = memchr(pair, '=', len);
    copy(&name, pair, equals != NULL ? (size_t) (equals - pair) : len);
    decode(&name);

    if (len == 0 || !is_name(&name, asked, model)) {
        return n;
    }

    copy(&value, "", 0);

    if (equals != NULL) {
        copy(&value, equals + 1, len - (size_t) (equals + 1 - pair));
    }

    decode(&value);
    require(n < list->n);
    require(value.len == list->values[n].len);
    require(value.len == 0
            || memcmp(value.data, list->values[n].data, value.len) == 0);

    return n + 1;
}


/* whole: decoded before it is taken apart, so that values are none of ours */
static void
check_model(const char *text, size_t len, const char *separators,
    const char *asked, model_pt model, const list_t *list)
{
    size_t  i, from, n;

    n = 0;
    from = 0;

    for (i = 0; i <= len; i++) {
        if (i == len
            || (text[i] != '\0' && strchr(separators, text[i]) != NULL))
        {
            n = check_pair(text + from, i - from, asked, model, list, n);
            from = i + 1;
        }
    }

    require(n == list->n);
}


/* an upstream that decodes before it takes apart must find no more pairs */
static void
check_decoded_first(const char *data, size_t len, const char *asked,
    const list_t *list)
{
    size_t       n, size;
    text_t       text;
    const char  *pair, *end;

    n = 0;
    size = strlen(asked);
    copy(&text, data, len);
    decode(&text);
    pair = text.data;

    while (pair < text.data + text.len) {
        for (end = pair; end < text.data + text.len && *end != '&'; end++) {
            /* void */
        }

        n += (size_t) (end - pair) >= size && memcmp(pair, asked, size) == 0
             && ((size_t) (end - pair) == size || pair[size] == '=');
        pair = end + 1;
    }

    require(n == list->n);
}


static bool
found(void *data, scoped_key_str_t value)
{
    list_t  *list = data;

    require(list->n < MAX_VALUES);
    list->values[list->n] = value;

    return ++list->n != list->stop;
}


static scoped_key_query_walk_e
walk(const char *text, size_t len, const char *asked, unsigned char *scratch,
    list_t *list)
{
    scoped_key_str_t  query = { len, (const unsigned char *) text };
    scoped_key_str_t  name = { strlen(asked), (const unsigned char *) asked };

    list->n = 0;

    return scoped_key_query_walk(query, name, len % 2 == 0, scratch, found,
                                 list);
}


static void
check_stop(const char *text, size_t len, const char *asked,
    unsigned char *scratch, size_t n)
{
    list_t  list;

    list.stop = n;
    require(walk(text, len, asked, scratch, &list)
            == SCOPED_KEY_QUERY_STOPPED);
    require(list.n == n);
}


static void
check_query(const char *text, size_t len, const char *asked)
{
    size_t          i;
    list_t          list;
    unsigned char  *scratch;

    scratch = malloc(len + (len == 0));
    require(scratch != NULL);
    list.stop = 0;

    if (walk(text, len, asked, scratch, &list) == SCOPED_KEY_QUERY_WALKED) {
        for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
            check_model(text, len, "&", asked, models[i], &list);
            check_model(text, len, "&;", asked, models[i], &list);
        }

        check_decoded_first(text, len, asked, &list);

        if (list.n != 0) {
            check_stop(text, len, asked, scratch, list.n);
        }
    }

    free(scratch);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *text;

    if (size == 0 || size > MAX_TEXT) {
        return 0;
    }

    text = malloc(size);
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    check_query(text, size - 1,
                names[data[0] % (sizeof(names) / sizeof(names[0]))]);
    free(text);

    return 0;
}
