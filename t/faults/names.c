/*
 * A library to be loaded before all others: the name two.test has the addresses
 * 127.0.0.1 and 127.0.0.2, in this order, whatever the machine's resolver says.
 * All other names are left alone.  Knows nothing of nginx.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>


typedef int (*names_getaddrinfo_pt)(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res);


int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
    int                    rc;
    struct addrinfo       *first, *last;
    names_getaddrinfo_pt   resolve;

    resolve = (names_getaddrinfo_pt) dlsym(RTLD_NEXT, "getaddrinfo");

    if (node == NULL || strcmp(node, "two.test") != 0) {
        return resolve(node, service, hints, res);
    }

    rc = resolve("127.0.0.1", service, hints, &first);
    if (rc != 0) {
        return rc;
    }

    for (last = first; last->ai_next; last = last->ai_next) {
        /* void */
    }

    rc = resolve("127.0.0.2", service, hints, &last->ai_next);
    if (rc != 0) {
        freeaddrinfo(first);
        return rc;
    }

    *res = first;

    return 0;
}
