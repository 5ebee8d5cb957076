/*
 * The verbs of scoped-key-core.  Each is asked with one line of JSON and
 * answers with one; what it refuses it answers with {"refused":reason}.
 */

#ifndef SCOPED_KEY_TOOLS_TOOL_H
#define SCOPED_KEY_TOOLS_TOOL_H

#include "raw.h"


/* what the command line says, for all lines */
typedef struct {
    int64_t   now;                       /* unix seconds */
    size_t    line;                      /* number of the line, from 1 on */
    value_t   options;                   /* an object, or NULL */
} tool_t;

/* false: the answer could not be written */
typedef bool (*tool_pt)(const tool_t *tool, scoped_key_str_t line);


/* view.c: a record as `show`, `list` and `export` print it */
bool tool_view(const tool_t *tool, scoped_key_str_t line);

/* lint.c: what is wrong or pointless in a record: of Redis, of an import */
bool tool_check(const tool_t *tool, scoped_key_str_t line);
bool tool_check_import(const tool_t *tool, scoped_key_str_t line);

/* import.c: an object that `create` and `import` take, to a record */
bool tool_record(const tool_t *tool, scoped_key_str_t line);

/* members.c */
bool tool_grant(const tool_t *tool, scoped_key_str_t line);
bool tool_ungrant(const tool_t *tool, scoped_key_str_t line);
bool tool_match(const tool_t *tool, scoped_key_str_t line);
bool members_grant(const texts_t *members, scoped_key_str_t asked,
    int64_t now);

/* explain.c */
bool tool_explain(const tool_t *tool, scoped_key_str_t line);

#endif
