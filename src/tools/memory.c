/*
 * Memory for one line: see memory.h.  Chunks, each at least as large as what
 * did not fit into the one before; the first is kept for the next line.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/digest.h"
#include "memory.h"


#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_SANITIZED  1
#endif
#endif

/* what is taken under a sanitizer is by itself, so that it sees its ends */

#if defined(__SANITIZE_ADDRESS__) || defined(MEMORY_SANITIZED)
#define MEMORY_CHUNK_BYTES   1
#define MEMORY_ROUND_BYTES   1
#else
#define MEMORY_CHUNK_BYTES   (256 * 1024)
#define MEMORY_ROUND_BYTES   MEMORY_ALIGNMENT
#endif

#define MEMORY_ALIGNMENT     16
#define BUFFER_MIN_BYTES     128
#define TEXTS_MIN            8

typedef struct memory_chunk_s  memory_chunk_t;

struct memory_chunk_s {
    memory_chunk_t  *next;
    size_t           used;
    size_t           room;
    _Alignas(MEMORY_ALIGNMENT) unsigned char  data[];
};


static memory_chunk_t  *memory_chunk;


void
memory_failed(void)
{
    fputs("scoped-key-core: out of memory\n", stderr);
    exit(2);
}


static memory_chunk_t *
memory_new(size_t len)
{
    memory_chunk_t  *chunk;

    if (len < MEMORY_CHUNK_BYTES) {
        len = MEMORY_CHUNK_BYTES;
    }

    chunk = malloc(sizeof(*chunk) + len);

    if (chunk == NULL) {
        memory_failed();
    }

    chunk->next = memory_chunk;
    chunk->used = 0;
    chunk->room = len;

    return chunk;
}


void *
memory_alloc(size_t len)
{
    void  *taken;

    len = (len + MEMORY_ROUND_BYTES - 1) / MEMORY_ROUND_BYTES
          * MEMORY_ROUND_BYTES;

    if (memory_chunk == NULL
        || memory_chunk->room - memory_chunk->used < len)
    {
        memory_chunk = memory_new(len);
    }

    taken = memory_chunk->data + memory_chunk->used;
    memory_chunk->used += len;

    return taken;
}


void
memory_keep(void *taken)
{
    (void) taken;
}


static void
memory_forget(bool all)
{
    memory_chunk_t  *chunk;

    while (memory_chunk != NULL) {
        chunk = memory_chunk;
        scoped_key_wipe(chunk->data, chunk->used);

        if (!all && chunk->next == NULL) {
            chunk->used = 0;
            return;
        }

        memory_chunk = chunk->next;
        free(chunk);
    }
}


void
memory_reset(void)
{
    memory_forget(MEMORY_ROUND_BYTES == 1);
}


void
memory_free(void)
{
    memory_forget(true);
}


static void
buffer_room(buffer_t *buffer, size_t len)
{
    size_t          room;
    unsigned char  *data;

    if (buffer->room - buffer->len >= len) {
        return;
    }

    room = 2 * (buffer->len + len);

    if (room < BUFFER_MIN_BYTES) {
        room = BUFFER_MIN_BYTES;
    }

    data = memory_alloc(room);

    if (buffer->len != 0) {
        memcpy(data, buffer->data, buffer->len);
    }

    buffer->data = data;
    buffer->room = room;
}


void
buffer_bytes(buffer_t *buffer, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }

    buffer_room(buffer, len);
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}


void
buffer_word(buffer_t *buffer, const char *word)
{
    buffer_bytes(buffer, word, strlen(word));
}


void
buffer_str(buffer_t *buffer, scoped_key_str_t text)
{
    buffer_bytes(buffer, text.data, text.len);
}


static bool
quote_is_plain(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}


