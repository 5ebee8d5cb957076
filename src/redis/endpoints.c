/*
 * The addresses of the server, in the order of the configuration.
 * Invariants: a name that can no longer be resolved keeps the addresses that
 * it had; nobody is told of anything but from the timer, so that who asks for
 * an address is never called back before he has it.
 */

#include "endpoints.h"
#include "log_limit.h"
#include "resolver.h"


/* after a name could not be resolved, and between any two questions */
#define SCOPED_KEY_REDIS_ASK_AGAIN_MS  1000

#define SCOPED_KEY_REDIS_MAX_WHY        512

/* addresses of one ADDRESS */
typedef struct {
    const scoped_key_redis_host_t  *conf;
    scoped_key_redis_endpoints_t   *endpoints;
    ngx_uint_t                      n;
    scoped_key_redis_ip_t           ips[SCOPED_KEY_REDIS_MAX_IPS];
    scoped_key_redis_query_t        query;
    ngx_msec_t                      asked;   /* when it was, the last time */
    ngx_msec_t                      due;     /* when it will be */
    ngx_int_t                       state;   /* of the last answer */
    scoped_key_redis_log_limit_t    limit;
    unsigned                        asking:1;
    unsigned                        answered:1;
    unsigned                        warned:1;
} scoped_key_redis_endpoint_t;

struct scoped_key_redis_endpoints_s {
    ngx_log_t                    *log;
    void                         *dummy;
    ngx_uint_t                    n;
    ngx_int_t                     ident;     /* -1; see link.h */

    scoped_key_redis_resolver_t  *resolver;  /* NULL: there are no names */
    scoped_key_redis_endpoint_t  *hosts;
    ngx_queue_t                   watchers;
    ngx_event_t                   timer;
    ngx_uint_t                    news;      /* to be told */
    u_char                        why[SCOPED_KEY_REDIS_MAX_WHY];
};


static void scoped_key_redis_endpoints_on_timer(ngx_event_t *ev);
static void scoped_key_redis_endpoints_on_answer(
    scoped_key_redis_query_t *query);


static ngx_uint_t
scoped_key_redis_endpoint_is_name(const scoped_key_redis_endpoint_t *host)
{
    return host->conf->addr.sockaddr == NULL;
}


/* the timer for whichever is due first */
static void
scoped_key_redis_endpoints_plan(scoped_key_redis_endpoints_t *endpoints)
{
    ngx_uint_t                    i, found;
    ngx_msec_int_t                left, least;
    scoped_key_redis_endpoint_t  *host;

    least = 0;
    found = 0;

    for (i = 0; i < endpoints->n; i++) {
        host = &endpoints->hosts[i];

        if (!scoped_key_redis_endpoint_is_name(host) || host->asking) {
            continue;
        }

        left = (ngx_msec_int_t) (host->due - ngx_current_msec);
        least = found ? ngx_min(least, left) : left;
        found = 1;
    }

    if (endpoints->timer.timer_set) {
        ngx_del_timer(&endpoints->timer);
    }

    if (endpoints->news) {
        least = 0;
        found = 1;
    }

    if (found) {
        ngx_add_timer(&endpoints->timer, (ngx_msec_t) ngx_max(least, 0));
    }
}


static void
scoped_key_redis_endpoint_resolve(scoped_key_redis_endpoint_t *host)
{
    host->asking = 1;
    host->asked = ngx_current_msec;

    scoped_key_redis_resolve(host->endpoints->resolver, &host->query);
}


static ngx_int_t
scoped_key_redis_endpoints_init(scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_conf_t *conf)
{
    ngx_uint_t                    i;
    scoped_key_redis_endpoint_t  *host;

    /* a name in /etc/hosts is answered at once, and an answer looks at all */

    for (i = 0; i < endpoints->n; i++) {
        host = &endpoints->hosts[i];

        host->conf = &conf->hosts[i];
        host->endpoints = endpoints;
        host->query.name = host->conf->host;
        host->query.handler = scoped_key_redis_endpoints_on_answer;
        host->query.data = host;
    }

    for (i = 0; i < endpoints->n; i++) {
        host = &endpoints->hosts[i];

        if (!scoped_key_redis_endpoint_is_name(host)) {
            host->n = 1;
            host->answered = 1;
            continue;
        }

        if (endpoints->resolver == NULL) {
            endpoints->resolver = scoped_key_redis_resolver_create(
                                            conf->resolver, endpoints->log);
        }

        if (endpoints->resolver == NULL) {
            return NGX_ERROR;
        }

        scoped_key_redis_endpoint_resolve(host);
    }

    return NGX_OK;
}


