/*
 * The table of fragments: sorted, searched by halves, so that no choice of
 * names makes a search slow.  Knows nothing of syntax.
 * Invariant: no name stands in it twice.
 */

#include "graphql_fragments.h"

#include <string.h>


/* any total order will do: short names first */
static int
scoped_key_graphql_compare(scoped_key_str_t a, scoped_key_str_t b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }

    return memcmp(a.data, b.data, a.len);
}


/* where the name stands, or would have to */
static size_t
scoped_key_graphql_fragments_seek(const scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name)
{
    size_t  low, high, middle;

    low = 0;
    high = table->n;

    while (low < high) {
        middle = (low + high) / 2;

        if (scoped_key_graphql_compare(table->list[middle].name, name) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


scoped_key_graphql_fragment_t *
scoped_key_graphql_fragments_find(scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name)
{
    size_t  i;

    i = scoped_key_graphql_fragments_seek(table, name);

    if (i == table->n
        || scoped_key_graphql_compare(table->list[i].name, name) != 0)
    {
        return NULL;
    }

    return &table->list[i];
}


bool
scoped_key_graphql_fragments_add(scoped_key_graphql_fragments_t *table,
    scoped_key_str_t name, scoped_key_str_t body)
{
    size_t                          i;
    scoped_key_graphql_fragment_t  *fragment;

    if (scoped_key_graphql_fragments_full(table)
        || scoped_key_graphql_fragments_find(table, name) != NULL)
    {
        return false;
    }

    i = scoped_key_graphql_fragments_seek(table, name);
    fragment = &table->list[i];

    memmove(fragment + 1, fragment, (table->n - i) * sizeof(*fragment));
    table->n++;

    fragment->name = name;
    fragment->body = body;
    fragment->reported = false;
    fragment->open = false;

    return true;
}
