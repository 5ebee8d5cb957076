/*
 * Reads one required scope, and fills it in for a request. A template is
 * checked through its skeleton: the same string with a letter for each
 * variable must be a scope. One scope alone takes no memory of a request,
 * unless an argument is in it.
 * Invariants: literal text holds characters of scopes and separators only; a
 * variable never crosses a separator, and what it brings is escaped, so that
 * the separators of the result are those of the template; a scope with an
 * empty part is never given out.
 */

#include "template.h"
#include "option.h"
#include "duplicate.h"
#include "../core/scope.h"
#include "captures.h"


#define NGX_HTTP_SCOPED_KEY_MAX_TEMPLATE_BYTES  1024

typedef struct {
    ngx_conf_t                      *cf;
    ngx_str_t                       *text;
    u_char                          *p;
    u_char                          *last;
    ngx_http_scoped_key_template_t  *template;
    u_char                           skeleton[SCOPED_KEY_SCOPE_MAX_BYTES];
    size_t                           len;        /* of the skeleton */
} ngx_http_scoped_key_reader_t;

/* scopes of a request that are being written */
typedef struct {
    ngx_http_request_t  *request;
    size_t              *left;       /* steps, see core/steps.h */
    u_char              *start;      /* SCOPED_KEY_SCOPE_MAX_BYTES at most */
    u_char              *p;
    u_char              *last;
    unsigned             failed:1;   /* a variable could not be evaluated, as
                                        when there is no memory */
} ngx_http_scoped_key_writer_t;


static ngx_int_t ngx_http_scoped_key_read_pieces(
    ngx_http_scoped_key_reader_t *reader);
static ngx_int_t ngx_http_scoped_key_read_literal(
    ngx_http_scoped_key_reader_t *reader);
static ngx_int_t ngx_http_scoped_key_read_dollar(
    ngx_http_scoped_key_reader_t *reader);
static ngx_int_t ngx_http_scoped_key_read_variable(
    ngx_http_scoped_key_reader_t *reader);
static ngx_int_t ngx_http_scoped_key_read_name(
    ngx_http_scoped_key_reader_t *reader, ngx_str_t *name);
static ngx_int_t ngx_http_scoped_key_read_capture(
    ngx_http_scoped_key_reader_t *reader);
static ngx_http_scoped_key_piece_t *ngx_http_scoped_key_add_piece(
    ngx_http_scoped_key_reader_t *reader, ngx_http_scoped_key_piece_e type,
    const u_char *shape, size_t len);
static ngx_int_t ngx_http_scoped_key_template_error(
    ngx_http_scoped_key_reader_t *reader, const char *why);
static void ngx_http_scoped_key_one_evaluate(
    ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_template_t *template,
    ngx_http_scoped_key_one_scope_t *one, scoped_key_required_t *required);
static ngx_int_t ngx_http_scoped_key_all_evaluate(
    ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_require_t *require,
    scoped_key_required_t *required) ngx_http_scoped_key_noinline;
static ngx_int_t ngx_http_scoped_key_clause_evaluate(
    ngx_http_scoped_key_writer_t *writer, const ngx_array_t *source,
    scoped_key_str_t *scope);
static ngx_int_t ngx_http_scoped_key_template_evaluate(
    ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_template_t *template, scoped_key_str_t *scope);
static size_t ngx_http_scoped_key_write_scope(
    ngx_http_scoped_key_writer_t *writer, const ngx_array_t *pieces,
    u_char *text);
static ngx_uint_t ngx_http_scoped_key_write_pieces(
    ngx_http_scoped_key_writer_t *writer, const ngx_array_t *pieces);
static ngx_uint_t ngx_http_scoped_key_write_literal(
    ngx_http_scoped_key_writer_t *writer, const ngx_str_t *literal);
static ngx_uint_t ngx_http_scoped_key_write_variable(
    ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_piece_t *piece);
