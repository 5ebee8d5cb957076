/* links: redis/names */

/*
 * What hosts(5) and resolv.conf(5) say, in the ways that they are written in.
 */

#include "redis/names.h"
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>


#define MAX_SHOWN  1024


static const char *
show_ips(const scoped_key_redis_ip_t *ips, size_t n)
{
    static char  shown[MAX_SHOWN];

    char    text[INET6_ADDRSTRLEN];
    size_t  i;

    shown[0] = '\0';

    for (i = 0; i < n; i++) {
        inet_ntop(ips[i].v6 ? AF_INET6 : AF_INET, ips[i].bytes, text,
                  sizeof(text));
        strcat(shown, i ? " " : "");
        strcat(shown, text);
    }

    return shown;
}


static int
hosts(const char *text, const char *name, const char *wanted)
{
    size_t                 n;
    const char            *shown;
    scoped_key_redis_ip_t  ips[SCOPED_KEY_REDIS_MAX_IPS];

    n = scoped_key_redis_hosts_find((const unsigned char *) text, strlen(text),
                                    (const unsigned char *) name, strlen(name),
                                    ips, SCOPED_KEY_REDIS_MAX_IPS);
    shown = show_ips(ips, n);

    if (strcmp(shown, wanted) != 0) {
        fprintf(stderr, "%s in \"%s\": %s\n", name, text, shown);
        return 0;
    }

    return 1;
}


static void
test_hosts(void)
{
    check(hosts("10.0.0.1 redis\n", "redis", "10.0.0.1"));
    check(hosts("10.0.0.1 redis", "redis", "10.0.0.1"));
    check(hosts("10.0.0.1\tredis\r\n", "redis", "10.0.0.1"));
    check(hosts(" 10.0.0.1  a b\tREDIS c\n", "redis.", "10.0.0.1"));
    check(hosts("10.0.0.1 redis\n::1 redis\n10.0.0.2 redis", "Redis",
                "10.0.0.1 ::1 10.0.0.2"));
    check(hosts("10.0.0.1 redis\n10.0.0.1 redis\n", "redis", "10.0.0.1"));

    check(hosts("", "redis", ""));
    check(hosts("\n\n \n", "redis", ""));
    check(hosts("10.0.0.1 redis2 xredis redis.test\n", "redis", ""));
    check(hosts("redis 10.0.0.1\n", "redis", ""));
    check(hosts("10.0.0.1 a # redis\n#10.0.0.2 redis\n", "redis", ""));
    check(hosts("10.0.0.1 a#redis\n", "redis", ""));
    check(hosts("10.0.0.256 redis\n10.0.0 redis\n", "redis", ""));
    check(hosts("fe80::1%eth0 redis\n", "redis", ""));
    check(hosts("10.0.0.1\nredis\n", "redis", ""));
    check(hosts("10.0.0.1 redis\n", "", ""));
    check(hosts("10.0.0.1 redis\n", "10.0.0.1", ""));
}


static void
test_many_hosts(void)
{
    char                   text[64 * SCOPED_KEY_REDIS_MAX_IPS], *p;
    size_t                 i, n;
    scoped_key_redis_ip_t  ips[SCOPED_KEY_REDIS_MAX_IPS];

    p = text;

    for (i = 0; i < SCOPED_KEY_REDIS_MAX_IPS + 2; i++) {
        p += sprintf(p, "10.0.0.%d redis\n", (int) i);
    }

    n = scoped_key_redis_hosts_find((unsigned char *) text, p - text,
                                    (const unsigned char *) "redis", 5, ips,
                                    SCOPED_KEY_REDIS_MAX_IPS);
    check(n == SCOPED_KEY_REDIS_MAX_IPS);
    check(ips[n - 1].bytes[3] == SCOPED_KEY_REDIS_MAX_IPS - 1);

    check(scoped_key_redis_hosts_find(NULL, 0, (const unsigned char *) "redis",
                                      5, ips, 1)
          == 0);
}


/* "servers / domains / ndots" */
static int
resolv(const char *text, const char *wanted)
{
    char                            shown[MAX_SHOWN + 64], *p;
    size_t                          i;
    scoped_key_redis_resolv_conf_t  conf;

    scoped_key_redis_resolv_conf_read((const unsigned char *) text,
                                      strlen(text), &conf);

    p = shown + sprintf(shown, "%s /", show_ips(conf.servers, conf.nservers));

    for (i = 0; i < conf.nsearch; i++) {
        p += sprintf(p, " %.*s", (int) conf.search[i].len,
                     (const char *) conf.search[i].data);
    }

    sprintf(p, " / %d", (int) conf.ndots);

    if (strcmp(shown, wanted) != 0) {
        fprintf(stderr, "\"%s\": %s\n", text, shown);
        return 0;
    }

    return 1;
}


static void
test_resolv_conf(void)
{
    check(resolv("", " / / 1"));
    check(resolv("nameserver 10.0.0.1\n", "10.0.0.1 / / 1"));
    check(resolv("nameserver\t::1\nnameserver 10.0.0.1", "::1 10.0.0.1 / / 1"));
    check(resolv("nameserver 10.0.0.1 # x\nnameserver redis\nnameserver\n",
                 "10.0.0.1 / / 1"));
    check(resolv("nameserver fe80::1%eth0\nnameserver 10.0.0.2",
                 "10.0.0.2 / / 1"));
    check(resolv("nameserver 10.0.0.1\nnameserver 10.0.0.2\n"
                 "nameserver 10.0.0.3\nnameserver 10.0.0.4\n",
                 "10.0.0.1 10.0.0.2 10.0.0.3 / / 1"));
    check(resolv("#nameserver 10.0.0.1\n;nameserver 10.0.0.1\n"
                 "; nameserver 10.0.0.1\n", " / / 1"));

    check(resolv("search a.test b.test. .\n", " / a.test b.test / 1"));
    check(resolv("search a\ndomain b\n", " / b / 1"));
    check(resolv("search a b c d e f g h\n", " / a b c d e f / 1"));
    check(resolv("search a\nsearch\n", " / / 1"));

    check(resolv("options ndots:5 timeout:1\n", " / / 5"));
    check(resolv("options timeout:1 ndots:0\n", " / / 0"));
    check(resolv("options ndots:99999999999999999999\n", " / / 15"));
    check(resolv("options ndots:\n", " / / 1"));
    check(resolv("nameservers 10.0.0.1\nsearching a\n", " / / 1"));
}


int
main(void)
{
    test_hosts();
    test_many_hosts();
    test_resolv_conf();

    return unit_done("names");
}
