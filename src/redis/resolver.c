/*
 * Names by nginx's own resolver, behind what /etc/hosts says.  Where nginx has
 * none, one is made for the name servers of /etc/resolv.conf, and made again
 * when that file has changed: at boot it may be written after nginx starts.
 * Invariants: files are read only when their inode, size or time has changed,
 * and no more than a bounded part of them; a query has one nginx context at
 * most, which ends before the query does.
 */

#include "resolver.h"


#define SCOPED_KEY_REDIS_HOSTS_FILE        "/etc/hosts"
#define SCOPED_KEY_REDIS_RESOLV_CONF_FILE  "/etc/resolv.conf"

#define SCOPED_KEY_REDIS_MAX_HOSTS_BYTES        1048576
#define SCOPED_KEY_REDIS_MAX_RESOLV_CONF_BYTES    65536

/* a question that is not answered is put to the next server */
#define SCOPED_KEY_REDIS_RESOLVE_MS        2000

/* /etc/hosts has no TTL */
#define SCOPED_KEY_REDIS_HOSTS_TTL_MS     10000

/* of a TTL: 0 means a second, and a week is a mistake */
#define SCOPED_KEY_REDIS_MIN_TTL_S            1
#define SCOPED_KEY_REDIS_MAX_TTL_S        86400

typedef struct {
    const char  *path;
    size_t       max;
    u_char      *data;                   /* NULL: not there */
    size_t       len;
    ino_t        inode;
    off_t        size;
    time_t       sec;
    long         nsec;
} scoped_key_redis_file_t;

struct scoped_key_redis_resolver_s {
    ngx_log_t                      *log;
    ngx_log_t                       quiet;  /* of our own resolver: who asked
                                               logs what came of it */
    ngx_resolver_t                 *configured;
    ngx_resolver_t                 *own;
    ngx_pool_t                     *pool;   /* of own */
    ngx_uint_t                      active;  /* contexts of own */
    scoped_key_redis_file_t         hosts;
    scoped_key_redis_file_t         file;   /* resolv.conf */
    scoped_key_redis_resolv_conf_t  conf;   /* points into it */
};


static void scoped_key_redis_resolver_send(scoped_key_redis_query_t *query);
static void scoped_key_redis_resolver_answered(ngx_resolver_ctx_t *ctx);


scoped_key_redis_resolver_t *
scoped_key_redis_resolver_create(ngx_resolver_t *configured, ngx_log_t *log)
{
    scoped_key_redis_resolver_t  *resolver;

    resolver = ngx_calloc(sizeof(scoped_key_redis_resolver_t), log);
    if (resolver == NULL) {
        return NULL;
    }

    resolver->log = log;
    resolver->quiet = *log;
    resolver->quiet.log_level = ngx_min(log->log_level, NGX_LOG_ALERT);
    resolver->configured = configured;

    resolver->hosts.path = SCOPED_KEY_REDIS_HOSTS_FILE;
    resolver->hosts.max = SCOPED_KEY_REDIS_MAX_HOSTS_BYTES;

    resolver->file.path = SCOPED_KEY_REDIS_RESOLV_CONF_FILE;
    resolver->file.max = SCOPED_KEY_REDIS_MAX_RESOLV_CONF_BYTES;

    return resolver;
}


void
scoped_key_redis_resolver_destroy(scoped_key_redis_resolver_t *resolver)
{
    if (resolver == NULL) {
        return;
    }

    if (resolver->pool != NULL) {
        ngx_destroy_pool(resolver->pool);
    }

    ngx_free(resolver->hosts.data);
    ngx_free(resolver->file.data);
    ngx_free(resolver);
}


static void
scoped_key_redis_resolver_read(scoped_key_redis_file_t *file, ngx_fd_t fd,
    ngx_log_t *log)
{
    ssize_t  n;

    file->len = 0;
    file->data = ngx_alloc(ngx_min((size_t) file->size, file->max) + 1, log);

    if (file->data == NULL) {
        return;
    }

    do {
        n = ngx_read_fd(fd, file->data + file->len,
                        ngx_min((size_t) file->size, file->max) - file->len);
        file->len += n > 0 ? n : 0;
    } while (n > 0);
}


