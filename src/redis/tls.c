/*
 * The handshake is nginx's (ngx_event_openssl.c), as its proxy module uses it:
 * the chain is verified within, and looked at behind it.  A session is resumed
 * with the host that it was made with alone, and its certificate is looked at
 * again.  What the server says in an alert is kept for the log, since OpenSSL
 * reports some only when the answer to the first command is read.
 */

#include "tls.h"
#include "resolver.h"


#define SCOPED_KEY_REDIS_TLS_POOL_BYTES  256

/* an alert of TLS 1.3 that OpenSSL 3.0 has no text for: RFC 8446, 6 */
#define SCOPED_KEY_REDIS_TLS_WANTS_CERTIFICATE  116


#if (NGX_SSL)

static ngx_int_t scoped_key_redis_tls_trust(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_str_t *ca);
static ngx_int_t scoped_key_redis_tls_identify(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_str_t *cert, ngx_str_t *key);
static void scoped_key_redis_tls_on_handshake(ngx_connection_t *c);
static void scoped_key_redis_tls_on_session(ngx_connection_t *c);
static void scoped_key_redis_tls_on_info(const ngx_ssl_conn_t *ssl_conn,
    int where, int ret);


ngx_int_t
scoped_key_redis_tls_create(ngx_conf_t *cf, scoped_key_redis_conf_t *conf,
    ngx_str_t *ca, ngx_str_t *cert, ngx_str_t *key, const ngx_str_t **bad)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    *bad = NULL;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (ssl == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    /* what waits to be sent may have moved by the next attempt */
    SSL_CTX_set_mode(ssl->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                               |SSL_MODE_ENABLE_PARTIAL_WRITE);

    if (ngx_ssl_client_session_cache(cf, ssl, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (scoped_key_redis_tls_trust(cf, ssl, ca) != NGX_OK) {
        *bad = ca;
        return NGX_ERROR;
    }

    if (cert->len > 0
        && scoped_key_redis_tls_identify(cf, ssl, cert, key) != NGX_OK)
    {
        *bad = cert;
        return NGX_ERROR;
    }

    conf->ssl = ssl;

    return NGX_OK;
}


/* the system's, where none are named */
static ngx_int_t
scoped_key_redis_tls_trust(ngx_conf_t *cf, ngx_ssl_t *ssl, ngx_str_t *ca)
{
    if (ca->len == 0 && SSL_CTX_set_default_verify_paths(ssl->ctx) == 0) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    return ngx_ssl_trusted_certificate(cf, ssl, ca,
                                       SCOPED_KEY_REDIS_TLS_DEPTH);
}


/* a key that is encrypted is a mistake: nobody is asked for its password */
static ngx_int_t
scoped_key_redis_tls_identify(ngx_conf_t *cf, ngx_ssl_t *ssl,
    ngx_str_t *cert, ngx_str_t *key)
{
    ngx_str_t    *password;
    ngx_array_t  *passwords;

    passwords = ngx_array_create(cf->temp_pool, 1, sizeof(ngx_str_t));
    if (passwords == NULL) {
        return NGX_ERROR;
    }

    password = ngx_array_push(passwords);
    if (password == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(password, "");

    return ngx_ssl_certificate(cf, ssl, cert, key, passwords);
}


/*
 * Whom the certificate is to be for, ending with a NUL: tls_name, or the host
 * of the address, without the brackets of IPv6 and without a dot at its end.
 */
static void
scoped_key_redis_tls_name(const scoped_key_redis_tls_t *tls,
    u_char name[SCOPED_KEY_REDIS_MAX_NAME_BYTES + 1])
{
    ngx_str_t  host;

    host = tls->conf->tls_name.len > 0 ? tls->conf->tls_name
                                       : tls->host->host;

    if (host.len > 2 && host.data[0] == '[') {
        host.data++;
        host.len -= 2;
    }

    if (host.len > 1 && host.data[host.len - 1] == '.') {
        host.len--;
    }

    host.len = ngx_min(host.len, SCOPED_KEY_REDIS_MAX_NAME_BYTES);

    ngx_memcpy(name, host.data, host.len);
    name[host.len] = '\0';
}


/* no SNI for an address: RFC 6066, 3 */
static ngx_uint_t
scoped_key_redis_tls_is_address(const u_char *name)
{
    u_char  bytes[16];

    return inet_pton(AF_INET, (const char *) name, bytes) == 1
           || inet_pton(AF_INET6, (const char *) name, bytes) == 1;
}


static ngx_int_t
scoped_key_redis_tls_prepare(scoped_key_redis_tls_t *tls)
{
    u_char             name[SCOPED_KEY_REDIS_MAX_NAME_BYTES + 1];
    ngx_connection_t  *c;

    c = tls->connection;

    c->pool = ngx_create_pool(SCOPED_KEY_REDIS_TLS_POOL_BYTES, c->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(tls->conf->ssl, c, NGX_SSL_CLIENT)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    scoped_key_redis_tls_name(tls, name);

    if (!scoped_key_redis_tls_is_address(name)
        && SSL_set_tlsext_host_name(c->ssl->connection, (char *) name) == 0)
    {
        return NGX_ERROR;
    }

    if (tls->session_host != tls->host) {
        scoped_key_redis_tls_forget(tls);
    }

    if (tls->session != NULL
        && ngx_ssl_set_session(c, tls->session) != NGX_OK)
    {
        return NGX_ERROR;
    }

    SSL_set_app_data(c->ssl->connection, tls);
    SSL_set_info_callback(c->ssl->connection, scoped_key_redis_tls_on_info);
    c->ssl->save_session = scoped_key_redis_tls_on_session;
    c->ssl->handler = scoped_key_redis_tls_on_handshake;

    return NGX_OK;
}


void
scoped_key_redis_tls_start(scoped_key_redis_tls_t *tls, ngx_connection_t *c,
    const scoped_key_redis_conf_t *conf, const scoped_key_redis_host_t *host)
{
    tls->connection = c;
    tls->conf = conf;
    tls->host = host;
    tls->alert = NULL;

    if (scoped_key_redis_tls_prepare(tls) != NGX_OK) {
        tls->done(tls->data, "TLS could not be started");
        return;
    }

    if (ngx_ssl_handshake(c) != NGX_AGAIN) {
        scoped_key_redis_tls_on_handshake(c);
    }
}


/* NULL, or what is wrong with the certificate of the server */
static const char *
scoped_key_redis_tls_verify(scoped_key_redis_tls_t *tls)
{
    int              rc;
    long             result;
    X509            *cert;
    u_char           name[SCOPED_KEY_REDIS_MAX_NAME_BYTES + 1], *p;
    ngx_ssl_conn_t  *ssl_conn;

    ssl_conn = tls->connection->ssl->connection;
    p = tls->reason;

    result = SSL_get_verify_result(ssl_conn);

    if (result != X509_V_OK) {
        ngx_snprintf(p, SCOPED_KEY_REDIS_MAX_TLS_REASON,
                     "the certificate was not accepted: %s%Z",
                     X509_verify_cert_error_string(result));
        return (const char *) p;
    }

    cert = SSL_get_peer_certificate(ssl_conn);

    if (cert == NULL) {
        return "the server has no certificate";
    }

    scoped_key_redis_tls_name(tls, name);

    rc = scoped_key_redis_tls_is_address(name)
         ? X509_check_ip_asc(cert, (char *) name, 0)
         : X509_check_host(cert, (char *) name, ngx_strlen(name), 0, NULL);

    X509_free(cert);

    if (rc != 1) {
        ngx_snprintf(p, SCOPED_KEY_REDIS_MAX_TLS_REASON,
                     "the certificate is not for \"%s\"%Z", name);
        return (const char *) p;
    }

    return NULL;
}


static void
scoped_key_redis_tls_on_handshake(ngx_connection_t *c)
{
    const char              *why;
    scoped_key_redis_tls_t  *tls;

    tls = SSL_get_app_data(c->ssl->connection);

    why = c->ssl->handshaked
          ? scoped_key_redis_tls_verify(tls)
          : scoped_key_redis_tls_reason(tls, "TLS handshake failed");

    if (why != NULL) {
        scoped_key_redis_tls_forget(tls);
    }

    tls->done(tls->data, why);
}


static void
scoped_key_redis_tls_on_session(ngx_connection_t *c)
{
    scoped_key_redis_tls_t  *tls;

    tls = SSL_get_app_data(c->ssl->connection);

    scoped_key_redis_tls_forget(tls);

    tls->session = ngx_ssl_get_session(c);
    tls->session_host = tls->host;
}


static void
scoped_key_redis_tls_on_info(const ngx_ssl_conn_t *ssl_conn, int where,
    int ret)
{
    scoped_key_redis_tls_t  *tls;

    tls = SSL_get_app_data((ngx_ssl_conn_t *) ssl_conn);

    /* a warning is that it closes, and no more */
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT
        && ret >> 8 == SSL3_AL_FATAL)
    {
        tls->alert = (ret & 0xff) == SCOPED_KEY_REDIS_TLS_WANTS_CERTIFICATE
                     ? "certificate required"
                     : SSL_alert_desc_string_long(ret);
    }
}


/* says nothing to the server, so that it is done at once */
void
scoped_key_redis_tls_close(ngx_connection_t *c)
{
    if (c->ssl != NULL) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

    if (c->pool != NULL) {
        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }
}


const char *
scoped_key_redis_tls_reason(scoped_key_redis_tls_t *tls, const char *reason)
{
    if (tls->alert == NULL) {
        return reason;
    }

    ngx_snprintf(tls->reason, SCOPED_KEY_REDIS_MAX_TLS_REASON,
                 "the server ended TLS: %s%Z", tls->alert);
    tls->alert = NULL;

    return (const char *) tls->reason;
}


void
scoped_key_redis_tls_forget(scoped_key_redis_tls_t *tls)
{
    if (tls->session != NULL) {
        ngx_ssl_free_session(tls->session);
        tls->session = NULL;
    }
}

#else

ngx_int_t
scoped_key_redis_tls_create(ngx_conf_t *cf, scoped_key_redis_conf_t *conf,
    ngx_str_t *ca, ngx_str_t *cert, ngx_str_t *key, const ngx_str_t **bad)
{
    return NGX_DECLINED;
}


/* never called: there is no conf->ssl */
void
scoped_key_redis_tls_start(scoped_key_redis_tls_t *tls, ngx_connection_t *c,
    const scoped_key_redis_conf_t *conf, const scoped_key_redis_host_t *host)
{
    tls->done(tls->data, "nginx is built without TLS");
}


void
scoped_key_redis_tls_close(ngx_connection_t *c)
{
}


const char *
scoped_key_redis_tls_reason(scoped_key_redis_tls_t *tls, const char *reason)
{
    return reason;
}


void
scoped_key_redis_tls_forget(scoped_key_redis_tls_t *tls)
{
}

#endif
