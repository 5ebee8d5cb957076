/*
 * Invariant: what a search costs is bounded, whatever the body and however many
 * params: it ends at the first of too many finds or comparisons, and then no
 * param with sources of both kinds has a sure value.
 */

#include "param_second.h"
#include "body.h"
#include "../core/second_reading.h"


/* in one body; that many are no accident */
#define NGX_HTTP_SCOPED_KEY_SECOND_MAX    64

/* comparisons of names in one body, a long name counting as several */
#define NGX_HTTP_SCOPED_KEY_SECOND_STEPS  16384
#define NGX_HTTP_SCOPED_KEY_SECOND_BYTES     64

/* names go by their first letter or digit, and those that have none, or
   something beyond ASCII before it, are in the last list */
#define NGX_HTTP_SCOPED_KEY_SECOND_LISTS     37
#define NGX_HTTP_SCOPED_KEY_SECOND_OTHERS    36


/* a name that the other reader looks for */
typedef struct {
    scoped_key_str_t                    text;
    const ngx_http_scoped_key_param_t  *param;
    ngx_uint_t                          next;     /* from 1; 0: none */
} ngx_http_scoped_key_second_name_t;

/* what it would find */
typedef struct {
    scoped_key_str_t                    value;
    ngx_uint_t                          known;
    const ngx_http_scoped_key_param_t  *param;
} ngx_http_scoped_key_second_find_t;

/* in r->pool, of one body */
struct ngx_http_scoped_key_second_s {
    ngx_array_t                         names;
    ngx_array_t                         finds;
    ngx_pool_t                         *pool;
    ngx_uint_t                          steps;    /* that are left */
    ngx_uint_t
                                 lists[NGX_HTTP_SCOPED_KEY_SECOND_LISTS];
    unsigned                            failed:1; /* out of memory */
    unsigned                            many:1;
};


static ngx_http_scoped_key_second_t *ngx_http_scoped_key_second_search(
    const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_param_e type);
static ngx_int_t ngx_http_scoped_key_second_names(
    ngx_http_scoped_key_second_t *second, const ngx_array_t *params,
    ngx_http_scoped_key_param_e type);
static ngx_uint_t ngx_http_scoped_key_second_concerns(
    const ngx_http_scoped_key_param_t *param);
static ngx_int_t ngx_http_scoped_key_second_sources(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param,
    ngx_http_scoped_key_param_e type);
