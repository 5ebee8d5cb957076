/*
 * Files that hold secrets, read while the configuration is.  Knows nothing of
 * what the secret is for.
 * Invariant: the content is never logged, and is wiped when it is refused.
 */

#ifndef NGX_HTTP_SCOPED_KEY_SECRET_H
#define NGX_HTTP_SCOPED_KEY_SECRET_H

#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads a regular file, its path relative to nginx's configuration, into out,
 * which has room for max + 2 bytes; one final newline is removed, and min to
 * max bytes must be left.  Warns when others may read or write the file.
 * NGX_ERROR: was logged.
 */
ngx_int_t ngx_http_scoped_key_read_secret(ngx_conf_t *cf,
    const ngx_str_t *file, u_char *out, size_t min, size_t max, size_t *len);

#endif
