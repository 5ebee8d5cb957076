/*
 * What fuzzers share: a check that ends the run, and pieces of the input in
 * memory of their own of just their length, so that a sanitizer sees a read
 * beyond them.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include "core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define must(condition)                                                       \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)


static inline scoped_key_str_t
fuzz_copy(const uint8_t *data, size_t size)
{
    unsigned char     *copy;
    scoped_key_str_t   text;

    copy = malloc(size);

    if (size != 0) {
        must(copy != NULL);
        memcpy(copy, data, size);
    }

    text.data = copy;
    text.len = size;

    return text;
}


static inline void
fuzz_free(scoped_key_str_t text)
{
    free((void *) text.data);
}


/* takes all up to the next newline off the front; copied, to be freed */
static inline scoped_key_str_t
fuzz_line(const uint8_t **data, size_t *size)
{
    size_t            len;
    const uint8_t    *newline;
    scoped_key_str_t  line;

    newline = *size != 0 ? memchr(*data, '\n', *size) : NULL;
    len = newline != NULL ? (size_t) (newline - *data) : *size;
    line = fuzz_copy(*data, len);

    if (newline != NULL) {
        len++;
    }

    if (len != 0) {
        *data += len;
        *size -= len;
    }

    return line;
}

#endif
