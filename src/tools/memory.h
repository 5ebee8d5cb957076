/*
 * Memory that lasts for one line of input: nothing is freed by itself.
 * Invariant: what is asked for is there; when it cannot be, the program ends
 * with status 2, and has written no part of a line.
 */

#ifndef SCOPED_KEY_TOOLS_MEMORY_H
#define SCOPED_KEY_TOOLS_MEMORY_H

#include "../core/text.h"


/* bytes in a row that grow; {0} is an empty one */
typedef struct {
    unsigned char     *data;
    size_t             len;
    size_t             room;
} buffer_t;

/* strings that become more; {0} is none */
typedef struct {
    scoped_key_str_t  *text;
    size_t             n;
    size_t             room;
} texts_t;


/* aligned for any type */
void *memory_take(size_t len);

/* forgets all that was taken */
void memory_reset(void);

void buffer_bytes(buffer_t *buffer, const void *data, size_t len);
void buffer_word(buffer_t *buffer, const char *word);
void buffer_text(buffer_t *buffer, scoped_key_str_t text);

/* the text as a string of JSON; bytes that are no UTF-8 as they are */
void buffer_quote(buffer_t *buffer, scoped_key_str_t text);

scoped_key_str_t buffer_done(const buffer_t *buffer);

void texts_add(texts_t *texts, scoped_key_str_t text);

/* by their bytes; unique: without those that come twice */
void texts_sort(texts_t *texts, bool unique);

/* the texts between commas, and those around them */
scoped_key_str_t texts_join(const texts_t *texts, const char *open,
    const char *close);

scoped_key_str_t text_static(const char *word);
bool text_is(scoped_key_str_t text, const char *word);

/* like printf(); of texts alone: %s takes a scoped_key_str_t */
scoped_key_str_t text_format(const char *format, ...);

#endif
