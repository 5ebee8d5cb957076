/*
 * The values and the bytes of one reply, and the ways to look at them.  Only
 * memory: whatever came over the wire has been read by resp.c.
 * Invariants: no more than SCOPED_KEY_RESP_MAX_ELEMENTS are ever announced,
 * no more than SCOPED_KEY_RESP_MAX_BYTES ever held; no malloc for each value.
 */

#include "reply.h"

#include <stdlib.h>
#include <string.h>


/* to begin with */
#define SCOPED_KEY_REPLY_FIRST_VALUES     64
#define SCOPED_KEY_REPLY_FIRST_TEXT     4096

/* more than this is not kept for the next reply */
#define SCOPED_KEY_REPLY_KEEP_VALUES    1024
#define SCOPED_KEY_REPLY_KEEP_TEXT     65536

/* the root is a value, but no element */
#define SCOPED_KEY_REPLY_MAX_VALUES    (SCOPED_KEY_RESP_MAX_ELEMENTS + 1)


/*
 * Makes room for `more` items of `width` bytes after the first n.  Returns
 * where they all lie now, or NULL: out of memory, and nothing has changed.
 */
static void *
scoped_key_reply_reserve(void *items, size_t *size, size_t n, size_t more,
    size_t width)
{
    void    *grown;
    size_t   wanted;

    if (items != NULL && more <= *size - n) {
        return items;
    }

    wanted = *size;

    while (wanted - n < more) {
        wanted *= 2;
    }

    grown = realloc(items, wanted * width);

    if (grown != NULL) {
        *size = wanted;
    }

    return grown;
}


static scoped_key_resp_status_e
scoped_key_reply_append(scoped_key_reply_t *reply,
    const scoped_key_resp_value_t *value)
{
    scoped_key_resp_value_t  *values;

    if (reply->nvalues >= SCOPED_KEY_REPLY_MAX_VALUES) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    if (reply->values == NULL) {
        reply->values_size = SCOPED_KEY_REPLY_FIRST_VALUES;
    }

    values = scoped_key_reply_reserve(reply->values, &reply->values_size,
                                      reply->nvalues, 1, sizeof(*value));
    if (values == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    reply->values = values;
    reply->values[reply->nvalues++] = *value;

    return SCOPED_KEY_RESP_REPLY;
}


scoped_key_resp_status_e
scoped_key_reply_nil(scoped_key_reply_t *reply)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_NIL,
                                       .span = 1 };

    return scoped_key_reply_append(reply, &value);
}


scoped_key_resp_status_e
scoped_key_reply_integer(scoped_key_reply_t *reply, long long integer)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_INTEGER,
                                       .span = 1, .integer = integer };

    return scoped_key_reply_append(reply, &value);
}


scoped_key_resp_status_e
scoped_key_reply_text(scoped_key_reply_t *reply, scoped_key_resp_e type,
    const void *data, size_t len)
{
    unsigned char            *text;
    scoped_key_resp_value_t   value = { .type = type, .len = len, .span = 1 };

    if (len > SCOPED_KEY_RESP_MAX_BYTES - reply->text_len) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    if (reply->text == NULL) {
        reply->text_size = SCOPED_KEY_REPLY_FIRST_TEXT;
    }

    text = scoped_key_reply_reserve(reply->text, &reply->text_size,
                                    reply->text_len, len, 1);
    if (text == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    memcpy(text + reply->text_len, data, len);

    /* the offset, until settled */
    value.integer = (long long) reply->text_len;

    reply->text = text;
    reply->text_len += len;

    return scoped_key_reply_append(reply, &value);
}


scoped_key_resp_status_e
scoped_key_reply_array(scoped_key_reply_t *reply, size_t elements,
    size_t depth)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_ARRAY,
                                       .len = elements, .span = 1 };

    /* no record and no message is so deep */
    if (depth > SCOPED_KEY_RESP_MAX_DEPTH) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    if (elements > SCOPED_KEY_RESP_MAX_ELEMENTS - reply->announced) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    reply->announced += elements;

    return scoped_key_reply_append(reply, &value);
}


static size_t
scoped_key_reply_span(const scoped_key_resp_value_t *array)
{
    size_t  i, span;

    span = 1;

    for (i = 0; i < array->len; i++) {
        span += array[span].span;
    }

    return span;
}


void
scoped_key_reply_settle(scoped_key_reply_t *reply)
{
    size_t                    i;
    scoped_key_resp_value_t  *value;

    /* backwards, so that what is in an array is settled before the array */
    for (i = reply->nvalues; i > 0; i--) {
        value = &reply->values[i - 1];

        switch (value->type) {

        case SCOPED_KEY_RESP_ARRAY:
            value->span = scoped_key_reply_span(value);
            break;

        case SCOPED_KEY_RESP_STATUS:
        case SCOPED_KEY_RESP_ERROR:
        case SCOPED_KEY_RESP_STRING:
            value->data = reply->text + value->integer;
            value->integer = 0;
            break;

        default:
            break;
        }
    }
}


bool
scoped_key_reply_reset(scoped_key_reply_t *reply)
{
    bool  big;

    big = reply->text_size > SCOPED_KEY_REPLY_KEEP_TEXT
          || reply->values_size > SCOPED_KEY_REPLY_KEEP_VALUES;

    if (big) {
        scoped_key_reply_free(reply);
    }

    reply->nvalues = 0;
    reply->announced = 0;
    reply->text_len = 0;

    return big;
}


void
scoped_key_reply_free(scoped_key_reply_t *reply)
{
    free(reply->values);
    free(reply->text);

    memset(reply, 0, sizeof(scoped_key_reply_t));
}


const scoped_key_resp_value_t *
scoped_key_resp_element(const scoped_key_resp_value_t *array, size_t n)
{
    const scoped_key_resp_value_t  *value;

    if (array->type != SCOPED_KEY_RESP_ARRAY || n >= array->len) {
        return NULL;
    }

    for (value = array + 1; n > 0; n--) {
        value += value->span;
    }

    return value;
}


bool
scoped_key_resp_is_error(const scoped_key_resp_value_t *value,
    const char *word)
{
    size_t  len;

    len = strlen(word);

    return value->type == SCOPED_KEY_RESP_ERROR
           && value->len >= len
           && memcmp(value->data, word, len) == 0
           && (value->len == len || value->data[len] == ' ');
}