scoped_key_redis_endpoints_t *
scoped_key_redis_endpoints_create(const scoped_key_redis_conf_t *conf,
    ngx_log_t *log)
{
    scoped_key_redis_endpoints_t  *endpoints;

    endpoints = ngx_calloc(sizeof(scoped_key_redis_endpoints_t)
                           + conf->nhosts
                             * sizeof(scoped_key_redis_endpoint_t), log);
    if (endpoints == NULL) {
        return NULL;
    }

    endpoints->log = log;
    endpoints->ident = -1;
    endpoints->hosts = (scoped_key_redis_endpoint_t *) &endpoints[1];
    endpoints->n = conf->nhosts;

    ngx_queue_init(&endpoints->watchers);

    endpoints->timer.handler = scoped_key_redis_endpoints_on_timer;
    endpoints->timer.data = endpoints;
    endpoints->timer.log = log;
    endpoints->timer.cancelable = 1;

    if (scoped_key_redis_endpoints_init(endpoints, conf) != NGX_OK) {
        scoped_key_redis_endpoints_destroy(endpoints);
        return NULL;
    }

    /* there is nobody yet who could be told */
    endpoints->news = 0;
    scoped_key_redis_endpoints_plan(endpoints);

    return endpoints;
}


void
scoped_key_redis_endpoints_destroy(scoped_key_redis_endpoints_t *endpoints)
{
    ngx_uint_t  i;

    if (endpoints == NULL) {
        return;
    }

    for (i = 0; i < endpoints->n; i++) {
        scoped_key_redis_resolve_cancel(&endpoints->hosts[i].query);
    }

    if (endpoints->timer.timer_set) {
        ngx_del_timer(&endpoints->timer);
    }

    scoped_key_redis_resolver_destroy(endpoints->resolver);
    ngx_free(endpoints);
}


void
scoped_key_redis_endpoints_watch(scoped_key_redis_endpoints_t *endpoints,
    scoped_key_redis_watcher_t *watcher)
{
    ngx_queue_insert_tail(&endpoints->watchers, &watcher->queue);
}


ngx_uint_t
scoped_key_redis_endpoints_all_up(scoped_key_redis_endpoints_t *endpoints,
    scoped_key_redis_watcher_t *watcher)
{
    ngx_queue_t                 *q;
    scoped_key_redis_watcher_t  *other;

    if (watcher->was_up) {
        return 0;
    }

    watcher->was_up = 1;

    for (q = ngx_queue_head(&endpoints->watchers);
         q != ngx_queue_sentinel(&endpoints->watchers);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, scoped_key_redis_watcher_t, queue);

        if (!other->was_up) {
            return 0;
        }
    }

    return 1;
}


static void
scoped_key_redis_endpoints_tell(scoped_key_redis_endpoints_t *endpoints)
{
    ngx_queue_t                 *q;
    scoped_key_redis_watcher_t  *watcher;

    endpoints->news = 0;

    for (q = ngx_queue_head(&endpoints->watchers);
         q != ngx_queue_sentinel(&endpoints->watchers);
         q = ngx_queue_next(q))
    {
        watcher = ngx_queue_data(q, scoped_key_redis_watcher_t, queue);
        watcher->handler(watcher->data);
    }
}


static void
scoped_key_redis_endpoints_on_timer(ngx_event_t *ev)
{
    ngx_uint_t                     i;
    scoped_key_redis_endpoint_t   *host;
    scoped_key_redis_endpoints_t  *endpoints;

    endpoints = ev->data;

    for (i = 0; i < endpoints->n; i++) {
        host = &endpoints->hosts[i];

        if (scoped_key_redis_endpoint_is_name(host) && !host->asking
            && (ngx_msec_int_t) (host->due - ngx_current_msec) <= 0)
        {
            scoped_key_redis_endpoint_resolve(host);
        }
    }

    if (endpoints->news) {
        scoped_key_redis_endpoints_tell(endpoints);
    }

    scoped_key_redis_endpoints_plan(endpoints);
}


