/*
 * One required scope as it is written: literal text, or a template with
 * variables.  Reads text and nothing else; knows no clauses.
 * Runs while a configuration is read.
 */

#ifndef NGX_HTTP_SCOPED_KEY_TEMPLATE_H
#define NGX_HTTP_SCOPED_KEY_TEMPLATE_H

#include "ngx_http_scoped_key.h"


/*
 * text lives as long as the configuration.  NGX_ERROR: a mistake in the
 * directive that is read, or out of memory; was logged.
 */
ngx_int_t ngx_http_scoped_key_template_parse(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_scoped_key_template_t *template);

#endif
