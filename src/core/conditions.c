/*
 * Address, host, method and time: see conditions.h.  Blocks of addresses lie
 * compiled, so do hosts, and methods as texts (pack.h).
 * Invariant: a fact that is missing (no address, no host, no method) never
 * meets a condition that asks for it.
 */

#include <string.h>

#include "conditions.h"
#include "pattern.h"


/* an address with a block, as measured: see pattern.h */
#define SCOPED_KEY_STEPS_TO_COMPARE  4

/* blocks lie one after another, wherever the list begins */
_Static_assert(_Alignof(scoped_key_block_t) == 1, "blocks need no alignment");


void
scoped_key_conditions_init(scoped_key_conditions_t *conditions)
{
    memset(conditions, 0, sizeof(*conditions));

    conditions->not_before = INT64_MIN;
    conditions->expires_at = INT64_MAX;
}


bool
scoped_key_ip_pack(scoped_key_pack_t *pack, scoped_key_str_t item)
{
    void                *taken;
    scoped_key_block_t   block;

    /* the packed bytes must not depend on what was on the stack */
    memset(&block, 0, sizeof(block));

    if (!scoped_key_block_parse(item, &block)) {
        return false;
    }

    taken = scoped_key_pack_reserve(pack, sizeof(block));

    if (taken == NULL) {
        return false;
    }

    memcpy(taken, &block, sizeof(block));

    return true;
}


bool
scoped_key_host_pack(scoped_key_pack_t *pack, scoped_key_str_t item)
{
    unsigned char     compiled[SCOPED_KEY_HOST_PATTERN_MAX_BYTES];
    scoped_key_str_t  text;

    /* with a trailing dot, which is not written */

    if (item.len > SCOPED_KEY_HOST_PATTERN_MAX_BYTES + 1) {
        return false;
    }

    text.len = scoped_key_host_pattern_compile(item, compiled);
    text.data = compiled;

    return text.len != 0 && scoped_key_pack_str(pack, text);
}


bool
scoped_key_method_pack(scoped_key_pack_t *pack, scoped_key_str_t item)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < item.len; i++) {
        c = item.data[i];

        if ((c < 'A' || c > 'Z') && c != '-' && c != '_') {
            return false;
        }
    }

    return item.len != 0 && scoped_key_pack_str(pack, item);
}


size_t
scoped_key_list_room(size_t len)
{
    /* the shortest address, "::", takes up three bytes with its comma */
    return (len + 1) / 3 * sizeof(scoped_key_block_t)
           + 2 * (len + 1);
}


bool
scoped_key_list_pack(scoped_key_pack_t *pack, scoped_key_str_t list,
    scoped_key_item_pt item, uint16_t *n)
{
    uint16_t          count;
    scoped_key_str_t  text;

    count = 0;

    while (scoped_key_list_next(&list, &text)) {
        if (count == UINT16_MAX || !item(pack, text)) {
            return false;
        }

        count++;
    }

    *n = count;

    return count != 0;
}


static const unsigned char *
scoped_key_ips_check(const unsigned char *at, uint16_t n,
    const scoped_key_facts_t *facts, bool *held)
{
    const scoped_key_block_t  *blocks;

    blocks = (const scoped_key_block_t *) at;
    *held = n == 0 || scoped_key_blocks_match(blocks, n, &facts->address);

    return at + n * sizeof(scoped_key_block_t);
}


static bool
scoped_key_method_match(scoped_key_str_t method,
    const scoped_key_facts_t *facts)
{
    static const scoped_key_str_t  get = scoped_key_str("GET");
    static const scoped_key_str_t  head = scoped_key_str("HEAD");

    return scoped_key_str_equal(method, facts->method)
           || (scoped_key_str_equal(method, get)
               && scoped_key_str_equal(facts->method, head));
}


/* *next: where the list that follows begins */
static bool
scoped_key_hosts_check(const unsigned char *at, uint16_t n,
    const scoped_key_facts_t *facts, size_t *left, const unsigned char **next)
{
    bool              held, readable;
    unsigned char     lower[SCOPED_KEY_HOST_MAX_BYTES];
    scoped_key_str_t  text, host;

    held = n == 0;
    host.data = NULL;
    host.len = 0;
    readable = !held && scoped_key_host_read(facts->host, lower, &host);

    while (n-- != 0) {
        at = scoped_key_unpack_str(at, &text);

        /* all are passed over, for the list that follows */
        held = held || (readable && scoped_key_pattern_match(text, host, left));
    }

    *next = at;

    return held;
}


static bool
scoped_key_methods_check(const unsigned char *at, uint16_t n,
    const scoped_key_facts_t *facts)
{
    scoped_key_str_t  text;

    if (n == 0) {
        return true;
    }

    while (n-- != 0) {
        at = scoped_key_unpack_str(at, &text);

        if (scoped_key_method_match(text, facts)) {
            return true;
        }
    }

    return false;
}


/* what it takes to look at every address, and to pass over all else */
static size_t
scoped_key_lists_steps(const scoped_key_conditions_t *conditions)
{
    return conditions->lists
           - conditions->nips * (sizeof(scoped_key_block_t)
                                 - SCOPED_KEY_STEPS_TO_COMPARE);
}


scoped_key_reason_e
scoped_key_conditions_check(const scoped_key_conditions_t *conditions,
    const unsigned char *lists, const scoped_key_facts_t *facts, size_t *left)
{
    bool  held;

    if (facts->now < conditions->not_before) {
        return SCOPED_KEY_KEY_NOT_YET_VALID;
    }

    if (facts->now >= conditions->expires_at) {
        return SCOPED_KEY_KEY_EXPIRED;
    }

    if (!scoped_key_steps_spend(left, scoped_key_lists_steps(conditions))) {
        return SCOPED_KEY_IP_REFUSED;
    }

    lists = scoped_key_ips_check(lists, conditions->nips, facts, &held);

    if (!held) {
        return SCOPED_KEY_IP_REFUSED;
    }

    if (!scoped_key_hosts_check(lists, conditions->nhosts, facts, left,
                                &lists))
    {
        return SCOPED_KEY_HOST_REFUSED;
    }

    return scoped_key_methods_check(lists, conditions->nmethods, facts)
           ? SCOPED_KEY_REASON_NONE : SCOPED_KEY_METHOD_REFUSED;
}