/* at most once a second, and not by all workers at once */
static void
scoped_key_redis_endpoint_failed(scoped_key_redis_endpoint_t *host)
{
    const char  *note;

    host->state = host->query.state;
    host->due = host->asked + SCOPED_KEY_REDIS_ASK_AGAIN_MS
                + ngx_random() % (SCOPED_KEY_REDIS_ASK_AGAIN_MS / 2);

    if (host->n == 0 || host->warned) {
        return;
    }

    note = scoped_key_redis_log_allow(&host->limit, host->state,
                                      ngx_current_msec);
    if (note == NULL) {
        return;
    }

    host->warned = 1;

    ngx_log_error(NGX_LOG_WARN, host->endpoints->log, 0,
                  "scoped key: redis \"%V\" could not be resolved (%i: %s), "
                  "its last addresses stay%s",
                  &host->conf->text, host->state,
                  ngx_resolver_strerror(host->state), note);
}


static void
scoped_key_redis_endpoints_on_answer(scoped_key_redis_query_t *query)
{
    ngx_uint_t                    first;
    scoped_key_redis_endpoint_t  *host;

    host = query->data;
    first = !host->answered;

    host->asking = 0;
    host->answered = 1;

    if (query->state != NGX_OK) {
        scoped_key_redis_endpoint_failed(host);

    } else {
        host->due = ngx_current_msec + query->ttl;
        host->warned = 0;

        if (host->n != query->n
            || ngx_memcmp(host->ips, query->ips,
                          query->n * sizeof(scoped_key_redis_ip_t))
               != 0)
        {
            host->n = query->n;
            ngx_memcpy(host->ips, query->ips,
                       query->n * sizeof(scoped_key_redis_ip_t));
            host->endpoints->news = 1;
        }
    }

    host->endpoints->news |= first;
    scoped_key_redis_endpoints_plan(host->endpoints);
}


/* the socket address number i of a host */
static socklen_t
scoped_key_redis_endpoint_sockaddr(const scoped_key_redis_endpoint_t *host,
    ngx_uint_t i, ngx_sockaddr_t *sa)
{
    socklen_t                     len;
    const scoped_key_redis_ip_t  *ip;

    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

    if (!scoped_key_redis_endpoint_is_name(host)) {
        ngx_memcpy(sa, host->conf->addr.sockaddr, host->conf->addr.socklen);
        return host->conf->addr.socklen;
    }

    ip = &host->ips[i];
    len = sizeof(struct sockaddr_in);

    if (!ip->v6) {
        sa->sockaddr_in.sin_family = AF_INET;
        ngx_memcpy(&sa->sockaddr_in.sin_addr, ip->bytes, 4);
    }

#if (NGX_HAVE_INET6)
    if (ip->v6) {
        len = sizeof(struct sockaddr_in6);
        sa->sockaddr_in6.sin6_family = AF_INET6;
        ngx_memcpy(&sa->sockaddr_in6.sin6_addr, ip->bytes, 16);
    }
#endif

    ngx_inet_set_port(&sa->sockaddr, host->conf->port);

    return len;
}


/* the address number i of all */
static void
scoped_key_redis_endpoints_get(const scoped_key_redis_endpoints_t *endpoints,
    ngx_uint_t i, scoped_key_redis_address_t *address)
{
    const scoped_key_redis_endpoint_t  *host;

    for (host = endpoints->hosts; i >= host->n; host++) {
        i -= host->n;
    }

    address->host = host->conf;
    address->socklen = scoped_key_redis_endpoint_sockaddr(host, i,
                                                          &address->sockaddr);
    address->name.data = address->text;
    address->name.len = ngx_sock_ntop(&address->sockaddr.sockaddr,
                                      address->socklen, address->text,
                                      NGX_SOCKADDR_STRLEN, 1);
}


