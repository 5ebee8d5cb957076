/*
 * JSON on standard output: see output.h.  The one file that keeps a state, that
 * is whether a comma is due.
 * Invariant: nothing but what JSON calls a string stands between quotation
 * marks, whatever bytes the text holds.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output.h"


static bool  output_comma;


static void
output_string(scoped_key_str_t text)
{
    size_t         i;
    unsigned char  c;

    putchar('"');

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c < 0x20 || c == 0x7f) {
            printf("\\u%04x", c);
            continue;
        }

        if (c == '"' || c == '\\') {
            putchar('\\');
        }

        putchar(c);
    }

    putchar('"');
}


static scoped_key_str_t
output_static(const char *word)
{
    scoped_key_str_t  text = { strlen(word), (const unsigned char *) word };

    return text;
}


static void
output_begin(const char *name)
{
    if (output_comma) {
        putchar(',');
    }

    output_comma = true;

    if (name != NULL) {
        output_string(output_static(name));
        putchar(':');
    }
}


void
output_open(const char *name, char bracket)
{
    output_begin(name);
    putchar(bracket);

    output_comma = false;
}


void
output_close(char bracket)
{
    putchar(bracket);

    output_comma = true;
}


void
output_text(const char *name, scoped_key_str_t text)
{
    output_begin(name);

    if (text.len == 0) {
        fputs("null", stdout);
        return;
    }

    output_string(text);
}


void
output_word(const char *name, const char *word)
{
    output_text(name, output_static(word));
}


void
output_flag(const char *name, bool flag)
{
    output_begin(name);
    fputs(flag ? "true" : "false", stdout);
}


void
output_number(const char *name, int64_t number)
{
    output_begin(name);
    printf("%" PRId64, number);
}


bool
output_end(void)
{
    putchar('\n');

    return fflush(stdout) == 0 && !ferror(stdout);
}
