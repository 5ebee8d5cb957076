/*
 * Where in a request something may be found: scoped_key_param, the values
 * that grants may constrain; scoped_key_from, the places of a key;
 * scoped_key_prefix, whose keys they may be; scoped_key_body_limit. Reads
 * the directives alone; who looks there is for param.c and credential.c.
 * Invariants: a source that is not understood is a mistake, never a text; no
 * place is named twice, and none that nginx or the connection itself needs;
 * the whole of Authorization comes after its schemes.
 */

#include "conf.h"
#include "option.h"
#include "duplicate.h"
#include "template.h"
#include "../core/json.h"
#include "../core/token.h"


typedef struct {
    ngx_str_t                     prefix;
    ngx_http_scoped_key_source_e  type;
} ngx_http_scoped_key_source_type_t;

typedef struct {
    ngx_str_t                     text;
    ngx_http_scoped_key_source_t  source;
} ngx_http_scoped_key_source_word_t;

typedef struct {
    ngx_str_t                     name;
    char                         *why;
} ngx_http_scoped_key_unfit_t;


static ngx_http_scoped_key_params_t *ngx_http_scoped_key_param_create(
    ngx_conf_t *cf);
static char *ngx_http_scoped_key_param_sources(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params, ngx_http_scoped_key_param_t *param);
static char *ngx_http_scoped_key_param_split(ngx_conf_t *cf,
    ngx_http_scoped_key_param_t *param, ngx_str_t *text, ngx_str_t *bytes);
static void ngx_http_scoped_key_param_cover(
    ngx_http_scoped_key_param_t *param);
static ngx_int_t ngx_http_scoped_key_param_table(ngx_conf_t *cf,
    const ngx_array_t *list, const scoped_key_names_t **names);
static ngx_uint_t ngx_http_scoped_key_param_is_declared(
    const ngx_http_scoped_key_params_t *params, const ngx_str_t *name);
static ngx_int_t ngx_http_scoped_key_param_order(const void *a, const void *b);
static ngx_int_t ngx_http_scoped_key_param_name_order(const ngx_str_t *a,
    const ngx_str_t *b);
static char *ngx_http_scoped_key_param_add(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params, ngx_http_scoped_key_param_t *param,
    ngx_str_t *text);
static ngx_uint_t ngx_http_scoped_key_param_inputs(
    const ngx_http_scoped_key_param_source_t *source);
static ngx_int_t ngx_http_scoped_key_param_number(
    ngx_http_scoped_key_params_t *params,
    ngx_http_scoped_key_param_source_t *source);
static const char *ngx_http_scoped_key_param_parse(ngx_str_t *text,
    ngx_http_scoped_key_param_source_t *source);
static const char *ngx_http_scoped_key_param_text_check(ngx_str_t *text);
static ngx_uint_t ngx_http_scoped_key_param_begins(ngx_str_t *text,
    const char *prefix, ngx_str_t *rest);
