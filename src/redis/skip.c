/*
 * The rest of a large reply, value by value.  Knows no event and no hiredis.
 * Invariants: text, line_len and the sum of elements are bounded by what
 * skip.h allows before they are added to; nothing is read beyond len.
 */

#include "skip.h"

#include <string.h>


void
scoped_key_skip_start(scoped_key_skip_t *skip, size_t values)
{
    memset(skip, 0, sizeof(scoped_key_skip_t));

    skip->left[0] = values;
}


bool
scoped_key_skip_enter(scoped_key_skip_t *skip, size_t values)
{
    if (skip->level == SCOPED_KEY_SKIP_MAX_DEPTH
        || values > SCOPED_KEY_SKIP_MAX_ELEMENTS - skip->elements)
    {
        return false;
    }

    skip->elements += values;
    skip->level++;
    skip->left[skip->level] = values;

    return true;
}


/* arrays of which nothing is to come are over; true: so is the root */
static bool
scoped_key_skip_is_over(scoped_key_skip_t *skip)
{
    while (skip->level > 0 && skip->left[skip->level] == 0) {
        skip->level--;
    }

    return skip->left[skip->level] == 0;
}


/* a size in decimal digits; false: it is none, or over any limit */
static bool
scoped_key_skip_size(const scoped_key_skip_t *skip, size_t *size)
{
    size_t  i, n;

    /* the line's first byte is its type, its last two are CR LF */
    if (skip->line_len < 4 || skip->line[skip->line_len - 2] != '\r') {
        return false;
    }

    /* as hiredis has it */
    if (skip->line[1] == '0' && skip->line_len != 4) {
        return false;
    }

    n = 0;

    for (i = 1; i < skip->line_len - 2; i++) {

        if (skip->line[i] < '0' || skip->line[i] > '9') {
            return false;
        }

        n = n * 10 + (size_t) (skip->line[i] - '0');

        if (n > SCOPED_KEY_SKIP_MAX_BYTES) {
            return false;
        }
    }

    *size = n;

    return true;
}


/* the line that announces a value is whole */
static bool
scoped_key_skip_value(scoped_key_skip_t *skip)
{
    size_t  size;

    if (!scoped_key_skip_size(skip, &size)) {
        return false;
    }

    skip->line_len = 0;
    skip->left[skip->level]--;

    switch (skip->line[0]) {

    case '$':
        skip->text = size + 2;
        return true;

    case '*':
        return scoped_key_skip_enter(skip, size);

    default:
        return false;
    }
}


/* the bytes that are a string's, or its line end; 0: it does not end so */
static size_t
scoped_key_skip_text(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len)
{
    size_t  n;

    if (skip->text > 2) {
        n = len < skip->text - 2 ? len : skip->text - 2;
        skip->text -= n;
        return n;
    }

    if (data[0] != (skip->text == 2 ? '\r' : '\n')) {
        return 0;
    }

    skip->text--;

    return 1;
}


/* the bytes that were taken of what comes next; 0: it is broken */
static size_t
scoped_key_skip_step(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len)
{
    if (skip->text > 0) {
        return scoped_key_skip_text(skip, data, len);
    }

    if (skip->line_len == SCOPED_KEY_SKIP_LINE_BYTES) {
        return 0;
    }

    skip->line[skip->line_len++] = data[0];

    if (data[0] == '\n' && !scoped_key_skip_value(skip)) {
        return 0;
    }

    return 1;
}


scoped_key_resp_status_e
scoped_key_skip_feed(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len, size_t *used)
{
    size_t  n, pos;

    pos = 0;

    for ( ;; ) {

        if (skip->text == 0 && skip->line_len == 0
            && scoped_key_skip_is_over(skip))
        {
            *used = pos;
            return SCOPED_KEY_RESP_TOO_LARGE;
        }

        if (pos == len) {
            return SCOPED_KEY_RESP_MORE;
        }

        n = scoped_key_skip_step(skip, data + pos, len - pos);

        if (n == 0 || n > SCOPED_KEY_SKIP_MAX_BYTES - skip->bytes) {
            return SCOPED_KEY_RESP_BROKEN;
        }

        skip->bytes += n;
        pos += n;
    }
}
