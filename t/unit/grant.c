/* links: core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/str -ljansson */

/*
 * Members packed into as little room as is said to suffice, and into less; and
 * the shortcuts by which they are found, against the whole comparison.
 * What they grant: unit/verdict.c and t/data/verdict.
 */

#include "core/grant.h"
#include "core/pattern.h"
#include "core/scope.h"
#include "cases.h"


/* the param that refuses, which these tests do not look at */
static scoped_key_str_t  refusing;


#define MANY  300
#define NOW   INT64_C(1800000000)


static scoped_key_pack_t
pack_make(size_t room)
{
    scoped_key_pack_t  pack;

    pack.start = malloc(room);
    pack.len = 0;
    pack.room = room;

    if (pack.start == NULL) {
        abort();
    }

    return pack;
}


static void
test_kinds(void)
{
    check(scoped_key_member_kind(unit_str("")) == SCOPED_KEY_MEMBER_PLAIN);
    check(scoped_key_member_kind(unit_str("a:b")) == SCOPED_KEY_MEMBER_PLAIN);
    check(scoped_key_member_kind(unit_str("!")) == SCOPED_KEY_MEMBER_REFUSAL);
    check(scoped_key_member_kind(unit_str(" !"))
          == SCOPED_KEY_MEMBER_PLAIN);
    check(scoped_key_member_kind(unit_str("{"))
          == SCOPED_KEY_MEMBER_CONSTRAINED);
    check(scoped_key_member_kind(unit_str(" {}")) == SCOPED_KEY_MEMBER_PLAIN);
}


/* what is packed with room enough must not be with a byte less, and neither
   may leave a trace */
static void
check_tight(const char *text)
{
    size_t              needed, room;
    scoped_key_str_t    member;
    scoped_key_pack_t   pack;

    member = unit_str(text);
    pack = pack_make(scoped_key_member_room(member));
    check(scoped_key_member_pack(&pack, member, NOW));
    needed = pack.len;
    free(pack.start);

    for (room = 1; room < needed; room++) {
        pack = pack_make(room);
        check(!scoped_key_member_pack(&pack, member, NOW) && pack.len == 0);
        free(pack.start);
    }
}


static void
test_tight(void)
{
    check_tight("a:b");
    check_tight("!a/*:b");
    check_tight("{\"scope\": \"a:b\"}");
    check_tight("{\"scope\":\"a:b\",\"ips\":[\"::\",\"::\",\"::\",\"::\","
                "\"::\",\"::\",\"::\",\"::\",\"::\",\"::\",\"::\"]}");
    check_tight("{\"scope\":\"a:b\",\"params\":{\"a\":[],\"b\":[],\"c\":[],"
                "\"d\":[],\"e\":[],\"f\":[],\"g\":[],\"h\":[],\"i\":[]}}");
    check_tight("{\"scope\":\"a:b\",\"hosts\":[\"a\",\"b\",\"c\",\"d\"],"
                "\"methods\":[\"A\",\"B\",\"C\"],\"params\":{\"a\":"
                "[\"a\",\"b\",\"c\"]}}");
}


static void
check_unreadable(const char *text)
{
    scoped_key_str_t    member;
    scoped_key_pack_t   pack;

    member = unit_str(text);
    pack = pack_make(scoped_key_member_room(member));
    check(!scoped_key_member_pack(&pack, member, NOW));
    check(pack.len == 0);
    free(pack.start);
}


static void
test_unreadable(void)
{
    check_unreadable("");
    check_unreadable("!");
    check_unreadable("a");
    check_unreadable("!a");
    check_unreadable("{");
    check_unreadable("{\"scope\":\"a:b\",\"ips\":[\"::\",\"x\"]}");
    check_unreadable("{\"scope\":\"a:b\",\"params\":{\"a\":[\"b\",1]}}");
}


static void
test_longest(void)
{
    char               text[300];
    scoped_key_pack_t  pack;

    memset(text, 'a', sizeof(text));
    memcpy(text + 254, ":b", 3);
    check_unreadable(text);
    text[0] = '!';

    pack = pack_make(2 + 256);
    check(scoped_key_member_pack(&pack, unit_str(text), NOW));
    check(pack.len == 2 + 256);
    free(pack.start);
}