static ngx_uint_t ngx_http_scoped_key_param_is_name(const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_param_known(
    const ngx_http_scoped_key_param_t *param, const ngx_str_t *text);
static char *ngx_http_scoped_key_param_compile(ngx_conf_t *cf,
    ngx_http_scoped_key_param_source_t *source);
static char *ngx_http_scoped_key_param_variables(ngx_conf_t *cf,
    ngx_http_scoped_key_param_source_t *source);
static char *ngx_http_scoped_key_add_source(ngx_conf_t *cf,
    ngx_array_t *sources, ngx_str_t *text);
static void ngx_http_scoped_key_source_order(ngx_array_t *sources);
static ngx_int_t ngx_http_scoped_key_source_bind(ngx_conf_t *cf,
    ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_source_parse(ngx_str_t *text,
    ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_variable_check(ngx_str_t *name);
static char *ngx_http_scoped_key_source_check(
    ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_header_check(ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_is_token(const ngx_str_t *text,
    const char *punctuation);
static ngx_uint_t ngx_http_scoped_key_source_known(ngx_array_t *sources,
    const ngx_http_scoped_key_source_t *source);
static ngx_uint_t ngx_http_scoped_key_source_is_basic(
    const ngx_http_scoped_key_source_t *source);
static char *ngx_http_scoped_key_prefix_check(const ngx_array_t *prefixes,
    const ngx_str_t *text);


static ngx_http_scoped_key_source_type_t  ngx_http_scoped_key_source_types[] = {
    { ngx_string("header:"), NGX_HTTP_SCOPED_KEY_HEADER },
    { ngx_string("authorization:"), NGX_HTTP_SCOPED_KEY_AUTHORIZATION },
    { ngx_string("query:"), NGX_HTTP_SCOPED_KEY_QUERY },
    { ngx_string("cookie:"), NGX_HTTP_SCOPED_KEY_COOKIE },
    { ngx_string("variable:"), NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE },
    { ngx_null_string, 0 }
};

static ngx_http_scoped_key_source_word_t  ngx_http_scoped_key_source_words[] = {
    { ngx_string("bearer"),
      { NGX_HTTP_SCOPED_KEY_AUTHORIZATION, ngx_string("Bearer"), 0, 0, 0 } },
    { ngx_string("authorization"),
      { NGX_HTTP_SCOPED_KEY_NO_SCHEME, ngx_null_string, 0, 0, 0 } },
    { ngx_string("basic"),
      { NGX_HTTP_SCOPED_KEY_BASIC, ngx_string("Basic"), 0, 0, 0 } },
    { ngx_null_string,
      { NGX_HTTP_SCOPED_KEY_HEADER, ngx_null_string, 0, 0, 0 } }
};

static ngx_http_scoped_key_unfit_t  ngx_http_scoped_key_unfit_headers[] = {
    { ngx_string("authorization"), "use \"authorization\", "
      "\"authorization:SCHEME\" or \"basic\"" },
    { ngx_string("cookie"), "use \"cookie:NAME\"" },
    { ngx_string("http2-settings"), "this header cannot carry a key" },
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
ngx_http_scoped_key_set_param(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    ngx_str_t                    *value;
    ngx_http_scoped_key_param_t  *param;

    value = cf->args->elts;

    if (!ngx_http_scoped_key_param_is_name(&value[1])) {
        return ngx_http_scoped_key_conf_error(cf, &value[1],
                    "a name has 1 to 64 letters, digits, \"_\", \"-\", \".\"");
    }

    if (ngx_http_scoped_key_param_is_declared(skcf->params, &value[1])) {
        return ngx_http_scoped_key_conf_error(cf, &value[1], "duplicate param");
    }

    if (skcf->params == NULL) {
        skcf->params = ngx_http_scoped_key_param_create(cf);
        if (skcf->params == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (skcf->params->list.nelts == NGX_HTTP_SCOPED_KEY_MAX_PARAMS) {
        return ngx_http_scoped_key_conf_error(cf, &value[1], "too many params");
    }

    param = ngx_array_push(&skcf->params->list);
    if (param == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(param, sizeof(ngx_http_scoped_key_param_t));

    param->name = value[1];

    return ngx_http_scoped_key_param_sources(cf, skcf->params, param);
}


/* NULL: out of memory */

static ngx_http_scoped_key_params_t *
ngx_http_scoped_key_param_create(ngx_conf_t *cf)
{
    ngx_http_scoped_key_params_t  *params;

    params = ngx_pcalloc(cf->pool, sizeof(ngx_http_scoped_key_params_t));

    if (params == NULL
        || ngx_array_init(&params->list, cf->pool, 4,
                          sizeof(ngx_http_scoped_key_param_t))
           != NGX_OK
        || ngx_array_init(&params->args, cf->pool, 4,
                          sizeof(scoped_key_str_t))
           != NGX_OK
        || ngx_array_init(&params->forms, cf->pool, 4,
                          sizeof(scoped_key_str_t))
           != NGX_OK
        || ngx_array_init(&params->pointers, cf->pool, 4,
                          sizeof(scoped_key_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    return params;
}


static char *
ngx_http_scoped_key_param_sources(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params, ngx_http_scoped_key_param_t *param)
{
    char        *rv;
    ngx_str_t   *value, bytes;
    ngx_uint_t   i, last;

    value = cf->args->elts;
    last = cf->args->nelts - 1;

    if (ngx_array_init(&param->sources, cf->pool, last,
                       sizeof(ngx_http_scoped_key_param_source_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i <= last; i++) {

        if (!ngx_http_scoped_key_param_begins(&value[i], "split=", &bytes)) {
            rv = ngx_http_scoped_key_param_add(cf, params, param, &value[i]);

        } else if (i != last) {
            rv = ngx_http_scoped_key_conf_error(cf, &value[i],
                                       "must be the last, after all sources");

        } else {
            rv = ngx_http_scoped_key_param_split(cf, param, &value[i], &bytes);
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    ngx_http_scoped_key_param_cover(param);

    return NGX_CONF_OK;
}


/* text: the argument, of which the bytes are a part */

static char *
ngx_http_scoped_key_param_split(ngx_conf_t *cf,
    ngx_http_scoped_key_param_t *param, ngx_str_t *text, ngx_str_t *bytes)
{
    u_char    c;
    size_t    i;
    uint32_t  bit, *bits;

    if (param->sources.nelts == 0) {
        return ngx_http_scoped_key_conf_error(cf, text, "no source before it");
    }

    if (bytes->len == 0 || bytes->len > NGX_HTTP_SCOPED_KEY_MAX_SPLIT_BYTES) {
        return ngx_http_scoped_key_conf_error(cf, text,
                                              "must name 1 to 16 characters");
    }

    for (i = 0; i < bytes->len; i++) {
        c = bytes->data[i];

        if (c < 0x20 || c > 0x7e) {
            return ngx_http_scoped_key_conf_error(cf, text,
                                       "must be printable ASCII characters");
        }

        bits = &param->splits[c >> 5];
        bit = 1U << (c & 0x1f);

        if (*bits & bit) {
            return ngx_http_scoped_key_conf_error(cf, text,
                                                  "names a character twice");
        }

        *bits |= bit;
    }

    param->split = *bytes;

    return NGX_CONF_OK;
}


/* of JSON pointers, which arrays on the way others of the param read */

static void
ngx_http_scoped_key_param_cover(ngx_http_scoped_key_param_t *param)
{
    ngx_uint_t                           i, k;
    scoped_key_str_t                     pointer, other;
    ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        for (k = 0; k < param->sources.nelts; k++) {

            if (source[i].type != NGX_HTTP_SCOPED_KEY_JSON
                || source[k].type != NGX_HTTP_SCOPED_KEY_JSON)
            {
                continue;
            }

            pointer = ngx_http_scoped_key_str(&source[i].name);
            other = ngx_http_scoped_key_str(&source[k].name);

            source[i].covered |= scoped_key_json_pointer_covered(pointer,
                                                                 other);
        }
    }
}


ngx_int_t
ngx_http_scoped_key_build_params(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params)
{
    void         *memory;
    ngx_array_t  *pointers;

    /* an outer block's are those of all blocks that have none of their own */

    if (params->built) {
        return NGX_OK;
    }

    /* a grant may ask for each of them */

    ngx_sort(params->list.elts, params->list.nelts,
             sizeof(ngx_http_scoped_key_param_t),
             ngx_http_scoped_key_param_order);

    if (ngx_http_scoped_key_param_table(cf, &params->args, &params->arg_names)
            != NGX_OK
        || ngx_http_scoped_key_param_table(cf, &params->forms,
                                           &params->form_names)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    pointers = &params->pointers;

    if (pointers->nelts) {
        memory = ngx_palloc(cf->pool,
                            scoped_key_json_paths_bytes(pointers->elts,
                                                        pointers->nelts));
        if (memory == NULL) {
            return NGX_ERROR;
        }

        params->paths = scoped_key_json_paths_build(memory, pointers->elts,
                                                    pointers->nelts);
    }

    params->built = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_param_table(ngx_conf_t *cf, const ngx_array_t *list,
    const scoped_key_names_t **names)
{
    void  *memory;

    if (list->nelts == 0) {
        return NGX_OK;
    }

    memory = ngx_palloc(cf->pool, scoped_key_names_bytes(list->nelts));
    if (memory == NULL) {
        return NGX_ERROR;
    }

    *names = scoped_key_names_build(memory, list->elts, list->nelts);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_declared(
    const ngx_http_scoped_key_params_t *params, const ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_scoped_key_param_t  *param;

    if (params == NULL) {
        return 0;
    }

    param = params->list.elts;

    for (i = 0; i < params->list.nelts; i++) {
        if (ngx_http_scoped_key_param_name_order(&param[i].name, name) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_http_scoped_key_param_t *
ngx_http_scoped_key_param_find(const ngx_http_scoped_key_params_t *params,
    const ngx_str_t *name)
{
    ngx_int_t                     order;
    ngx_uint_t                    first, last, i;
    ngx_http_scoped_key_param_t  *param;

    if (params == NULL) {
        return NULL;
    }

    first = 0;
    last = params->list.nelts;
    param = params->list.elts;

    while (first < last) {
        i = (first + last) / 2;
        order = ngx_http_scoped_key_param_name_order(&param[i].name, name);

        if (order == 0) {
            return &param[i];
        }

        if (order < 0) {
            first = i + 1;

        } else {
            last = i;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_scoped_key_param_order(const void *a, const void *b)
{
    const ngx_http_scoped_key_param_t *one = a;
    const ngx_http_scoped_key_param_t *two = b;

    return ngx_http_scoped_key_param_name_order(&one->name, &two->name);
}


static ngx_int_t
ngx_http_scoped_key_param_name_order(const ngx_str_t *a, const ngx_str_t *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }

    return ngx_memcmp(a->data, b->data, a->len);
}


static char *
ngx_http_scoped_key_param_add(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params, ngx_http_scoped_key_param_t *param,
    ngx_str_t *text)
{
    const char                          *why;
    ngx_http_scoped_key_param_source_t   source, *added;

    if (param->sources.nelts == NGX_HTTP_SCOPED_KEY_MAX_PARAM_SOURCES) {
        return ngx_http_scoped_key_conf_error(cf, text, "too many sources");
    }

    if (ngx_http_scoped_key_param_known(param, text)) {
        return ngx_http_scoped_key_conf_error(cf, text, "duplicate source");
    }

    ngx_memzero(&source, sizeof(ngx_http_scoped_key_param_source_t));
    source.written = *text;

    why = ngx_http_scoped_key_param_parse(text, &source);
    if (why) {
        return ngx_http_scoped_key_conf_error(cf, text, why);
    }

    if (source.type == NGX_HTTP_SCOPED_KEY_TEXT
        && (ngx_http_scoped_key_param_variables(cf, &source) != NGX_CONF_OK
            || ngx_http_scoped_key_param_compile(cf, &source) != NGX_CONF_OK))
    {
        return NGX_CONF_ERROR;
    }

    params->ninputs += ngx_http_scoped_key_param_inputs(&source);

    if (params->ninputs > NGX_HTTP_SCOPED_KEY_MAX_INPUTS) {
        return ngx_http_scoped_key_conf_error(cf, text,
                       "too many variables that a client sends: use \"arg:\"");
    }

    added = ngx_array_push(&param->sources);

    if (added == NULL
        || ngx_http_scoped_key_param_number(params, &source) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *added = source;

    return NGX_CONF_OK;
}


/* how many of its variables stand for what a client may have sent twice */

static ngx_uint_t
ngx_http_scoped_key_param_inputs(
    const ngx_http_scoped_key_param_source_t *source)
{
    ngx_str_t   *variable, name;
    ngx_uint_t   i, n;

    if (source->variables == NULL) {
        return 0;
    }

    n = 0;
    variable = source->variables->elts;

    for (i = 0; i < source->variables->nelts; i++) {
        n += ngx_http_scoped_key_input_kind(&variable[i], &name)
             != NGX_HTTP_SCOPED_KEY_INPUT_OTHER;
    }

    return n;
}


/* its number among the distinct names of its kind */

static ngx_int_t
ngx_http_scoped_key_param_number(ngx_http_scoped_key_params_t *params,
    ngx_http_scoped_key_param_source_t *source)
{
    ngx_uint_t         i;
    ngx_array_t       *list;
    scoped_key_str_t  *name;

    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_ARG:
        list = &params->args;
        break;

    case NGX_HTTP_SCOPED_KEY_FORM:
        list = &params->forms;
        break;

    case NGX_HTTP_SCOPED_KEY_JSON:
        list = &params->pointers;
        break;

    default:
        return NGX_OK;
    }

    name = list->elts;

    for (i = 0; i < list->nelts; i++) {
        if (name[i].len == source->name.len
            && ngx_memcmp(name[i].data, source->name.data, name[i].len) == 0)
        {
            break;
        }
    }

    source->n = i;

    if (i < list->nelts) {
        return NGX_OK;
    }

    name = ngx_array_push(list);
    if (name == NULL) {
        return NGX_ERROR;
    }

    name->len = source->name.len;
    name->data = source->name.data;

    return NGX_OK;
}


/* what is wrong with it, or NULL */

static const char *
ngx_http_scoped_key_param_parse(ngx_str_t *text,
    ngx_http_scoped_key_param_source_t *source)
{
    scoped_key_str_t  pointer;

    if (ngx_http_scoped_key_param_begins(text, "arg:", &source->name)
        || ngx_http_scoped_key_param_begins(text, "form:", &source->name))
    {
        source->type = text->data[0] == 'a' ? NGX_HTTP_SCOPED_KEY_ARG
                                            : NGX_HTTP_SCOPED_KEY_FORM;

        return ngx_http_scoped_key_param_is_name(&source->name)
               ? NULL
               : "a name has 1 to 64 letters, digits, \"_\", \"-\", \".\"";
    }

    if (ngx_http_scoped_key_param_begins(text, "json:", &source->name)) {
        source->type = NGX_HTTP_SCOPED_KEY_JSON;

        pointer = ngx_http_scoped_key_str(&source->name);

        return scoped_key_json_pointer_valid(pointer)
               ? NULL : "not a JSON pointer (RFC 6901)";
    }

    if (ngx_strcmp(text->data, "graphql:field") == 0) {
        source->type = NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD;
        return NULL;
    }

    if (ngx_strcmp(text->data, "graphql:operation") == 0) {
        source->type = NGX_HTTP_SCOPED_KEY_GRAPHQL_OPERATION;
        return NULL;
    }

    if (ngx_strncmp(text->data, "graphql:", sizeof("graphql:") - 1) == 0) {
        return "use \"graphql:field\" or \"graphql:operation\"";
    }

    source->type = NGX_HTTP_SCOPED_KEY_TEXT;

    return ngx_http_scoped_key_param_text_check(text);
}


/*
 * What is wrong with it, or NULL.  A variable may match a regular expression
 * when it is evaluated, and leave captures that the client has chosen.
 */

static const char *
ngx_http_scoped_key_param_text_check(ngx_str_t *text)
{
    size_t      i;
    ngx_uint_t  captures, variables;

    captures = 0;
    variables = ngx_http_script_variables_count(text);

    for (i = 0; i + 1 < text->len; i++) {
        if (text->data[i] == '$'
            && text->data[i + 1] >= '1' && text->data[i + 1] <= '9')
        {
            captures++;
        }
    }

    if (variables == 0) {
        return "neither a source nor a text with variables";
    }

    if (captures && captures != variables) {
        return "$1 to $9 cannot stand beside variables: name the capture";
    }

    return NULL;
}


static ngx_uint_t
ngx_http_scoped_key_param_begins(ngx_str_t *text, const char *prefix,
    ngx_str_t *rest)
{
    size_t  len;

    len = ngx_strlen(prefix);

    if (ngx_strncmp(text->data, prefix, len) != 0) {
        return 0;
    }

    rest->data = text->data + len;
    rest->len = text->len - len;

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_param_is_name(const ngx_str_t *name)
{
    return name->len && name->len <= NGX_HTTP_SCOPED_KEY_MAX_NAME_BYTES
           && ngx_http_scoped_key_is_token(name, "_-.");
}


static ngx_uint_t
ngx_http_scoped_key_param_known(const ngx_http_scoped_key_param_t *param,
    const ngx_str_t *text)
{
    ngx_uint_t                                 i;
    const ngx_http_scoped_key_param_source_t  *source;

    source = param->sources.elts;

    for (i = 0; i < param->sources.nelts; i++) {
        if (source[i].written.len == text->len
            && ngx_memcmp(source[i].written.data, text->data, text->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static char *
ngx_http_scoped_key_param_compile(ngx_conf_t *cf,
    ngx_http_scoped_key_param_source_t *source)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &source->written;
    ccv.complex_value = &source->text;

    return ngx_http_compile_complex_value(&ccv) == NGX_OK ? NGX_CONF_OK
                                                          : NGX_CONF_ERROR;
}


/* the names behind every `$`, as nginx reads them */

static char *
ngx_http_scoped_key_param_variables(ngx_conf_t *cf,
    ngx_http_scoped_key_param_source_t *source)
{
    u_char      *p, *last;
    ngx_str_t   *variable;
    const char  *error;

    source->variables = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (source->variables == NULL) {
        return NGX_CONF_ERROR;
    }

    p = source->written.data;
    last = p + source->written.len;

    while ((p = ngx_strlchr(p, last, '$')) != NULL) {
        variable = ngx_array_push(source->variables);
        if (variable == NULL) {
            return NGX_CONF_ERROR;
        }

        p++;
        error = ngx_http_scoped_key_variable_name(&p, last, variable);

        if (error) {
            return ngx_http_scoped_key_conf_error(cf, &source->written, error);
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_scoped_key_set_body_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (skcf->body_limit != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;
    size = ngx_parse_size(&value[1]);

    if (size == NGX_ERROR || size == 0
        || size > NGX_HTTP_SCOPED_KEY_MAX_BODY_BYTES)
    {
        return ngx_http_scoped_key_conf_error(cf, &value[1],
                                              "must be a size from 1 to 64m");
    }

    skcf->body_limit = size;

    return NGX_CONF_OK;
}


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
        return ngx_http_scoped_key_conf_error(cf, text, "too many sources");
    }

    why = ngx_http_scoped_key_source_parse(text, &source);
    if (why) {
        return ngx_http_scoped_key_conf_error(cf, text, why);
    }

    if (ngx_http_scoped_key_source_known(sources, &source)) {
        return ngx_http_scoped_key_conf_error(cf, text, "duplicate source");
    }

    if (ngx_http_scoped_key_source_bind(cf, &source) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    added = ngx_array_push(sources);
    if (added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = source;

    ngx_http_scoped_key_source_order(sources);

    return NGX_CONF_OK;
}


/* a line of a scheme that is a source is that one's */
static void
ngx_http_scoped_key_source_order(ngx_array_t *sources)
{
    ngx_uint_t                     last;
    ngx_http_scoped_key_source_t   added, *source;

    source = sources->elts;
    last = sources->nelts - 1;

    if (last && source[last - 1].type == NGX_HTTP_SCOPED_KEY_NO_SCHEME) {
        added = source[last];
        source[last] = source[last - 1];
        source[last - 1] = added;
    }
}


static ngx_int_t
ngx_http_scoped_key_source_bind(ngx_conf_t *cf,
    ngx_http_scoped_key_source_t *source)
{
    ngx_int_t  index;

    switch (source->type) {

    case NGX_HTTP_SCOPED_KEY_HEADER:
        source->name.data = ngx_pstrdup(cf->pool, &source->name);
        if (source->name.data == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(source->name.data, source->name.data, source->name.len);
        break;

    case NGX_HTTP_SCOPED_KEY_AUTHORIZATION:
        source->bearer = (source->name.len == sizeof("Bearer") - 1
                          && ngx_strncasecmp(source->name.data,
                                             (u_char *) "Bearer",
                                             sizeof("Bearer") - 1) == 0);
        break;

    case NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE:
        index = ngx_http_get_variable_index(cf, &source->name);
        if (index == NGX_ERROR) {
            return NGX_ERROR;
        }

        source->index = (ngx_uint_t) index;
        break;

    default:
        break;
    }

    return NGX_OK;
}


/* what is wrong with it, or NULL */
static char *
ngx_http_scoped_key_source_parse(ngx_str_t *text,
    ngx_http_scoped_key_source_t *source)
{
    ngx_str_t                          *prefix;
    ngx_http_scoped_key_source_type_t  *type;
    ngx_http_scoped_key_source_word_t  *word;

    for (word = ngx_http_scoped_key_source_words; word->text.len; word++) {
        if (text->len == word->text.len
            && ngx_strncmp(text->data, word->text.data, text->len) == 0)
        {
            *source = word->source;
            return NULL;
        }
    }

    ngx_memzero(source, sizeof(ngx_http_scoped_key_source_t));

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

    return "must be \"header:NAME\", \"bearer\", \"authorization\", "
           "\"authorization:SCHEME\", \"basic\", \"query:NAME\", "
           "\"cookie:NAME\" or \"variable:$NAME\"";
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

    if (source->type == NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE) {
        return ngx_http_scoped_key_variable_check(name);
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


/* takes the `$` off */
static char *
ngx_http_scoped_key_variable_check(ngx_str_t *name)
{
    if (name->len < 2 || name->data[0] != '$'
        || (name->data[1] >= '0' && name->data[1] <= '9'))
    {
        return "a variable is written \"$NAME\"";
    }

    name->data++;
    name->len--;

    if (!ngx_http_scoped_key_is_token(name, "_")) {
        return "the name of a variable has letters, digits and \"_\" only";
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
    u_char  c;
    size_t  i;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (scoped_key_is_alnum(c)) {
            continue;
        }

        if (c == '\0' || ngx_strchr(punctuation, c) == NULL) {
            return 0;
        }
    }

    return 1;
}


/* names of headers, schemes and variables compare without case */
static ngx_uint_t
ngx_http_scoped_key_source_known(ngx_array_t *sources,
    const ngx_http_scoped_key_source_t *source)
{
    size_t                         len;
    ngx_int_t                      differs;
    ngx_uint_t                     i;
    ngx_http_scoped_key_source_t  *known;

    known = sources->elts;
    len = source->name.len;

    for (i = 0; i < sources->nelts; i++) {
        if (ngx_http_scoped_key_source_is_basic(&known[i])
            && ngx_http_scoped_key_source_is_basic(source))
        {
            return 1;
        }

        if (known[i].type != source->type || known[i].name.len != len) {
            continue;
        }

        if (source->type != NGX_HTTP_SCOPED_KEY_QUERY
            && source->type != NGX_HTTP_SCOPED_KEY_COOKIE)
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


/* "authorization:Basic", the base64 itself, and "basic" are one line */
static ngx_uint_t
ngx_http_scoped_key_source_is_basic(const ngx_http_scoped_key_source_t *source)
{
    return source->type == NGX_HTTP_SCOPED_KEY_BASIC
           || (source->type == NGX_HTTP_SCOPED_KEY_AUTHORIZATION
               && source->name.len == sizeof("Basic") - 1
               && ngx_strncasecmp(source->name.data, (u_char *) "Basic",
                                  sizeof("Basic") - 1) == 0);
}


/* nginx drops such lines before anybody sees them */
void
ngx_http_scoped_key_source_warn(ngx_conf_t *cf, ngx_array_t *sources)
{
    ngx_str_t                      name;
    ngx_uint_t                     i;
    ngx_http_core_srv_conf_t      *cscf;
    ngx_http_scoped_key_source_t  *source;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (!cscf->ignore_invalid_headers) {
        return;
    }

    source = sources->elts;

    for (i = 0; i < sources->nelts; i++) {
        name = source[i].name;

        if (source[i].type != NGX_HTTP_SCOPED_KEY_HEADER
            || source[i].warned
            || ngx_http_scoped_key_is_token(&name, cscf->underscores_in_headers
                                                   ? "-_" : "-"))
        {
            continue;
        }

        source[i].warned = 1;

        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"scoped_key_from header:%V\" never finds a key: "
                           "nginx ignores header fields with such a name, "
                           "unless \"underscores_in_headers on\" or "
                           "\"ignore_invalid_headers off\" lets them be",
                           &name);
    }
}


char *
ngx_http_scoped_key_set_prefixes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    char        *why;
    ngx_str_t   *value, *prefix;
    ngx_uint_t   i;

    if (skcf->prefixes) {
        return "is duplicate";
    }

    skcf->prefixes = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                      sizeof(ngx_str_t));
    if (skcf->prefixes == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        why = ngx_http_scoped_key_prefix_check(skcf->prefixes, &value[i]);
        if (why) {
            return ngx_http_scoped_key_conf_error(cf, &value[i], why);
        }

        prefix = ngx_array_push(skcf->prefixes);
        if (prefix == NULL) {
            return NGX_CONF_ERROR;
        }

        *prefix = value[i];
    }

    return NGX_CONF_OK;
}


/* what is wrong with it, or NULL */
static char *
ngx_http_scoped_key_prefix_check(const ngx_array_t *prefixes,
    const ngx_str_t *text)
{
    ngx_str_t   *prefix;
    ngx_uint_t   i;

    if (prefixes->nelts == NGX_HTTP_SCOPED_KEY_MAX_PREFIXES) {
        return "too many prefixes";
    }

    if (!scoped_key_token_is_prefix(ngx_http_scoped_key_str(text))) {
        return "a prefix is a letter and 1 to 15 letters or digits, in lower "
               "case";
    }

    prefix = prefixes->elts;

    for (i = 0; i < prefixes->nelts; i++) {
        if (prefix[i].len == text->len
            && ngx_memcmp(prefix[i].data, text->data, text->len) == 0)
        {
            return "duplicate prefix";
        }
    }

    return NULL;
}


void
ngx_http_scoped_key_source_places(ngx_http_scoped_key_loc_conf_t *skcf)
{
    size_t                               len;
    uint64_t                             settings;
    ngx_uint_t                           i;
    const ngx_http_scoped_key_source_t  *source;

    skcf->header_len_mask = 0;
    skcf->beyond_headers = 0;
    skcf->in_query = 0;
    skcf->in_cookies = 0;
    skcf->in_basic = 0;

    source = skcf->sources->elts;

    for (i = 0; i < skcf->sources->nelts; i++) {

        switch (source[i].type) {

        case NGX_HTTP_SCOPED_KEY_HEADER:
            len = source[i].name.len;
            break;

        case NGX_HTTP_SCOPED_KEY_BASIC:
            skcf->in_basic = 1;

            /* fall through */

        case NGX_HTTP_SCOPED_KEY_AUTHORIZATION:
        case NGX_HTTP_SCOPED_KEY_NO_SCHEME:
            len = sizeof("authorization") - 1;
            break;

        case NGX_HTTP_SCOPED_KEY_COOKIE:
            skcf->in_cookies = 1;
            len = sizeof("cookie") - 1;
            break;

        case NGX_HTTP_SCOPED_KEY_QUERY:
            skcf->beyond_headers = 1;
            skcf->in_query = 1;
            continue;

        default: /* NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE */
            skcf->beyond_headers = 1;
            continue;
        }

        skcf->header_len_mask |= (uint64_t) 1 << (len % 64);
    }

    settings = (uint64_t) 1 << (sizeof("http2-settings") - 1);

    skcf->like_settings = (skcf->header_len_mask & settings) != 0;
    skcf->header_len_mask |= settings;
}
