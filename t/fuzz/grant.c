/* links: core/grant core/grant_compile core/grant_check core/conditions core/pack core/json core/json_walk core/name_match core/address core/pattern core/scope core/text -ljansson */

/*
 * One member a line.  What can be packed fits into the room that is said to
 * suffice; what cannot leaves no trace.  A constrained grant allows nothing
 * once the request lacks what a condition or a param asks for, and a member
 * that is cut off anywhere is unreadable.
 */

#include "core/grant.h"
#include "fuzz.h"


static scoped_key_pack_t
pack_make(size_t room)
{
    scoped_key_pack_t  pack;

    pack.start = malloc(room);
    pack.len = 0;
    pack.room = room;
    must(pack.start != NULL);

    return pack;
}


/* answers with one value, whatever the name */
static scoped_key_param_e
one_value(void *data, scoped_key_str_t name, const scoped_key_str_t **values,
    size_t *n)
{
    must(name.len != 0);
    *values = data;
    *n = 1;

    return SCOPED_KEY_PARAM_VALUES;
}


static bool
has(scoped_key_str_t text, const char *word)
{
    size_t  i, len;

    len = strlen(word);

    for (i = 0; i + len <= text.len; i++) {
        if (memcmp(text.data + i, word, len) == 0) {
            return true;
        }
    }

    return false;
}


static void
check_constrained(const scoped_key_constrained_t *grant,
    scoped_key_str_t member)
{
    size_t              left;
    scoped_key_str_t    value = scoped_key_str("TXT");
    scoped_key_str_t    scope = scoped_key_str("a:b");
    scoped_key_facts_t  facts;
    scoped_key_grant_e  poor, rich;

    must(scoped_key_str_equal(scoped_key_constrained_member(grant), member));

    memset(&facts, 0, sizeof(facts));
    left = SCOPED_KEY_GRANT_MAX_STEPS;
    poor = scoped_key_constrained_check(grant, scope, &facts, &left);

    facts.now = 1000;
    facts.method = (scoped_key_str_t) scoped_key_str("GET");
    facts.host = (scoped_key_str_t) scoped_key_str("a.example.com");
    facts.param = one_value;
    facts.data = &value;
    scoped_key_address_set(&facts.address, "\xC0\x00\x02\x01", 4);
    rich = scoped_key_constrained_check(grant, scope, &facts, &left);

    must((poor == SCOPED_KEY_GRANT_ELSEWHERE)
         == (rich == SCOPED_KEY_GRANT_ELSEWHERE));

    /* an escape could hide the word, and params may be an empty object */
    if (poor == SCOPED_KEY_GRANT_ALLOWS && !has(member, "\\")) {
        must(!has(member, "\"hosts\":"));
        must(!has(member, "\"ips\":"));
        must(!has(member, "\"methods\":"));
    }
}


static void
check_packed(const scoped_key_pack_t *pack, scoped_key_str_t member)
{
    scoped_key_str_t                 found, scope = scoped_key_str("a:b");
    const unsigned char             *at;
    const scoped_key_constrained_t  *grant;

    at = pack->start;

    switch (scoped_key_member_kind(member)) {

    case SCOPED_KEY_MEMBER_CONSTRAINED:
        grant = (const scoped_key_constrained_t *) pack->start;
        check_constrained(grant, member);
        must((const unsigned char *) scoped_key_constrained_next(grant)
             == pack->start + pack->len);
        break;

    case SCOPED_KEY_MEMBER_REFUSAL:
        must(scoped_key_refusal_find(&at, 1, scope, &found)
             ? scoped_key_str_equal(found, member)
             : at == pack->start + pack->len);
        break;

    default:
        must(scoped_key_plain_find(&at, 1, scope, &found)
             ? scoped_key_str_equal(found, member)
             : at == pack->start + pack->len);
    }
}


/* with less room than it took nothing is packed */
static void
check_short(scoped_key_str_t member, size_t needed)
{
    size_t             room, step;
    scoped_key_pack_t  pack;

    step = needed / 16 + 1;

    for (room = needed - 1; room > step; room -= step) {
        pack = pack_make(room);
        must(!scoped_key_member_pack(&pack, member) && pack.len == 0);
        free(pack.start);
    }
}


static void
check_cut(scoped_key_str_t member)
{
    scoped_key_str_t   head;
    scoped_key_pack_t  pack;

    /* a plain one may lose its end and be another; an object may not, but for
       blanks behind it */
    if (scoped_key_member_kind(member) != SCOPED_KEY_MEMBER_CONSTRAINED
        || member.data[member.len - 1] != '}')
    {
        return;
    }

    head = fuzz_copy(member.data, member.len - 1);
    pack = pack_make(scoped_key_member_room(head));
    must(!scoped_key_member_pack(&pack, head) && pack.len == 0);
    free(pack.start);
    fuzz_free(head);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t   member;
    scoped_key_pack_t  pack;

    while (size != 0) {
        member = fuzz_line(&data, &size);
        pack = pack_make(scoped_key_member_room(member));

        if (scoped_key_member_pack(&pack, member)) {
            check_packed(&pack, member);
            check_short(member, pack.len);
            check_cut(member);

        } else {
            must(pack.len == 0);
        }

        free(pack.start);
        fuzz_free(member);
    }

    return 0;
}
