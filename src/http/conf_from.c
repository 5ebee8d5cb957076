/*
 * scoped_key_from: the places in a request where a key may be found.
 * Reads the directive alone; who looks there is for credential.c.
 * Invariant: no place is named twice, and none that nginx or the connection
 * itself lives by.
 */

#include "conf.h"
#include "option.h"


typedef struct {
    ngx_str_t                     prefix;
    ngx_http_scoped_key_source_e  type;
} ngx_http_scoped_key_source_type_t;

typedef struct {
    ngx_str_t                     name;
    char                         *why;
} ngx_http_scoped_key_unfit_t;


static char *ngx_http_scoped_key_add_source(ngx_conf_t *cf,
    ngx_array_t *sources, ngx_str_t *text);
static char *ngx_http_scoped_key_source_parse(ngx_str_t *text,
    ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_source_check(
    ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_header_check(ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_is_token(const ngx_str_t *text,
    const char *punctuation);
static ngx_uint_t ngx_http_scoped_key_source_known(ngx_array_t *sources,
    ngx_http_scoped_key_source_t *source);


static ngx_http_scoped_key_source_type_t  ngx_http_scoped_key_source_types[] = {
    { ngx_string("header:"), NGX_HTTP_SCOPED_KEY_HEADER },
    { ngx_string("authorization:"), NGX_HTTP_SCOPED_KEY_AUTHORIZATION },
    { ngx_string("query:"), NGX_HTTP_SCOPED_KEY_QUERY },
    { ngx_string("cookie:"), NGX_HTTP_SCOPED_KEY_COOKIE },
    { ngx_null_string, 0 }
};


static ngx_http_scoped_key_unfit_t  ngx_http_scoped_key_unfit_headers[] = {
    { ngx_string("authorization"), "use \"authorization:SCHEME\"" },
    { ngx_string("cookie"), "use \"cookie:NAME\"" },
    { ngx_string("host"), "this header cannot carry a key" },
    { ngx_string("connection"), "this header cannot carry a key" },
    { ngx_string("content-length"), "this header cannot carry a key" },
    { ngx_string("transfer-encoding"), "this header cannot carry a key" },

    /* nginx reads or logs these by itself */
    { ngx_string("accept"), "this header cannot carry a key" },
    { ngx_string("accept-language"), "this header cannot carry a key" },
    { ngx_string("content-range"), "this header cannot carry a key" },
    { ngx_string("content-type"), "this header cannot carry a key" },
    { ngx_string("date"), "this header cannot carry a key" },
    { ngx_string("depth"), "this header cannot carry a key" },
    { ngx_string("destination"), "this header cannot carry a key" },
    { ngx_string("expect"), "this header cannot carry a key" },
    { ngx_string("if-match"), "this header cannot carry a key" },
    { ngx_string("if-modified-since"), "this header cannot carry a key" },
    { ngx_string("if-none-match"), "this header cannot carry a key" },
    { ngx_string("if-range"), "this header cannot carry a key" },
    { ngx_string("if-unmodified-since"), "this header cannot carry a key" },
    { ngx_string("keep-alive"), "this header cannot carry a key" },
    { ngx_string("overwrite"), "this header cannot carry a key" },
    { ngx_string("range"), "this header cannot carry a key" },
    { ngx_string("te"), "this header cannot carry a key" },
    { ngx_string("upgrade"), "this header cannot carry a key" },
    { ngx_string("via"), "this header cannot carry a key" },
    { ngx_string("x-forwarded-for"), "this header cannot carry a key" },
    { ngx_string("x-real-ip"), "this header cannot carry a key" },
    { ngx_null_string, NULL }
};


char *
ngx_http_scoped_key_set_from(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (skcf->sources) {
        return "is duplicate";
    }

    skcf->sources = ngx_array_create(cf->pool,
                                     NGX_HTTP_SCOPED_KEY_MAX_SOURCES,
                                     sizeof(ngx_http_scoped_key_source_t));
    if (skcf->sources == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_scoped_key_add_source(cf, skcf->sources, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_scoped_key_add_source(ngx_conf_t *cf, ngx_array_t *sources,
    ngx_str_t *text)
{
    char                          *why;
    ngx_http_scoped_key_source_t   source, *added;

    if (sources->nelts == NGX_HTTP_SCOPED_KEY_MAX_SOURCES) {
        return ngx_http_scoped_key_mistake(cf, text, "too many sources");
    }

    why = ngx_http_scoped_key_source_parse(text, &source);
    if (why) {
        return ngx_http_scoped_key_mistake(cf, text, why);
    }

    if (ngx_http_scoped_key_source_known(sources, &source)) {
        return ngx_http_scoped_key_mistake(cf, text, "duplicate source");
    }

    if (source.type == NGX_HTTP_SCOPED_KEY_HEADER) {
        source.name.data = ngx_pstrdup(cf->pool, &source.name);
        if (source.name.data == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_strlow(source.name.data, source.name.data, source.name.len);
    }

    added = ngx_array_push(sources);
    if (added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = source;

    return NGX_CONF_OK;
}


/* what is wrong with it, or NULL */
static char *
ngx_http_scoped_key_source_parse(ngx_str_t *text,
    ngx_http_scoped_key_source_t *source)
{
    ngx_str_t                          *prefix;
    ngx_http_scoped_key_source_type_t  *type;

    if (text->len == sizeof("bearer") - 1
        && ngx_strncmp(text->data, "bearer", text->len) == 0)
    {
        source->type = NGX_HTTP_SCOPED_KEY_AUTHORIZATION;
        ngx_str_set(&source->name, "Bearer");
        return NULL;
    }

    for (type = ngx_http_scoped_key_source_types; type->prefix.len; type++) {
        prefix = &type->prefix;

        if (text->len >= prefix->len
            && ngx_strncmp(text->data, prefix->data, prefix->len) == 0)
        {
            source->type = type->type;
            source->name.len = text->len - prefix->len;
            source->name.data = text->data + prefix->len;

            return ngx_http_scoped_key_source_check(source);
        }
    }

    return "must be \"header:NAME\", \"authorization:SCHEME\", \"bearer\", "
           "\"query:NAME\" or \"cookie:NAME\"";
}


static char *
ngx_http_scoped_key_source_check(ngx_http_scoped_key_source_t *source)
{
    ngx_str_t  *name;

    name = &source->name;

    if (name->len == 0) {
        return "no name behind the colon";
    }

    if (name->len > NGX_HTTP_SCOPED_KEY_MAX_NAME_BYTES) {
        return "the name is too long";
    }

    if (source->type == NGX_HTTP_SCOPED_KEY_QUERY) {
        /* what needs no encoding, so that there is one way to write it */
        return ngx_http_scoped_key_is_token(name, "-._~")
               ? NULL
               : "the name may hold letters, digits, \"-\", \".\", \"_\" and "
                 "\"~\" only";
    }

    /* of a token's characters, the one that is a mistake here for certain */

    if (ngx_strlchr(name->data, name->data + name->len, '$')) {
        return "a variable cannot stand here";
    }

    if (!ngx_http_scoped_key_is_token(name, "!#%&'*+-.^_`|~")) {
        return "the name must be a token of RFC 9110";
    }

    if (source->type == NGX_HTTP_SCOPED_KEY_HEADER) {
        return ngx_http_scoped_key_header_check(name);
    }

    return NULL;
}


static char *
ngx_http_scoped_key_header_check(ngx_str_t *name)
{
    ngx_http_scoped_key_unfit_t  *unfit;

    for (unfit = ngx_http_scoped_key_unfit_headers; unfit->name.len; unfit++) {
        if (name->len == unfit->name.len
            && ngx_strncasecmp(name->data, unfit->name.data, name->len) == 0)
        {
            return unfit->why;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_scoped_key_is_token(const ngx_str_t *text, const char *punctuation)
{
    u_char  c, lower;
    size_t  i;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];
        lower = (u_char) (c | 0x20);

        if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9')) {
            continue;
        }

        if (c == '\0' || ngx_strchr(punctuation, c) == NULL) {
            return 0;
        }
    }

    return 1;
}


/* names of headers and of schemes compare without case */
static ngx_uint_t
ngx_http_scoped_key_source_known(ngx_array_t *sources,
    ngx_http_scoped_key_source_t *source)
{
    size_t                         len;
    ngx_int_t                      differs;
    ngx_uint_t                     i;
    ngx_http_scoped_key_source_t  *known;

    known = sources->elts;
    len = source->name.len;

    for (i = 0; i < sources->nelts; i++) {
        if (known[i].type != source->type || known[i].name.len != len) {
            continue;
        }

        if (source->type == NGX_HTTP_SCOPED_KEY_HEADER
            || source->type == NGX_HTTP_SCOPED_KEY_AUTHORIZATION)
        {
            differs = ngx_strncasecmp(known[i].name.data, source->name.data,
                                      len);

        } else {
            differs = ngx_memcmp(known[i].name.data, source->name.data, len);
        }

        if (differs == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_scoped_key_source_places(ngx_http_scoped_key_loc_conf_t *skcf)
{
    size_t                               len;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    skcf->lines = 0;
    skcf->in_query = 0;
    skcf->in_cookies = 0;

    source = skcf->sources->elts;

    for (i = 0; i < skcf->sources->nelts; i++) {

        switch (source[i].type) {

        case NGX_HTTP_SCOPED_KEY_HEADER:
            len = source[i].name.len;
            break;

        case NGX_HTTP_SCOPED_KEY_AUTHORIZATION:
            len = sizeof("authorization") - 1;
            break;

        case NGX_HTTP_SCOPED_KEY_COOKIE:
            skcf->in_cookies = 1;
            len = sizeof("cookie") - 1;
            break;

        default: /* NGX_HTTP_SCOPED_KEY_QUERY */
            skcf->in_query = 1;
            continue;
        }

        skcf->lines |= (uint64_t) 1 << (len % 64);
    }
}
