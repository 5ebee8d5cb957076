/*
 * scoped_key_cache, scoped_key_last_used and scoped_key_pepper_file: what a
 * worker may keep, for how long, how often it writes, and the secret that
 * digests are keyed with.  The bounds are in conf.h.
 * Invariant: the pepper is never logged and lies nowhere but in the
 * configuration.
 */

#include "conf.h"
#include "option.h"
#include "secret.h"


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


void
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
        return ngx_http_scoped_key_mistake(cf, &value[1],
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
        return ngx_http_scoped_key_mistake(cf, &value[1],
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
