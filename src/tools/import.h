/*
 * An object that `create` and `import` take, to the record that it makes.
 */

#ifndef SCOPED_KEY_TOOLS_IMPORT_H
#define SCOPED_KEY_TOOLS_IMPORT_H

#include "tool.h"


typedef struct {
    scoped_key_str_t  refused;           /* not empty: it is none, and why */
    bool              strict;            /* members that are unreadable, too,
                                            are problems */
    texts_t           problems;          /* what is wrong in the object */
    raw_t             raw;               /* of all else */
} import_t;


/* an empty line */
bool import_is_blank(scoped_key_str_t line);

/* tool->options: "defaults", and "texts" for lines of the verb `digest` */
void import_read(import_t *import, const tool_t *tool, scoped_key_str_t line,
    bool strict);

/* whether a record has such a field for people, which the module leaves be */
bool import_is_field(scoped_key_str_t name);

/* one line of JSON for each field; false: the core has others, too */
bool import_print_fields(void);

#endif
