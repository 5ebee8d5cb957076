/*
 * Bytes from 0x80 on are let pass: names may be written in any script, in
 * UTF-8.  Knows nothing of where a text goes.
 * Invariant: what cannot be shown is replaced, so that lengths stay honest.
 */

#include "printable.h"


size_t
ngx_http_scoped_key_printable(u_char *out, size_t size, const u_char *text,
    size_t len)
{
    size_t  i, n;

    n = ngx_min(size, len);

    for (i = 0; i < n; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f || text[i] == '"'
            || text[i] == '\\')
        {
            out[i] = '?';

        } else {
            out[i] = text[i];
        }
    }

    return n;
}


ngx_uint_t
ngx_http_scoped_key_has_control(const u_char *text, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f) {
            return 1;
        }
    }

    return 0;
}
