/*
 * What locations require: scoped_key_require, read into clauses of templates,
 * and the templates filled in for a request.  Knows nothing of keys, grants
 * or verdicts.
 * Invariant: a variable can fill a part of a scope, never add, remove or end
 * one; a scope that cannot be written out is one that nothing can grant.
 */

#ifndef NGX_HTTP_SCOPED_KEY_REQUIRE_H
#define NGX_HTTP_SCOPED_KEY_REQUIRE_H

#include "ngx_http_scoped_key.h"
#include "../core/scope.h"


/*
 * The commonest requirement, filled in.  On the stack of who decides: only a
 * refusal tells of it afterwards.
 */
typedef struct {
    scoped_key_clause_t  clause;
    scoped_key_str_t     scope;
    u_char               text[SCOPED_KEY_SCOPE_MAX_BYTES];
} ngx_http_scoped_key_one_scope_t;


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

/*
 * Warns of a requirement that guards nothing, because no location that it
 * holds for says scoped_key.  Call it once everything is merged.
 */
void ngx_http_scoped_key_require_check(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);

/*
 * The required scopes of this request, in memory of r->pool or of the
 * configuration; or, where it is one scope with variables, in *one.  A
 * variable that is missing brings nothing.  An alternative whose text has an
 * empty part, or is over 255 bytes, has len 0.
 * NGX_ERROR: out of memory; *required is then of no use.
 */
ngx_int_t ngx_http_scoped_key_require_evaluate(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require,
    ngx_http_scoped_key_one_scope_t *one, scoped_key_required_t *required);

/* a copy of its clause in memory of r->pool; NULL: out of memory */
scoped_key_clause_t *ngx_http_scoped_key_require_keep(ngx_http_request_t *r,
    const ngx_http_scoped_key_one_scope_t *one);

#endif
