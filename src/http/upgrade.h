/*
 * The offer to go on in HTTP/2 (RFC 7540, section 3.2): an Upgrade that names
 * h2c, and HTTP2-Settings.  An upstream that takes it up makes the connection a
 * tunnel, whose requests nobody decides about; so the offer never gets there.
 * Header fields alone; which request they are of is the caller's business.
 */

#ifndef NGX_HTTP_SCOPED_KEY_UPGRADE_H
#define NGX_HTTP_SCOPED_KEY_UPGRADE_H

#include "context.h"


/* whether one of the Upgrade fields names h2c, or HTTP/2 by another name */
ngx_uint_t ngx_http_scoped_key_upgrade_is_h2c(ngx_http_request_t *r);

/* whether something is to go */
#define ngx_http_scoped_key_upgrade_found(found)                              \
    ((found)->upgrade || (found)->settings)

/*
 * NGX_OK: the field is a part of the offer and goes, or *edited takes its
 * place; NGX_DECLINED: it stays; NGX_ERROR: out of memory.
 */
ngx_int_t ngx_http_scoped_key_upgrade_hide(ngx_http_request_t *r,
    const ngx_http_scoped_key_found_t *found, ngx_table_elt_t *header,
    ngx_table_elt_t **edited);

extern const ngx_str_t  ngx_http_scoped_key_settings_line;

#endif
