/*
 * The sets of required scopes that are in use: those without variables are
 * written out once, and numbered, so that a record may remember what became
 * of them.  Runs while the configuration is merged.
 * Invariant: the same text has the same number, and no other text has it.
 */

#include "require.h"
#include "../core/scope.h"


/* the number of a static set, found by its text */
typedef struct {
    ngx_str_node_t  sn;
    ngx_uint_t      memo;
} ngx_http_scoped_key_memo_t;


static ngx_int_t ngx_http_scoped_key_require_build(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require);
static void ngx_http_scoped_key_clause_build(scoped_key_clause_t *clause,
    const ngx_array_t *source, scoped_key_str_t *scope);
static ngx_int_t ngx_http_scoped_key_require_number(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require);
static ngx_int_t ngx_http_scoped_key_require_text(ngx_conf_t *cf,
    const ngx_http_scoped_key_require_t *require, ngx_str_t *text);
static u_char *ngx_http_scoped_key_clause_text(u_char *p,
    const scoped_key_clause_t *clause);


ngx_int_t
ngx_http_scoped_key_require_use(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require, ngx_uint_t on)
{
    if (!require->is_static) {
        return NGX_OK;
    }

    if (require->required.clauses == NULL
        && ngx_http_scoped_key_require_build(cf, require) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (on && require->memo == NGX_HTTP_SCOPED_KEY_NO_MEMO) {
        return ngx_http_scoped_key_require_number(cf, skmcf, require);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_require_build(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require)
{
    ngx_uint_t             i, n;
    ngx_array_t          **source;
    scoped_key_str_t      *scope;
    scoped_key_clause_t   *clause;

    source = require->clauses.elts;
    n = require->clauses.nelts;

    if (n == 0) {
        return NGX_OK;
    }

    clause = ngx_palloc(cf->pool, n * sizeof(scoped_key_clause_t)
                              + require->nscopes * sizeof(scoped_key_str_t));
    if (clause == NULL) {
        return NGX_ERROR;
    }

    scope = (scoped_key_str_t *) &clause[n];

    for (i = 0; i < n; i++) {
        ngx_http_scoped_key_clause_build(&clause[i], source[i], scope);
        scope += clause[i].n;
    }

    require->required.clauses = clause;
    require->required.n = n;

    return NGX_OK;
}


static void
ngx_http_scoped_key_clause_build(scoped_key_clause_t *clause,
    const ngx_array_t *source, scoped_key_str_t *scope)
{
    ngx_uint_t                             i;
    const ngx_http_scoped_key_template_t  *template;

    template = source->elts;

    for (i = 0; i < source->nelts; i++) {
        scope[i].len = template[i].text.len;
        scope[i].data = template[i].text.data;
    }

    clause->scopes = scope;
    clause->n = source->nelts;
}


static ngx_int_t
ngx_http_scoped_key_require_number(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require)
{
    uint32_t                     hash;
    ngx_str_t                    text;
    ngx_http_scoped_key_memo_t  *memo;

    if (ngx_http_scoped_key_require_text(cf, require, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    hash = ngx_crc32_long(text.data, text.len);

    memo = (ngx_http_scoped_key_memo_t *)
               ngx_str_rbtree_lookup(&skmcf->memos, &text, hash);

    if (memo) {
        require->memo = memo->memo;
        return NGX_OK;
    }

    if (skmcf->nmemos == NGX_HTTP_SCOPED_KEY_MAX_MEMOS) {
        return NGX_OK;
    }

    memo = ngx_palloc(cf->pool, sizeof(ngx_http_scoped_key_memo_t));
    if (memo == NULL) {
        return NGX_ERROR;
    }

    memo->sn.node.key = hash;
    memo->sn.str = text;
    memo->memo = skmcf->nmemos++;

    ngx_rbtree_insert(&skmcf->memos, &memo->sn.node);

    require->memo = memo->memo;

    return NGX_OK;
}


/* no scope holds a space or a semicolon, so that sets that differ, do so */
static ngx_int_t
ngx_http_scoped_key_require_text(ngx_conf_t *cf,
    const ngx_http_scoped_key_require_t *require, ngx_str_t *text)
{
    u_char  *p;
    size_t   i;

    if (require->required.any_key) {
        ngx_str_set(text, "valid_key");
        return NGX_OK;
    }

    text->len = require->nscopes * (SCOPED_KEY_SCOPE_MAX_BYTES + 1)
                + require->clauses.nelts;

    /* nothing required, nothing to write: but no allocation of 0 bytes */
    text->data = ngx_pnalloc(cf->pool, text->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (i = 0; i < require->required.n; i++) {
        p = ngx_http_scoped_key_clause_text(p, &require->required.clauses[i]);
    }

    text->len = p - text->data;

    return NGX_OK;
}


static u_char *
ngx_http_scoped_key_clause_text(u_char *p, const scoped_key_clause_t *clause)
{
    size_t  i;

    for (i = 0; i < clause->n; i++) {
        p = ngx_cpymem(p, clause->scopes[i].data, clause->scopes[i].len);
        *p++ = ' ';
    }

    *p++ = ';';

    return p;
}
