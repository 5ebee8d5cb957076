/*
 * name=value arguments of directives, how a mistake is reported, and the
 * files that hold the pepper and the password of Redis. Those are read by
 * whoever starts nginx, before workers are made and rights are given up.
 * Invariants: every mistake names the directive, which nginx keeps as the
 * first of cf->args; an unknown argument is named without its value; a
 * secret is never logged, and is wiped when it is refused; nothing but a
 * regular file is read.
 */

#include "option.h"
#include "../core/digest.h"


/* of a value in a message */
#define NGX_HTTP_SCOPED_KEY_MAX_SHOWN_BYTES  512


static const ngx_http_scoped_key_option_t *ngx_http_scoped_key_option_find(
    const ngx_http_scoped_key_option_t *options, const ngx_str_t *arg);
static ngx_int_t ngx_http_scoped_key_option_unknown(ngx_conf_t *cf,
    const ngx_str_t *arg);
static ngx_fd_t ngx_http_scoped_key_open_secret(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_int_t ngx_http_scoped_key_check_secret(ngx_conf_t *cf,
    ngx_str_t *name, ngx_fd_t fd);
static ngx_int_t ngx_http_scoped_key_read_all(ngx_fd_t fd, u_char *out,
    size_t room, size_t *len);
static ngx_int_t ngx_http_scoped_key_secret_failed(ngx_conf_t *cf,
    const char *call, ngx_str_t *name);


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
            (void) ngx_http_scoped_key_conf_error(cf, &args[i],
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
ngx_http_scoped_key_conf_error(ngx_conf_t *cf, const ngx_str_t *value,
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


ngx_int_t
ngx_http_scoped_key_read_secret(ngx_conf_t *cf, const ngx_str_t *file,
    u_char *out, size_t min, size_t max, size_t *len)
{
    ngx_fd_t    fd;
    ngx_int_t   rc;
    ngx_str_t  *args, name;

    args = cf->args->elts;
    name = *file;

    fd = ngx_http_scoped_key_open_secret(cf, &name);
    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    rc = ngx_http_scoped_key_read_all(fd, out, max + 2, len);

    if (rc != NGX_OK) {
        (void) ngx_http_scoped_key_secret_failed(cf, ngx_read_fd_n, &name);

    } else if (*len && out[*len - 1] == LF) {
        (*len)--;
    }

    if (rc == NGX_OK && (*len < min || *len > max)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%V\" in \"%V\" directive must hold %uz "
                           "to %uz bytes and at most one newline after them",
                           &name, &args[0], min, max);
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        scoped_key_wipe(out, max + 2);
    }

    (void) ngx_close_file(fd);

    return rc;
}


/* makes the name a full one */
static ngx_fd_t
ngx_http_scoped_key_open_secret(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_fd_t  fd;

    if (name->len == 0) {
        (void) ngx_http_scoped_key_conf_error(cf, name, "no file is named");
        return NGX_INVALID_FILE;
    }

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_INVALID_FILE;
    }

    /* opening a named pipe must not wait for a writer */
    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        (void) ngx_http_scoped_key_secret_failed(cf, ngx_open_file_n, name);
        return NGX_INVALID_FILE;
    }

    if (ngx_http_scoped_key_check_secret(cf, name, fd) != NGX_OK) {
        (void) ngx_close_file(fd);
        return NGX_INVALID_FILE;
    }

    return fd;
}


static ngx_int_t
ngx_http_scoped_key_check_secret(ngx_conf_t *cf, ngx_str_t *name, ngx_fd_t fd)
{
    ngx_str_t        *args;
    ngx_file_info_t   fi;

    args = cf->args->elts;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return ngx_http_scoped_key_secret_failed(cf, ngx_fd_info_n, name);
    }

    if (!ngx_is_file(&fi)) {
        (void) ngx_http_scoped_key_conf_error(cf, name, "not a regular file");
        return NGX_ERROR;
    }

    if (ngx_file_access(&fi) & 07) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "file \"%V\" in \"%V\" directive can be read or "
                           "written by others", name, &args[0]);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_read_all(ngx_fd_t fd, u_char *out, size_t room,
    size_t *len)
{
    ssize_t  n;

    *len = 0;

    while (*len < room) {
        n = ngx_read_fd(fd, out + *len, room - *len);

        if (n == -1) {
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }

        *len += n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_secret_failed(ngx_conf_t *cf, const char *call,
    ngx_str_t *name)
{
    ngx_err_t   err;
    ngx_str_t  *args;

    err = ngx_errno;
    args = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                       "%s \"%V\" in \"%V\" directive failed", call, name,
                       &args[0]);

    return NGX_ERROR;
}