/* 1: it is not as it was.  What cannot be read is as if it were not there. */
static ngx_uint_t
scoped_key_redis_resolver_check(scoped_key_redis_file_t *file, ngx_log_t *log)
{
    ngx_fd_t     fd;
    struct stat  st;

    ngx_memzero(&st, sizeof(struct stat));

    fd = open(file->path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd != NGX_INVALID_FILE
        && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)))
    {
        ngx_memzero(&st, sizeof(struct stat));
    }

    if (st.st_ino == file->inode && st.st_size == file->size
        && st.st_mtim.tv_sec == file->sec && st.st_mtim.tv_nsec == file->nsec)
    {
        if (fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(fd);
        }

        return 0;
    }

    ngx_free(file->data);

    file->data = NULL;
    file->len = 0;
    file->inode = st.st_ino;
    file->size = st.st_size;
    file->sec = st.st_mtim.tv_sec;
    file->nsec = st.st_mtim.tv_nsec;

    if (fd != NGX_INVALID_FILE) {
        scoped_key_redis_resolver_read(file, fd, log);
        (void) ngx_close_file(fd);
    }

    return 1;
}


static ngx_str_t
scoped_key_redis_resolver_server(const scoped_key_redis_ip_t *ip, u_char *text)
{
    size_t     len;
    ngx_str_t  server;

    server.data = text;

    if (!ip->v6) {
        server.len = ngx_inet_ntop(AF_INET, (void *) ip->bytes, text,
                                   NGX_INET_ADDRSTRLEN);

    } else {
        text[0] = '[';
        len = ngx_inet_ntop(AF_INET6, (void *) ip->bytes, text + 1,
                            NGX_INET6_ADDRSTRLEN);
        text[len + 1] = ']';
        server.len = len + 2;
    }

    text[server.len] = '\0';

    return server;
}


/* NGX_OK: resolver->own asks those whom resolv.conf names */
static ngx_int_t
scoped_key_redis_resolver_make(scoped_key_redis_resolver_t *resolver)
{
    u_char       text[SCOPED_KEY_REDIS_MAX_NAMESERVERS]
                     [NGX_INET6_ADDRSTRLEN + 3];
    ngx_str_t    names[SCOPED_KEY_REDIS_MAX_NAMESERVERS];
    ngx_uint_t   i;
    ngx_conf_t   cf;

    if (resolver->pool != NULL) {
        ngx_destroy_pool(resolver->pool);
        resolver->own = NULL;
    }

    resolver->pool = ngx_create_pool(NGX_MIN_POOL_SIZE, &resolver->quiet);
    if (resolver->pool == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < resolver->conf.nservers; i++) {
        names[i] = scoped_key_redis_resolver_server(&resolver->conf.servers[i],
                                                    text[i]);
    }

    /* as libc does */
    if (i == 0) {
        ngx_str_set(&names[0], "127.0.0.1");
        i = 1;
    }

    ngx_memzero(&cf, sizeof(ngx_conf_t));
    cf.pool = resolver->pool;
    cf.log = &resolver->quiet;
    cf.cycle = (ngx_cycle_t *) ngx_cycle;

    resolver->own = ngx_resolver_create(&cf, names, i);
    if (resolver->own == NULL) {
        return NGX_ERROR;
    }

    resolver->own->log = &resolver->quiet;
    resolver->own->event->log = &resolver->quiet;

    return NGX_OK;
}


/* whom to ask; NULL: out of memory */
static ngx_resolver_t *
scoped_key_redis_resolver_choose(scoped_key_redis_resolver_t *resolver,
    ngx_uint_t attempt)
{
    if (resolver->configured != NULL) {
        return resolver->configured;
    }

    /*
     * A context that is in progress would go with the old one; and when a query
     * goes on to its next domain, the old one is what has just called us.
     */
    if (resolver->active > 0 || attempt > 0) {
        return resolver->own;
    }

    if (scoped_key_redis_resolver_check(&resolver->file, resolver->log)
        || resolver->own == NULL)
    {
        scoped_key_redis_resolv_conf_read(resolver->file.data,
                                          resolver->file.len, &resolver->conf);

        if (scoped_key_redis_resolver_make(resolver) != NGX_OK) {
            return NULL;
        }
    }

    return resolver->own;
}


