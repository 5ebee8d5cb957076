/*
 * Case files: one case a line, fields apart by spaces or tabs, `#` in front of
 * a comment line.  In a field `\xHH` is a byte and `""` alone is no text.
 * Each field lies in memory of its own of just its length, so that a sanitizer
 * sees a read beyond it.  A file that is missing or has no case is a failure.
 */

#ifndef CASES_H
#define CASES_H

#include "core/str.h"
#include "unit.h"


#define CASE_MAX_FIELDS  8
#define CASE_MAX_BYTES   4096


typedef struct {
    const char        *file;
    int                line;
    size_t             n;
    scoped_key_str_t   field[CASE_MAX_FIELDS];
} unit_case_t;


#define check_case(c, condition)                                              \
    unit_check((condition), #condition, (c)->file, (c)->line)


/* text with its escapes undone, in memory of just its length */
static inline scoped_key_str_t
unit_field(const char *from, size_t len)
{
    size_t            i, n;
    unsigned          byte;
    unsigned char     buf[CASE_MAX_BYTES], *copy;
    scoped_key_str_t  field;

    n = 0;

    if (len == 2 && memcmp(from, "\"\"", 2) == 0) {
        len = 0;
    }

    for (i = 0; i < len; i++) {
        buf[n++] = (unsigned char) from[i];

        if (len - i >= 4 && sscanf(from + i, "\\x%2x", &byte) == 1) {
            buf[n - 1] = (unsigned char) byte;
            i += 3;
        }
    }

    copy = malloc(n);

    if (n != 0 && copy == NULL) {
        abort();
    }

    if (n != 0) {
        memcpy(copy, buf, n);
    }

    field.data = copy;
    field.len = n;

    return field;
}


static inline void
unit_case_read(unit_case_t *c, const char *line)
{
    size_t  len;

    for (c->n = 0; c->n < CASE_MAX_FIELDS; c->n++) {
        line += strspn(line, " \t\n");
        len = strcspn(line, " \t\n");

        if (len == 0) {
            break;
        }

        c->field[c->n] = unit_field(line, len);
        line += len;
    }
}


static inline void
unit_case_free(unit_case_t *c)
{
    size_t  i;

    for (i = 0; i < c->n; i++) {
        free((void *) c->field[i].data);
    }
}


/* gives every case of the file that has n fields; another number fails */
static inline void
unit_cases(const char *path, size_t n, void (*run)(const unit_case_t *c))
{
    FILE         *file;
    char          line[CASE_MAX_BYTES];
    unsigned      cases;
    unit_case_t   c;

    memset(&c, 0, sizeof(c));
    c.file = path;
    cases = 0;
    file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        c.line++;

        if (line[0] == '#' || line[strspn(line, " \t\n")] == '\0') {
            continue;
        }

        unit_case_read(&c, line);

        if (check_case(&c, c.n == n)) {
            run(&c);
        }

        unit_case_free(&c);
        cases++;
    }

    if (file != NULL) {
        fclose(file);
    }

    unit_check(cases != 0, "the file has cases", path, 0);
}


static inline int
unit_field_is(scoped_key_str_t field, const char *word)
{
    return field.len == strlen(word)
           && (field.len == 0 || memcmp(field.data, word, field.len) == 0);
}


/* a text out of a C string, for tests that need no case file */
static inline scoped_key_str_t
unit_str(const char *s)
{
    scoped_key_str_t  text;

    text.data = (const unsigned char *) s;
    text.len = strlen(s);

    return text;
}

#endif
