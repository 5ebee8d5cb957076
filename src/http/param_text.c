/*
 * Params that are texts with variables.  Of what a client sent several times,
 * $http_NAME, $arg_NAME and $cookie_NAME give one, and which one hangs on the
 * version of nginx, while the upstream gets all.
 * Invariant: a text is given out only when what its variables stand for was
 * sent once at most.
 */

#include "param.h"
#include "captures.h"
#include "credential.h"
#include "item.h"
#include "printable.h"
#include "../core/query.h"


/* how often something was sent; REPEATED: or in a way that is read as that */
#define NGX_HTTP_SCOPED_KEY_REPEATED  2


typedef struct {
    ngx_uint_t        n;
    scoped_key_str_t  value;             /* of the last one, decoded */
} ngx_http_scoped_key_counted_t;


static ngx_uint_t ngx_http_scoped_key_param_is_repeated(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source);
static ngx_uint_t ngx_http_scoped_key_param_count(ngx_http_request_t *r,
    const ngx_str_t *variable);
static ngx_uint_t ngx_http_scoped_key_param_stands_for(
    const ngx_str_t *variable, const char *prefix, ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_count_args(ngx_http_request_t *r,
    const ngx_str_t *name);
static bool ngx_http_scoped_key_param_count_one(void *data,
    scoped_key_str_t value);
static ngx_uint_t ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *name, const scoped_key_str_t *decoded);
static ngx_uint_t ngx_http_scoped_key_param_count_lines(
    ngx_http_request_t *r, const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_is_line(
    const ngx_table_elt_t *header, const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_count_cookies(
    ngx_http_request_t *r, const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_count_pairs(ngx_str_t line,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_is_pair(const ngx_str_t *pair,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_behind_tab(const u_char *start,
    const u_char *p);
static ngx_uint_t ngx_http_scoped_key_param_behind_comma(ngx_str_t pair,
    const ngx_str_t *name);


scoped_key_param_e
ngx_http_scoped_key_param_text(ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t            text;
    scoped_key_str_t     value;
    ngx_http_request_t  *r;

    r = gathering->asker->request;

    if (ngx_http_scoped_key_param_is_repeated(r, source)) {
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

    value.len = text.len;
    value.data = text.data;

    return ngx_http_scoped_key_param_found(gathering, value)
           ? SCOPED_KEY_PARAM_VALUES : SCOPED_KEY_PARAM_ERROR;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_repeated(ngx_http_request_t *r,
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t   *variable;
    ngx_uint_t   i;

    if (source->variables == NULL) {
        return 0;
    }

    variable = source->variables->elts;

    for (i = 0; i < source->variables->nelts; i++) {
        if (ngx_http_scoped_key_param_count(r, &variable[i]) > 1) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_scoped_key_param_count(ngx_http_request_t *r,
    const ngx_str_t *variable)
{
    ngx_str_t  name;

    if (ngx_http_scoped_key_param_stands_for(variable, "http_", &name)) {
        return ngx_http_scoped_key_param_count_lines(r, &name);
    }

    if (ngx_http_scoped_key_param_stands_for(variable, "arg_", &name)) {
        return ngx_http_scoped_key_param_count_args(r, &name);
    }

    if (ngx_http_scoped_key_param_stands_for(variable, "cookie_", &name)) {
        return ngx_http_scoped_key_param_count_cookies(r, &name);
    }

    return 0;
}


/* without case, as nginx knows its variables */

static ngx_uint_t
ngx_http_scoped_key_param_stands_for(const ngx_str_t *variable,
    const char *prefix, ngx_str_t *name)
{
    size_t  len;

    len = ngx_strlen(prefix);

    if (variable->len <= len
        || ngx_strncasecmp(variable->data, (u_char *) prefix, len) != 0)
    {
        return 0;
    }

    name->data = variable->data + len;
    name->len = variable->len - len;

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_param_count_args(ngx_http_request_t *r,
    const ngx_str_t *name)
{
    u_char                         *scratch;
    scoped_key_str_t                sent, asked;
    ngx_http_scoped_key_counted_t   counted;

    if (r->args.len == 0) {
        return 0;
    }

    /* what stands behind a `#` may be an argument too, see param.c */

    if (ngx_strlchr(r->unparsed_uri.data,
                    r->unparsed_uri.data + r->unparsed_uri.len, '#'))
    {
        return NGX_HTTP_SCOPED_KEY_REPEATED;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        return NGX_HTTP_SCOPED_KEY_REPEATED;
    }

    sent.len = r->args.len;
    sent.data = r->args.data;
    asked.len = name->len;
    asked.data = name->data;
    counted.n = 0;

    if (scoped_key_query_walk(sent, asked, false, scratch,
                              ngx_http_scoped_key_param_count_one, &counted)
            != SCOPED_KEY_QUERY_WALKED
        || (counted.n == 1
            && !ngx_http_scoped_key_param_is_plain(r, name, &counted.value)))
    {
        return NGX_HTTP_SCOPED_KEY_REPEATED;
    }

    return counted.n;
}


static bool
ngx_http_scoped_key_param_count_one(void *data, scoped_key_str_t value)
{
    ngx_http_scoped_key_counted_t *counted = data;

    counted->n++;
    counted->value = value;

    return true;
}


/* whether $arg_NAME, which nginx does not decode, is what an upstream reads */

static ngx_uint_t
ngx_http_scoped_key_param_is_plain(ngx_http_request_t *r,
    const ngx_str_t *name, const scoped_key_str_t *decoded)
{
    ngx_str_t  raw;

    return ngx_http_arg(r, name->data, name->len, &raw) == NGX_OK
           && raw.len == decoded->len
           && ngx_memcmp(raw.data, decoded->data, raw.len) == 0;
}


static ngx_uint_t
ngx_http_scoped_key_param_count_lines(ngx_http_request_t *r,
    const ngx_str_t *name)
{
    ngx_uint_t              i, n;
    const ngx_list_part_t  *part;
    const ngx_table_elt_t  *header;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            n += ngx_http_scoped_key_param_is_line(&header[i], name);
        }
    }

    return n;
}


/* as nginx finds a variable's line: without case, `_` for `-` */

static ngx_uint_t
ngx_http_scoped_key_param_is_line(const ngx_table_elt_t *header,
    const ngx_str_t *name)
{
    size_t  i;
    u_char  c;

    if (header->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = header->key.data[i];

        if (ngx_tolower(name->data[i]) != (c == '-' ? '_' : ngx_tolower(c))) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_param_count_cookies(ngx_http_request_t *r,
    const ngx_str_t *name)
{
    ngx_uint_t              i, n;
    const ngx_list_part_t  *part;
    const ngx_table_elt_t  *header;

    static const ngx_str_t  line = ngx_string("cookie");

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_http_scoped_key_header_is(&header[i], &line)) {
                n += ngx_http_scoped_key_param_count_pairs(header[i].value,
                                                           name);
            }
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_scoped_key_param_count_pairs(ngx_str_t line, const ngx_str_t *name)
{
    u_char      *start;
    ngx_str_t    pair;
    ngx_uint_t   n;

    n = 0;
    start = line.data;

    while (ngx_http_scoped_key_item_next(&line, &pair)) {

        if (ngx_http_scoped_key_param_behind_comma(pair, name)) {
            return NGX_HTTP_SCOPED_KEY_REPEATED;
        }

        if (!ngx_http_scoped_key_param_is_pair(&pair, name)) {
            continue;
        }

        if (ngx_http_scoped_key_param_behind_tab(start, pair.data)) {
            return NGX_HTTP_SCOPED_KEY_REPEATED;
        }

        n++;
    }

    return n;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_pair(const ngx_str_t *pair, const ngx_str_t *name)
{
    return pair->len > name->len
           && ngx_strncasecmp(pair->data, name->data, name->len) == 0
           && (pair->data[name->len] == '=' || pair->data[name->len] == ' ');
}


/* nginx passes over spaces alone, and so does not see such a pair */

static ngx_uint_t
ngx_http_scoped_key_param_behind_tab(const u_char *start, const u_char *p)
{
    while (p != start && p[-1] == ' ') {
        p--;
    }

    return p != start && p[-1] == '\t';
}


/* to nginx a comma ends a pair too; to others it is a part of the value */

static ngx_uint_t
ngx_http_scoped_key_param_behind_comma(ngx_str_t pair, const ngx_str_t *name)
{
    u_char  *p, *last;

    last = pair.data + pair.len;

    while ((p = ngx_strlchr(pair.data, last, ',')) != NULL) {

        do {
            p++;
        } while (p != last && *p == ' ');

        pair.data = p;
        pair.len = last - p;

        if (ngx_http_scoped_key_param_is_pair(&pair, name)) {
            return 1;
        }
    }

    return 0;
}
