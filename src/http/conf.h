/*
 * The configuration: setters of the directives, create and merge, and the
 * checks that nginx -t makes.  Runs while a configuration is read, never for
 * a request.
 * Invariant: every mistake ends in an [emerg] that names the directive and the
 * value; nothing is guessed, and no secret is logged.
 */

#ifndef NGX_HTTP_SCOPED_KEY_CONF_H
#define NGX_HTTP_SCOPED_KEY_CONF_H

#include "ngx_http_scoped_key.h"


/* scoped_key_from */
#define NGX_HTTP_SCOPED_KEY_MAX_SOURCES                8
#define NGX_HTTP_SCOPED_KEY_MAX_NAME_BYTES            64

/* scoped_key_prefix */
#define NGX_HTTP_SCOPED_KEY_MAX_PREFIXES              16

/* scoped_key_param: bytes of split=; and variables in all texts of a block for
   each of which a whole header or query string is searched */
#define NGX_HTTP_SCOPED_KEY_MAX_SPLIT_BYTES           16
#define NGX_HTTP_SCOPED_KEY_MAX_INPUTS                64
#define NGX_HTTP_SCOPED_KEY_MAX_BODY_BYTES    (64 * 1024 * 1024)

/* scoped_key_scope */

/* scoped_key_redis */
#define NGX_HTTP_SCOPED_KEY_MAX_DB                 65535
#define NGX_HTTP_SCOPED_KEY_MAX_USER_BYTES           128
#define NGX_HTTP_SCOPED_KEY_MAX_ADDRESSES             16   /* as its message
                                                              says */
#define NGX_HTTP_SCOPED_KEY_MAX_LABEL_BYTES           63   /* RFC 1035 */
#define NGX_HTTP_SCOPED_KEY_MAX_PASSWORD_BYTES       512
#define NGX_HTTP_SCOPED_KEY_MAX_TLS_KEY_BYTES   65536
#define NGX_HTTP_SCOPED_KEY_MAX_PREFIX_BYTES          64
#define NGX_HTTP_SCOPED_KEY_MIN_TIMEOUT_MS             1
#define NGX_HTTP_SCOPED_KEY_MAX_TIMEOUT_MS         60000


void *ngx_http_scoped_key_create_main_conf(ngx_conf_t *cf);
char *ngx_http_scoped_key_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_scoped_key_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_scoped_key_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/*
 * A value out of the ngx_conf_enum_t table that is cmd->post, into the
 * ngx_uint_t at cmd->offset: nginx's own setter does not name the directive.
 */
char *ngx_http_scoped_key_set_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_scoped_key_set_enable(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_from(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* where to look for sources, and where there is no need to */
void ngx_http_scoped_key_source_places(ngx_http_scoped_key_loc_conf_t *skcf);
/* of header names that nginx drops, once for each; for who merges */
void ngx_http_scoped_key_source_warn(ngx_conf_t *cf, ngx_array_t *sources);
char *ngx_http_scoped_key_set_prefixes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_param(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* the param of this name, or NULL; params: built, or NULL when none is
   declared */
ngx_http_scoped_key_param_t *ngx_http_scoped_key_param_find(
    const ngx_http_scoped_key_params_t *params, const ngx_str_t *name);
/* once a block is read: what finds the names of all sources at once */
ngx_int_t ngx_http_scoped_key_build_params(ngx_conf_t *cf,
    ngx_http_scoped_key_params_t *params);
char *ngx_http_scoped_key_set_body_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_pepper_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_scoped_key_set_last_used(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the defaults without scoped_key_redis and scoped_key_cache */
ngx_int_t ngx_http_scoped_key_default_redis(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);

/*
 * The time-out of Redis must not exceed the bound, and does not where it is
 * not written.  Call it once the whole configuration is read.
 */
ngx_int_t ngx_http_scoped_key_check_timeout(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);


#endif
