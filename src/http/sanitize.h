/*
 * Texts of others (Redis, operators) made fit for a log line or a header: no
 * control bytes, and no quotes that could end a quoted text.
 * Works in the caller's memory.
 */

#ifndef NGX_HTTP_SCOPED_KEY_SANITIZE_H
#define NGX_HTTP_SCOPED_KEY_SANITIZE_H

#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Copies at most size bytes, with `?` for control bytes, quotes and
 * backslashes.  Returns the length; what does not fit is cut off.
 */
size_t ngx_http_scoped_key_sanitize_for_log(u_char *out, size_t size,
    const u_char *text, size_t len);

/* copies all of it, with `?` for bytes below 0x20 and 0x7f; returns len */
size_t ngx_http_scoped_key_sanitize_control(u_char *out, const u_char *text,
    size_t len);

/* whether it holds a byte below 0x20, or 0x7f */
ngx_uint_t ngx_http_scoped_key_has_control(const u_char *text, size_t len);

#endif
