/*
 * Required scopes: as they are written, literal text or a template with
 * variables, and filled in for a request.  Knows nothing of keys, grants or
 * verdicts.
 * Invariant: a variable can fill a part of a scope, never add, remove or end
 * one; a scope that cannot be written out is one that nothing can grant.
 */

#ifndef NGX_HTTP_SCOPED_KEY_TEMPLATE_H
#define NGX_HTTP_SCOPED_KEY_TEMPLATE_H

#include "ngx_http_scoped_key.h"
#include "../core/scope.h"


/*
 * The commonest requirement, filled in.  On the stack of who decides: only a
 * refusal reports it afterwards.
 */
typedef struct {
    scoped_key_clause_t  clause;
    scoped_key_str_t     scope;
    u_char               text[SCOPED_KEY_SCOPE_MAX_BYTES];
} ngx_http_scoped_key_one_scope_t;


/*
 * text lives as long as the configuration.  NGX_ERROR: a mistake in the
 * directive that is read, or out of memory; was logged.
 */
ngx_int_t ngx_http_scoped_key_template_parse(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_scoped_key_template_t *template);

/*
 * The name of a variable, in braces or not, which *p comes to after a `$`; it
 * may be the digit of a capture.  Moves *p behind it.  NULL, or what is wrong.
 */
const char *ngx_http_scoped_key_variable_name(u_char **p, u_char *last,
    ngx_str_t *name);

/*
 * The required scopes of this request, in memory of r->pool or of the
 * configuration; or, where it is one scope with variables, in *one.  A
 * variable that is missing brings nothing.  An alternative whose text has an
 * empty part, or is over 255 bytes, has len 0; so has one for which there are
 * no steps left (core/steps.h).
 * NGX_ERROR: out of memory, or a variable could not be evaluated; *required is
 * then of no use.
 */
ngx_int_t ngx_http_scoped_key_require_evaluate(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require, size_t *left,
    ngx_http_scoped_key_one_scope_t *one, scoped_key_required_t *required);

/* a copy of its clause in memory of r->pool; NULL: out of memory */
scoped_key_clause_t *ngx_http_scoped_key_require_copy_clause(
    ngx_http_request_t *r, const ngx_http_scoped_key_one_scope_t *one);

#endif
