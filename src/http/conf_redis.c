/*
 * scoped_key_redis: where the records are.  Reads the addresses and the
 * password while the configuration is read; resolves no name and connects to
 * nothing.
 * Invariant: the password is never logged, nor is an address that may hold
 * one.
 */

#include "conf.h"
#include "option.h"
#include "../redis/resolver.h"
#include "../redis/tls.h"


static ngx_uint_t ngx_http_scoped_key_redis_host_char(u_char ch);
static char *ngx_http_scoped_key_redis_count(ngx_conf_t *cf, ngx_uint_t *n);
static char *ngx_http_scoped_key_redis_addresses(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf, ngx_str_t *texts, ngx_uint_t n);
static char *ngx_http_scoped_key_redis_join(ngx_conf_t *cf,
    const ngx_str_t *texts, ngx_uint_t n, ngx_str_t *joined);
static ngx_int_t ngx_http_scoped_key_redis_name(ngx_conf_t *cf,
    const ngx_str_t *prefix, const char *rest, ngx_str_t *name);
static ngx_int_t ngx_http_scoped_key_redis_prefix(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf, const ngx_str_t *prefix);
static ngx_int_t ngx_http_scoped_key_set_db(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_user(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_password(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_prefix(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_timeout(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_tls(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_tls_name(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_file(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_set_tls_key(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static char *ngx_http_scoped_key_redis_tls(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf);
static ngx_int_t ngx_http_scoped_key_unsupported(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf);
static ngx_int_t ngx_http_scoped_key_option_error(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, const ngx_str_t *value,
    const char *why);
static ngx_uint_t ngx_http_scoped_key_is_graphic(const ngx_str_t *text);


static ngx_http_scoped_key_option_t  ngx_http_scoped_key_redis_options[] = {

    { ngx_string("db="), ngx_http_scoped_key_set_db, 0, 0, 0 },
    { ngx_string("user="), ngx_http_scoped_key_set_user, 0, 0, 0 },
    { ngx_string("password_file="),
      ngx_http_scoped_key_set_password, 0, 0, 0 },
    { ngx_string("prefix="), ngx_http_scoped_key_set_prefix, 0, 0, 0 },

    { ngx_string("connect_timeout="),
      ngx_http_scoped_key_option_time,
      offsetof(ngx_http_scoped_key_main_conf_t, redis.connect_timeout),
      NGX_HTTP_SCOPED_KEY_MIN_TIMEOUT_MS,
      NGX_HTTP_SCOPED_KEY_MAX_TIMEOUT_MS },

    { ngx_string("timeout="),
      ngx_http_scoped_key_set_timeout,
      offsetof(ngx_http_scoped_key_main_conf_t, redis.timeout),
      NGX_HTTP_SCOPED_KEY_MIN_TIMEOUT_MS,
      NGX_HTTP_SCOPED_KEY_MAX_TIMEOUT_MS },

    { ngx_string("sentinel="), ngx_http_scoped_key_unsupported, 0, 0, 0 },
    { ngx_string("cluster"), ngx_http_scoped_key_unsupported, 0, 0, 0 },

    { ngx_string("tls="), ngx_http_scoped_key_set_tls, 0, 0, 0 },
    { ngx_string("tls_ca="),
      ngx_http_scoped_key_set_file,
      offsetof(ngx_http_scoped_key_main_conf_t, tls_ca), 0, 0 },
    { ngx_string("tls_name="), ngx_http_scoped_key_set_tls_name, 0, 0, 0 },
    { ngx_string("tls_cert="),
      ngx_http_scoped_key_set_file,
      offsetof(ngx_http_scoped_key_main_conf_t, tls_cert), 0, 0 },
    { ngx_string("tls_key="),
      ngx_http_scoped_key_set_tls_key,
      offsetof(ngx_http_scoped_key_main_conf_t, tls_key), 0, 0 },

    { ngx_null_string, NULL, 0, 0, 0 }
};


static ngx_str_t  ngx_http_scoped_key_default_address =
    ngx_string("127.0.0.1:6379");

static ngx_str_t  ngx_http_scoped_key_default_prefix =
    ngx_string("scoped_key:");


ngx_int_t
ngx_http_scoped_key_default_redis(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf)
{
    char       *rv;
    ngx_str_t  *address;

    address = &ngx_http_scoped_key_default_address;

    skmcf->redis.connect_timeout = 200;
    skmcf->redis.timeout = 250;

    rv = ngx_http_scoped_key_redis_addresses(cf, skmcf, address, 1);
    if (rv != NGX_CONF_OK) {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_redis_prefix(cf, skmcf,
                                        &ngx_http_scoped_key_default_prefix);
}


char *
ngx_http_scoped_key_set_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   n;

    if (skmcf->redis_set) {
        return "is duplicate";
    }

    skmcf->redis_set = 1;

    if (ngx_http_scoped_key_default_redis(cf, skmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    rv = ngx_http_scoped_key_redis_count(cf, &n);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_http_scoped_key_redis_addresses(cf, skmcf, &value[1], n);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_http_scoped_key_options(cf, 1 + n,
                                    ngx_http_scoped_key_redis_options, skmcf)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (skmcf->redis.user.len && skmcf->redis.password.len == 0) {
        return ngx_http_scoped_key_conf_error(cf, &skmcf->redis.user,
                                              "\"user=\" needs a "
                                              "\"password_file=\"");
    }

    return ngx_http_scoped_key_redis_tls(cf, skmcf);
}


/*
 * What cannot be a host name is a mistake, and so is what was meant to be an
 * IPv4 address: RFC 1123, 2.1.
 */
static const char *
ngx_http_scoped_key_redis_host_error(const ngx_str_t *host)
{
    u_char      ch;
    size_t      i, label;
    ngx_uint_t  numeric;

    label = 0;
    numeric = 1;

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if (ch == '.') {
            if (label == 0) {
                return "invalid host";
            }

            /* a dot at the end belongs to the label before it */
            if (i + 1 < host->len) {
                label = 0;
                numeric = 1;
            }

            continue;
        }

        if (!ngx_http_scoped_key_redis_host_char(ch)
            || ++label > NGX_HTTP_SCOPED_KEY_MAX_LABEL_BYTES)
        {
            return "invalid host";
        }

        numeric &= (ch >= '0' && ch <= '9');
    }

    if (host->len > SCOPED_KEY_REDIS_MAX_NAME_BYTES) {
        return "invalid host";
    }

    return numeric ? "invalid IPv4 address" : NULL;
}


static ngx_uint_t
ngx_http_scoped_key_redis_host_char(u_char ch)
{
    return scoped_key_is_alnum(ch) || ch == '-' || ch == '_';
}


/* names are resolved by the workers: here it is only read */
static char *
ngx_http_scoped_key_redis_address(ngx_conf_t *cf, ngx_str_t *text,
    scoped_key_redis_host_t *host)
{
    ngx_url_t    u;
    const char  *why;

    if (text->len > 5
        && ngx_strncasecmp(text->data, (u_char *) "unix:", 5) == 0
        && text->data[5] != '/')
    {
        return ngx_http_scoped_key_conf_error(cf, text, "the path of the unix "
                                              "domain socket must be absolute");
    }

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *text;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return ngx_http_scoped_key_conf_error(cf, text,
                                              u.err ? u.err : "out of memory");
    }

    if (u.no_port) {
        return ngx_http_scoped_key_conf_error(cf, text, "no port");
    }

    host->text = *text;
    host->host = u.host;
    host->port = u.port;

    if (u.naddrs > 0) {
        host->addr = u.addrs[0];
        return NGX_CONF_OK;
    }

    why = ngx_http_scoped_key_redis_host_error(&u.host);

    return why ? ngx_http_scoped_key_conf_error(cf, text, why) : NGX_CONF_OK;
}


/* an option has a `=`, or neither colon nor dot; a path may hold all */
static ngx_uint_t
ngx_http_scoped_key_redis_is_option(const ngx_str_t *arg)
{
    if (ngx_strncasecmp(arg->data, (u_char *) "unix:", 5) == 0) {
        return 0;
    }

    return ngx_strchr(arg->data, '=') != NULL
           || (ngx_strchr(arg->data, ':') == NULL
               && ngx_strchr(arg->data, '.') == NULL);
}


/*
 * The arguments up to the first option are addresses, the first one in any
 * case; *n is how many.  None holds a password, nor is one logged that may.
 */
static char *
ngx_http_scoped_key_redis_count(ngx_conf_t *cf, ngx_uint_t *n)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;
    *n = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        if (i > 1 && ngx_http_scoped_key_redis_is_option(&value[i])) {
            continue;
        }

        if (ngx_strncasecmp(value[i].data, (u_char *) "unix:", 5) != 0
            && ngx_strchr(value[i].data, '@') != NULL)
        {
            return "takes no user and no password in the address: use "
                   "\"user=\" and \"password_file=\"";
        }

        if (*n != i - 1) {
            return ngx_http_scoped_key_conf_error(cf, &value[i],
                                    "addresses come before the parameters");
        }

        (*n)++;
    }

    return NGX_CONF_OK;
}


/* names[0] to names[n - 1] */
static char *
ngx_http_scoped_key_redis_addresses(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf, ngx_str_t *texts, ngx_uint_t n)
{
    char                     *rv;
    ngx_uint_t                i, k;
    scoped_key_redis_host_t  *hosts;

    if (n > NGX_HTTP_SCOPED_KEY_MAX_ADDRESSES) {
        return ngx_http_scoped_key_conf_error(cf,
                                 &texts[NGX_HTTP_SCOPED_KEY_MAX_ADDRESSES],
                                 "more than 16 addresses");
    }

    hosts = ngx_pcalloc(cf->pool, n * sizeof(scoped_key_redis_host_t));
    if (hosts == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        rv = ngx_http_scoped_key_redis_address(cf, &texts[i], &hosts[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }

        for (k = 0; k < i; k++) {
            if (texts[k].len == texts[i].len
                && ngx_memcmp(texts[k].data, texts[i].data, texts[i].len) == 0)
            {
                return ngx_http_scoped_key_conf_error(cf, &texts[i],
                                                      "duplicate address");
            }
        }
    }

    skmcf->redis.hosts = hosts;
    skmcf->redis.nhosts = n;

    return ngx_http_scoped_key_redis_join(cf, texts, n, &skmcf->redis.name);
}


/* as they were written, for the log */
static char *
ngx_http_scoped_key_redis_join(ngx_conf_t *cf, const ngx_str_t *texts,
    ngx_uint_t n, ngx_str_t *joined)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    len = 0;

    for (i = 0; i < n; i++) {
        len += texts[i].len + 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    joined->data = p;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, texts[i].data, texts[i].len);
        *p++ = ' ';
    }

    joined->len = len - 1;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_scoped_key_redis_prefix(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf, const ngx_str_t *prefix)
{
    skmcf->prefix = *prefix;

    if (ngx_http_scoped_key_redis_name(cf, prefix, "invalidate",
                                       &skmcf->channel)
        != NGX_OK
        || ngx_http_scoped_key_redis_name(cf, prefix, "last_used",
                                          &skmcf->last_used_key)
           != NGX_OK
        || ngx_http_scoped_key_redis_name(cf, prefix, "last_used_previous",
                                          &skmcf->previous_used_key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_scoped_key_redis_name(cf, prefix, "{", &skmcf->tracked);
}


static ngx_int_t
ngx_http_scoped_key_redis_name(ngx_conf_t *cf, const ngx_str_t *prefix,
    const char *rest, ngx_str_t *name)
{
    u_char  *p;

    name->len = prefix->len + ngx_strlen(rest);
    name->data = ngx_pnalloc(cf->pool, name->len);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name->data, prefix->data, prefix->len);
    ngx_memcpy(p, rest, ngx_strlen(rest));

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_set_db(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n > NGX_HTTP_SCOPED_KEY_MAX_DB) {
        return ngx_http_scoped_key_option_error(cf, option, value,
                                            "must be a number up to 65535");
    }

    skmcf->redis.db = (ngx_uint_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_set_user(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    if (value->len == 0 || value->len > NGX_HTTP_SCOPED_KEY_MAX_USER_BYTES
        || !ngx_http_scoped_key_is_graphic(value))
    {
        return ngx_http_scoped_key_option_error(cf, option, value,
                        "must be 1 to 128 printable characters, no spaces");
    }

    skmcf->redis.user = *value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_set_password(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    u_char      *bytes;
    ngx_int_t    rc;
    ngx_str_t   *password;

    password = &skmcf->redis.password;

    bytes = ngx_pnalloc(cf->pool, NGX_HTTP_SCOPED_KEY_MAX_PASSWORD_BYTES + 2);
    if (bytes == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_scoped_key_read_secret(cf, value, bytes, 1,
                                     NGX_HTTP_SCOPED_KEY_MAX_PASSWORD_BYTES,
                                     &password->len);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_strlchr(bytes, bytes + password->len, '\0')) {
        scoped_key_wipe(bytes, password->len);
        return ngx_http_scoped_key_option_error(cf, option, value,
                                                "the file holds a NUL byte");
    }

    password->data = bytes;

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_set_prefix(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    size_t  i;

    if (value->len == 0 || value->len > NGX_HTTP_SCOPED_KEY_MAX_PREFIX_BYTES
        || !ngx_http_scoped_key_is_graphic(value))
    {
        return ngx_http_scoped_key_option_error(cf, option, value,
                         "must be 1 to 64 printable characters, no spaces");
    }

    /* braces would move cluster slots, the others are patterns to Redis */
    for (i = 0; i < value->len; i++) {
        if (ngx_strchr("{}*?[]\\", value->data[i])) {
            return ngx_http_scoped_key_option_error(cf, option, value,
                                       "must not hold any of {}*?[]\\");
        }
    }

    return ngx_http_scoped_key_redis_prefix(cf, conf, value);
}


static ngx_int_t
ngx_http_scoped_key_set_timeout(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    skmcf->timeout = *value;

    return ngx_http_scoped_key_option_time(cf, option, value, conf);
}


/* once the bound is known: a reading is to be younger than it */
ngx_int_t
ngx_http_scoped_key_check_timeout(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf)
{
    if (skmcf->redis.timeout <= skmcf->bound) {
        return NGX_OK;
    }

    if (skmcf->timeout.data == NULL) {
        skmcf->redis.timeout = skmcf->bound;
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"timeout=%V\" in \"scoped_key_redis\" "
                       "directive: must not exceed the bound in "
                       "\"scoped_key_cache\", which is %Mms",
                       &skmcf->timeout, skmcf->bound);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_scoped_key_set_tls(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    if (value->len == 2 && ngx_strncmp(value->data, "on", 2) == 0) {
        skmcf->tls = 1;
        return NGX_OK;
    }

    if (value->len == 3 && ngx_strncmp(value->data, "off", 3) == 0) {
        return NGX_OK;
    }

    return ngx_http_scoped_key_option_error(cf, option, value,
                                              "must be \"on\" or \"off\"");
}


/* a host name, or an address without brackets */
static ngx_int_t
ngx_http_scoped_key_set_tls_name(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_http_scoped_key_main_conf_t *skmcf = conf;

    u_char       text[NGX_INET6_ADDRSTRLEN + 1], bytes[16];
    ngx_uint_t   address;
    const char  *why;

    address = 0;

    if (value->len > 0 && value->len < sizeof(text)) {
        ngx_memcpy(text, value->data, value->len);
        text[value->len] = '\0';
        address = inet_pton(AF_INET, (char *) text, bytes) == 1
                  || inet_pton(AF_INET6, (char *) text, bytes) == 1;
    }

    why = value->len == 0 ? "invalid host"
          : address ? NULL : ngx_http_scoped_key_redis_host_error(value);

    if (why != NULL) {
        return ngx_http_scoped_key_option_error(cf, option, value, why);
    }

    skmcf->redis.tls_name = *value;

    return NGX_OK;
}


/*
 * It is read later, by OpenSSL, which wants a path that ends with a NUL, and
 * would wait for the writer of a pipe.
 */
static ngx_int_t
ngx_http_scoped_key_set_file(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    ngx_str_t        *file;
    ngx_file_info_t   fi;

    file = (ngx_str_t *) ((char *) conf + option->offset);

    if (value->len == 0) {
        return ngx_http_scoped_key_option_error(cf, option, value,
                                                "no file is named");
    }

    *file = *value;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_file_info(file->data, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "invalid value \"%V%V\" in \"scoped_key_redis\" "
                           "directive: " ngx_file_info_n " failed",
                           &option->name, value);
        return NGX_ERROR;
    }

    return ngx_is_file(&fi)
           ? NGX_OK : ngx_http_scoped_key_option_error(cf, option, value,
                                                       "not a regular file");
}


/* the module reads it as its other secrets, and so warns as it does of them */
static ngx_int_t
ngx_http_scoped_key_set_tls_key(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    size_t     len;
    u_char    *bytes;
    ngx_int_t  rc;

    bytes = ngx_alloc(NGX_HTTP_SCOPED_KEY_MAX_TLS_KEY_BYTES + 2, cf->log);
    if (bytes == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_scoped_key_read_secret(cf, value, bytes, 1,
                                     NGX_HTTP_SCOPED_KEY_MAX_TLS_KEY_BYTES,
                                     &len);

    scoped_key_wipe(bytes, NGX_HTTP_SCOPED_KEY_MAX_TLS_KEY_BYTES + 2);
    ngx_free(bytes);

    return rc == NGX_OK ? ngx_http_scoped_key_set_file(cf, option, value, conf)
                        : rc;
}


/* what belongs together: tls_* to tls=on, a key to its certificate, a name */
static const char *
ngx_http_scoped_key_redis_tls_error(
    const ngx_http_scoped_key_main_conf_t *skmcf, const ngx_str_t **value)
{
    ngx_uint_t                 i;
    const ngx_str_t           *given[4];
    scoped_key_redis_host_t   *host;

    given[0] = &skmcf->tls_ca;
    given[1] = &skmcf->tls_cert;
    given[2] = &skmcf->tls_key;
    given[3] = &skmcf->redis.tls_name;

    for (i = 0; i < 4 && !skmcf->tls; i++) {
        if (given[i]->len > 0) {
            *value = given[i];
            return "\"tls_...\" needs \"tls=on\"";
        }
    }

    if (skmcf->tls_cert.len > 0 && skmcf->tls_key.len == 0) {
        *value = &skmcf->tls_cert;
        return "\"tls_cert=\" needs a \"tls_key=\"";
    }

    if (skmcf->tls_key.len > 0 && skmcf->tls_cert.len == 0) {
        *value = &skmcf->tls_key;
        return "\"tls_key=\" needs a \"tls_cert=\"";
    }

    for (i = 0; skmcf->tls && i < skmcf->redis.nhosts; i++) {
        host = &skmcf->redis.hosts[i];

        if (skmcf->redis.tls_name.len == 0 && host->addr.sockaddr != NULL
            && host->addr.sockaddr->sa_family == AF_UNIX)
        {
            *value = &host->text;
            return "TLS over a unix socket needs a \"tls_name=\"";
        }
    }

    return NULL;
}


static char *
ngx_http_scoped_key_redis_tls(ngx_conf_t *cf,
    ngx_http_scoped_key_main_conf_t *skmcf)
{
    ngx_int_t         rc;
    const char       *why;
    const ngx_str_t  *value;

    why = ngx_http_scoped_key_redis_tls_error(skmcf, &value);

    if (why != NULL) {
        return ngx_http_scoped_key_conf_error(cf, value, why);
    }

    if (!skmcf->tls) {
        return NGX_CONF_OK;
    }

    rc = scoped_key_redis_tls_create(cf, &skmcf->redis, &skmcf->tls_ca,
                                     &skmcf->tls_cert, &skmcf->tls_key,
                                     &value);

    if (rc == NGX_DECLINED) {
        return "has \"tls=on\", and nginx is built without TLS "
               "(--with-http_ssl_module)";
    }

    if (rc != NGX_OK && value != NULL) {
        return ngx_http_scoped_key_conf_error(cf, value,
                                           "TLS cannot use this file");
    }

    return rc == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_scoped_key_unsupported(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, ngx_str_t *value, void *conf)
{
    return ngx_http_scoped_key_option_error(cf, option, value,
                                            "not supported yet");
}


static ngx_int_t
ngx_http_scoped_key_option_error(ngx_conf_t *cf,
    const ngx_http_scoped_key_option_t *option, const ngx_str_t *value,
    const char *why)
{
    ngx_str_t  *args;

    args = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V%V\" in \"%V\" directive: %s",
                       &option->name, value, &args[0], why);

    return NGX_ERROR;
}


static ngx_uint_t
ngx_http_scoped_key_is_graphic(const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] <= 0x20 || text->data[i] >= 0x7f) {
            return 0;
        }
    }

    return 1;
}
