/*
 * The configuration as a whole: create, init and merge; the setters that
 * need no file of their own; what a worker may keep, for how long and how
 * often it writes; and the pepper. Knows nothing of requests.
 * Invariants: once merged, a location has sources and a requirement; where
 * nothing is required, only global keys pass; the pepper is never logged and
 * is nowhere but in the configuration.
 */

#include "conf.h"
#include "../redis/tracking.h"
#include "option.h"
#include "require.h"


/* scoped_key_body_limit: the default, the most */
#define NGX_HTTP_SCOPED_KEY_BODY_LIMIT        (64 * 1024)

/* scoped_key_cache; the least size is SCOPED_KEY_CACHE_MIN_BYTES */
#define NGX_HTTP_SCOPED_KEY_MAX_CACHE_BYTES  ((off_t) 64 * 1024 * 1024 * 1024)
#define NGX_HTTP_SCOPED_KEY_MIN_TTL_MS                 1
#define NGX_HTTP_SCOPED_KEY_MAX_TTL_MS          86400000  /* a day */
#define NGX_HTTP_SCOPED_KEY_MIN_NEGATIVE_MS            1
#define NGX_HTTP_SCOPED_KEY_MAX_NEGATIVE_MS      3600000
#define NGX_HTTP_SCOPED_KEY_MIN_BOUND_MS             100
#define NGX_HTTP_SCOPED_KEY_MAX_BOUND_MS         3600000

/* scoped_key_last_used, in seconds: the default, the most */
#define NGX_HTTP_SCOPED_KEY_LAST_USED                 60
#define NGX_HTTP_SCOPED_KEY_MAX_LAST_USED          86400


static void ngx_http_scoped_key_default_cache(
    ngx_http_scoped_key_main_conf_t *skmcf);
static ngx_int_t ngx_http_scoped_key_merge_require(ngx_conf_t *cf,
    ngx_http_scoped_key_loc_conf_t *prev,
    ngx_http_scoped_key_loc_conf_t *conf);


static ngx_http_scoped_key_source_t  ngx_http_scoped_key_sources[] = {
    { NGX_HTTP_SCOPED_KEY_HEADER, ngx_string("x-api-key"), 0, 0, 0 },
    { NGX_HTTP_SCOPED_KEY_AUTHORIZATION, ngx_string("Bearer"), 0, 1, 0 }
};

static ngx_array_t  ngx_http_scoped_key_default_sources = {
    ngx_http_scoped_key_sources,
    sizeof(ngx_http_scoped_key_sources) / sizeof(ngx_http_scoped_key_source_t),
    sizeof(ngx_http_scoped_key_source_t),
    sizeof(ngx_http_scoped_key_sources) / sizeof(ngx_http_scoped_key_source_t),
    NULL
};

static ngx_http_scoped_key_option_t  ngx_http_scoped_key_cache_options[] = {

    { ngx_string("ttl="),
      ngx_http_scoped_key_option_time,
      offsetof(ngx_http_scoped_key_main_conf_t, ttl),
      NGX_HTTP_SCOPED_KEY_MIN_TTL_MS,
      NGX_HTTP_SCOPED_KEY_MAX_TTL_MS },

    { ngx_string("negative="),
      ngx_http_scoped_key_option_time,
      offsetof(ngx_http_scoped_key_main_conf_t, negative),
      NGX_HTTP_SCOPED_KEY_MIN_NEGATIVE_MS,
      NGX_HTTP_SCOPED_KEY_MAX_NEGATIVE_MS },

    { ngx_string("bound="),
      ngx_http_scoped_key_option_time,
      offsetof(ngx_http_scoped_key_main_conf_t, bound),
      NGX_HTTP_SCOPED_KEY_MIN_BOUND_MS,
      NGX_HTTP_SCOPED_KEY_MAX_BOUND_MS },

    { ngx_null_string, NULL, 0, 0, 0 }
};


void *
ngx_http_scoped_key_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_scoped_key_main_conf_t  *skmcf;

    /* zero: what the setters have not seen */
    skmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_scoped_key_main_conf_t));
    if (skmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&skmcf->requires, cf->pool, 16,
                       sizeof(ngx_http_scoped_key_require_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&skmcf->unguarded, cf->pool, 4,
                       sizeof(ngx_http_scoped_key_unguarded_t))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&skmcf->catalog, cf->pool, 16,
                       sizeof(ngx_http_scoped_key_scope_t))
        != NGX_OK)
    {
        return NULL;
    }

    skmcf->only_global = ngx_http_scoped_key_require_create(cf);
    if (skmcf->only_global == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&skmcf->allow_bits, &skmcf->allow_bits_sentinel,
                    ngx_str_rbtree_insert_value);

    return skmcf;
}