static ngx_uint_t ngx_http_scoped_key_write_capture(
    ngx_http_scoped_key_writer_t *writer, ngx_uint_t n);
static ngx_uint_t ngx_http_scoped_key_write_escaped(
    ngx_http_scoped_key_writer_t *writer, const u_char *data, size_t len);
static ngx_uint_t ngx_http_scoped_key_part_is_empty(
    const ngx_http_scoped_key_writer_t *writer);


static const char  ngx_http_scoped_key_no_name[] =
    "no variable name behind the \"$\"";


ngx_int_t
ngx_http_scoped_key_template_parse(ngx_conf_t *cf, ngx_str_t *text,
    ngx_http_scoped_key_template_t *template)
{
    scoped_key_str_t              skeleton;
    ngx_http_scoped_key_reader_t  reader;

    template->text = *text;
    template->pieces = NULL;
    template->place.file = cf->conf_file->file.name;
    template->place.line = cf->conf_file->line;

    reader.cf = cf;
    reader.text = text;
    reader.p = text->data;
    reader.last = text->data + text->len;
    reader.template = template;
    reader.len = 0;

    skeleton = ngx_http_scoped_key_str(text);

    if (ngx_strlchr(reader.p, reader.last, '$')) {

        if (ngx_http_scoped_key_read_pieces(&reader) != NGX_OK) {
            return NGX_ERROR;
        }

        skeleton.len = reader.len;
        skeleton.data = reader.skeleton;
    }

    if (!scoped_key_scope_valid(skeleton)) {
        return ngx_http_scoped_key_template_error(&reader,
                   ngx_strlchr(text->data, reader.last, '*')
                   ? "a scope that is required cannot be a pattern"
                   : "not a scope of the form RESOURCE:ACTION, of 16 "
                     "segments and 255 bytes at most");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_read_pieces(ngx_http_scoped_key_reader_t *reader)
{
    ngx_int_t     rc;
    ngx_array_t  *pieces;

    if (reader->text->len > NGX_HTTP_SCOPED_KEY_MAX_TEMPLATE_BYTES) {
        return ngx_http_scoped_key_template_error(reader, "too long");
    }

    pieces = ngx_array_create(reader->cf->pool, 4,
                              sizeof(ngx_http_scoped_key_piece_t));
    if (pieces == NULL) {
        return NGX_ERROR;
    }

    reader->template->pieces = pieces;

    while (reader->p < reader->last) {
        rc = (*reader->p == '$') ? ngx_http_scoped_key_read_dollar(reader)
                                 : ngx_http_scoped_key_read_literal(reader);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* what may not stand in a scope is found in the skeleton */
static ngx_int_t
ngx_http_scoped_key_read_literal(ngx_http_scoped_key_reader_t *reader)
{
    u_char                       *start;
    ngx_http_scoped_key_piece_t  *piece;

    start = reader->p;

    while (reader->p < reader->last && *reader->p != '$') {
        reader->p++;
    }

    piece = ngx_http_scoped_key_add_piece(reader, NGX_HTTP_SCOPED_KEY_LITERAL,
                                          start, reader->p - start);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    piece->literal.len = reader->p - start;
    piece->literal.data = start;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_read_dollar(ngx_http_scoped_key_reader_t *reader)
{
    reader->p++;

    if (reader->p < reader->last && *reader->p >= '1' && *reader->p <= '9') {
        return ngx_http_scoped_key_read_capture(reader);
    }

    return ngx_http_scoped_key_read_variable(reader);
}


static ngx_int_t
ngx_http_scoped_key_read_variable(ngx_http_scoped_key_reader_t *reader)
{
    ngx_int_t                     index;
    ngx_str_t                     name, sent;
    ngx_http_scoped_key_piece_t  *piece;

    if (ngx_http_scoped_key_read_name(reader, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    index = ngx_http_get_variable_index(reader->cf, &name);
    if (index == NGX_ERROR) {
        return NGX_ERROR;
    }

    piece = ngx_http_scoped_key_add_piece(reader, NGX_HTTP_SCOPED_KEY_VARIABLE,
                                          (u_char *) "x", 1);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    piece->index = (ngx_uint_t) index;

    if (ngx_http_scoped_key_input_kind(&name, &sent)
        != NGX_HTTP_SCOPED_KEY_INPUT_OTHER)
    {
        piece->input = name;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_read_name(ngx_http_scoped_key_reader_t *reader,
    ngx_str_t *name)
{
    const char  *error;

    error = ngx_http_scoped_key_variable_name(&reader->p, reader->last, name);

    if (error == NULL && scoped_key_is_digit(*name->data)) {
        error = ngx_http_scoped_key_no_name;
    }

    return error ? ngx_http_scoped_key_template_error(reader, error)
                 : NGX_OK;
}


const char *
ngx_http_scoped_key_variable_name(u_char **p, u_char *last, ngx_str_t *name)
{
    ngx_uint_t  braces;

    braces = (*p < last && **p == '{');
    *p += braces;

    name->data = *p;

    while (*p < last && (scoped_key_is_alnum(**p) || **p == '_')) {
        (*p)++;
    }

    name->len = *p - name->data;

    if (name->len == 0) {
        return ngx_http_scoped_key_no_name;
    }

    if (braces && (*p == last || **p != '}')) {
        return "the closing bracket is missing";
    }

    *p += braces;

    return NULL;
}


static ngx_int_t
ngx_http_scoped_key_read_capture(ngx_http_scoped_key_reader_t *reader)
{
#if (NGX_PCRE)
    ngx_http_scoped_key_piece_t  *piece;

    piece = ngx_http_scoped_key_add_piece(reader, NGX_HTTP_SCOPED_KEY_CAPTURE,
                                          (u_char *) "x", 1);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    piece->index = *reader->p++ - '0';

    return NGX_OK;
#else
    return ngx_http_scoped_key_template_error(reader,
                                       "captures require the PCRE library");
#endif
}


/* shape: what stands for the piece in the skeleton */
static ngx_http_scoped_key_piece_t *
ngx_http_scoped_key_add_piece(ngx_http_scoped_key_reader_t *reader,
    ngx_http_scoped_key_piece_e type, const u_char *shape, size_t len)
{
    ngx_http_scoped_key_piece_t  *piece;

    if (len > sizeof(reader->skeleton) - reader->len) {
        (void) ngx_http_scoped_key_template_error(reader, "too long");
        return NULL;
    }

    ngx_memcpy(&reader->skeleton[reader->len], shape, len);
    reader->len += len;

    piece = ngx_array_push(reader->template->pieces);
    if (piece == NULL) {
        return NULL;
    }

    ngx_memzero(piece, sizeof(ngx_http_scoped_key_piece_t));
    piece->type = type;

    return piece;
}


static ngx_int_t
ngx_http_scoped_key_template_error(ngx_http_scoped_key_reader_t *reader,
    const char *why)
{
    (void) ngx_http_scoped_key_conf_error(reader->cf, reader->text, why);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_scoped_key_require_evaluate(ngx_http_request_t *r,
    const ngx_http_scoped_key_require_t *require, size_t *left,
    ngx_http_scoped_key_one_scope_t *one, scoped_key_required_t *required)
{
    ngx_int_t                       rc;
    ngx_array_t                   **source;
    ngx_http_scoped_key_writer_t    writer;

    if (require->is_static) {
        *required = require->required;
        return NGX_OK;
    }

    writer.request = r;
    writer.left = left;
    writer.failed = 0;

    if (require->nscopes == 1) {
        source = require->clauses.elts;
        ngx_http_scoped_key_one_evaluate(&writer, source[0]->elts, one,
                                         required);
        rc = NGX_OK;

    } else {
        rc = ngx_http_scoped_key_all_evaluate(&writer, require, required);
    }

    return writer.failed ? NGX_ERROR : rc;
}


static void
ngx_http_scoped_key_one_evaluate(ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_template_t *template,
    ngx_http_scoped_key_one_scope_t *one, scoped_key_required_t *required)
{
    one->scope.data = one->text;
    one->scope.len = ngx_http_scoped_key_write_scope(writer, template->pieces,
                                                     one->text);
    one->clause.scopes = &one->scope;
    one->clause.n = 1;

    required->clauses = &one->clause;
    required->n = 1;
    required->any_key = false;
}


scoped_key_clause_t *
ngx_http_scoped_key_require_copy_clause(ngx_http_request_t *r,
    const ngx_http_scoped_key_one_scope_t *one)
{
    u_char               *text;
    scoped_key_str_t     *scope;
    scoped_key_clause_t  *clause;

    clause = ngx_palloc(r->pool, sizeof(scoped_key_clause_t)
                                 + sizeof(scoped_key_str_t) + one->scope.len);
    if (clause == NULL) {
        return NULL;
    }

    scope = (scoped_key_str_t *) &clause[1];
    text = (u_char *) &scope[1];

    ngx_memcpy(text, one->text, one->scope.len);

    scope->len = one->scope.len;
    scope->data = text;

    clause->scopes = scope;
    clause->n = 1;

    return clause;
}


static ngx_int_t
ngx_http_scoped_key_all_evaluate(ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_require_t *require,
    scoped_key_required_t *required)
{
    ngx_uint_t             i, n;
    ngx_array_t          **source;
    scoped_key_str_t      *scope;
    scoped_key_clause_t   *clause;

    source = require->clauses.elts;
    n = require->clauses.nelts;

    clause = ngx_palloc(writer->request->pool,
                        n * sizeof(scoped_key_clause_t)
                        + require->nscopes * sizeof(scoped_key_str_t));
    if (clause == NULL) {
        return NGX_ERROR;
    }

    scope = (scoped_key_str_t *) &clause[n];

    required->clauses = clause;
    required->n = n;
    required->any_key = false;

    for (i = 0; i < n; i++) {

        if (ngx_http_scoped_key_clause_evaluate(writer, source[i], scope)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        clause[i].scopes = scope;
        clause[i].n = source[i]->nelts;

        scope += clause[i].n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_clause_evaluate(ngx_http_scoped_key_writer_t *writer,
    const ngx_array_t *source, scoped_key_str_t *scope)
{
    ngx_uint_t                             i;
    const ngx_http_scoped_key_template_t  *template;

    template = source->elts;

    for (i = 0; i < source->nelts; i++) {
        if (ngx_http_scoped_key_template_evaluate(writer, &template[i],
                                                  &scope[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_template_evaluate(ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_template_t *template, scoped_key_str_t *scope)
{
    u_char  *data, text[SCOPED_KEY_SCOPE_MAX_BYTES];

    if (template->pieces == NULL) {
        *scope = ngx_http_scoped_key_str(&template->text);
        return NGX_OK;
    }

    scope->len = ngx_http_scoped_key_write_scope(writer, template->pieces,
                                                 text);
    scope->data = NULL;

    if (scope->len == 0) {
        return NGX_OK;
    }

    data = ngx_pnalloc(writer->request->pool, scope->len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(data, text, scope->len);
    scope->data = data;

    return NGX_OK;
}


/*
 * Writes up to SCOPED_KEY_SCOPE_MAX_BYTES to text, and returns how many.  0: it
 * is no scope, so that nothing can grant it.
 */
static size_t
ngx_http_scoped_key_write_scope(ngx_http_scoped_key_writer_t *writer,
    const ngx_array_t *pieces, u_char *text)
{
    writer->start = text;
    writer->p = text;
    writer->last = text + SCOPED_KEY_SCOPE_MAX_BYTES;

    if (!ngx_http_scoped_key_write_pieces(writer, pieces)) {
        return 0;
    }

    return writer->p - text;
}


/* false: it is no scope, so that nothing can grant it */
static ngx_uint_t
ngx_http_scoped_key_write_pieces(ngx_http_scoped_key_writer_t *writer,
    const ngx_array_t *pieces)
{
    ngx_uint_t                          i, written;
    const ngx_http_scoped_key_piece_t  *piece;

    piece = pieces->elts;

    for (i = 0; i < pieces->nelts; i++) {

        switch (piece[i].type) {

        case NGX_HTTP_SCOPED_KEY_LITERAL:
            written = ngx_http_scoped_key_write_literal(writer,
                                                        &piece[i].literal);
            break;

        case NGX_HTTP_SCOPED_KEY_VARIABLE:
            written = ngx_http_scoped_key_write_variable(writer, &piece[i]);
            break;

        default: /* NGX_HTTP_SCOPED_KEY_CAPTURE */
            written = ngx_http_scoped_key_write_capture(writer,
                                                        piece[i].index);
        }

        if (!written) {
            return 0;
        }
    }

    return !ngx_http_scoped_key_part_is_empty(writer);
}


static ngx_uint_t
ngx_http_scoped_key_write_literal(ngx_http_scoped_key_writer_t *writer,
    const ngx_str_t *literal)
{
    u_char  c;

    c = literal->data[0];

    if ((c == '/' || c == ':') && ngx_http_scoped_key_part_is_empty(writer)) {
        return 0;
    }

    if (literal->len > (size_t) (writer->last - writer->p)) {
        return 0;
    }

    writer->p = ngx_cpymem(writer->p, literal->data, literal->len);

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_write_variable(ngx_http_scoped_key_writer_t *writer,
    const ngx_http_scoped_key_piece_t *piece)
{
    ngx_int_t                   rc;
    ngx_http_variable_value_t  *value;

    if (piece->input.len) {
        rc = ngx_http_scoped_key_duplicate_check(writer->request, &piece->input,
                                            writer->left);
        if (rc != NGX_OK) {
            writer->failed |= (rc == NGX_ERROR);
            return 0;
        }
    }

    value = ngx_http_get_flushed_variable(writer->request, piece->index);

    if (value == NULL) {
        writer->failed = 1;
        return 0;
    }

    /* it brings nothing; whether its part is empty is seen at the part's end */
    if (value->not_found) {
        return 1;
    }

    return ngx_http_scoped_key_write_escaped(writer, value->data, value->len);
}


/* as ngx_http_script_copy_capture_code() finds it */
static ngx_uint_t
ngx_http_scoped_key_write_capture(ngx_http_scoped_key_writer_t *writer,
    ngx_uint_t n)
{
#if (NGX_PCRE)
    int                  start, end;
    ngx_http_request_t  *r;

    r = writer->request;

    /* a variable before it may have matched something else */
    ngx_http_scoped_key_captures_restore(r);

    n *= 2;

    if (n >= r->ncaptures) {
        return 1;
    }

    start = r->captures[n];
    end = r->captures[n + 1];

    /* a group that took no part in the match has -1 */
    if (start < 0 || end < start) {
        return 1;
    }

    return ngx_http_scoped_key_write_escaped(writer,
                                             r->captures_data + start,
                                             end - start);
#else
    return 0;
#endif
}


static ngx_uint_t
ngx_http_scoped_key_write_escaped(ngx_http_scoped_key_writer_t *writer,
    const u_char *data, size_t len)
{
    size_t            room, written;
    scoped_key_str_t  text;

    room = writer->last - writer->p;

    if (len > room) {
        return 0;
    }

    text.len = len;
    text.data = data;

    written = scoped_key_scope_escape(text, writer->p, room);

    if (written > room) {
        return 0;
    }

    writer->p += written;

    return 1;
}


static ngx_uint_t
ngx_http_scoped_key_part_is_empty(const ngx_http_scoped_key_writer_t *writer)
{
    return writer->p == writer->start
           || writer->p[-1] == '/' || writer->p[-1] == ':';
}
