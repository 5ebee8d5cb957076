/*
 * What the machine's own files say of names: /etc/hosts and /etc/resolv.conf.
 * Bytes in; knows neither files nor sockets nor nginx.
 */

#ifndef SCOPED_KEY_REDIS_NAMES_H
#define SCOPED_KEY_REDIS_NAMES_H

#include <stddef.h>


/* of a name; what is over is left out */
#define SCOPED_KEY_REDIS_MAX_IPS          16

/* glibc's limits */
#define SCOPED_KEY_REDIS_MAX_NAMESERVERS   3
#define SCOPED_KEY_REDIS_MAX_SEARCH        6
#define SCOPED_KEY_REDIS_MAX_NDOTS        15

typedef struct {
    int            v6;
    unsigned char  bytes[16];            /* the first 4 of IPv4 */
} scoped_key_redis_ip_t;

typedef struct {
    size_t                len;
    const unsigned char  *data;
} scoped_key_redis_domain_t;

typedef struct {
    size_t                     nservers;
    scoped_key_redis_ip_t      servers[SCOPED_KEY_REDIS_MAX_NAMESERVERS];
    size_t                     nsearch;
    scoped_key_redis_domain_t  search[SCOPED_KEY_REDIS_MAX_SEARCH];
    size_t                     ndots;
} scoped_key_redis_resolv_conf_t;


/*
 * Addresses of a name in the form of hosts(5), in the order of the lines, each
 * once.  Case does not matter, nor one dot at the end.  Returns how many.
 */
size_t scoped_key_redis_hosts_find(const unsigned char *text, size_t len,
    const unsigned char *name, size_t name_len, scoped_key_redis_ip_t *ips,
    size_t max);

/*
 * resolv.conf(5).  Domains point into the text.  A name server whose address
 * has a zone (fe80::1%eth0) is left out.
 */
void scoped_key_redis_resolv_conf_read(const unsigned char *text, size_t len,
    scoped_key_redis_resolv_conf_t *conf);

#endif