void
buffer_quote(buffer_t *buffer, scoped_key_str_t text)
{
    char           escape[8];
    size_t         i, plain;
    unsigned char  c;

    buffer_word(buffer, "\"");

    for (i = 0; i < text.len; i += plain + 1) {

        for (plain = 0; i + plain < text.len; plain++) {
            if (!quote_is_plain(text.data[i + plain])) {
                break;
            }
        }

        buffer_bytes(buffer, text.data + i, plain);

        if (i + plain == text.len) {
            break;
        }

        c = text.data[i + plain];

        if (c == '"' || c == '\\') {
            (void) snprintf(escape, sizeof(escape), "\\%c", c);

        } else {
            (void) snprintf(escape, sizeof(escape), "\\u%04x", c);
        }

        buffer_word(buffer, escape);
    }

    buffer_word(buffer, "\"");
}


scoped_key_str_t
buffer_done(const buffer_t *buffer)
{
    scoped_key_str_t  text = { buffer->len, buffer->data };

    return text;
}


void
strings_add(strings_t *texts, scoped_key_str_t text)
{
    size_t             room;
    scoped_key_str_t  *grown;

    if (texts->n == texts->room) {
        room = texts->room == 0 ? TEXTS_MIN : 2 * texts->room;
        grown = memory_alloc(room * sizeof(*grown));

        if (texts->n != 0) {
            memcpy(grown, texts->text, texts->n * sizeof(*grown));
        }

        texts->text = grown;
        texts->room = room;
    }

    texts->text[texts->n++] = text;
}


static int
strings_compare(const void *one, const void *other)
{
    int                      order;
    size_t                   len;
    const scoped_key_str_t  *a = one, *b = other;

    len = a->len < b->len ? a->len : b->len;
    order = len == 0 ? 0 : memcmp(a->data, b->data, len);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}


void
strings_sort(strings_t *texts, bool unique)
{
    size_t  i, n;

    if (texts->n == 0) {
        return;
    }

    qsort(texts->text, texts->n, sizeof(*texts->text), strings_compare);

    for (i = 1, n = 1; unique && i < texts->n; i++) {
        if (!scoped_key_str_equal(texts->text[i], texts->text[n - 1])) {
            texts->text[n++] = texts->text[i];
        }
    }

    texts->n = unique ? n : texts->n;
}


scoped_key_str_t
strings_join(const strings_t *texts, const char *open, const char *close)
{
    size_t    i;
    buffer_t  buffer = { NULL, 0, 0 };

    buffer_word(&buffer, open);

    for (i = 0; i < texts->n; i++) {
        buffer_word(&buffer, i == 0 ? "" : ",");
        buffer_str(&buffer, texts->text[i]);
    }

    buffer_word(&buffer, close);

    return buffer_done(&buffer);
}


scoped_key_str_t
str_static(const char *word)
{
    scoped_key_str_t  text = { strlen(word), (const unsigned char *) word };

    return text;
}


scoped_key_str_t
text_line(scoped_key_str_t text)
{
    size_t  i;
    char   *line = text_terminated(text);

    for (i = 0; i < text.len; i++) {
        line[i] = line[i] == '\n' || line[i] == '\0' ? '?' : line[i];
    }

    text.data = (unsigned char *) line;

    return text;
}


char *
text_terminated(scoped_key_str_t text)
{
    char  *copy = memory_alloc(text.len + 1);

    memcpy(copy, text.data != NULL ? text.data : (unsigned char *) "",
           text.len);
    copy[text.len] = '\0';

    return copy;
}


bool
str_is(scoped_key_str_t text, const char *word)
{
    return scoped_key_str_equal(text, str_static(word));
}


bool
text_is_blank(scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (strchr(" \t\r", text.data[i]) == NULL || text.data[i] == '\0') {
            return false;
        }
    }

    return true;
}


scoped_key_str_t
str_format(const char *format, ...)
{
    va_list      args;
    buffer_t     buffer = { NULL, 0, 0 };
    const char  *mark;

    va_start(args, format);

    for (mark = strstr(format, "%s"); mark != NULL;
         mark = strstr(format, "%s"))
    {
        buffer_bytes(&buffer, format, (size_t) (mark - format));
        buffer_str(&buffer, va_arg(args, scoped_key_str_t));
        format = mark + 2;
    }

    va_end(args);

    buffer_word(&buffer, format);

    return buffer_done(&buffer);
}