static void
scoped_key_redis_resolver_end(scoped_key_redis_query_t *query, ngx_int_t state)
{
    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, query->resolver->log, 0,
                   "scoped key: resolved \"%V\": %ui addresses, state %i",
                   &query->name, query->n, state);

    query->state = state;
    query->handler(query);
}


void
scoped_key_redis_resolve(scoped_key_redis_resolver_t *resolver,
    scoped_key_redis_query_t *query)
{
    query->resolver = resolver;
    query->ctx = NULL;
    query->attempt = 0;
    query->n = 0;

    (void) scoped_key_redis_resolver_check(&resolver->hosts, resolver->log);

    query->n = scoped_key_redis_hosts_find(resolver->hosts.data,
                                           resolver->hosts.len,
                                           query->name.data, query->name.len,
                                           query->ips,
                                           SCOPED_KEY_REDIS_MAX_IPS);

    if (query->n > 0) {
        query->ttl = SCOPED_KEY_REDIS_HOSTS_TTL_MS;
        scoped_key_redis_resolver_end(query, NGX_OK);
        return;
    }

    scoped_key_redis_resolver_send(query);
}


void
scoped_key_redis_resolve_cancel(scoped_key_redis_query_t *query)
{
    ngx_resolver_ctx_t  *ctx;

    ctx = query->ctx;

    if (ctx == NULL) {
        return;
    }

    query->ctx = NULL;
    query->resolver->active--;

    ngx_resolve_name_done(ctx);
}


/* glibc's order: with enough dots the name as it is comes first, else last */
static const scoped_key_redis_domain_t *
scoped_key_redis_resolver_domain(const scoped_key_redis_query_t *query,
    ngx_uint_t *last)
{
    size_t                                 i, dots;
    ngx_uint_t                             first;
    const scoped_key_redis_resolv_conf_t  *conf;

    conf = &query->resolver->conf;
    dots = 0;

    for (i = 0; i < query->name.len; i++) {
        dots += (query->name.data[i] == '.');
    }

    if (query->resolver->configured != NULL
        || query->name.data[query->name.len - 1] == '.')
    {
        *last = 1;
        return NULL;
    }

    /* the file may have got shorter since the last attempt */
    *last = (query->attempt >= conf->nsearch);
    first = (dots >= conf->ndots);

    if (query->attempt == (first ? 0 : conf->nsearch)
        || query->attempt > conf->nsearch)
    {
        return NULL;
    }

    return &conf->search[query->attempt - first];
}


/* the name, with a search domain behind it; 0: too long */
static size_t
scoped_key_redis_resolver_name(scoped_key_redis_query_t *query)
{
    u_char                           *p;
    ngx_uint_t                        last;
    const scoped_key_redis_domain_t  *domain;

    domain = scoped_key_redis_resolver_domain(query, &last);

    if (query->name.len + (domain ? domain->len + 1 : 0)
        > SCOPED_KEY_REDIS_MAX_NAME_BYTES + 1)
    {
        return 0;
    }

    p = ngx_cpymem(query->full, query->name.data, query->name.len);

    if (domain != NULL) {
        *p++ = '.';
        p = ngx_cpymem(p, domain->data, domain->len);
    }

    return p - query->full;
}


static void
scoped_key_redis_resolver_failed(scoped_key_redis_query_t *query,
    ngx_int_t state)
{
    ngx_uint_t  last;

    (void) scoped_key_redis_resolver_domain(query, &last);

    /* a server that is silent is so for the next domain, too */
    if (last || state == NGX_RESOLVE_TIMEDOUT) {
        scoped_key_redis_resolver_end(query, state);
        return;
    }

    query->attempt++;
    scoped_key_redis_resolver_send(query);
}


