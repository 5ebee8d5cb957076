/*
 * Params that are texts with variables.
 * Invariant: a text is given out only when what its variables stand for was
 * sent once at most (sent.h), and no argument of it was sent encoded, which
 * $arg_NAME does not undo.
 */

#include "param.h"
#include "captures.h"
#include "printable.h"
#include "sent.h"
#include "../core/query.h"


/* an argument that is looked at */
typedef struct {
    ngx_http_request_t  *request;
    ngx_str_t            name;
} ngx_http_scoped_key_arg_t;


static ngx_uint_t ngx_http_scoped_key_param_is_doubtful(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_uint_t ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *variable);
static bool ngx_http_scoped_key_param_is_plain_one(void *data,
    scoped_key_str_t value);


scoped_key_param_e
ngx_http_scoped_key_param_text(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t                    text;
    scoped_key_str_t            *value;
    ngx_http_request_t          *r;
    ngx_http_scoped_key_part_t  *part;

    r = gathering->asker->request;

    if (ngx_http_scoped_key_param_is_doubtful(r, source)) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    ngx_http_scoped_key_captures_restore(r);

    if (ngx_http_complex_value(r,
                              (ngx_http_complex_value_t *) &source->text, &text)
        != NGX_OK)
    {
        return SCOPED_KEY_PARAM_ERROR;
    }

    if (text.len == 0) {
        return SCOPED_KEY_PARAM_VALUES;
    }

    if (ngx_http_scoped_key_has_control(text.data, text.len)) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    value = ngx_palloc(r->pool, sizeof(scoped_key_str_t));
    if (value == NULL) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    value->len = text.len;
    value->data = text.data;

    part = &gathering->parts[gathering->nparts++];
    part->list = NULL;
    part->array = value;
    part->n = 1;
    gathering->n++;

    return SCOPED_KEY_PARAM_VALUES;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_doubtful(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t   *variable;
    ngx_uint_t   i;

    if (source->variables == NULL) {
        return 0;
    }

    variable = source->variables->elts;

    for (i = 0; i < source->variables->nelts; i++) {
        if (ngx_http_scoped_key_sent_is_repeated(r, &variable[i])
            || !ngx_http_scoped_key_param_is_plain(r, &variable[i]))
        {
            return 1;
        }
    }

    return 0;
}


/* whether $arg_NAME, which nginx does not decode, is what an upstream reads */

static ngx_uint_t
ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *variable)
{
    u_char                     *scratch;
    scoped_key_str_t            sent, asked;
    ngx_http_scoped_key_arg_t   arg;

    if (ngx_http_scoped_key_sent_kind(variable, &arg.name)
            != NGX_HTTP_SCOPED_KEY_SENT_ARG
        || r->args.len == 0)
    {
        return 1;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        return 0;
    }

    arg.request = r;
    sent.len = r->args.len;
    sent.data = r->args.data;
    asked.len = arg.name.len;
    asked.data = arg.name.data;

    return scoped_key_query_walk(sent, asked, false, scratch,
                                 ngx_http_scoped_key_param_is_plain_one, &arg)
           == SCOPED_KEY_QUERY_WALKED;
}


static bool
ngx_http_scoped_key_param_is_plain_one(void *data, scoped_key_str_t value)
{
    ngx_http_scoped_key_arg_t *arg = data;

    ngx_str_t  raw;

    return ngx_http_arg(arg->request, arg->name.data, arg->name.len, &raw)
               == NGX_OK
           && raw.len == value.len
           && ngx_memcmp(raw.data, value.data, raw.len) == 0;
}
