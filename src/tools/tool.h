/*
 * scoped-key-core: the core of the module, asked by scripts/scoped-key, which
 * knows no grammar of its own.  One line of JSON in, one out, in this order;
 * {"refused":reason} is the answer to what cannot be.  Of most verbs a line
 * that is no object is what Redis said instead: it goes on as it is.
 */

#ifndef SCOPED_KEY_TOOLS_TOOL_H
#define SCOPED_KEY_TOOLS_TOOL_H

#include "raw.h"


/* what the command line says, and the line that is being answered */
typedef struct {
    int64_t           now;               /* unix seconds */
    value_t           options;           /* an object */
    size_t            line;              /* its number, from 1 on */
    scoped_key_str_t  text;
} tool_t;

/* asked: the line, if it is JSON.  False: the answer could not be written. */
typedef bool (*tool_pt)(const tool_t *tool, value_t asked);

/* an object of an import, read: the record that it makes */
typedef struct {
    scoped_key_str_t  refused;           /* not empty: it is none, and why */
    bool              strict;            /* members that are unreadable, too,
                                            are problems */
    strings_t         problems;          /* what is wrong in the object */
    raw_t             raw;               /* of all else */
    scoped_key_str_t  last_used;         /* times in digits, or empty */
    scoped_key_str_t  previous_last_used;
} import_t;


/*
 * As main(): exit status 0, or 2 with the reason on standard error; of the verb
 * `relay` also 3.
 */
int tool_run(int argc, char **argv);

/* view.c: a record as `show`, `list` and `export` print it */
bool tool_view(const tool_t *tool, value_t asked);

/* lint.c: what is wrong or pointless in a record: of Redis, of an import */
bool tool_check(const tool_t *tool, value_t asked);
bool tool_check_import(const tool_t *tool, value_t asked);

/* import.c: an object that `create` and `import` take, to a record */
bool tool_record(const tool_t *tool, value_t asked);

/* options: "defaults", and "texts" for lines of the verb `digest` */
void import_read(import_t *import, const tool_t *tool, bool strict);

/* whether members of a scope list grant a scope */
bool tool_match(const tool_t *tool, value_t asked);

/* change.c: {"id","fields","members"} -> what a change makes of it */
bool tool_change(const tool_t *tool, value_t asked);

/* explain.c */
bool tool_explain(const tool_t *tool, value_t asked);

/* keys.c; what prepares them returns NULL, or why it cannot be */
const char *tool_keys(const tool_t *tool);
bool tool_digest(const tool_t *tool, value_t asked);
bool tool_issue(const tool_t *tool, value_t asked);

/*
 * relay.c: argv: milliseconds, a marker, and a program with its arguments, NULL
 * after them.  Standard input is the program's, a command a line; its two
 * outputs are standard output.  Once a command is there and nothing comes for
 * so long, the program is killed.  Returns 0, 2 when nothing could be started,
 * or 3 when an answer is missing.
 */
int relay_run(char **argv);

#endif
