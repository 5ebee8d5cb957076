/*
 * scoped_key_require: directives to clauses of templates, block by block.
 * Sets in use without variables are written out once, and numbered, so that
 * a record may remember what became of them.
 * scoped_key_scope: the catalog of the scopes that exist. Once one is
 * declared, every required scope must match a declared one, so that a typing
 * error fails nginx -t and not a customer.
 * Invariants: `valid_key` stands alone; every set that is written is known
 * to the main configuration, so that none escapes a check, whether or not
 * some location holds it in the end; equal sets have equal numbers.
 */

#include "require.h"
#include "option.h"
#include "template.h"


#define NGX_HTTP_SCOPED_KEY_MAX_CATALOG             4096
#define NGX_HTTP_SCOPED_KEY_MAX_DESCRIPTION_BYTES    512

#define NGX_HTTP_SCOPED_KEY_MAX_ALTERNATIVES    32  /* in one directive */
#define NGX_HTTP_SCOPED_KEY_MAX_CLAUSES         16  /* directives in a block */

/* the number of a static set, found by its text */
typedef struct {
    ngx_str_node_t  sn;
    ngx_uint_t      bit;
} ngx_http_scoped_key_bit_node_t;


static ngx_http_scoped_key_require_t *ngx_http_scoped_key_require_of(
    ngx_conf_t *cf, ngx_http_scoped_key_loc_conf_t *skcf);
static char *ngx_http_scoped_key_add_clause(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require);
static char *ngx_http_scoped_key_add_alternative(ngx_conf_t *cf,
    ngx_http_scoped_key_require_t *require, ngx_array_t *clause,
    ngx_str_t *text);
static ngx_uint_t ngx_http_scoped_key_is_valid_key(const ngx_str_t *text);
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

    require->allow_bit = NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT;
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
        return ngx_http_scoped_key_conf_error(cf, &value[any_key ? any_key : 1],
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
        return ngx_http_scoped_key_conf_error(cf, &value[1],
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
        return ngx_http_scoped_key_conf_error(cf, text,
                                              "too many alternatives");
    }

    template = clause->elts;

    for (i = 0; i < clause->nelts; i++) {
        if (template[i].text.len == text->len
            && ngx_memcmp(template[i].text.data, text->data, text->len) == 0)
        {
            return ngx_http_scoped_key_conf_error(cf, text,
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
    ngx_uint_t                        i;
    ngx_http_scoped_key_require_t   **require;
    ngx_http_scoped_key_unguarded_t  *unguarded;

    require = skmcf->requires.elts;

    for (i = 0; i < skmcf->requires.nelts; i++) {

        if (!require[i]->in_use || require[i]->enforced) {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"scoped_key_require\" guards nothing where there is "
                      "no \"scoped_key\" directive in %V:%ui",
                      &require[i]->place.file, require[i]->place.line);
    }

    unguarded = skmcf->unguarded.elts;

    for (i = 0; i < skmcf->unguarded.nelts; i++) {

        if (!unguarded[i].require->enforced) {
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "location \"%V\" has no \"scoped_key\" directive: "
                      "\"scoped_key_require\" in %V:%ui does not guard it",
                      unguarded[i].name, &unguarded[i].require->place.file,
                      unguarded[i].require->place.line);
    }

    if (skmcf->dry_runs) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "\"scoped_key_dry_run\" is on in %ui block%s: requests "
                      "that are refused go on there", skmcf->dry_runs,
                      skmcf->dry_runs == 1 ? "" : "s");
    }
}


/* an `if` has no name of its own, and its location is told of anyway */

ngx_int_t
ngx_http_scoped_key_require_unguarded(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf,
    ngx_http_scoped_key_require_t *require)
{
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_scoped_key_unguarded_t  *unguarded;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == NULL || clcf->noname || clcf->name.len == 0) {
        return NGX_OK;
    }

    unguarded = ngx_array_push(&skmcf->unguarded);
    if (unguarded == NULL) {
        return NGX_ERROR;
    }

    unguarded->require = require;
    unguarded->name = &clcf->name;

    return NGX_OK;
}


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

    if (on && require->allow_bit == NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT) {
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
        scope[i] = ngx_http_scoped_key_str(&template[i].text);
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
    ngx_http_scoped_key_bit_node_t  *node;

    if (ngx_http_scoped_key_require_text(cf, require, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    hash = ngx_crc32_long(text.data, text.len);

    node = (ngx_http_scoped_key_bit_node_t *)
               ngx_str_rbtree_lookup(&skmcf->allow_bits, &text, hash);

    if (node) {
        require->allow_bit = node->bit;
        return NGX_OK;
    }

    if (skmcf->nallow_bits == NGX_HTTP_SCOPED_KEY_MAX_ALLOW_BITS) {
        return NGX_OK;
    }

    node = ngx_palloc(cf->pool, sizeof(ngx_http_scoped_key_bit_node_t));
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->sn.node.key = hash;
    node->sn.str = text;
    node->bit = skmcf->nallow_bits++;

    ngx_rbtree_insert(&skmcf->allow_bits, &node->sn.node);

    require->allow_bit = node->bit;

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


char *
ngx_http_scoped_key_set_scope(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    ngx_str_t                    *value;
    scoped_key_str_t              pattern;
    ngx_http_scoped_key_scope_t  *scope;

    value = cf->args->elts;

    pattern = ngx_http_scoped_key_str(&value[1]);

    if (!scoped_key_scope_pattern_valid(pattern)) {
        return ngx_http_scoped_key_conf_error(cf, &value[1],
                                           "not a scope, nor a scope pattern");
    }

    if (!ngx_http_scoped_key_description_valid(&value[2])) {
        return ngx_http_scoped_key_conf_error(cf, &value[2],
                       "a description is 1 to 512 bytes of UTF-8 without "
                       "control characters");
    }

    if (ngx_http_scoped_key_is_declared(&skmcf->catalog, &value[1])) {
        return ngx_http_scoped_key_conf_error(cf, &value[1], "duplicate scope");
    }

    if (skmcf->catalog.nelts == NGX_HTTP_SCOPED_KEY_MAX_CATALOG) {
        return ngx_http_scoped_key_conf_error(cf, &value[1], "too many scopes");
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

    text = ngx_http_scoped_key_str(&template->text);

    for (i = 0; i < catalog->nelts; i++) {

        if (template->pieces) {
            matches = ngx_http_scoped_key_may_match(scope[i].pattern,
                                                    template->text);

        } else {
            pattern = ngx_http_scoped_key_str(&scope[i].pattern);
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
