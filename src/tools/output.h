/*
 * One line of JSON on standard output, piece by piece.  Knows no meaning.
 * Invariant: the caller closes what it opened; commas come by themselves; a
 * line is written whole or not at all.  Bytes that are no UTF-8 go out as they
 * are: who prints the line for others must see to them.
 */

#ifndef SCOPED_KEY_TOOLS_OUTPUT_H
#define SCOPED_KEY_TOOLS_OUTPUT_H

#include "memory.h"


/* name: of the member that begins here; NULL: an element of an array */
void output_open(const char *name, char bracket);
void output_close(char bracket);

/* an empty text is null, a string is never */
void output_str(const char *name, scoped_key_str_t text);
void output_string(const char *name, scoped_key_str_t text);
void output_word(const char *name, const char *word);
void output_flag(const char *name, bool flag);
void output_number(const char *name, int64_t number);
void output_strings(const char *name, const strings_t *texts);

/* between two texts of one answer: no comma */
void output_join(void);

/* what is JSON already */
void output_json(const char *name, scoped_key_str_t json);

/* the whole line {"refused":reason}, with members if they are not NULL */
bool output_refused(scoped_key_str_t reason, const strings_t *members);

/* the end of the line; false: not all could be written */
bool output_end(void);

/* what was begun is no line */
void output_drop(void);

#endif
