/*
 * What the scanner reports, as text: one line for each operation, its type and
 * then its root fields, in the order in which they came.  Shared by the unit
 * test, the fuzzer and the comparison with the reference implementation.
 */

#ifndef LISTING_H
#define LISTING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graphql.h"


typedef struct {
    char    *text;
    size_t   len;
    size_t   size;
    size_t   calls;
    size_t   stop;                       /* the call that returns false */
    scoped_key_graphql_error_t  error;   /* of a refused document */
} listing_t;


static inline void
listing_add(listing_t *listing, const void *data, size_t len)
{
    if (listing->len + len + 1 > listing->size) {
        listing->size = 2 * (listing->len + len + 1);
        listing->text = realloc(listing->text, listing->size);

        if (listing->text == NULL) {
            abort();
        }
    }

    memcpy(listing->text + listing->len, data, len);
    listing->len += len;
    listing->text[listing->len] = '\0';
}


static inline bool
listing_operation(void *data, scoped_key_graphql_operation_e type)
{
    listing_t         *listing = data;
    scoped_key_str_t   name = scoped_key_graphql_operation_name(type);

    if (listing->calls != 0) {
        listing_add(listing, "\n", 1);
    }

    listing_add(listing, name.data, name.len);

    return ++listing->calls != listing->stop;
}


static inline bool
listing_field(void *data, scoped_key_str_t name)
{
    listing_t  *listing = data;

    if (listing->calls == 0) {
        abort();                         /* a field before any operation */
    }

    listing_add(listing, " ", 1);
    listing_add(listing, name.data, name.len);

    return ++listing->calls != listing->stop;
}


/* the caller frees listing->text; stop: 0, or which call is the last */
static inline scoped_key_graphql_e
listing_make(listing_t *listing, scoped_key_str_t document, size_t stop)
{
    scoped_key_graphql_sink_t  sink;

    memset(listing, 0, sizeof(listing_t));
    listing->stop = stop;
    listing_add(listing, "", 0);

    sink.operation = listing_operation;
    sink.field = listing_field;
    sink.data = listing;

    return scoped_key_graphql_scan(document, &sink, &listing->error);
}

#endif