char *
ngx_http_scoped_key_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_scoped_key_main_conf_t  *skmcf = conf;

    ngx_msec_t                 beats;
    ngx_http_core_loc_conf_t  *clcf;

    if (!skmcf->redis_set
        && ngx_http_scoped_key_default_redis(cf, skmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* without `resolver`, nginx has made one that asks nobody */
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver != NULL && clcf->resolver->connections.nelts > 0) {
        skmcf->redis.resolver = clcf->resolver;
    }

    if (!skmcf->cache_set) {
        ngx_http_scoped_key_default_cache(skmcf);
    }

    if (!skmcf->last_used_set) {
        skmcf->last_used = NGX_HTTP_SCOPED_KEY_LAST_USED;
    }

    /* several heartbeats must fit into the bound, or it would be past always */

    beats = SCOPED_KEY_REDIS_MISSED_HEARTBEATS + 1;

    skmcf->redis.heartbeat = ngx_min(SCOPED_KEY_REDIS_HEARTBEAT_MS,
                                     skmcf->bound / beats);

    if (ngx_http_scoped_key_check_timeout(cf, skmcf) != NGX_OK
        || ngx_http_scoped_key_check_catalog(cf, skmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_scoped_key_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_scoped_key_loc_conf_t  *skcf;

    /*
     * set by ngx_pcalloc():
     *
     *     skcf->require = NULL;
     *     skcf->sources = NULL;
     *     skcf->prefixes = NULL;
     *     skcf->params = NULL;
     *     skcf->explicit = 0;
     */
    skcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_scoped_key_loc_conf_t));
    if (skcf == NULL) {
        return NULL;
    }

    skcf->enable = NGX_CONF_UNSET_UINT;
    skcf->hide = NGX_CONF_UNSET;
    skcf->legacy = NGX_CONF_UNSET;
    skcf->graphql = NGX_CONF_UNSET;
    skcf->body_limit = NGX_CONF_UNSET_SIZE;
    skcf->preflight = NGX_CONF_UNSET;
    skcf->dry_run = NGX_CONF_UNSET;
    skcf->unauthorized_status = NGX_CONF_UNSET_UINT;
    skcf->error_body = NGX_CONF_UNSET_UINT;
    skcf->log_level = NGX_CONF_UNSET_UINT;

    return skcf;
}


