/*
 * scoped_key_require: directives to clauses of templates, block by block.
 * Runs while the configuration is read; require_use.c says which of them
 * hold somewhere, require_evaluate.c fills them in for a request.
 * Invariant: `valid_key` stands alone; every set that is written is known to
 * the main configuration, so that none escapes a check.
 */

#include "require.h"
#include "option.h"
#include "template.h"


static ngx_http_scoped_key_require_t *ngx_http_scoped_key_require_of(
    ngx_conf_t *cf, ngx_http_scoped_key_loc_conf_t *skcf);
static char *ngx_http_scoped_key_add_clause(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require);
static char *ngx_http_scoped_key_add_alternative(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require, ngx_array_t *clause,
    ngx_str_t *text);
static ngx_uint_t ngx_http_scoped_key_is_valid_key(const ngx_str_t *text);


ngx_http_scoped_key_require_t *
ngx_http_scoped_key_require_create(ngx_conf_t *cf)
{
    ngx_http_scoped_key_require_t  *require;

    /*
     * set by ngx_pcalloc(): nothing in it, nothing said of it
     */
    require = ngx_pcalloc(cf->pool, sizeof(ngx_http_scoped_key_require_t));
    if (require == NULL) {
        return NULL;
    }

    if (ngx_array_init(&require->clauses, cf->pool, 1, sizeof(ngx_array_t *))
        != NGX_OK)
    {
        return NULL;
    }

    require->memo = NGX_HTTP_SCOPED_KEY_NO_MEMO;
    require->is_static = 1;

    return require;
}


char *
ngx_http_scoped_key_set_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_loc_conf_t *skcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i, any_key;
    ngx_http_scoped_key_require_t  *require;

    require = ngx_http_scoped_key_require_of(cf, skcf);
    if (require == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    any_key = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_scoped_key_is_valid_key(&value[i])) {
            any_key = i;
        }
    }

    if (require->required.any_key
        || (any_key && (cf->args->nelts > 2 || require->clauses.nelts)))
    {
        return ngx_http_scoped_key_mistake(cf, &value[any_key ? any_key : 1],
                   "\"valid_key\" stands alone, and once in a block");
    }

    if (any_key) {
        require->required.any_key = true;
        return NGX_CONF_OK;
    }

    return ngx_http_scoped_key_add_clause(cf, require);
}


static ngx_http_scoped_key_require_t *
ngx_http_scoped_key_require_of(ngx_conf_t *cf,
    ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_http_scoped_key_require_t    *require, **known;
    ngx_http_scoped_key_main_conf_t  *skmcf;

    if (skcf->require) {
        return skcf->require;
    }

    require = ngx_http_scoped_key_require_create(cf);
    if (require == NULL) {
        return NULL;
    }

    require->place.file = cf->conf_file->file.name;
    require->place.line = cf->conf_file->line;

    skmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_scoped_key_module);

    known = ngx_array_push(&skmcf->requires);
    if (known == NULL) {
        return NULL;
    }

    *known = require;
    skcf->require = require;

    return require;
}


static ngx_uint_t
ngx_http_scoped_key_is_valid_key(const ngx_str_t *text)
{
    return text->len == sizeof("valid_key") - 1
           && ngx_memcmp(text->data, "valid_key", text->len) == 0;
}


static char *
ngx_http_scoped_key_add_clause(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require)
{
    char         *rv;
    ngx_str_t    *value;
    ngx_uint_t    i;
    ngx_array_t  *clause, **added;

    value = cf->args->elts;

    if (require->clauses.nelts == NGX_HTTP_SCOPED_KEY_MAX_CLAUSES) {
        return ngx_http_scoped_key_mistake(cf, &value[1],
                                           "too many of them in one block");
    }

    clause = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_http_scoped_key_template_t));
    if (clause == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        rv = ngx_http_scoped_key_add_alternative(cf, require, clause,
                                                 &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    added = ngx_array_push(&require->clauses);
    if (added == NULL) {
        return NGX_CONF_ERROR;
    }

    *added = clause;

    return NGX_CONF_OK;
}


static char *
ngx_http_scoped_key_add_alternative(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require, ngx_array_t *clause,
    ngx_str_t *text)
{
    ngx_uint_t                       i;
    ngx_http_scoped_key_template_t  *template;

    if (clause->nelts == NGX_HTTP_SCOPED_KEY_MAX_ALTERNATIVES) {
        return ngx_http_scoped_key_mistake(cf, text, "too many alternatives");
    }

    template = clause->elts;

    for (i = 0; i < clause->nelts; i++) {
        if (template[i].text.len == text->len
            && ngx_memcmp(template[i].text.data, text->data, text->len) == 0)
        {
            return ngx_http_scoped_key_mistake(cf, text,
                                               "duplicate alternative");
        }
    }

    template = ngx_array_push(clause);
    if (template == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_scoped_key_template_parse(cf, text, template) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (template->pieces) {
        require->is_static = 0;
    }

    require->nscopes++;

    return NGX_CONF_OK;
}


void
ngx_http_scoped_key_require_check(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf)
{
    ngx_uint_t                       i;
    ngx_http_scoped_key_require_t  **require;

    require = skmcf->requires.elts;

    for (i = 0; i < skmcf->requires.nelts; i++) {

        if (!require[i]->held || require[i]->applies) {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"scoped_key_require\" guards nothing where there is "
                      "no \"scoped_key\" directive in %V:%ui",
                      &require[i]->place.file, require[i]->place.line);
    }
}
