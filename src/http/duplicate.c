/*
 * Counts arguments, header fields and cookies of a name.
 * Invariant: names are read at least as widely as nginx reads them, so that a
 * value that nginx gives is always among those that were counted.
 */

#include "duplicate.h"
#include "facts.h"
#include "header.h"
#include "../core/query.h"
#include "../core/steps.h"


/* how often something was sent; REPEATED: or in a way that is read as that */
#define NGX_HTTP_SCOPED_KEY_REPEATED  2

/* steps of one look, as measured: for each byte of the query string or of a
   Cookie field, and for each other field */
#define NGX_HTTP_SCOPED_KEY_STEPS_TO_READ_BYTE   24
#define NGX_HTTP_SCOPED_KEY_STEPS_TO_READ_FIELD  16


typedef struct {
    ngx_str_t                    prefix;
    ngx_http_scoped_key_input_e  kind;
} ngx_http_scoped_key_input_prefix_t;

typedef struct {
    ngx_str_t                    variable;
    ngx_http_scoped_key_input_e  kind;
    ngx_str_t                    name;
} ngx_http_scoped_key_input_name_t;


static ngx_int_t ngx_http_scoped_key_duplicate_check_args(
    ngx_http_request_t *r, const ngx_str_t *name, size_t *left);
static ngx_uint_t ngx_http_scoped_key_duplicate_walk_args(scoped_key_str_t args,
    scoped_key_str_t name, u_char *scratch);
static ngx_uint_t ngx_http_scoped_key_duplicate_count_headers(
    ngx_http_request_t *r, const ngx_str_t *name, size_t *left);
