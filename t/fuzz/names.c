/* links: redis/names */

/*
 * The first line of the input is a name, the rest is read as hosts(5) and as
 * resolv.conf(5): no more addresses, servers and domains come out than there
 * is room for, each once, and domains lie in the text.
 */

#include "fuzz.h"

#include "redis/names.h"


static void
hosts_hold(scoped_key_str_t name, const uint8_t *data, size_t size)
{
    size_t                 i, k, n;
    scoped_key_redis_ip_t  ips[SCOPED_KEY_REDIS_MAX_IPS];

    n = scoped_key_redis_hosts_find(data, size, name.data, name.len, ips,
                                    SCOPED_KEY_REDIS_MAX_IPS);
    must(n <= SCOPED_KEY_REDIS_MAX_IPS);

    for (i = 0; i < n; i++) {
        for (k = 0; k < i; k++) {
            must(memcmp(&ips[i], &ips[k], sizeof(ips[i])) != 0);
        }
    }

    must(scoped_key_redis_hosts_find(data, size, name.data, name.len, ips, 1)
         == (n > 0));
}


static void
resolv_conf_holds(const uint8_t *data, size_t size)
{
    size_t                          i;
    scoped_key_redis_resolv_conf_t  conf;

    scoped_key_redis_resolv_conf_read(data, size, &conf);

    must(conf.nservers <= SCOPED_KEY_REDIS_MAX_NAMESERVERS);
    must(conf.nsearch <= SCOPED_KEY_REDIS_MAX_SEARCH);
    must(conf.ndots <= SCOPED_KEY_REDIS_MAX_NDOTS);

    for (i = 0; i < conf.nsearch; i++) {
        must(conf.search[i].len > 0);
        must(conf.search[i].data >= data);
        must(conf.search[i].data + conf.search[i].len <= data + size);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t  name;

    name = fuzz_line(&data, &size);

    hosts_hold(name, data, size);
    resolv_conf_holds(data, size);

    fuzz_free(name);

    return 0;
}