ngx_uint_t
scoped_key_redis_address_equal(const scoped_key_redis_address_t *one,
    const scoped_key_redis_address_t *two)
{
    if (one->socklen == 0 || two->socklen == 0) {
        return 0;
    }

    return ngx_cmp_sockaddr((struct sockaddr *) &one->sockaddr, one->socklen,
                            (struct sockaddr *) &two->sockaddr, two->socklen,
                            1)
           == NGX_OK;
}


ngx_uint_t
scoped_key_redis_endpoints_count(const scoped_key_redis_endpoints_t *endpoints)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < endpoints->n; i++) {
        n += endpoints->hosts[i].n;
    }

    return n;
}


/*
 * Its number, or how many there are.  Two names may have one address: the one
 * that it was taken from comes first, or none after it would ever be next.
 */
static ngx_uint_t
scoped_key_redis_endpoints_find(const scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_address_t *address, ngx_uint_t n)
{
    ngx_uint_t                  i, found;
    scoped_key_redis_address_t  one;

    found = n;

    for (i = 0; i < n; i++) {
        scoped_key_redis_endpoints_get(endpoints, i, &one);

        if (!scoped_key_redis_address_equal(&one, address)) {
            continue;
        }

        if (one.host == address->host) {
            return i;
        }

        found = ngx_min(found, i);
    }

    return found;
}


ngx_uint_t
scoped_key_redis_endpoints_has(const scoped_key_redis_endpoints_t *endpoints,
    const scoped_key_redis_address_t *address)
{
    ngx_uint_t  n;

    n = scoped_key_redis_endpoints_count(endpoints);

    return scoped_key_redis_endpoints_find(endpoints, address, n) < n;
}


ngx_int_t
scoped_key_redis_endpoints_next(scoped_key_redis_endpoints_t *endpoints,
    scoped_key_redis_address_t *address, ngx_uint_t advance,
    ngx_uint_t patient)
{
    ngx_uint_t  i, n;

    for (i = 0; patient && i < endpoints->n; i++) {
        if (!endpoints->hosts[i].answered) {
            return NGX_AGAIN;
        }
    }

    n = scoped_key_redis_endpoints_count(endpoints);

    if (n == 0) {
        address->socklen = 0;
        ngx_str_set(&address->name, "no address");
        return NGX_DECLINED;
    }

    i = scoped_key_redis_endpoints_find(endpoints, address, n);

    /* one that is gone has the number n */
    i = i == n ? 0 : (i + (advance ? 1 : 0)) % n;

    scoped_key_redis_endpoints_get(endpoints, i, address);

    return NGX_OK;
}


const char *
scoped_key_redis_endpoints_reason(scoped_key_redis_endpoints_t *endpoints)
{
    u_char                       *p;
    scoped_key_redis_endpoint_t  *host;

    /* no address at all: each is a name without one */
    host = &endpoints->hosts[0];

    if (host->answered) {
        p = ngx_snprintf(endpoints->why, SCOPED_KEY_REDIS_MAX_WHY - 1,
                         "\"%V\" could not be resolved (%i: %s)",
                         &host->conf->host, host->state,
                         ngx_resolver_strerror(host->state));

    } else {
        p = ngx_snprintf(endpoints->why, SCOPED_KEY_REDIS_MAX_WHY - 1,
                         "\"%V\" is not resolved yet", &host->conf->host);
    }

    *p = '\0';

    return (const char *) endpoints->why;
}


void
scoped_key_redis_endpoints_refresh(scoped_key_redis_endpoints_t *endpoints)
{
    ngx_uint_t                    i;
    ngx_msec_t                    due;
    scoped_key_redis_endpoint_t  *host;

    if (endpoints->resolver == NULL) {
        return;
    }

    for (i = 0; i < endpoints->n; i++) {
        host = &endpoints->hosts[i];
        due = host->asked + SCOPED_KEY_REDIS_ASK_AGAIN_MS;

        if ((ngx_msec_int_t) (due - ngx_current_msec) < 0) {
            due = ngx_current_msec;
        }

        if ((ngx_msec_int_t) (due - host->due) < 0) {
            host->due = due;
        }
    }

    scoped_key_redis_endpoints_plan(endpoints);
}