static void
test_find(void)
{
    scoped_key_str_t      member;
    scoped_key_pack_t     pack;
    const unsigned char  *at, *end;

    pack = pack_make(256);
    check(scoped_key_member_pack(&pack, unit_str("a:b"), NOW));
    check(scoped_key_member_pack(&pack, unit_str("a/*:b"), NOW));
    check(scoped_key_member_pack(&pack, unit_str("*:*"), NOW));
    end = pack.start + pack.len;
    check(scoped_key_member_pack(&pack, unit_str("x/y:z"), NOW));

    at = pack.start;
    check(scoped_key_plain_find(&at, 3, unit_str("c:d"), &member));
    check(unit_field_is(member, "*:*") && at == pack.start);
    check(scoped_key_plain_find(&at, 3, unit_str("a/c:b"), &member));
    check(unit_field_is(member, "a/*:b"));
    check(!scoped_key_plain_find(&at, 3, unit_str("x/y:z"), &member));
    check(at == end);
    check(scoped_key_plain_find(&at, 1, unit_str("x/y:z"), &member));
    check(!scoped_key_plain_find(&at, 0, unit_str("x/y:z"), &member));
    check(at == end);
    free(pack.start);

    pack = pack_make(256);
    check(scoped_key_member_pack(&pack, unit_str("!a:b"), NOW));
    check(scoped_key_member_pack(&pack, unit_str("!a/*:b"), NOW));
    at = pack.start;
    check(scoped_key_refusal_find(&at, 2, unit_str("a/b:b"), &member));
    check(unit_field_is(member, "!a/*:b"));
    check(!scoped_key_refusal_find(&at, 2, unit_str("a:c"), &member));
    check(at == pack.start + pack.len);
    free(pack.start);
}


/* the shortcuts of the search find what the whole comparison finds */
static void
test_find_agrees(void)
{
    size_t                    i, k;
    bool                      found;
    scoped_key_str_t          member;
    scoped_key_pack_t         pack;
    const unsigned char      *at;
    static const char *const  patterns[] = {
        "a:b", "a:*", "*:b", "*:*", "**:*", "**:b", "a/*:b", "a/**:b",
        "*/a:b", "b:a", "a/b:c", "ab:b", "*/**:b", "a:bb"
    };
    static const char *const  scopes[] = {
        "a:b", "b:a", "a/a:b", "a/b:c", "a/a/a:b", "ab:b", "a:bb", "c:c"
    };

    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        for (k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++) {
            pack = pack_make(64);
            check(scoped_key_member_pack(&pack, unit_str(patterns[i]), NOW));
            at = pack.start;
            found = scoped_key_plain_find(&at, 1, unit_str(scopes[k]),
                                          &member);
            check(found == scoped_key_scope_match(unit_str(patterns[i]),
                                                  unit_str(scopes[k])));
            free(pack.start);
        }
    }
}


static void
test_constrained_chain(void)
{
    size_t                           i, room, left;
    char                             text[64];
    scoped_key_facts_t               facts;
    scoped_key_pack_t                pack;
    const scoped_key_constrained_t  *grant;

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    memset(&facts, 0, sizeof(facts));
    room = MANY * scoped_key_member_room(unit_str("{\"scope\":\"a/123:b\"}"));
    pack = pack_make(room);

    for (i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "{\"scope\":\"a/%d:b\"}", (int) i);
        check(scoped_key_member_pack(&pack, unit_str(text), NOW));
        check(pack.len % SCOPED_KEY_PACK_ALIGNMENT == 0);
    }

    grant = (const scoped_key_constrained_t *) pack.start;

    for (i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "{\"scope\":\"a/%d:b\"}", (int) i);
        check(unit_field_is(scoped_key_constrained_member(grant), text));

        snprintf(text, sizeof(text), "a/%d:b", (int) i);
        check(scoped_key_constrained_check(grant, unit_str(text), &facts,
                                           &left, &refusing)
              == SCOPED_KEY_GRANT_ALLOWS);
        check(scoped_key_constrained_check(grant, unit_str("a/x:b"), &facts,
                                           &left, &refusing)
              == SCOPED_KEY_GRANT_NO_MATCH);

        grant = scoped_key_constrained_next(grant);
    }

    check((const unsigned char *) grant == pack.start + pack.len);
    free(pack.start);
}


