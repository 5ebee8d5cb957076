/*
 * Walks the header fields itself: headers_in.content_type is the first of
 * several.  Knows media types and their charset, nothing of bodies.
 * Invariant: a type that is not plainly one of ours is none of ours.  Upstreams
 * search this field for words, cut it at a space, a comma or a semicolon, or
 * take it apart by the RFC: whichever they do, they find the one type.
 */

#include "content_type.h"
#include "credential.h"
#include "item.h"


typedef struct {
    ngx_http_scoped_key_body_e   type;
    ngx_str_t                    name;
    const char *const           *others; /* names of other kinds */
} ngx_http_scoped_key_content_type_t;


static ngx_uint_t ngx_http_scoped_key_content_type_is_like(
    const ngx_table_elt_t *header, const ngx_str_t *name);
static ngx_http_scoped_key_body_e ngx_http_scoped_key_content_type_read(
    const ngx_str_t *value);
static const ngx_http_scoped_key_content_type_t *
    ngx_http_scoped_key_content_type_find(const ngx_str_t *type);
static ngx_uint_t ngx_http_scoped_key_content_type_suffix(
    const ngx_str_t *type);
static ngx_uint_t ngx_http_scoped_key_content_type_params(ngx_str_t rest);
static ngx_uint_t ngx_http_scoped_key_content_type_param(
    const ngx_str_t *param);
static ngx_uint_t ngx_http_scoped_key_content_type_quoted(ngx_str_t value);
static ngx_uint_t ngx_http_scoped_key_content_type_token(
    const ngx_str_t *token);
static ngx_uint_t ngx_http_scoped_key_content_type_is(const ngx_str_t *type,
    const char *name);
static u_char *ngx_http_scoped_key_content_type_search(const ngx_str_t *value,
    const char *word);


static const char *const  ngx_http_scoped_key_content_type_not_json[] = {
    "x-www-form-urlencoded", "multipart", "xml", NULL
};

static const char *const  ngx_http_scoped_key_content_type_not_form[] = {
    "json", "multipart", "xml", NULL
};

static const char *const  ngx_http_scoped_key_content_type_not_graphql[] = {
    "json", "x-www-form-urlencoded", "multipart", "xml", NULL
};

/* the first stands for application/<name>+json, too */

static const ngx_http_scoped_key_content_type_t
    ngx_http_scoped_key_content_types[] =
{
    { NGX_HTTP_SCOPED_KEY_BODY_JSON,
      ngx_string("application/json"),
      ngx_http_scoped_key_content_type_not_json },

    { NGX_HTTP_SCOPED_KEY_BODY_JSON,
      ngx_string("text/json"),
      ngx_http_scoped_key_content_type_not_json },

    { NGX_HTTP_SCOPED_KEY_BODY_FORM,
      ngx_string("application/x-www-form-urlencoded"),
      ngx_http_scoped_key_content_type_not_form },

    { NGX_HTTP_SCOPED_KEY_BODY_GRAPHQL,
      ngx_string("application/graphql"),
      ngx_http_scoped_key_content_type_not_graphql }
};

#define NGX_HTTP_SCOPED_KEY_CONTENT_TYPES                                     \
    (sizeof(ngx_http_scoped_key_content_types)                                \
     / sizeof(ngx_http_scoped_key_content_type_t))


ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type(ngx_http_request_t *r)
{
    ngx_uint_t              i;
    const ngx_str_t        *value;
    const ngx_list_part_t  *part;
    const ngx_table_elt_t  *header;

    static const ngx_str_t  type_field = ngx_string("content-type");
    static const ngx_str_t  coding_field = ngx_string("content-encoding");

    value = NULL;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_scoped_key_content_type_is_like(&header[i],
                                                         &coding_field))
            {
                return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
            }

            if (!ngx_http_scoped_key_content_type_is_like(&header[i],
                                                          &type_field))
            {
                continue;
            }

            if (value
                || !ngx_http_scoped_key_header_is(&header[i], &type_field))
            {
                return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
            }

            value = &header[i].value;
        }
    }

    return value ? ngx_http_scoped_key_content_type_read(value)
                 : NGX_HTTP_SCOPED_KEY_BODY_OTHER;
}


/* CGI knows no `-`: where nginx lets it pass, Content_Type may be the one */

static ngx_uint_t
ngx_http_scoped_key_content_type_is_like(const ngx_table_elt_t *header,
    const ngx_str_t *name)
{
    ngx_uint_t  i;

    if (header->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {

        if (header->lowcase_key[i] != name->data[i]
            && (name->data[i] != '-' || header->lowcase_key[i] != '_'))
        {
            return 0;
        }
    }

    return 1;
}


/* media-type = type "/" subtype parameters */

static ngx_http_scoped_key_body_e
ngx_http_scoped_key_content_type_read(const ngx_str_t *value)
{
    ngx_str_t                                  type, rest;
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_content_type_t  *found;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < ' ' || value->data[i] > '~'
            || value->data[i] == ',' || value->data[i] == '\\')
        {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }
    }

    rest = *value;

    if (!ngx_http_scoped_key_item_next(&rest, &type)) {
        return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
    }

    found = ngx_http_scoped_key_content_type_find(&type);

    if (found == NULL || !ngx_http_scoped_key_content_type_params(rest)) {
        return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
    }

    for (i = 0; found->others[i]; i++) {

        if (ngx_http_scoped_key_content_type_search(value, found->others[i])) {
            return NGX_HTTP_SCOPED_KEY_BODY_OTHER;
        }
    }

    return found->type;
}


