/* links: core/conditions core/pack core/address core/pattern core/str */

/*
 * The cases of t/data/conditions, the room that lists take up, and the checks,
 * each of which must fail on its own and in its order.
 * How records and grants use them: unit/verdict.c.
 */

#include "core/conditions.h"
#include "core/pattern.h"
#include "cases.h"


#define ROOM  4096


static scoped_key_item_pt
kind(scoped_key_str_t name)
{
    if (unit_field_is(name, "ip")) {
        return scoped_key_ip_pack;
    }

    return unit_field_is(name, "host") ? scoped_key_host_pack
                                       : scoped_key_method_pack;
}


static void
run_item(const unit_case_t *c)
{
    bool               packed;
    unsigned char      bytes[ROOM];
    scoped_key_pack_t  pack = { bytes, 0, ROOM };

    packed = kind(c->field[0])(&pack, c->field[1]);

    check_case(c, packed == unit_field_is(c->field[2], "yes"));
    check_case(c, packed == (pack.len != 0));

    /* and without room nothing is */
    pack.room = pack.len != 0 ? pack.len - 1 : 0;
    pack.len = 0;
    check_case(c, !kind(c->field[0])(&pack, c->field[1]) && pack.len == 0);
}


/* and with no more room than is said to suffice */
static void
run_list(const unit_case_t *c)
{
    bool               packed;
    int64_t            expected;
    uint16_t           n;
    scoped_key_pack_t  pack;

    n = 0;
    pack.len = 0;
    pack.room = scoped_key_list_room(c->field[1].len);
    pack.start = malloc(pack.room);

    packed = scoped_key_list_pack(&pack, c->field[1], kind(c->field[0]), &n);

    if (scoped_key_decimal_parse(c->field[2], &expected)) {
        check_case(c, packed && n == expected);

    } else {
        check_case(c, !packed);
    }

    free(pack.start);
}


/* the shortest items, many of them, in the room that is said to suffice */
static void
check_room(scoped_key_item_pt item, const char *text, size_t times)
{
    size_t              i, len;
    uint16_t            n;
    unsigned char       list[ROOM];
    scoped_key_str_t    s;
    scoped_key_pack_t   pack;

    len = 0;

    for (i = 0; i < times; i++) {
        memcpy(list + len, text, strlen(text));
        len += strlen(text);
    }

    s.data = list;
    s.len = len - 1;

    pack.len = 0;
    pack.room = scoped_key_list_room(s.len);
    pack.start = malloc(pack.room);

    check(scoped_key_list_pack(&pack, s, item, &n) && n == times);
    free(pack.start);
}


static void
test_room(void)
{
    size_t  times;

    for (times = 1; times < 100; times++) {
        check_room(scoped_key_ip_pack, "::,", times);
        check_room(scoped_key_host_pack, "a,", times);
        check_room(scoped_key_method_pack, "A,", times);
        check_room(scoped_key_method_pack, "OPTIONS,", times);
    }
}


/* one list of each kind, and the request that meets all */
typedef struct {
    unsigned char            lists[ROOM];
    scoped_key_conditions_t  conditions;
    scoped_key_facts_t       facts;
} kit_t;


static void
kit_make(kit_t *kit)
{
    scoped_key_pack_t  pack = { kit->lists, 0, ROOM };

    memset(&kit->facts, 0, sizeof(kit->facts));
    scoped_key_conditions_init(&kit->conditions);

    check(scoped_key_list_pack(&pack, unit_str("192.0.2.0/24,!192.0.2.9"),
                               scoped_key_ip_pack, &kit->conditions.nips));
    check(scoped_key_list_pack(&pack, unit_str("x.y,*.example.com"),
                               scoped_key_host_pack,
                               &kit->conditions.nhosts));
    check(scoped_key_list_pack(&pack, unit_str("PUT,GET"),
                               scoped_key_method_pack,
                               &kit->conditions.nmethods));

    kit->conditions.lists = (uint32_t) pack.len;
    kit->conditions.not_before = 100;
    kit->conditions.expires_at = 200;

    kit->facts.now = 100;
    kit->facts.method = unit_str("HEAD");
    kit->facts.host = unit_str("API.example.com.");
    scoped_key_address_set(&kit->facts.address, "\xC0\x00\x02\x01", 4);
}


