/*
 * Documents that a test makes of pieces, or reads from a file, with what the
 * first lines of such a file say that the scanner must report.  What is made
 * is the caller's to free.
 */

#ifndef MADE_H
#define MADE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    char    *text;
    size_t   len;
    size_t   size;
} made_t;


static inline void
add(made_t *made, const char *text, size_t times)
{
    size_t  i, len;

    len = strlen(text);

    if (made->len + len * times >= made->size) {
        made->size = 2 * (made->len + len * times) + 1;
        made->text = realloc(made->text, made->size);

        if (made->text == NULL) {
            abort();
        }
    }

    for (i = 0; i < times; i++) {
        memcpy(made->text + made->len, text, len);
        made->len += len;
    }
}


static inline bool
read_file(const char *path, made_t *made)
{
    FILE  *file;

    memset(made, 0, sizeof(made_t));
    made->size = 1 << 20;
    made->text = malloc(made->size);
    file = fopen(path, "rb");

    if (made->text == NULL || file == NULL) {
        return false;
    }

    made->len = fread(made->text, 1, made->size, file);
    fclose(file);

    return true;
}


/* the lines of the document that begin with "#= ", without that */
static inline void
expected(const made_t *made, made_t *lines)
{
    char  *line, *end;

    memset(lines, 0, sizeof(made_t));
    line = made->text;

    while ((size_t) (line - made->text) + 3 < made->len
           && memcmp(line, "#= ", 3) == 0)
    {
        end = strchr(line, '\n');
        *end = '\0';
        add(lines, lines->len == 0 ? "" : "\n", 1);
        add(lines, line + 3, 1);
        *end = '\n';
        line = end + 1;
    }

    add(lines, "", 1);
}

#endif