static void
scoped_key_redis_resolver_send(scoped_key_redis_query_t *query)
{
    size_t               len;
    ngx_resolver_t      *r;
    ngx_resolver_ctx_t  *ctx;

    r = scoped_key_redis_resolver_choose(query->resolver, query->attempt);

    ctx = r ? ngx_resolve_start(r, NULL) : NULL;

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        scoped_key_redis_resolver_end(query, NGX_RESOLVE_SERVFAIL);
        return;
    }

    len = scoped_key_redis_resolver_name(query);

    if (len == 0) {
        ngx_resolve_name_done(ctx);
        scoped_key_redis_resolver_failed(query, NGX_RESOLVE_NXDOMAIN);
        return;
    }

    ctx->name.len = len;
    ctx->name.data = query->full;
    ctx->handler = scoped_key_redis_resolver_answered;
    ctx->data = query;
    ctx->timeout = SCOPED_KEY_REDIS_RESOLVE_MS;
    ctx->cancelable = 1;

    query->ctx = ctx;
    query->resolver->active++;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        query->ctx = NULL;
        query->resolver->active--;
        scoped_key_redis_resolver_end(query, NGX_RESOLVE_SERVFAIL);
    }
}


static void
scoped_key_redis_resolver_add(scoped_key_redis_query_t *query,
    const struct sockaddr *sa)
{
    scoped_key_redis_ip_t  *ip;

    ip = &query->ips[query->n];
    ngx_memzero(ip, sizeof(scoped_key_redis_ip_t));

    switch (sa->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:
        ip->v6 = 1;
        ngx_memcpy(ip->bytes, &((struct sockaddr_in6 *) sa)->sin6_addr, 16);
        break;
#endif

    case AF_INET:
        ngx_memcpy(ip->bytes, &((struct sockaddr_in *) sa)->sin_addr, 4);
        break;

    default:
        return;
    }

    query->n++;
}


static int ngx_libc_cdecl
scoped_key_redis_resolver_cmp(const void *one, const void *two)
{
    const scoped_key_redis_ip_t  *a = one;
    const scoped_key_redis_ip_t  *b = two;

    if (a->v6 != b->v6) {
        return a->v6 - b->v6;
    }

    return ngx_memcmp(a->bytes, b->bytes, 16);
}


/*
 * A name server turns its answers round, as nginx does: all workers shall try
 * the same address first.
 */
static void
scoped_key_redis_resolver_store(scoped_key_redis_query_t *query,
    ngx_resolver_ctx_t *ctx)
{
    time_t      ttl;
    ngx_uint_t  i;

    query->n = 0;

    for (i = 0; i < ctx->naddrs && query->n < SCOPED_KEY_REDIS_MAX_IPS; i++) {
        scoped_key_redis_resolver_add(query, ctx->addrs[i].sockaddr);
    }

    ngx_qsort(query->ips, query->n, sizeof(scoped_key_redis_ip_t),
              scoped_key_redis_resolver_cmp);

    /* nginx itself holds it for good within the last second */
    ttl = ctx->valid - ngx_time() + 1;
    ttl = ngx_max(ttl, SCOPED_KEY_REDIS_MIN_TTL_S);
    ttl = ngx_min(ttl, SCOPED_KEY_REDIS_MAX_TTL_S);

    query->ttl = (ngx_msec_t) ttl * 1000;
}


static void
scoped_key_redis_resolver_answered(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                  state;
    scoped_key_redis_query_t  *query;

    query = ctx->data;
    state = ctx->state;

    if (state == NGX_OK) {
        scoped_key_redis_resolver_store(query, ctx);
    }

    query->ctx = NULL;
    query->resolver->active--;

    ngx_resolve_name_done(ctx);

    if (state == NGX_OK && query->n > 0) {
        scoped_key_redis_resolver_end(query, NGX_OK);
        return;
    }

    scoped_key_redis_resolver_failed(query, state == NGX_OK
                                            ? NGX_RESOLVE_NXDOMAIN : state);
}