char *
ngx_http_scoped_key_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_scoped_key_loc_conf_t *prev = parent;
    ngx_http_scoped_key_loc_conf_t *conf = child;

    if (prev->explicit) {
        conf->explicit = 1;
    }

    ngx_conf_merge_uint_value(conf->enable, prev->enable,
                              NGX_HTTP_SCOPED_KEY_OFF);
    ngx_conf_merge_value(conf->hide, prev->hide, 1);
    ngx_conf_merge_value(conf->legacy, prev->legacy, 0);
    ngx_conf_merge_value(conf->graphql, prev->graphql, 0);
    ngx_conf_merge_size_value(conf->body_limit, prev->body_limit,
                              NGX_HTTP_SCOPED_KEY_BODY_LIMIT);
    ngx_conf_merge_value(conf->preflight, prev->preflight, 0);
    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);
    ngx_conf_merge_uint_value(conf->unauthorized_status,
                              prev->unauthorized_status, NGX_HTTP_FORBIDDEN);
    ngx_conf_merge_uint_value(conf->error_body, prev->error_body,
                              NGX_HTTP_SCOPED_KEY_BODY_PROBLEM);
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level,
                              NGX_LOG_WARN);

    if (conf->params == NULL) {
        conf->params = prev->params;
    }

    if (conf->params
        && ngx_http_scoped_key_build_params(cf, conf->params) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->sources == NULL) {
        conf->sources = prev->sources ? prev->sources
                                      : &ngx_http_scoped_key_default_sources;
    }

    if (conf->prefixes == NULL) {
        conf->prefixes = prev->prefixes;
    }

    ngx_http_scoped_key_source_places(conf);

    if (conf->enable != NGX_HTTP_SCOPED_KEY_OFF) {
        ngx_http_scoped_key_source_warn(cf, conf->sources);
    }

    if (ngx_http_scoped_key_merge_require(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_scoped_key_merge_require(ngx_conf_t *cf,
    ngx_http_scoped_key_loc_conf_t *prev, ngx_http_scoped_key_loc_conf_t *conf)
{
    ngx_uint_t                        on;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_scoped_key_module);

    on = (conf->enable != NGX_HTTP_SCOPED_KEY_OFF);

    if (on) {
        skmcf->used = 1;
        skmcf->dry_runs += conf->dry_run;
    }

    if (conf->require == NULL) {
        conf->require = prev->require ? prev->require : skmcf->only_global;
    }

    conf->require->in_use = 1;

    if (conf->explicit) {
        conf->require->enforced = 1;
    }

    if (!on && !conf->explicit && conf->require != skmcf->only_global
        && ngx_http_scoped_key_require_unguarded(cf, skmcf, conf->require)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_require_use(cf, skmcf, conf->require, on);
}


char *
ngx_http_scoped_key_set_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    u_char            choices[128], *last;
    ngx_str_t        *value;
    ngx_uint_t       *np;
    ngx_conf_enum_t  *e;

    np = (ngx_uint_t *) (p + cmd->offset);

    if (*np != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    last = ngx_cpymem(choices, "must be one of:", 15);

    for (e = cmd->post; e->name.len; e++) {
        if (e->name.len == value[1].len
            && ngx_strcasecmp(e->name.data, value[1].data) == 0)
        {
            *np = e->value;
            return NGX_CONF_OK;
        }

        last = ngx_slprintf(last, choices + sizeof(choices) - 1, " %V",
                            &e->name);
    }

    *last = '\0';

    return ngx_http_scoped_key_conf_error(cf, &value[1], (char *) choices);
}


char *
ngx_http_scoped_key_set_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    skcf->explicit = 1;

    return ngx_http_scoped_key_set_enum(cf, cmd, conf);
}


static void
ngx_http_scoped_key_default_cache(ngx_http_scoped_key_main_conf_t *skmcf)
{
    skmcf->cache_size = 16 * 1024 * 1024;
    skmcf->ttl = 600000;
    skmcf->negative = 10000;
    skmcf->bound = 5000;
}


char *
ngx_http_scoped_key_set_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    off_t       size;
    ngx_str_t  *value;

    if (skmcf->cache_set) {
        return "is duplicate";
    }

    skmcf->cache_set = 1;

    ngx_http_scoped_key_default_cache(skmcf);

    value = cf->args->elts;
    size = ngx_parse_offset(&value[1]);

    if (size < SCOPED_KEY_CACHE_MIN_BYTES
        || size > NGX_HTTP_SCOPED_KEY_MAX_CACHE_BYTES
        || (uint64_t) size > NGX_MAX_SIZE_T_VALUE)
    {
        return ngx_http_scoped_key_conf_error(cf, &value[1],
                                              "must be a size from 64k to 64g");
    }

    skmcf->cache_size = (size_t) size;

    if (ngx_http_scoped_key_options(cf, 2, ngx_http_scoped_key_cache_options,
                                    skmcf)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_scoped_key_set_last_used(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    ngx_int_t   seconds;
    ngx_str_t  *value;

    if (skmcf->last_used_set) {
        return "is duplicate";
    }

    skmcf->last_used_set = 1;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        skmcf->last_used = 0;
        return NGX_CONF_OK;
    }

    seconds = ngx_parse_time(&value[1], 1);

    if (seconds < 1 || seconds > NGX_HTTP_SCOPED_KEY_MAX_LAST_USED) {
        return ngx_http_scoped_key_conf_error(cf, &value[1],
                              "must be \"off\" or a time from 1s to 1d");
    }

    skmcf->last_used = (time_t) seconds;

    return NGX_CONF_OK;
}


char *
ngx_http_scoped_key_set_pepper_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    u_char      bytes[SCOPED_KEY_PEPPER_MAX_BYTES + 2];
    size_t      len;
    ngx_str_t  *value;

    if (skmcf->pepper_set) {
        return "is duplicate";
    }

    skmcf->pepper_set = 1;

    value = cf->args->elts;

    if (ngx_http_scoped_key_read_secret(cf, &value[1], bytes,
                                        SCOPED_KEY_PEPPER_MIN_BYTES,
                                        SCOPED_KEY_PEPPER_MAX_BYTES, &len)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(skmcf->pepper.bytes, bytes, len);
    skmcf->pepper.len = len;

    scoped_key_wipe(bytes, sizeof(bytes));

    return NGX_CONF_OK;
}
