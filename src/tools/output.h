/*
 * One JSON object on standard output, piece by piece.  Knows no meaning.
 * Invariant: the caller closes what it opened; commas come by themselves.
 * Bytes that are no UTF-8 go out as they are: who prints the object for others
 * must see to them.
 */

#ifndef SCOPED_KEY_TOOLS_OUTPUT_H
#define SCOPED_KEY_TOOLS_OUTPUT_H

#include "../core/text.h"


/* name: of the member that begins here; NULL: an element of an array */
void output_open(const char *name, char bracket);
void output_close(char bracket);

/* an empty text is null */
void output_text(const char *name, scoped_key_str_t text);
void output_word(const char *name, const char *word);
void output_flag(const char *name, bool flag);
void output_number(const char *name, int64_t number);

/* the end of the line; false: not all could be written */
bool output_end(void);

#endif
