/*
 * Reads the files that hold the pepper and the password of Redis: as whoever
 * starts nginx, before workers are made and rights are given up.
 * Invariant: the content is never logged, and is wiped when it is refused;
 * nothing but a regular file is read.
 */

#include "secret.h"
#include "option.h"
#include "../core/digest.h"


static ngx_fd_t ngx_http_scoped_key_open_secret(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_int_t ngx_http_scoped_key_check_secret(ngx_conf_t *cf,
    ngx_str_t *name, ngx_fd_t fd);
static ngx_int_t ngx_http_scoped_key_read_all(ngx_fd_t fd, u_char *out,
    size_t room, size_t *len);
static ngx_int_t ngx_http_scoped_key_secret_failed(ngx_conf_t *cf,
    const char *call, ngx_str_t *name);


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
        (void) ngx_http_scoped_key_mistake(cf, name, "no file is named");
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
        (void) ngx_http_scoped_key_mistake(cf, name, "not a regular file");
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
