/*
 * What locations require: scoped_key_require, read into clauses of templates
 * (template.h), and the catalog of scopes that may be required.  Runs while a
 * configuration is read.
 */

#ifndef NGX_HTTP_SCOPED_KEY_REQUIRE_H
#define NGX_HTTP_SCOPED_KEY_REQUIRE_H

#include "ngx_http_scoped_key.h"


/* setter of scoped_key_require */
char *ngx_http_scoped_key_set_require(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* an empty one: only global keys pass.  NULL: out of memory */
ngx_http_scoped_key_require_t *ngx_http_scoped_key_require_create(
    ngx_conf_t *cf);

/*
 * Merge says where each one holds.  on: a static set gets its number, the same
 * for the same text, as long as there are numbers.
 */
ngx_int_t ngx_http_scoped_key_require_use(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require, ngx_uint_t on);

/* notes the location that is merged, if it answers requests by a handler */
ngx_int_t ngx_http_scoped_key_require_unguarded(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require);

/*
 * Warns of a requirement that guards nothing, because no location that it
 * holds for says scoped_key, or not the one that hands requests on; and of dry
 * runs.  Call it once everything is merged.
 */
void ngx_http_scoped_key_require_check(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);


/* setter of scoped_key_scope */
char *ngx_http_scoped_key_set_scope(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Where scopes are declared, every required one must match one of them.
 * Call it once the whole configuration is read.
 */
ngx_int_t ngx_http_scoped_key_check_catalog(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);

#endif
