/*
 * Where each fact comes from.  Invariant: where two parts of a request disagree
 * about a fact, there is no such fact, and conditions on it do not hold.
 * Nothing is taken from what a client may write freely.
 */

#include "facts.h"


static void ngx_http_scoped_key_facts_address(ngx_connection_t *c,
    scoped_key_address_t *address);


void
ngx_http_scoped_key_facts(ngx_http_request_t *r, scoped_key_facts_t *facts)
{
    facts->now = ngx_time();

    facts->method = ngx_http_scoped_key_str(&r->method_name);

    facts->host.len = 0;
    facts->host.data = NULL;

    if (ngx_http_scoped_key_facts_host_agrees(r)) {
        facts->host = ngx_http_scoped_key_str(&r->headers_in.server);
    }

    ngx_http_scoped_key_facts_address(r->connection, &facts->address);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "scoped key: method %V, host \"%*s\", address %V",
                   &r->method_name, facts->host.len, facts->host.data,
                   &r->connection->addr_text);

    /* for who knows the location to fill in */

    facts->param = NULL;
    facts->data = NULL;
}


static void
ngx_http_scoped_key_facts_address(ngx_connection_t *c,
    scoped_key_address_t *address)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        scoped_key_address_set(address, &sin->sin_addr, 4);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        scoped_key_address_set(address, &sin6->sin6_addr, 16);
        break;
#endif

    default:
        scoped_key_address_set(address, NULL, 0);
    }
}


/* "GET http://a/ HTTP/1.1" with "Host: b" */

ngx_uint_t
ngx_http_scoped_key_facts_host_agrees(ngx_http_request_t *r)
{
    size_t            i, len;
    ngx_str_t        *server;
    ngx_table_elt_t  *header;

    header = r->headers_in.host;
    server = &r->headers_in.server;

    /* HTTP/3 has its :authority alone; HTTP/1.0 may leave the upstream none */

    if (header == NULL) {
        return r->host_start == NULL
               || r->http_version >= NGX_HTTP_VERSION_20;
    }

    len = server->len;

    if (header->value.len < len
        || ngx_strncasecmp(header->value.data, server->data, len) != 0)
    {
        return 0;
    }

    /* nginx dropped a trailing dot and the port from its own reading */

    if (len < header->value.len && header->value.data[len] == '.') {
        len++;
    }

    if (len == header->value.len) {
        return 1;
    }

    /*
     * "a:b.example" is a host of its own to who knows no port of letters, and
     * "a:x@b.example" is b.example to who makes an address of it.
     */

    for (i = len + 1; i < header->value.len; i++) {
        if (header->value.data[i] < '0' || header->value.data[i] > '9') {
            return 0;
        }
    }

    return header->value.data[len] == ':';
}
