/*
 * Which header fields offer HTTP/2 to an upstream.  Where h2c is one of several
 * protocols, all of them go: no client needs the others then, and no reading of
 * the list can be another than ours.
 * Invariant: a Connection field names no field that was taken out.
 */

#include "upgrade.h"
#include "header.h"


static ngx_uint_t ngx_http_scoped_key_upgrade_names_h2c(
    const ngx_str_t *value);
static ngx_int_t ngx_http_scoped_key_upgrade_connection(ngx_http_request_t *r,
    const ngx_http_scoped_key_found_t *found, ngx_table_elt_t *header,
    ngx_table_elt_t **edited);
static ngx_uint_t ngx_http_scoped_key_upgrade_goes(
    const ngx_http_scoped_key_found_t *found, const ngx_str_t *option);
static ngx_uint_t ngx_http_scoped_key_upgrade_is(const ngx_str_t *text,
    const ngx_str_t *name);


const ngx_str_t  ngx_http_scoped_key_settings_line =
    ngx_string("http2-settings");

static const ngx_str_t  ngx_http_scoped_key_upgrade_line =
    ngx_string("upgrade");
static const ngx_str_t  ngx_http_scoped_key_connection_line =
    ngx_string("connection");


ngx_uint_t
ngx_http_scoped_key_upgrade_is_h2c(ngx_http_request_t *r)
{
    const ngx_table_elt_t          *header;
    ngx_http_scoped_key_headers_t   at;

    ngx_http_scoped_key_headers(r, &at);

    while ((header = ngx_http_scoped_key_header_next(&at)) != NULL) {
        if (ngx_http_scoped_key_header_is(header,
                                        &ngx_http_scoped_key_upgrade_line)
            && ngx_http_scoped_key_upgrade_names_h2c(&header->value))
        {
            return 1;
        }
    }

    return 0;
}


/* wherever it is in the value: some reader may split it in another way */

static ngx_uint_t
ngx_http_scoped_key_upgrade_names_h2c(const ngx_str_t *value)
{
    u_char  *last;

    last = value->data + value->len;

    return ngx_strlcasestrn(value->data, last, (u_char *) "h2", 2 - 1) != NULL
           || ngx_strlcasestrn(value->data, last, (u_char *) "http/2", 6 - 1)
              != NULL;
}


ngx_int_t
ngx_http_scoped_key_upgrade_hide(ngx_http_request_t *r,
    const ngx_http_scoped_key_found_t *found, ngx_table_elt_t *header,
    ngx_table_elt_t **edited)
{
    if (!ngx_http_scoped_key_upgrade_found(found)) {
        return NGX_DECLINED;
    }

    if (ngx_http_scoped_key_header_is(header,
                                      &ngx_http_scoped_key_connection_line))
    {
        return ngx_http_scoped_key_upgrade_connection(r, found, header,
                                                      edited);
    }

    if (ngx_http_scoped_key_header_is(header,
                                      &ngx_http_scoped_key_settings_line))
    {
        return NGX_OK;
    }

    return found->upgrade
           && ngx_http_scoped_key_header_is(header,
                                            &ngx_http_scoped_key_upgrade_line)
           ? NGX_OK : NGX_DECLINED;
}


/* a copy without the options that name what goes, unless none is left */

static ngx_int_t
ngx_http_scoped_key_upgrade_connection(ngx_http_request_t *r,
    const ngx_http_scoped_key_found_t *found, ngx_table_elt_t *header,
    ngx_table_elt_t **edited)
{
    u_char            *p, *line;
    ngx_str_t          option;
    scoped_key_str_t   rest, item;
    ngx_table_elt_t   *copy;

    copy = ngx_palloc(r->pool, sizeof(ngx_table_elt_t));

    /* ", " between options, where the client may have sent a bare "," */

    line = ngx_pnalloc(r->pool, 2 * header->value.len + 1);

    if (copy == NULL || line == NULL) {
        return NGX_ERROR;
    }

    p = line;
    rest = ngx_http_scoped_key_str(&header->value);

    while (scoped_key_list_next(&rest, &item)) {
        option = ngx_http_scoped_key_ngx_str(item);

        if (option.len == 0
            || ngx_http_scoped_key_upgrade_goes(found, &option))
        {
            continue;
        }

        if (p != line) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, option.data, option.len);
    }

    *p = '\0';

    *copy = *header;
    copy->value.data = line;
    copy->value.len = p - line;

    *edited = copy->value.len ? copy : NULL;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_scoped_key_upgrade_goes(const ngx_http_scoped_key_found_t *found,
    const ngx_str_t *option)
{
    return ngx_http_scoped_key_upgrade_is(option,
                                          &ngx_http_scoped_key_settings_line)
           || (found->upgrade
               && ngx_http_scoped_key_upgrade_is(option,
                                          &ngx_http_scoped_key_upgrade_line));
}


static ngx_uint_t
ngx_http_scoped_key_upgrade_is(const ngx_str_t *text, const ngx_str_t *name)
{
    return text->len == name->len
           && ngx_strncasecmp(text->data, name->data, name->len) == 0;
}
