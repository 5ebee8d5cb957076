/*
 * scoped_key_scope: the catalog of the scopes that exist.  Once one is
 * declared, every required scope must match a declared one, so that a typing
 * error fails nginx -t and not a customer.
 * Invariant: what is checked is what was read, whether or not some location
 * holds it in the end.
 */

#include "conf.h"
#include "option.h"
#include "../core/scope.h"


static ngx_uint_t ngx_http_scoped_key_is_declared(const ngx_array_t *catalog,
    const ngx_str_t *pattern);
static ngx_uint_t ngx_http_scoped_key_description_valid(
    const ngx_str_t *text);
static ngx_int_t ngx_http_scoped_key_check_clause(ngx_conf_t *cf,
    const ngx_array_t *catalog, const ngx_array_t *clause);
static ngx_uint_t ngx_http_scoped_key_in_catalog(const ngx_array_t *catalog,
    const ngx_http_scoped_key_template_t *template);
static ngx_uint_t ngx_http_scoped_key_may_match(ngx_str_t pattern,
    ngx_str_t text);
static u_char ngx_http_scoped_key_next_part(ngx_str_t *rest, ngx_str_t *part);
static ngx_uint_t ngx_http_scoped_key_part_may_match(const ngx_str_t *pattern,
    const ngx_str_t *part);


char *
ngx_http_scoped_key_set_scope(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    ngx_str_t                    *value;
    scoped_key_str_t              pattern;
    ngx_http_scoped_key_scope_t  *scope;

    value = cf->args->elts;

    pattern.len = value[1].len;
    pattern.data = value[1].data;

    if (!scoped_key_scope_pattern_valid(pattern)) {
        return ngx_http_scoped_key_mistake(cf, &value[1],
                                           "not a scope, nor a scope pattern");
    }

    if (!ngx_http_scoped_key_description_valid(&value[2])) {
        return ngx_http_scoped_key_mistake(cf, &value[2],
                       "a description is 1 to 512 bytes of UTF-8 without "
                       "control characters");
    }

    if (ngx_http_scoped_key_is_declared(&skmcf->catalog, &value[1])) {
        return ngx_http_scoped_key_mistake(cf, &value[1], "duplicate scope");
    }

    if (skmcf->catalog.nelts == NGX_HTTP_SCOPED_KEY_MAX_CATALOG) {
        return ngx_http_scoped_key_mistake(cf, &value[1], "too many scopes");
    }

    scope = ngx_array_push(&skmcf->catalog);
    if (scope == NULL) {
        return NGX_CONF_ERROR;
    }

    scope->pattern = value[1];
    scope->description = value[2];

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_scoped_key_is_declared(const ngx_array_t *catalog,
    const ngx_str_t *pattern)
{
    ngx_uint_t                          i;
    const ngx_http_scoped_key_scope_t  *scope;

    scope = catalog->elts;

    for (i = 0; i < catalog->nelts; i++) {
        if (scope[i].pattern.len == pattern->len
            && ngx_memcmp(scope[i].pattern.data, pattern->data, pattern->len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_scoped_key_description_valid(const ngx_str_t *text)
{
    u_char    *p, *last;
    uint32_t   c;

    if (text->len == 0
        || text->len > NGX_HTTP_SCOPED_KEY_MAX_DESCRIPTION_BYTES)
    {
        return 0;
    }

    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p < 0x80) {
            c = *p++;

        } else {
            c = ngx_utf8_decode(&p, last - p);
        }

        /* what cannot be decoded is over 0x10ffff */
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff
            || (c >= 0xd800 && c <= 0xdfff))
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_scoped_key_check_catalog(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf)
{
    ngx_uint_t                       i, n;
    ngx_array_t                    **clause;
    ngx_http_scoped_key_require_t  **require;

    if (skmcf->catalog.nelts == 0) {
        return NGX_OK;
    }

    require = skmcf->requires.elts;

    for (i = 0; i < skmcf->requires.nelts; i++) {
        clause = require[i]->clauses.elts;

        for (n = 0; n < require[i]->clauses.nelts; n++) {
            if (ngx_http_scoped_key_check_clause(cf, &skmcf->catalog,
                                                 clause[n])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_check_clause(ngx_conf_t *cf, const ngx_array_t *catalog,
    const ngx_array_t *clause)
{
    ngx_uint_t                             i;
    const ngx_http_scoped_key_template_t  *template;

    template = clause->elts;

    for (i = 0; i < clause->nelts; i++) {

        if (ngx_http_scoped_key_in_catalog(catalog, &template[i])) {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\" in \"scoped_key_require\" directive matches no "
                      "declared \"scoped_key_scope\" in %V:%ui",
                      &template[i].text, &template[i].place.file,
                      template[i].place.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_scoped_key_in_catalog(const ngx_array_t *catalog,
    const ngx_http_scoped_key_template_t *template)
{
    ngx_uint_t                          i, matches;
    scoped_key_str_t                    pattern, text;
    const ngx_http_scoped_key_scope_t  *scope;

    scope = catalog->elts;

    text.len = template->text.len;
    text.data = template->text.data;

    for (i = 0; i < catalog->nelts; i++) {

        if (template->pieces) {
            matches = ngx_http_scoped_key_may_match(scope[i].pattern,
                                                    template->text);

        } else {
            pattern.len = scope[i].pattern.len;
            pattern.data = scope[i].pattern.data;
            matches = scoped_key_scope_match(pattern, text);
        }

        if (matches) {
            return 1;
        }
    }

    return 0;
}


/* whether the variables of a template can be such that the pattern matches */
static ngx_uint_t
ngx_http_scoped_key_may_match(ngx_str_t pattern, ngx_str_t text)
{
    u_char     pattern_end, end;
    ngx_str_t  pattern_part, part;

    do {
        pattern_end = ngx_http_scoped_key_next_part(&pattern, &pattern_part);
        end = ngx_http_scoped_key_next_part(&text, &part);

        if (pattern_part.len == 2
            && ngx_memcmp(pattern_part.data, "**", 2) == 0)
        {
            while (end == '/') {
                end = ngx_http_scoped_key_next_part(&text, &part);
            }

        } else if (!ngx_http_scoped_key_part_may_match(&pattern_part, &part)) {
            return 0;
        }

        if (pattern_end != end) {
            return 0;
        }

    } while (end);

    return 1;
}


/* takes a segment or the action off; returns what ends it: '/', ':' or 0 */
static u_char
ngx_http_scoped_key_next_part(ngx_str_t *rest, ngx_str_t *part)
{
    u_char  *p, *last;

    p = rest->data;
    last = p + rest->len;

    while (p < last && *p != '/' && *p != ':') {
        p++;
    }

    part->data = rest->data;
    part->len = p - rest->data;

    if (p == last) {
        rest->data = last;
        rest->len = 0;
        return 0;
    }

    rest->data = p + 1;
    rest->len = last - rest->data;

    return *p;
}


static ngx_uint_t
ngx_http_scoped_key_part_may_match(const ngx_str_t *pattern,
    const ngx_str_t *part)
{
    if (pattern->len == 1 && pattern->data[0] == '*') {
        return 1;
    }

    if (ngx_strlchr(part->data, part->data + part->len, '$')) {
        return 1;
    }

    return pattern->len == part->len
           && ngx_memcmp(pattern->data, part->data, part->len) == 0;
}
