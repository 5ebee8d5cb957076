/*
 * name=value arguments of directives, and how a mistake is told.
 * Invariant: every mistake names the directive, which nginx keeps as the
 * first of cf->args; an unknown argument is named without its value.
 */

#include "option.h"


static const ngx_http_scoped_key_option_t *ngx_http_scoped_key_option_find(
    const ngx_http_scoped_key_option_t *options, const ngx_str_t *arg);
static ngx_int_t ngx_http_scoped_key_option_unknown(ngx_conf_t *cf,
    const ngx_str_t *arg);


ngx_int_t
ngx_http_scoped_key_options(ngx_conf_t *cf, ngx_uint_t first,
    const ngx_http_scoped_key_option_t *options, void *conf)
{
    ngx_str_t                           *args, value;
    ngx_uint_t                           i, seen, bit;
    const ngx_http_scoped_key_option_t  *option;

    args = cf->args->elts;
    seen = 0;

    for (i = first; i < cf->args->nelts; i++) {

        option = ngx_http_scoped_key_option_find(options, &args[i]);
        if (option == NULL) {
            return ngx_http_scoped_key_option_unknown(cf, &args[i]);
        }

        bit = (ngx_uint_t) 1 << (option - options);

        if (seen & bit) {
            (void) ngx_http_scoped_key_mistake(cf, &args[i],
                                               "duplicate parameter");
            return NGX_ERROR;
        }

        seen |= bit;

        value.len = args[i].len - option->name.len;
        value.data = args[i].data + option->name.len;

        if (option->set(cf, option, &value, conf) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static const ngx_http_scoped_key_option_t *
ngx_http_scoped_key_option_find(const ngx_http_scoped_key_option_t *options,
    const ngx_str_t *arg)
{
    const ngx_str_t                     *name;
    const ngx_http_scoped_key_option_t  *option;

    for (option = options; option->name.len; option++) {
        name = &option->name;

        if (arg->len < name->len
            || ngx_strncmp(arg->data, name->data, name->len) != 0)
        {
            continue;
        }

        if (arg->len == name->len || name->data[name->len - 1] == '=') {
            return option;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_scoped_key_option_unknown(ngx_conf_t *cf, const ngx_str_t *arg)
{
    u_char     *equals;
    ngx_str_t  *args, name;

    args = cf->args->elts;
    name = *arg;

    equals = ngx_strlchr(name.data, name.data + name.len, '=');
    if (equals) {
        name.len = equals + 1 - name.data;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" in \"%V\" directive",
                       &name, &args[0]);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_scoped_key_option_time(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    char  *p = conf;

    ngx_int_t    ms;
    ngx_str_t   *args;
    ngx_msec_t  *field;

    args = cf->args->elts;
    field = (ngx_msec_t *) (p + option->offset);

    ms = ngx_parse_time(value, 0);

    if (ms == NGX_ERROR
        || (ngx_msec_t) ms < option->min || (ngx_msec_t) ms > option->max)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V%V\" in \"%V\" directive: "
                           "must be a time from %Mms to %Mms",
                           &option->name, value, &args[0],
                           option->min, option->max);
        return NGX_ERROR;
    }

    *field = (ngx_msec_t) ms;

    return NGX_OK;
}


char *
ngx_http_scoped_key_mistake(ngx_conf_t *cf, const ngx_str_t *value,
    const char *why)
{
    ngx_str_t  *args, shown;

    args = cf->args->elts;

    /* or the end of the message would be cut off */
    shown.len = ngx_min(value->len, NGX_HTTP_SCOPED_KEY_MAX_SHOWN_BYTES);
    shown.data = value->data;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\" directive: %s",
                       &shown, &args[0], why);

    return NGX_CONF_ERROR;
}
