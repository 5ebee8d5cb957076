/*
 * Bytes from 0x80 on are accepted: names may be written in any script, in
 * UTF-8.  Knows nothing of where a text goes.
 * Invariant: what cannot be shown is replaced, so that lengths stay honest.
 */

#include "sanitize.h"


static ngx_inline ngx_uint_t
ngx_http_scoped_key_is_control(u_char c)
{
    return c < 0x20 || c == 0x7f;
}


size_t
ngx_http_scoped_key_sanitize_for_log(u_char *out, size_t size,
    const u_char *text, size_t len)
{
    size_t  i, n;

    n = ngx_http_scoped_key_sanitize_control(out, text, ngx_min(size, len));

    for (i = 0; i < n; i++) {
        if (out[i] == '"' || out[i] == '\\') {
            out[i] = '?';
        }
    }

    return n;
}


size_t
ngx_http_scoped_key_sanitize_control(u_char *out, const u_char *text,
    size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        out[i] = ngx_http_scoped_key_is_control(text[i]) ? '?' : text[i];
    }

    return len;
}


ngx_uint_t
ngx_http_scoped_key_has_control(const u_char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (ngx_http_scoped_key_is_control(text[i])) {
            return 1;
        }
    }

    return 0;
}
