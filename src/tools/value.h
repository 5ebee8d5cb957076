/*
 * JSON that scripts/scoped-key and the script in Redis write, read leniently:
 * a string may hold any byte, which JSON itself cannot say.  Bytes that are no
 * UTF-8 may stand as they are; U+0000 and two hexadecimal digits are one byte.
 * Knows nothing of records.  Results live in memory.h's memory or in the
 * document.
 */

#ifndef SCOPED_KEY_TOOLS_VALUE_H
#define SCOPED_KEY_TOOLS_VALUE_H

#include "../core/json.h"
#include "memory.h"


typedef const scoped_key_json_t  *value_t;


/* NULL: it is no JSON; the caller frees it */
scoped_key_json_t *value_read(scoped_key_str_t line);

/* of an object; NULL: it has no such member, or is no object */
value_t value_member(value_t object, const char *name);

/* whether there is a value, and it is not null */
bool value_is_given(value_t value);

/* of a string; empty of all else */
scoped_key_str_t value_str(value_t value);
bool value_is_true(value_t value);

/* of an array, its strings; false: it holds something else, or is no array */
bool value_strings(value_t value, strings_t *texts);

/* the value as JSON again; a number that is no integer as 0.5 */
void value_write(buffer_t *buffer, value_t value);

#endif
