/*
 * Memory that lasts for one line of input: nothing is freed by itself.
 * Invariant: what is asked for is there; when it cannot be, the program ends
 * with status 2, and has written no part of a line.
 */

#ifndef SCOPED_KEY_TOOLS_MEMORY_H
#define SCOPED_KEY_TOOLS_MEMORY_H

#include "../core/str.h"


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
} strings_t;


/* aligned for any type */
void *memory_alloc(size_t len);

/* of what was taken: as free() would be called; it stays until the reset */
void memory_keep(void *taken);

/* wipes and forgets all that was taken; and gives it back */
void memory_reset(void);
void memory_free(void);

/* says that there is no more, and ends the program */
_Noreturn void memory_failed(void);

void buffer_bytes(buffer_t *buffer, const void *data, size_t len);
void buffer_word(buffer_t *buffer, const char *word);
void buffer_str(buffer_t *buffer, scoped_key_str_t text);

/* the text as a string of JSON; bytes that are no UTF-8 as they are */
void buffer_quote(buffer_t *buffer, scoped_key_str_t text);

scoped_key_str_t buffer_done(const buffer_t *buffer);

void strings_add(strings_t *texts, scoped_key_str_t text);

/* by their bytes; unique: without those that come twice */
void strings_sort(strings_t *texts, bool unique);

/* the texts between commas, and those around them */
scoped_key_str_t strings_join(const strings_t *texts, const char *open,
    const char *close);

scoped_key_str_t str_static(const char *word);

/* the same in one line, whatever it holds */
scoped_key_str_t text_line(scoped_key_str_t text);

/* a copy that ends in a NUL */
char *text_terminated(scoped_key_str_t text);

bool str_is(scoped_key_str_t text, const char *word);

/* nothing but spaces, tabs and carriage returns */
bool text_is_blank(scoped_key_str_t text);

/* like printf(); of texts alone: %s takes a scoped_key_str_t */
scoped_key_str_t str_format(const char *format, ...);

#endif