static ngx_int_t ngx_http_scoped_key_second_name(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_int_t ngx_http_scoped_key_second_token(
    ngx_http_scoped_key_second_t *second, scoped_key_str_t *token);
static ngx_uint_t ngx_http_scoped_key_second_list(scoped_key_str_t name,
    ngx_uint_t whole);
static ngx_uint_t ngx_http_scoped_key_second_is_letter(u_char c);
static ngx_uint_t ngx_http_scoped_key_second_is_any(scoped_key_str_t name);
static void ngx_http_scoped_key_second_whole(
    ngx_http_scoped_key_second_t *second);
static bool ngx_http_scoped_key_second_found(void *data,
    const scoped_key_second_t *found);
static ngx_uint_t ngx_http_scoped_key_second_compare(
    ngx_http_scoped_key_second_t *second, const scoped_key_second_t *found,
    ngx_uint_t list);
static void ngx_http_scoped_key_second_push(
    ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param,
    const scoped_key_second_t *found);


scoped_key_param_e
ngx_http_scoped_key_param_second(
    const ngx_http_scoped_key_gathering_t *gathering,
    ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                          i;
    ngx_http_scoped_key_second_t       *second;
    const ngx_http_scoped_key_asker_t  *asker;
    const ngx_http_scoped_key_param_t  *param;
    ngx_http_scoped_key_second_find_t  *find;

    asker = gathering->asker;
    param = gathering->param;
    second = asker->ctx->body->second;

    if (second == NULL) {
        second = ngx_http_scoped_key_second_search(asker, type);
        if (second == NULL) {
            return SCOPED_KEY_PARAM_ERROR;
        }

        asker->ctx->body->second = second;
    }

    if (second->failed) {
        return SCOPED_KEY_PARAM_ERROR;
    }

    if (second->many) {
        return SCOPED_KEY_PARAM_AMBIGUOUS;
    }

    find = second->finds.elts;

    for (i = 0; i < second->finds.nelts; i++) {

        if (find[i].param == param
            && (!find[i].known
                || !ngx_http_scoped_key_param_has_value(gathering,
                                                        find[i].value)))
        {
            ngx_log_debug1(NGX_LOG_DEBUG_HTTP,
                           asker->request->connection->log, 0,
                           "scoped_key: a second reading of param \"%V\"",
                           &param->name);

            return SCOPED_KEY_PARAM_AMBIGUOUS;
        }
    }

    return SCOPED_KEY_PARAM_VALUES;
}


/* NULL: out of memory */

static ngx_http_scoped_key_second_t *
ngx_http_scoped_key_second_search(const ngx_http_scoped_key_asker_t *asker,
    ngx_http_scoped_key_param_e type)
{
    u_char                        *scratch;
    ngx_pool_t                    *pool;
    scoped_key_str_t               text;
    ngx_http_scoped_key_second_t  *second;

    pool = asker->request->pool;
    text.len = asker->ctx->body->text.len;
    text.data = asker->ctx->body->text.data;

    second = ngx_pcalloc(pool, sizeof(ngx_http_scoped_key_second_t));
    scratch = ngx_palloc(pool, text.len + 1);

    if (second == NULL || scratch == NULL
        || ngx_array_init(&second->finds, pool, 1,
                          sizeof(ngx_http_scoped_key_second_find_t))
           != NGX_OK
        || ngx_array_init(&second->names, pool, 8,
                          sizeof(ngx_http_scoped_key_second_name_t))
           != NGX_OK)
    {
        return NULL;
    }

    second->pool = pool;
    second->steps = NGX_HTTP_SCOPED_KEY_SECOND_STEPS;

    if (ngx_http_scoped_key_second_names(second, &asker->skcf->params->list,
                                         type)
        != NGX_OK)
    {
        return NULL;
    }

    if (type == NGX_HTTP_SCOPED_KEY_JSON) {
        (void) scoped_key_second_form(text, scratch,
                                      ngx_http_scoped_key_second_found,
                                      second);

    } else {
        (void) scoped_key_second_json(text, scratch,
                                      ngx_http_scoped_key_second_found,
                                      second);

        if (scoped_key_second_begins_json(text)) {
            ngx_http_scoped_key_second_whole(second);
        }
    }

    /* it may be as large as the body, and is of no more use */

    (void) ngx_pfree(pool, scratch);

    return second;
}


/* of the sources that the body's type does not pick */

static ngx_int_t
ngx_http_scoped_key_second_names(ngx_http_scoped_key_second_t *second,
    const ngx_array_t *params, ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                          i;
    ngx_http_scoped_key_param_e         other;
    const ngx_http_scoped_key_param_t  *param;

    other = type == NGX_HTTP_SCOPED_KEY_JSON ? NGX_HTTP_SCOPED_KEY_FORM
                                             : NGX_HTTP_SCOPED_KEY_JSON;
    param = params->elts;

    for (i = 0; i < params->nelts; i++) {

        if (ngx_http_scoped_key_second_concerns(&param[i])
            && ngx_http_scoped_key_second_sources(second, &param[i], other)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* whether it has sources of both kinds */

static ngx_uint_t
ngx_http_scoped_key_second_concerns(const ngx_http_scoped_key_param_t *param)
{
    ngx_uint_t                                 i, form, json;
    const ngx_http_scoped_key_param_source_t  *source;

    form = 0;
    json = 0;
    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        form |= source[i].type == NGX_HTTP_SCOPED_KEY_FORM;
        json |= source[i].type == NGX_HTTP_SCOPED_KEY_JSON;
    }

    return form && json;
}


static ngx_int_t
ngx_http_scoped_key_second_sources(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param, ngx_http_scoped_key_param_e type)
{
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {

        if (source[i].type == type
            && ngx_http_scoped_key_second_name(second, param, &source[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_second_name(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_uint_t                         *list;
    scoped_key_str_t                    text, token;
    ngx_http_scoped_key_second_name_t  *name;

    text.len = source->name.len;
    text.data = source->name.data;

    if (source->type == NGX_HTTP_SCOPED_KEY_JSON) {

        if (scoped_key_second_pointer(text, &token)) {
            text = token;

            if (ngx_http_scoped_key_second_token(second, &text) != NGX_OK) {
                return NGX_ERROR;
            }

        } else {
            text.data = NULL;
            text.len = 0;
        }
    }

    name = ngx_array_push(&second->names);
    if (name == NULL) {
        return NGX_ERROR;
    }

    list = &second->lists[ngx_http_scoped_key_second_list(text, 1)];

    name->text = text;
    name->param = param;
    name->next = *list;

    *list = second->names.nelts;

    return NGX_OK;
}


/* RFC 6901: ~0 is `~`, ~1 is `/`; the pointer was checked at nginx -t */

static ngx_int_t
ngx_http_scoped_key_second_token(ngx_http_scoped_key_second_t *second,
    scoped_key_str_t *token)
{
    u_char  *p;
    size_t   i, n;

    if (token->len == 0 || memchr(token->data, '~', token->len) == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(second->pool, token->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < token->len; i++) {
        p[n] = token->data[i];

        if (p[n] == '~' && i + 1 < token->len) {
            p[n] = token->data[++i] == '0' ? '~' : '/';
        }

        n++;
    }

    token->data = p;
    token->len = n;

    return NGX_OK;
}


/* whole: something beyond ASCII is not passed over */

static ngx_uint_t
ngx_http_scoped_key_second_list(scoped_key_str_t name, ngx_uint_t whole)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name.len; i++) {
        c = ngx_tolower(name.data[i]);

        if (c >= 0x80 && whole) {
            return NGX_HTTP_SCOPED_KEY_SECOND_OTHERS;
        }

        if (ngx_http_scoped_key_second_is_letter(c)) {
            return c >= 'a' ? c - 'a' : c - '0' + 26;
        }
    }

    return NGX_HTTP_SCOPED_KEY_SECOND_OTHERS;
}


static ngx_uint_t
ngx_http_scoped_key_second_is_letter(u_char c)
{
    c = ngx_tolower(c);

    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}


/* pointers of no name: to the whole, or to what is at a place in it */

static void
ngx_http_scoped_key_second_whole(ngx_http_scoped_key_second_t *second)
{
    ngx_uint_t                          i;
    scoped_key_second_t                 found;
    ngx_http_scoped_key_second_name_t  *name;

    ngx_memzero(&found, sizeof(scoped_key_second_t));

    name = second->names.elts;

    for (i = 0; i < second->names.nelts; i++) {

        if (name[i].text.data == NULL) {
            ngx_http_scoped_key_second_push(second, name[i].param, &found);
        }
    }
}


/* a scoped_key_second_pt */

static bool
ngx_http_scoped_key_second_found(void *data, const scoped_key_second_t *found)
{
    ngx_http_scoped_key_second_t *second = data;

    ngx_uint_t  i;

    static const scoped_key_str_t  proto = scoped_key_str("__proto__");

    if (!ngx_http_scoped_key_second_is_any(found->name)
        && (found->name.len < proto.len
            || ngx_memcmp(found->name.data, proto.data, proto.len) != 0))
    {
        i = ngx_http_scoped_key_second_list(found->name, 0);

        return ngx_http_scoped_key_second_compare(second, found, i)
               && (i == NGX_HTTP_SCOPED_KEY_SECOND_OTHERS
                   || ngx_http_scoped_key_second_compare(second, found,
                                          NGX_HTTP_SCOPED_KEY_SECOND_OTHERS));
    }

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_SECOND_LISTS; i++) {

        if (!ngx_http_scoped_key_second_compare(second, found, i)) {
            return false;
        }
    }

    return true;
}


/* whether it may begin with another letter to some */

static ngx_uint_t
ngx_http_scoped_key_second_is_any(scoped_key_str_t name)
{
    size_t    i;
    uint32_t  next;

    for (i = 0; i + 1 < name.len; i++) {
        next = name.data[i + 1];

        switch (name.data[i]) {

        case 0xc0:
        case 0xc1:
        case 0xc4:
        case 0xc5:
            return 1;

        case 0xe0:
        case 0xf0:

            /* longer than it should be */

            if (next < 0xa0) {
                return 1;
            }

            break;

        case 0xe2:
            if (next == 0x84) {
                return 1;
            }

            break;

        case 0xef:

            /* wide letters and digits, not the wide comma */

            if ((next == 0xbc || next == 0xbd) && i + 2 < name.len
                && name.data[i + 2] != 0x8c)
            {
                return 1;
            }

            break;

        default:
            if (name.data[i] < 0x80
                && ngx_http_scoped_key_second_is_letter(name.data[i]))
            {
                return 0;
            }
        }
    }

    return 0;
}


/* with the names of a list; 0: it is of no use to go on */

static ngx_uint_t
ngx_http_scoped_key_second_compare(ngx_http_scoped_key_second_t *second,
    const scoped_key_second_t *found, ngx_uint_t list)
{
    ngx_uint_t                          n, steps;
    ngx_http_scoped_key_second_name_t  *name;

    steps = 1 + found->name.len / NGX_HTTP_SCOPED_KEY_SECOND_BYTES;

    for (n = second->lists[list]; n; n = name->next) {
        name = (ngx_http_scoped_key_second_name_t *) second->names.elts
               + n - 1;

        if (second->steps < steps) {
            second->many = 1;
            return 0;
        }

        second->steps -= steps;

        if (name->text.data && scoped_key_second_is(found, name->text)) {
            ngx_http_scoped_key_second_push(second, name->param, found);
        }
    }

    return !second->failed && !second->many;
}


static void
ngx_http_scoped_key_second_push(ngx_http_scoped_key_second_t *second,
    const ngx_http_scoped_key_param_t *param, const scoped_key_second_t *found)
{
    u_char                             *p;
    ngx_http_scoped_key_second_find_t  *find;

    if (second->finds.nelts == NGX_HTTP_SCOPED_KEY_SECOND_MAX) {
        second->many = 1;
        return;
    }

    p = ngx_pnalloc(second->pool, found->value.len + 1);
    find = ngx_array_push(&second->finds);

    if (p == NULL || find == NULL) {
        second->failed = 1;
        return;
    }

    if (found->value.len) {
        ngx_memcpy(p, found->value.data, found->value.len);
    }

    find->value.data = p;
    find->value.len = found->value.len;
    find->known = found->known;
    find->param = param;
}
