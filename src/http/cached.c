/*
 * The list is part of the configuration: made when that is complete, and then
 * only read.  What other variables, such as maps, made of a key before it was
 * hidden is not found here: docs/security.md says so.
 */

#include "cached.h"


static ngx_uint_t ngx_http_scoped_key_cached_tells(const ngx_str_t *name);
static ngx_uint_t ngx_http_scoped_key_cached_is_made(
    ngx_http_core_main_conf_t *cmcf, const ngx_str_t *name);


ngx_int_t
ngx_http_scoped_key_cached_init(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i, *index;
    ngx_http_variable_t              *v;
    ngx_http_core_main_conf_t        *cmcf;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                                ngx_http_scoped_key_module);

    if (skmcf == NULL || !skmcf->used) {
        return NGX_OK;
    }

    if (ngx_array_init(&skmcf->cached, cycle->pool, 4, sizeof(ngx_uint_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (!ngx_http_scoped_key_cached_tells(&v[i].name)
            || ngx_http_scoped_key_cached_is_made(cmcf, &v[i].name))
        {
            continue;
        }

        index = ngx_array_push(&skmcf->cached);
        if (index == NULL) {
            return NGX_ERROR;
        }

        *index = i;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_scoped_key_cached_tells(const ngx_str_t *name)
{
    return (name->len == sizeof("request_uri") - 1
            && ngx_strncmp(name->data, "request_uri", name->len) == 0)
           || (name->len == sizeof("remote_user") - 1
               && ngx_strncmp(name->data, "remote_user", name->len) == 0)
           || (name->len > sizeof("http_") - 1
               && ngx_strncmp(name->data, "http_", sizeof("http_") - 1) == 0)
           || (name->len > sizeof("cookie_") - 1
               && ngx_strncmp(name->data, "cookie_", sizeof("cookie_") - 1)
                  == 0);
}


/*
 * Whether a `set` or a map has made it.  Forgotten, a $http_... that was set
 * would be evaluated as what the client has sent under that name.
 */

static ngx_uint_t
ngx_http_scoped_key_cached_is_made(ngx_http_core_main_conf_t *cmcf,
    const ngx_str_t *name)
{
    ngx_http_variable_t  *v;

    v = ngx_hash_find(&cmcf->variables_hash,
                      ngx_hash_key(name->data, name->len), name->data,
                      name->len);

    return v && (v->flags & NGX_HTTP_VAR_CHANGEABLE);
}


void
ngx_http_scoped_key_cached_forget(ngx_http_request_t *r)
{
    ngx_uint_t                        i, *index;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    skmcf = ngx_http_get_module_main_conf(r, ngx_http_scoped_key_module);
    index = skmcf->cached.elts;

    for (i = 0; i < skmcf->cached.nelts; i++) {
        r->variables[index[i]].valid = 0;
        r->variables[index[i]].not_found = 0;
    }
}
