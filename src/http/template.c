/*
 * Reads one required scope.  A template is checked through its skeleton: the
 * same text with a letter for each variable must be a scope.
 * Invariant: a piece of literal text holds characters of scopes and
 * separators only; a variable never crosses a separator.
 */

#include "template.h"
#include "option.h"
#include "sent.h"
#include "../core/scope.h"


typedef struct {
    ngx_conf_t                      *cf;
    ngx_str_t                       *text;
    u_char                          *p;
    u_char                          *last;
    ngx_http_scoped_key_template_t  *template;
    u_char                           skeleton[SCOPED_KEY_SCOPE_MAX_BYTES];
    size_t                           len;        /* of the skeleton */
} ngx_http_scoped_key_reader_t;


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
static ngx_uint_t ngx_http_scoped_key_is_name_char(u_char c);
static ngx_http_scoped_key_piece_t *ngx_http_scoped_key_add_piece(
    ngx_http_scoped_key_reader_t *reader, ngx_http_scoped_key_piece_e type,
    const u_char *shape, size_t len);
static ngx_int_t ngx_http_scoped_key_template_mistake(
    ngx_http_scoped_key_reader_t *reader, const char *why);


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

    skeleton.len = text->len;
    skeleton.data = text->data;

    if (ngx_strlchr(reader.p, reader.last, '$')) {

        if (ngx_http_scoped_key_read_pieces(&reader) != NGX_OK) {
            return NGX_ERROR;
        }

        skeleton.len = reader.len;
        skeleton.data = reader.skeleton;
    }

    if (!scoped_key_scope_valid(skeleton)) {
        return ngx_http_scoped_key_template_mistake(&reader,
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
        return ngx_http_scoped_key_template_mistake(reader, "too long");
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

    if (ngx_http_scoped_key_sent_kind(&name, &sent)
        != NGX_HTTP_SCOPED_KEY_SENT_OTHERWISE)
    {
        piece->sent = name;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_read_name(ngx_http_scoped_key_reader_t *reader,
    ngx_str_t *name)
{
    ngx_uint_t  braces;

    braces = (reader->p < reader->last && *reader->p == '{');
    reader->p += braces;

    name->data = reader->p;

    while (reader->p < reader->last
           && ngx_http_scoped_key_is_name_char(*reader->p))
    {
        reader->p++;
    }

    name->len = reader->p - name->data;

    if (name->len == 0 || (*name->data >= '0' && *name->data <= '9')) {
        return ngx_http_scoped_key_template_mistake(reader,
                                           "no variable name behind the \"$\"");
    }

    if (braces && (reader->p == reader->last || *reader->p != '}')) {
        return ngx_http_scoped_key_template_mistake(reader,
                                           "the closing bracket is missing");
    }

    reader->p += braces;

    return NGX_OK;
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
    return ngx_http_scoped_key_template_mistake(reader,
                                       "captures require the PCRE library");
#endif
}


static ngx_uint_t
ngx_http_scoped_key_is_name_char(u_char c)
{
    u_char  lower;

    lower = (u_char) (c | 0x20);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9')
           || c == '_';
}


/* shape: what stands for the piece in the skeleton */
static ngx_http_scoped_key_piece_t *
ngx_http_scoped_key_add_piece(ngx_http_scoped_key_reader_t *reader,
    ngx_http_scoped_key_piece_e type, const u_char *shape, size_t len)
{
    ngx_http_scoped_key_piece_t  *piece;

    if (len > sizeof(reader->skeleton) - reader->len) {
        (void) ngx_http_scoped_key_template_mistake(reader, "too long");
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
ngx_http_scoped_key_template_mistake(ngx_http_scoped_key_reader_t *reader,
    const char *why)
{
    (void) ngx_http_scoped_key_mistake(reader->cf, reader->text, why);

    return NGX_ERROR;
}
