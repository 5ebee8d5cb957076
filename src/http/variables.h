/*
 * The variables: $scoped_key_id, _name, _owner, _mode, _meta_<name>,
 * _verdict, _reason, _grant, _credential, _param, _cache, _age and _access.
 * They tell what was decided; a client can set none of them, and they decide
 * nothing.
 */

#ifndef NGX_HTTP_SCOPED_KEY_VARIABLES_H
#define NGX_HTTP_SCOPED_KEY_VARIABLES_H

#include "ngx_http_scoped_key.h"


/* preconfiguration; NGX_ERROR: out of memory */
ngx_int_t ngx_http_scoped_key_add_variables(ngx_conf_t *cf);

#endif
