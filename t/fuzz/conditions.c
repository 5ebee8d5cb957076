/* links: core/conditions core/pack core/address core/pattern core/str */

/*
 * Three lines: ips, hosts, methods as a record has them.  What can be read
 * fits into the room that is said to suffice.  Three more: address, host,
 * method of a request; to let it in takes that each list alone lets it in.
 */

#include "core/conditions.h"
#include "core/pattern.h"
#include "fuzz.h"


#define LISTS  3

/* all lists, packed, and which of them could be read and has items */
typedef struct {
    scoped_key_pack_t        pack;
    scoped_key_conditions_t  conditions;
} packed_t;


static void
list_pack(packed_t *packed, size_t kind, scoped_key_str_t list)
{
    bool                             readable;
    size_t                           mark;
    uint16_t                        *n[LISTS];
    static const scoped_key_item_pt  items[LISTS] = {
        scoped_key_ip_pack, scoped_key_host_pack, scoped_key_method_pack
    };

    n[0] = &packed->conditions.nips;
    n[1] = &packed->conditions.nhosts;
    n[2] = &packed->conditions.nmethods;

    mark = packed->pack.len;
    readable = scoped_key_list_pack(&packed->pack, list, items[kind], n[kind]);
    must(packed->pack.len - mark <= scoped_key_list_room(list.len));

    if (!readable) {
        packed->pack.len = mark;
        *n[kind] = 0;
    }
}


/* only: the one kind that is packed, or LISTS for all of them */
static packed_t
lists_pack(const scoped_key_str_t *lists, size_t only)
{
    size_t    kind;
    packed_t  packed;

    packed.pack.len = 0;
    packed.pack.room = 0;
    scoped_key_conditions_init(&packed.conditions);

    for (kind = 0; kind < LISTS; kind++) {
        packed.pack.room += scoped_key_list_room(lists[kind].len);
    }

    packed.pack.start = malloc(packed.pack.room);
    must(packed.pack.start != NULL);

    for (kind = 0; kind < LISTS; kind++) {
        if (only == LISTS || only == kind) {
            list_pack(&packed, kind, lists[kind]);
        }
    }

    packed.conditions.lists = (uint32_t) packed.pack.len;

    return packed;
}


static scoped_key_reason_e
lists_check(const scoped_key_str_t *lists, size_t only,
    const scoped_key_facts_t *facts)
{
    size_t                   left, half;
    packed_t                 packed;
    scoped_key_reason_e  result;

    packed = lists_pack(lists, only);
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    result = scoped_key_conditions_check(&packed.conditions,
                                         packed.pack.start, facts, &left);
    must(left != 0);

    /* with fewer steps nothing more holds */
    half = (SCOPED_KEY_MATCH_MAX_STEPS - left) / 2 + 1;
    must(scoped_key_conditions_check(&packed.conditions, packed.pack.start,
                                     facts, &half)
         != SCOPED_KEY_REASON_NONE
         || result == SCOPED_KEY_REASON_NONE);

    free(packed.pack.start);

    return result;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   kind;
    scoped_key_str_t         lists[LISTS], address;
    scoped_key_facts_t       facts;
    scoped_key_reason_e  expected, alone;

    if (size > 2000) {
        return 0;
    }

    memset(&facts, 0, sizeof(facts));

    for (kind = 0; kind < LISTS; kind++) {
        lists[kind] = fuzz_line(&data, &size);
    }

    address = fuzz_line(&data, &size);
    facts.host = fuzz_line(&data, &size);
    facts.method = fuzz_line(&data, &size);
    scoped_key_address_set(&facts.address, address.data, address.len);

    expected = SCOPED_KEY_REASON_NONE;

    for (kind = LISTS; kind-- != 0;) {
        alone = lists_check(lists, kind, &facts);

        must(alone == SCOPED_KEY_REASON_NONE
             || alone == SCOPED_KEY_IP_REFUSED + kind);

        if (alone != SCOPED_KEY_REASON_NONE) {
            expected = alone;
        }
    }

    must(lists_check(lists, LISTS, &facts) == expected);

    for (kind = 0; kind < LISTS; kind++) {
        fuzz_free(lists[kind]);
    }

    fuzz_free(address);
    fuzz_free(facts.host);
    fuzz_free(facts.method);

    return 0;
}
