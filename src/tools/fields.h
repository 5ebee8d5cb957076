/*
 * The fields of a record, one table: their names, how an object of an import or
 * a change says them, and what sets them.  What their values mean is the core's
 * word; which of them it reads it says itself (record_fields.h).
 */

#ifndef SCOPED_KEY_TOOLS_FIELDS_H
#define SCOPED_KEY_TOOLS_FIELDS_H

#include "value.h"


/* the value, as JSON has it, to the field's text; else why it is none */
typedef scoped_key_str_t (*fields_read_pt)(int64_t now, value_t value,
    scoped_key_str_t *text);

typedef struct {
    const char      *name;
    fields_read_pt   read;
    const char      *type;               /* "text": free, for people */
    const char      *set_by;             /* of scoped-key, besides import */
    bool             editable;           /* by `set` */
} fields_t;


/* up to one without a name */
extern const fields_t  fields_table[];

/* NULL: there is none; "meta.NAME" is none of them */
const fields_t *fields_find(scoped_key_str_t name);

/* free text without control bytes: the value of "meta.NAME" */
scoped_key_str_t fields_text(int64_t now, value_t value,
    scoped_key_str_t *text);

/* "meta." and what a variable of nginx may be called */
bool fields_is_meta(scoped_key_str_t name);

/* one line of JSON for each field; false: the core reads others, too */
bool fields_print(void);

#endif
