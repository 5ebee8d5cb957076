/*
 * JSON on standard output: see output.h.  Keeps the line that is being made,
 * and whether a comma is due in it.
 */

#include <inttypes.h>
#include <stdio.h>

#include "output.h"


static bool      output_comma;
static buffer_t  output_line;


static void
output_begin(const char *name)
{
    if (output_comma) {
        buffer_word(&output_line, ",");
    }

    output_comma = true;

    if (name != NULL) {
        buffer_quote(&output_line, str_static(name));
        buffer_word(&output_line, ":");
    }
}


void
output_open(const char *name, char bracket)
{
    output_begin(name);
    buffer_bytes(&output_line, &bracket, 1);

    output_comma = false;
}


void
output_close(char bracket)
{
    buffer_bytes(&output_line, &bracket, 1);

    output_comma = true;
}


void
output_str(const char *name, scoped_key_str_t text)
{
    if (text.len != 0) {
        output_string(name, text);
        return;
    }

    output_begin(name);
    buffer_word(&output_line, "null");
}


void
output_string(const char *name, scoped_key_str_t text)
{
    output_begin(name);
    buffer_quote(&output_line, text);
}


void
output_word(const char *name, const char *word)
{
    output_str(name, str_static(word));
}


void
output_flag(const char *name, bool flag)
{
    output_begin(name);
    buffer_word(&output_line, flag ? "true" : "false");
}


void
output_number(const char *name, int64_t number)
{
    char  digits[24];

    (void) snprintf(digits, sizeof(digits), "%" PRId64, number);

    output_begin(name);
    buffer_word(&output_line, digits);
}


void
output_strings(const char *name, const strings_t *texts)
{
    size_t  i;

    output_open(name, '[');

    for (i = 0; i < texts->n; i++) {
        output_string(NULL, texts->text[i]);
    }

    output_close(']');
}


void
output_json(const char *name, scoped_key_str_t json)
{
    output_begin(name);
    buffer_str(&output_line, json);
}


void
output_join(void)
{
    output_comma = false;
}


bool
output_refused(scoped_key_str_t reason, const strings_t *members)
{
    output_open(NULL, '{');
    output_string("refused", reason);

    if (members != NULL) {
        output_strings("members", members);
    }

    output_close('}');

    return output_end();
}


bool
output_end(void)
{
    size_t  written;

    buffer_word(&output_line, "\n");
    written = fwrite(output_line.data, 1, output_line.len, stdout);
    written -= output_line.len;

    output_drop();

    return written == 0;
}


void
output_drop(void)
{
    output_line = (buffer_t) { NULL, 0, 0 };
    output_comma = false;
}