static ngx_uint_t ngx_http_scoped_key_duplicate_is_header(
    const ngx_table_elt_t *header, const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_duplicate_count_cookies(
    ngx_http_request_t *r, const ngx_str_t *name, size_t *left);
static ngx_uint_t ngx_http_scoped_key_duplicate_count_pairs(ngx_str_t line,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_duplicate_is_pair(const ngx_str_t *pair,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_duplicate_behind_tab(const u_char *start,
    const u_char *p);
static ngx_uint_t ngx_http_scoped_key_duplicate_behind_comma(ngx_str_t pair,
    const ngx_str_t *name);


static const ngx_http_scoped_key_input_prefix_t
    ngx_http_scoped_key_input_prefixes[] =
{
    { ngx_string("arg_"), NGX_HTTP_SCOPED_KEY_INPUT_ARG },
    { ngx_string("http_"), NGX_HTTP_SCOPED_KEY_INPUT_HEADER },
    { ngx_string("cookie_"), NGX_HTTP_SCOPED_KEY_INPUT_COOKIE },
    { ngx_null_string, NGX_HTTP_SCOPED_KEY_INPUT_OTHER }
};


static const ngx_http_scoped_key_input_name_t
    ngx_http_scoped_key_input_names[] =
{
    { ngx_string("host"), NGX_HTTP_SCOPED_KEY_INPUT_HOST,
      ngx_null_string },
    { ngx_string("http_host"), NGX_HTTP_SCOPED_KEY_INPUT_HOST,
      ngx_null_string },
    { ngx_string("args"), NGX_HTTP_SCOPED_KEY_INPUT_QUERY,
      ngx_null_string },
    { ngx_string("query_string"), NGX_HTTP_SCOPED_KEY_INPUT_QUERY,
      ngx_null_string },
    { ngx_string("remote_user"), NGX_HTTP_SCOPED_KEY_INPUT_HEADER,
      ngx_string("authorization") },
    { ngx_string("content_type"), NGX_HTTP_SCOPED_KEY_INPUT_HEADER,
      ngx_string("content_type") },
    { ngx_string("content_length"), NGX_HTTP_SCOPED_KEY_INPUT_HEADER,
      ngx_string("content_length") },
    { ngx_null_string, NGX_HTTP_SCOPED_KEY_INPUT_OTHER, ngx_null_string }
};


/* without case, as nginx knows its variables */

ngx_http_scoped_key_input_e
ngx_http_scoped_key_input_kind(const ngx_str_t *variable, ngx_str_t *name)
{
    size_t                                    len;
    const ngx_http_scoped_key_input_name_t   *whole;
    const ngx_http_scoped_key_input_prefix_t  *one;

    for (whole = ngx_http_scoped_key_input_names;
         whole->variable.len;
         whole++)
    {
        if (variable->len == whole->variable.len
            && ngx_strncasecmp(variable->data, whole->variable.data,
                               variable->len) == 0)
        {
            *name = whole->name;
            return whole->kind;
        }
    }

    for (one = ngx_http_scoped_key_input_prefixes; one->prefix.len; one++) {
        len = one->prefix.len;

        if (variable->len > len
            && ngx_strncasecmp(variable->data, one->prefix.data, len) == 0)
        {
            name->data = variable->data + len;
            name->len = variable->len - len;
            return one->kind;
        }
    }

    return NGX_HTTP_SCOPED_KEY_INPUT_OTHER;
}


ngx_int_t
ngx_http_scoped_key_duplicate_check(ngx_http_request_t *r,
    const ngx_str_t *variable, size_t *left)
{
    ngx_str_t   name;
    ngx_uint_t  repeated;

    switch (ngx_http_scoped_key_input_kind(variable, &name)) {

    case NGX_HTTP_SCOPED_KEY_INPUT_ARG:
        return ngx_http_scoped_key_duplicate_check_args(r, &name, left);

    case NGX_HTTP_SCOPED_KEY_INPUT_HEADER:
        repeated = ngx_http_scoped_key_duplicate_count_headers(r, &name, left)
                   > 1;
        break;

    case NGX_HTTP_SCOPED_KEY_INPUT_COOKIE:
        repeated = ngx_http_scoped_key_duplicate_count_cookies(r, &name, left)
                   > 1;
        break;

    case NGX_HTTP_SCOPED_KEY_INPUT_HOST:
        repeated = !ngx_http_scoped_key_facts_host_agrees(r);
        break;

    case NGX_HTTP_SCOPED_KEY_INPUT_QUERY:
        repeated = ngx_http_scoped_key_duplicate_is_cut_off(r);
        break;

    default:
        return NGX_OK;
    }

    return repeated || *left == 0 ? NGX_DECLINED : NGX_OK;
}


ngx_uint_t
ngx_http_scoped_key_duplicate_is_cut_off(ngx_http_request_t *r)
{
    return ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           != NULL;
}


static ngx_int_t
ngx_http_scoped_key_duplicate_check_args(ngx_http_request_t *r,
    const ngx_str_t *name, size_t *left)
{
    u_char            *scratch;
    ngx_uint_t         n;
    scoped_key_str_t   args, asked;

    if (ngx_http_scoped_key_duplicate_is_cut_off(r)) {
        return NGX_DECLINED;
    }

    if (r->args.len == 0) {
        return NGX_OK;
    }

    if (!ngx_http_scoped_key_duplicate_take_args(r, left)) {
        return NGX_DECLINED;
    }

    scratch = ngx_pnalloc(r->pool, r->args.len);
    if (scratch == NULL) {
        return NGX_ERROR;
    }

    args = ngx_http_scoped_key_str(&r->args);
    asked = ngx_http_scoped_key_str(name);

    n = ngx_http_scoped_key_duplicate_walk_args(args, asked, scratch);

    /* a long query string is read for each of many variables */

    (void) ngx_pfree(r->pool, scratch);

    return n > 1 ? NGX_DECLINED : NGX_OK;
}


ngx_uint_t
ngx_http_scoped_key_duplicate_take_args(ngx_http_request_t *r, size_t *left)
{
    return scoped_key_steps_spend(left,
                 r->args.len * NGX_HTTP_SCOPED_KEY_STEPS_TO_READ_BYTE);
}


/* as scoped_key_query_walk(), but values of the name may be anything */

static ngx_uint_t
ngx_http_scoped_key_duplicate_walk_args(scoped_key_str_t args,
    scoped_key_str_t name, u_char *scratch)
{
    ngx_uint_t         n;
    scoped_key_name_e  standing;
    scoped_key_pair_t  pair;

    n = 0;

    while (scoped_key_query_next(&args, &pair)) {
        standing = scoped_key_query_name(pair.name, name);

        if (standing == SCOPED_KEY_NAME_SUSPECT
            || scoped_key_query_hides(pair.value, name, scratch))
        {
            return NGX_HTTP_SCOPED_KEY_REPEATED;
        }

        n += (standing == SCOPED_KEY_NAME_SAME);
    }

    return n;
}


static ngx_uint_t
ngx_http_scoped_key_duplicate_count_headers(ngx_http_request_t *r,
    const ngx_str_t *name, size_t *left)
{
    ngx_uint_t                      n;
    const ngx_table_elt_t          *header;
    ngx_http_scoped_key_headers_t   at;

    n = 0;

    ngx_http_scoped_key_headers(r, &at);

    while (*left != 0
           && (header = ngx_http_scoped_key_header_next(&at)) != NULL)
    {
        (void) scoped_key_steps_spend(left,
                                      NGX_HTTP_SCOPED_KEY_STEPS_TO_READ_FIELD);

        n += ngx_http_scoped_key_duplicate_is_header(header, name);
    }

    return n;
}


/* as nginx finds a variable's line: without case, `_` for `-` */

static ngx_uint_t
ngx_http_scoped_key_duplicate_is_header(const ngx_table_elt_t *header,
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
ngx_http_scoped_key_duplicate_count_cookies(ngx_http_request_t *r,
    const ngx_str_t *name, size_t *left)
{
    ngx_uint_t                      n;
    const ngx_table_elt_t          *header;
    ngx_http_scoped_key_headers_t   at;

    static const ngx_str_t  line = ngx_string("cookie");

    n = 0;

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {
        if (ngx_http_scoped_key_header_is(header, &line)
            && scoped_key_steps_spend(left, header->value.len
                                  * NGX_HTTP_SCOPED_KEY_STEPS_TO_READ_BYTE))
        {
            n += ngx_http_scoped_key_duplicate_count_pairs(header->value,
                                                           name);
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_scoped_key_duplicate_count_pairs(ngx_str_t line, const ngx_str_t *name)
{
    u_char      *start;
    ngx_str_t    pair;
    ngx_uint_t   n;

    n = 0;
    start = line.data;

    while (ngx_http_scoped_key_item_next(&line, &pair)) {

        if (ngx_http_scoped_key_duplicate_behind_comma(pair, name)) {
            return NGX_HTTP_SCOPED_KEY_REPEATED;
        }

        if (!ngx_http_scoped_key_duplicate_is_pair(&pair, name)) {
            continue;
        }

        if (ngx_http_scoped_key_duplicate_behind_tab(start, pair.data)) {
            return NGX_HTTP_SCOPED_KEY_REPEATED;
        }

        n++;
    }

    return n;
}


/* blanks and other cases are read differently by nginx and by others */

static ngx_uint_t
ngx_http_scoped_key_duplicate_is_pair(const ngx_str_t *pair,
    const ngx_str_t *name)
{
    u_char            *last;
    scoped_key_str_t   sent, asked;

    last = ngx_strlchr(pair->data, pair->data + pair->len, '=');
    if (last == NULL) {
        last = pair->data + pair->len;
    }

    while (last != pair->data && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    sent.len = last - pair->data;
    sent.data = pair->data;
    asked = ngx_http_scoped_key_str(name);

    return scoped_key_query_name(sent, asked) != SCOPED_KEY_NAME_OTHER;
}


/* nginx passes over spaces alone, and so does not see such a pair */

static ngx_uint_t
ngx_http_scoped_key_duplicate_behind_tab(const u_char *start, const u_char *p)
{
    while (p != start && p[-1] == ' ') {
        p--;
    }

    return p != start && p[-1] == '\t';
}


/* to nginx a comma ends a pair too; to others it is a part of the value */

static ngx_uint_t
ngx_http_scoped_key_duplicate_behind_comma(ngx_str_t pair,
    const ngx_str_t *name)
{
    u_char  *p, *last;

    last = pair.data + pair.len;

    while ((p = ngx_strlchr(pair.data, last, ',')) != NULL) {

        do {
            p++;
        } while (p != last && *p == ' ');

        pair.data = p;
        pair.len = last - p;

        if (ngx_http_scoped_key_duplicate_is_pair(&pair, name)) {
            return 1;
        }
    }

    return 0;
}
