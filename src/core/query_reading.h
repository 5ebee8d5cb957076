/*
 * Within query strings: the loosest reading of a name that any upstream is
 * known to have.  Knows nothing of pairs; no memory; a text is read from left
 * to right, in time linear in it.
 */

#ifndef SCOPED_KEY_QUERY_READING_H
#define SCOPED_KEY_QUERY_READING_H

#include "text.h"


/*
 * Undoes %XX, and what that brings forth, until there is none left, in place.
 * A percent sign that stands for itself stays.  Returns the length.
 */
size_t scoped_key_query_decode_fully(unsigned char *data, size_t len);

/*
 * Whether some upstream could read the text, fully decoded, as the name, or as
 * a part of it, or as the name within something else: case, and what stands
 * for `.`, `[`, spaces and the like, is not told apart.
 */
bool scoped_key_query_reads_as(scoped_key_str_t text, scoped_key_str_t name);

/* the same, but nothing may stand around the name */
bool scoped_key_query_reads_just_as(scoped_key_str_t text,
    scoped_key_str_t name);

#endif