static scoped_key_str_t  asked[256];


static scoped_key_param_e
all_asked(void *data, scoped_key_str_t name, const scoped_key_str_t **values,
    size_t *n)
{
    (void) name;

    *values = asked;
    *n = *(size_t *) data;

    return SCOPED_KEY_PARAM_VALUES;
}


/* n values, each of which only the last of the patterns matches */
static scoped_key_grant_e
check_many(const char *pattern, size_t npatterns, const char *value, size_t n,
    size_t *left)
{
    size_t               i, len;
    char                *text;
    scoped_key_pack_t    pack;
    scoped_key_facts_t   facts;
    scoped_key_grant_e   result;

    text = malloc(npatterns * (strlen(pattern) + 16) + 256);
    if (text == NULL) {
        abort();
    }

    len = sprintf(text, "{\"scope\":\"a:b\",\"params\":{\"p\":[");

    for (i = 0; i < npatterns; i++) {
        len += sprintf(text + len, "\"");
        len += sprintf(text + len, pattern, (unsigned) i);
        len += sprintf(text + len, "\",");
    }

    sprintf(text + len, "\"x**\"]}}");

    for (i = 0; i < n; i++) {
        asked[i] = unit_str(value);
    }

    memset(&facts, 0, sizeof(facts));
    facts.param = all_asked;
    facts.data = &n;

    pack = pack_make(scoped_key_member_room(unit_str(text)));
    check(scoped_key_member_pack(&pack, unit_str(text), NOW));

    result = scoped_key_constrained_check(
                 (const scoped_key_constrained_t *) pack.start,
                 unit_str("a:b"), &facts, left, &refusing);

    free(pack.start);
    free(text);

    return result;
}


/* without a limit the refused ones would take seconds */
static void
test_steps(void)
{
    size_t  left;
    char    longest[1024];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("%u.example.com", 1000, "x.example.com", 100, &left)
          == SCOPED_KEY_GRANT_ALLOWS);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("*.%u.example.com", 500, "x.example.com", 256, &left)
          == SCOPED_KEY_GRANT_ALLOWS);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("*.%u.*", 90, "x.y.example.com", 256, &left)
          == SCOPED_KEY_GRANT_ALLOWS);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("*%u*", 9000, longest, 1, &left)
          == SCOPED_KEY_GRANT_PARAM_REFUSED);
    check(left == 0);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("*.%u.*", 1000, "x.y.example.com", 256, &left)
          == SCOPED_KEY_GRANT_PARAM_REFUSED);
    check(left == 0);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("%u", 3000, "x.y.example.com", 256, &left)
          == SCOPED_KEY_GRANT_PARAM_REFUSED);

    /* what would match does not, once nothing is left */
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("%u", 0, "x", 1, &left) == SCOPED_KEY_GRANT_ALLOWS);
    left = 0;
    check(check_many("%u", 0, "x", 1, &left) == SCOPED_KEY_GRANT_NO_MATCH);

    /* an exclusion that is not reached excludes */
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("!*.%u.*", 90, "x.y.example.com", 256, &left)
          == SCOPED_KEY_GRANT_ALLOWS);
    check(left != 0);

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    check(check_many("!*.%u.*", 1000, "x.y.example.com", 256, &left)
          == SCOPED_KEY_GRANT_PARAM_REFUSED);
    check(left == 0);

    left = 50;
    check(check_many("!%u", 10, "x", 1, &left)
          == SCOPED_KEY_GRANT_PARAM_REFUSED);
    check(left == 0);
}


int
main(void)
{
    test_kinds();
    test_tight();
    test_unreadable();
    test_longest();
    test_find();
    test_find_agrees();
    test_constrained_chain();
    test_steps();

    return unit_done("grant");
}