static void
expect(const kit_t *kit, scoped_key_reason_e expected)
{
    size_t  left = SCOPED_KEY_MATCH_MAX_STEPS;

    check(scoped_key_conditions_check(&kit->conditions, kit->lists,
                                      &kit->facts, &left)
          == expected);
    check(left != 0);
}


/* with fewer steps than it takes nothing holds, however few are missing */
static void
test_steps(void)
{
    size_t  left, needed;
    kit_t   kit;

    kit_make(&kit);
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(scoped_key_conditions_check(&kit.conditions, kit.lists, &kit.facts,
                                      &left)
          == SCOPED_KEY_REASON_NONE);
    needed = SCOPED_KEY_MATCH_MAX_STEPS - left;
    check(needed > 20);

    for (left = needed + 1; left-- != 0; /* void */ ) {
        size_t  rest = left;

        check(scoped_key_conditions_check(&kit.conditions, kit.lists,
                                          &kit.facts, &rest)
              != SCOPED_KEY_REASON_NONE);
        check(rest == 0);
    }
}


/* a host that is longer than any name is met by no pattern */
static void
test_long_host(void)
{
    kit_t          kit;
    unsigned char  host[8000];

    memset(host, 'a', sizeof(host));
    memcpy(host + sizeof(host) - 12, ".example.com", 12);

    kit_make(&kit);
    kit.facts.host.data = host + sizeof(host) - 20;
    kit.facts.host.len = 20;
    expect(&kit, SCOPED_KEY_REASON_NONE);

    kit.facts.host.data = host;
    kit.facts.host.len = sizeof(host);
    expect(&kit, SCOPED_KEY_HOST_REFUSED);
}


static void
test_check(void)
{
    kit_t  kit;

    kit_make(&kit);
    expect(&kit, SCOPED_KEY_REASON_NONE);

    kit.facts.method = unit_str("POST");
    expect(&kit, SCOPED_KEY_METHOD_REFUSED);
    kit.facts.method = unit_str("");
    expect(&kit, SCOPED_KEY_METHOD_REFUSED);
    kit.facts.method = unit_str("get");
    expect(&kit, SCOPED_KEY_METHOD_REFUSED);

    kit.facts.host = unit_str("");
    expect(&kit, SCOPED_KEY_HOST_REFUSED);
    kit.facts.host = unit_str("example.com");
    expect(&kit, SCOPED_KEY_HOST_REFUSED);

    scoped_key_address_set(&kit.facts.address, "\xC0\x00\x02\x09", 4);
    expect(&kit, SCOPED_KEY_IP_REFUSED);
    scoped_key_address_set(&kit.facts.address, "", 0);
    expect(&kit, SCOPED_KEY_IP_REFUSED);

    kit.facts.now = 200;
    expect(&kit, SCOPED_KEY_KEY_EXPIRED);
    kit.facts.now = 99;
    expect(&kit, SCOPED_KEY_KEY_NOT_YET_VALID);
    kit.facts.now = INT64_MIN;
    expect(&kit, SCOPED_KEY_KEY_NOT_YET_VALID);
}


static void
test_none(void)
{
    kit_t  kit;

    memset(&kit, 0, sizeof(kit));
    scoped_key_conditions_init(&kit.conditions);
    expect(&kit, SCOPED_KEY_REASON_NONE);
}


int
main(void)
{
    unit_cases("t/data/conditions/items", 3, run_item);
    unit_cases("t/data/conditions/lists", 3, run_list);
    test_room();
    test_check();
    test_none();
    test_steps();
    test_long_host();

    return unit_done("conditions");
}