static const ngx_http_scoped_key_content_type_t *
ngx_http_scoped_key_content_type_find(const ngx_str_t *type)
{
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_content_type_t  *types;

    types = ngx_http_scoped_key_content_types;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_CONTENT_TYPES; i++) {

        if (ngx_http_scoped_key_content_type_is(type,
                                           (char *) types[i].name.data))
        {
            return &types[i];
        }
    }

    return ngx_http_scoped_key_content_type_suffix(type) ? &types[0] : NULL;
}


/*
 * RFC 6839, section 3.1: a structured syntax suffix.  What gRPC calls so is a
 * frame with JSON in it.
 */

static ngx_uint_t
ngx_http_scoped_key_content_type_suffix(const ngx_str_t *type)
{
    ngx_str_t  name;

    if (type->len <= sizeof("application/+json") - 1
        || ngx_strncasecmp(type->data, (u_char *) "application/",
                           sizeof("application/") - 1)
           != 0
        || ngx_strncasecmp(type->data + type->len - sizeof("+json") + 1,
                           (u_char *) "+json", sizeof("+json") - 1)
           != 0)
    {
        return 0;
    }

    name.data = type->data + sizeof("application/") - 1;
    name.len = type->len - (sizeof("application/+json") - 1);

    if (!ngx_http_scoped_key_content_type_token(&name)) {
        return 0;
    }

    return !ngx_http_scoped_key_content_type_is(&name, "grpc")
           && (name.len < sizeof("grpc-") - 1
               || ngx_strncasecmp(name.data, (u_char *) "grpc-",
                                  sizeof("grpc-") - 1)
                  != 0);
}


/* whether all are well formed, and none gives another charset than UTF-8 */

static ngx_uint_t
ngx_http_scoped_key_content_type_params(ngx_str_t rest)
{
    ngx_str_t   item;
    ngx_uint_t  charsets;

    charsets = 0;

    while (ngx_http_scoped_key_item_next(&rest, &item)) {

        if (ngx_http_scoped_key_content_type_is(&item, "charset=utf-8")
            || ngx_http_scoped_key_content_type_is(&item,
                                                   "charset=\"utf-8\""))
        {
            if (charsets++) {
                return 0;
            }

            continue;
        }

        if (item.len && !ngx_http_scoped_key_content_type_param(&item)) {
            return 0;
        }
    }

    return 1;
}


/* parameter = token "=" ( token / quoted-string ); not a charset */

static ngx_uint_t
ngx_http_scoped_key_content_type_param(const ngx_str_t *param)
{
    u_char     *equals, *last;
    ngx_str_t   name, value;

    last = param->data + param->len;
    equals = ngx_strlchr(param->data, last, '=');

    if (equals == NULL
        || ngx_http_scoped_key_content_type_search(param, "charset"))
    {
        return 0;
    }

    name.data = param->data;
    name.len = equals - name.data;
    value.data = equals + 1;
    value.len = last - value.data;

    return ngx_http_scoped_key_content_type_token(&name)
           && (ngx_http_scoped_key_content_type_token(&value)
               || ngx_http_scoped_key_content_type_quoted(value));
}


/* a profile is a URI: there is no semicolon in it, for it would be cut there */

static ngx_uint_t
ngx_http_scoped_key_content_type_quoted(ngx_str_t value)
{
    if (value.len < 2 || value.data[0] != '"'
        || value.data[value.len - 1] != '"')
    {
        return 0;
    }

    value.data++;
    value.len -= 2;

    return ngx_strlchr(value.data, value.data + value.len, '"') == NULL;
}


/* RFC 9110, section 5.6.2 */

static ngx_uint_t
ngx_http_scoped_key_content_type_token(const ngx_str_t *token)
{
    u_char      c, lower;
    ngx_uint_t  i;

    for (i = 0; i < token->len; i++) {
        c = token->data[i];
        lower = (u_char) (c | 0x20);

        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9')
            && (c == '\0' || ngx_strchr("!#$%&'*+-.^_`|~", c) == NULL))
        {
            return 0;
        }
    }

    return token->len != 0;
}


static ngx_uint_t
ngx_http_scoped_key_content_type_is(const ngx_str_t *type, const char *name)
{
    return type->len == ngx_strlen(name)
           && ngx_strncasecmp(type->data, (u_char *) name, type->len) == 0;
}


static u_char *
ngx_http_scoped_key_content_type_search(const ngx_str_t *value,
    const char *word)
{
    return ngx_strlcasestrn(value->data, value->data + value->len,
                            (u_char *) word, ngx_strlen(word) - 1);
}
