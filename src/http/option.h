/*
 * What the setters of several directives need: name=value arguments,
 * mistakes, and files that hold secrets.
 * Invariant: the value of an argument that is not known is never logged, for
 * it may be a password; neither is the content of a file.
 */

#ifndef NGX_HTTP_SCOPED_KEY_OPTION_H
#define NGX_HTTP_SCOPED_KEY_OPTION_H

#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_scoped_key_option_s  ngx_http_scoped_key_option_t;

/* value: what follows the `=`.  NGX_ERROR: was logged */
typedef ngx_int_t (*ngx_http_scoped_key_option_pt)(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);

struct ngx_http_scoped_key_option_s {
    ngx_str_t                      name;     /* "ttl="; no `=`: a bare word */
    ngx_http_scoped_key_option_pt  set;
    size_t                         offset;   /* in conf */
    ngx_msec_t                     min;
    ngx_msec_t                     max;
};


/*
 * Sets all arguments of the directive from number `first` on out of a table
 * that ends with an empty name.  Unknown and repeated ones are mistakes.
 */
ngx_int_t ngx_http_scoped_key_options(ngx_conf_t *cf, ngx_uint_t first,
    const ngx_http_scoped_key_option_t *options, void *conf);

/* nginx's time syntax to milliseconds, min to max, in the ngx_msec_t at
   offset */
ngx_int_t ngx_http_scoped_key_option_time(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);

/*
 * Logs `invalid value "…" in "DIRECTIVE" directive: why`, the directive being
 * the one that is read, and returns NGX_CONF_ERROR.
 */
char *ngx_http_scoped_key_conf_error(ngx_conf_t *cf, const ngx_str_t *value,
    const char *why);

/*
 * Reads a regular file, its path relative to nginx's configuration, into out,
 * which has room for max + 2 bytes; one final newline is removed, and min to
 * max bytes must be left.  Warns when others may read or write the file.
 * NGX_ERROR: was logged.
 */
ngx_int_t ngx_http_scoped_key_read_secret(ngx_conf_t *cf,
    const ngx_str_t *file, u_char *out, size_t min, size_t max, size_t *len);

#endif
