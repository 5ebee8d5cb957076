/*
 * The way of nearly every request: one header line is a key and nothing else,
 * and no other line can be one.  Finding and hiding are one step then; all
 * other requests go through credential.c and hide.c, which say the same of
 * this one.
 * Invariant: what is declined was not changed.
 */

#include "take.h"
#include "cached.h"
#include "credential.h"
#include "hide.h"
#include "upgrade.h"


static ngx_uint_t ngx_http_scoped_key_take_is_bare(const ngx_str_t *value);
static ngx_uint_t ngx_http_scoped_key_take_is_nothing(
    const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_table_elt_t *header);
static ngx_table_elt_t *ngx_http_scoped_key_take_candidate(
    ngx_http_request_t *r, const ngx_http_scoped_key_loc_conf_t *skcf);
static const ngx_http_scoped_key_source_t *ngx_http_scoped_key_take_source(
    const ngx_array_t *sources, const ngx_table_elt_t *line);
static ngx_uint_t ngx_http_scoped_key_take_out(ngx_http_request_t *r,
    ngx_table_elt_t *line);
static ngx_int_t ngx_http_scoped_key_take_split(ngx_http_request_t *r,
    ngx_table_elt_t *line) ngx_http_scoped_key_rare;


ngx_int_t
ngx_http_scoped_key_take(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf, ngx_http_scoped_key_ctx_t *ctx)
{
    ngx_table_elt_t                     *line;
    const ngx_http_scoped_key_source_t  *source;

    /*
     * a key may be in the query or in a variable, or be what an earlier
     * location has hidden; and more than a key may have to go
     */

    if (skcf->elsewhere || ctx->hidden || r->headers_in.upgrade) {
        return NGX_DECLINED;
    }

    line = ngx_http_scoped_key_take_candidate(r, skcf);

    if (line == NULL || !ngx_http_scoped_key_take_is_bare(&line->value)) {
        return NGX_DECLINED;
    }

    source = ngx_http_scoped_key_take_source(skcf->sources, line);

    if (source == NULL) {
        return NGX_DECLINED;
    }

    if (skcf->hide) {

        if (!ngx_http_scoped_key_take_out(r, line)) {
            return NGX_DECLINED;
        }

        ctx->first.source = source;
        ctx->first.value = line->value;
        ctx->hidden = &ctx->first;

        ngx_http_scoped_key_cached_forget(r);
    }

    ctx->key = line->value;

    return NGX_OK;
}


/* neither empty nor with blanks around it */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_take_is_bare(const ngx_str_t *value)
{
    return value->len
           && value->data[0] > ' ' && value->data[value->len - 1] > ' ';
}


/* of a line that may be a source, or HTTP2-Settings: whether it is neither */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_take_is_nothing(const ngx_http_scoped_key_loc_conf_t *skcf,
    const ngx_table_elt_t *header)
{
    return header->key.len == sizeof("http2-settings") - 1
           && !skcf->like_settings
           && !ngx_http_scoped_key_header_is(header,
                                          &ngx_http_scoped_key_settings_line);
}


/*
 * The one line that can be a source; NULL: there is none, or several.
 * HTTP2-Settings is taken for one: it has to go, too.
 */

static ngx_inline ngx_table_elt_t *
ngx_http_scoped_key_take_candidate(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_table_elt_t        *header, *end, *line;
    const ngx_list_part_t  *part;

    line = NULL;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (end = header + part->nelts; header != end; header++) {

            if (!ngx_http_scoped_key_may_be_source(skcf, header)
                || ngx_http_scoped_key_take_is_nothing(skcf, header))
            {
                continue;
            }

            if (line) {
                return NULL;
            }

            line = header;
        }
    }

    return line;
}


/* the first that could be in the line, if the whole line is the key */

static ngx_inline const ngx_http_scoped_key_source_t *
ngx_http_scoped_key_take_source(const ngx_array_t *sources,
    const ngx_table_elt_t *line)
{
    const ngx_http_scoped_key_source_t  *source, *end;

    source = sources->elts;

    for (end = source + sources->nelts; source != end; source++) {

        if (source->type != NGX_HTTP_SCOPED_KEY_HEADER) {
            return NULL;
        }

        if (ngx_http_scoped_key_header_is(line, &source->name)) {
            return source;
        }
    }

    return NULL;
}


/*
 * If it is among the first lines, which are a part of the request itself.
 * 0: it is not, or no other line would be left, and nothing was done.
 */

static ngx_inline ngx_uint_t
ngx_http_scoped_key_take_out(ngx_http_request_t *r, ngx_table_elt_t *line)
{
    ngx_list_t       *list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *first, *last;

    list = &r->headers_in.headers;
    part = &list->part;
    first = part->elts;
    last = first + part->nelts - 1;

    if (line < first || line > last || first == last) {
        return 0;
    }

    if (line == last) {
        part->nelts--;

    } else if (line == first) {
        part->elts = line + 1;
        part->nelts--;

    } else if (ngx_http_scoped_key_take_split(r, line) != NGX_OK) {
        return 0;
    }

    /* the last part is full: what is pushed goes into a part of its own */

    list->nalloc = list->last->nelts;

    ngx_http_scoped_key_hide_unlink(r, line);

    return 1;
}


/* what stood before the line, and what stood behind it, in a part each */

static ngx_int_t
ngx_http_scoped_key_take_split(ngx_http_request_t *r, ngx_table_elt_t *line)
{
    ngx_list_t       *list;
    ngx_uint_t        before;
    ngx_list_part_t  *part, *rest;

    list = &r->headers_in.headers;
    part = &list->part;

    rest = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
    if (rest == NULL) {
        return NGX_ERROR;
    }

    before = line - (ngx_table_elt_t *) part->elts;

    rest->elts = line + 1;
    rest->nelts = part->nelts - before - 1;
    rest->next = part->next;

    part->nelts = before;
    part->next = rest;

    if (list->last == part) {
        list->last = rest;
    }

    return NGX_OK;
}
