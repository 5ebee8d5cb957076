/*
 * Matches replies with the forms that their commands have.  Keeps nothing but
 * the progress that it is given; knows no connection.
 * Invariant: what a server may say of its own commands fits, and of what it
 * says of other ones, or twice, something does not.
 */

#include "form.h"


ngx_uint_t
scoped_key_redis_is_status(const scoped_key_resp_value_t *value,
    const char *text)
{
    return value->type == SCOPED_KEY_RESP_STATUS
           && value->len == ngx_strlen(text)
           && ngx_memcmp(value->data, text, value->len) == 0;
}


static ngx_uint_t
scoped_key_redis_form_is_strings(const scoped_key_resp_value_t *value)
{
    size_t  i;

    if (value->type != SCOPED_KEY_RESP_ARRAY) {
        return 0;
    }

    for (i = 1; i <= value->len; i++) {
        if (value[i].type != SCOPED_KEY_RESP_STRING) {
            return 0;
        }
    }

    return 1;
}


/* a command that was not queued, since MULTI was refused, has been executed */
static ngx_uint_t
scoped_key_redis_form_queued(scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    progress->queued++;

    if (value->type == SCOPED_KEY_RESP_ERROR) {
        progress->aborted = 1;
        return 1;
    }

    return progress->refused ? scoped_key_redis_form_is_strings(value)
                             : scoped_key_redis_is_status(value, "QUEUED");
}


static ngx_uint_t
scoped_key_redis_form_exec(const scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    size_t                          i;
    ngx_uint_t                      odd;
    const scoped_key_resp_value_t  *element;

    if (value->type == SCOPED_KEY_RESP_ERROR) {
        return 1;
    }

    if (progress->refused || progress->aborted
        || value->type != SCOPED_KEY_RESP_ARRAY
        || value->len != progress->queued)
    {
        return 0;
    }

    element = value + 1;

    for (i = 0; i < value->len; i++) {

        odd = ((progress->pairs >> i) & 1) && element->len % 2 != 0;

        if (element->type != SCOPED_KEY_RESP_ERROR
            && (odd || !scoped_key_redis_form_is_strings(element)))
        {
            return 0;
        }

        element += element->span;
    }

    return 1;
}


ngx_uint_t
scoped_key_redis_form_take(const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *value)
{
    ngx_uint_t  error;

    error = (value->type == SCOPED_KEY_RESP_ERROR);

    switch (forms->form[progress->step++]) {

    case SCOPED_KEY_REDIS_FORM_MULTI:
        progress->refused = error;
        return error || scoped_key_redis_is_status(value, "OK");

    case SCOPED_KEY_REDIS_FORM_PAIRS:
        progress->pairs |= (ngx_uint_t) 1 << progress->queued;
        return scoped_key_redis_form_queued(progress, value);

    case SCOPED_KEY_REDIS_FORM_QUEUED:
        return scoped_key_redis_form_queued(progress, value);

    case SCOPED_KEY_REDIS_FORM_EXEC:
        return scoped_key_redis_form_exec(progress, value);

    case SCOPED_KEY_REDIS_FORM_INTEGER:
        return error || value->type == SCOPED_KEY_RESP_INTEGER;

    default: /* SCOPED_KEY_REDIS_FORM_PONG */
        return error || scoped_key_redis_is_status(value, "PONG");
    }
}


ngx_uint_t
scoped_key_redis_form_take_large(const scoped_key_redis_forms_t *forms,
    scoped_key_redis_progress_t *progress,
    const scoped_key_resp_value_t *root)
{
    return forms->form[progress->step++] == SCOPED_KEY_REDIS_FORM_EXEC
           && !progress->refused && !progress->aborted
           && root->type == SCOPED_KEY_RESP_ARRAY
           && root->len == progress->queued;
}
