/* links: core/query core/query_name core/name_match core/name_table core/str */

/*
 * A walk against models of what upstreams do: when it refuses nothing, every
 * one of them must find the same values as the walk, in the same order.  The
 * first byte picks the asked-for name, the rest is the text.  A walk for all
 * names at once finds of each what a walk for it alone does.
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
    "name", "a_b", "Type", "id", "x-y", "key", "type", "nam", "ids"
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


/* what a walk for all names has found */
typedef struct {
    size_t            n;
    size_t            name[MAX_VALUES];
    scoped_key_str_t  values[MAX_VALUES];
} all_t;


static bool
found_of(void *data, size_t n, scoped_key_str_t value)
{
    all_t  *all = data;

    require(all->n < MAX_VALUES);
    all->name[all->n] = n;
    all->values[all->n++] = value;

    return true;
}


/* one name of the walk for all: as if it had been looked for alone */
static void
check_one(scoped_key_str_t query, scoped_key_str_t name, size_t number,
    bool refused, const all_t *all, unsigned char *scratch)
{
    size_t   i, n;
    list_t   list;

    list.n = 0;
    list.stop = 0;

    require((scoped_key_query_walk(query, name, false, scratch, found, &list)
             == SCOPED_KEY_QUERY_REFUSED) == refused);

    if (refused) {
        return;
    }

    n = 0;

    for (i = 0; i < all->n; i++) {
        if (all->name[i] == number) {
            require(n < list.n);
            require(list.values[n].len == all->values[i].len);
            require(list.values[n].len == 0
                    || memcmp(list.values[n].data, all->values[i].data,
                              list.values[n].len) == 0);
            n++;
        }
    }

    require(n == list.n);
}


/* with the first n names at once: a few are looked for in another way */
static void
check_all(const char *text, size_t len, size_t n)
{
    enum { N = sizeof(names) / sizeof(names[0]) };

    void                      *memory;
    size_t                     i, left;
    all_t                      all;
    bool                       refused[N];
    unsigned char             *scratch[2];
    scoped_key_str_t           query, list[N];
    const scoped_key_names_t  *table;

    memory = malloc(scoped_key_names_bytes(n));
    scratch[0] = malloc(len + (len == 0));
    scratch[1] = malloc(len + (len == 0));
    require(memory != NULL && scratch[0] != NULL && scratch[1] != NULL);

    for (i = 0; i < n; i++) {
        list[i].data = (const unsigned char *) names[i];
        list[i].len = strlen(names[i]);
        refused[i] = false;
    }

    table = scoped_key_names_build(memory, list, n);
    query.data = (const unsigned char *) text;
    query.len = len;
    all.n = 0;
    left = SIZE_MAX;

    scoped_key_query_walk_names(query, table, scratch[0], &left, refused,
                                found_of, &all);

    for (i = 0; i < n; i++) {
        check_one(query, list[i], i, refused[i], &all, scratch[1]);
    }

    free(memory);
    free(scratch[0]);
    free(scratch[1]);
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
    check_all(text, size - 1, sizeof(names) / sizeof(names[0]));
    check_all(text, size - 1, 1 + data[0] % 4);
    free(text);

    return 0;
}
