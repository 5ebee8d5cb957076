/* links: core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/str -ljansson */

/*
 * The input, its bytes taken for few characters: patterns of a param, and a
 * value, of which the words of the contract say whether it is granted.
 * And one member a line.  What can be packed fits into the room that is said to
 * suffice; what cannot leaves no trace.  A constrained grant allows nothing
 * once the request lacks what a condition or a param asks for, and a member
 * that is cut off anywhere is unreadable.
 */

#include "core/grant.h"
#include "core/pattern.h"
#include "fuzz.h"


/* the param that refuses, which these tests do not look at */
static scoped_key_str_t  refusing;


#define NOW  INT64_C(1800000000)


#define LIST_PATTERNS  4
#define LIST_BYTES     8

/* the longest: each character a backslash of JSON before it, quotes, a comma */
#define LIST_MEMBER_BYTES  (64 + LIST_PATTERNS * (2 * LIST_BYTES + 3))


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
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    poor = scoped_key_constrained_check(grant, scope, &facts, &left, &refusing);

    facts.now = 1000;
    facts.method = (scoped_key_str_t) scoped_key_str("GET");
    facts.host = (scoped_key_str_t) scoped_key_str("a.example.com");
    facts.param = one_value;
    facts.data = &value;
    scoped_key_address_set(&facts.address, "\xC0\x00\x02\x01", 4);
    rich = scoped_key_constrained_check(grant, scope, &facts, &left, &refusing);

    must((poor == SCOPED_KEY_GRANT_NO_MATCH)
         == (rich == SCOPED_KEY_GRANT_NO_MATCH));

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
        must(!scoped_key_member_pack(&pack, member, NOW) && pack.len == 0);
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
    must(!scoped_key_member_pack(&pack, head, NOW) && pack.len == 0);
    free(pack.start);
    fuzz_free(head);
}


/* a pattern without the `!` of an exclusion, as written; both end in NUL */
static bool
model_match(const char *pattern, const char *text)
{
    bool  any;

    if (*pattern == '\0') {
        return *text == '\0';
    }

    if (*pattern != '*') {
        pattern += *pattern == '\\';

        return *pattern == *text && *text != '\0'
               && model_match(pattern + 1, text + 1);
    }

    any = pattern[1] == '*';

    if (model_match(pattern + 1 + any, text)) {
        return true;
    }

    return *text != '\0' && (any || (*text != '.' && *text != '/'))
           && model_match(pattern, text + 1);
}


static bool
model_valid(const char *pattern)
{
    pattern += *pattern == '!';

    if (*pattern == '\0') {
        return false;
    }

    for ( /* void */ ; *pattern != '\0'; pattern++) {

        if (strncmp(pattern, "***", 3) == 0) {
            return false;
        }

        if (*pattern == '\\') {
            pattern++;

            if (*pattern != '*' && *pattern != '\\' && *pattern != '!') {
                return false;
            }
        }
    }

    return true;
}


/* what the contract says of a list of n, of which all are valid */
static bool
model_grants(char patterns[][LIST_BYTES + 1], size_t n, const char *value)
{
    size_t  i;
    bool    matched;

    matched = false;

    for (i = 0; i < n; i++) {

        if (patterns[i][0] != '!') {
            matched = matched || model_match(patterns[i], value);

        } else if (model_match(patterns[i] + 1, value)) {
            return false;
        }
    }

    return matched;
}


static bool
model_list_valid(char patterns[][LIST_BYTES + 1], size_t n)
{
    size_t  i, excluded;

    excluded = 0;

    for (i = 0; i < n; i++) {

        if (!model_valid(patterns[i])) {
            return false;
        }

        excluded += patterns[i][0] == '!';
    }

    return n == 0 || excluded != n;
}


static size_t
list_member(char *out, char patterns[][LIST_BYTES + 1], size_t n)
{
    size_t       i, len;
    const char  *p;

    len = (size_t) sprintf(out, "{\"scope\":\"a:b\",\"params\":{\"x\":[");

    for (i = 0; i < n; i++) {
        out[len++] = '"';

        for (p = patterns[i]; *p != '\0'; p++) {

            if (*p == '\\') {
                out[len++] = '\\';
            }

            out[len++] = *p;
        }

        out[len++] = '"';
        out[len++] = ',';
    }

    len -= n != 0;

    return len + (size_t) sprintf(out + len, "]}}");
}


static void
check_granted(char patterns[][LIST_BYTES + 1], size_t n, const char *value)
{
    char                member[LIST_MEMBER_BYTES];
    size_t              left;
    scoped_key_str_t    source = { 0, (const unsigned char *) member };
    scoped_key_str_t    text = { strlen(value), (const unsigned char *) value };
    scoped_key_pack_t   pack;
    scoped_key_facts_t  facts;

    source.len = list_member(member, patterns, n);
    pack = pack_make(scoped_key_member_room(source));

    if (!scoped_key_member_pack(&pack, source, NOW)) {
        must(!model_list_valid(patterns, n));
        free(pack.start);

        return;
    }

    must(model_list_valid(patterns, n));

    memset(&facts, 0, sizeof(facts));
    facts.param = one_value;
    facts.data = &text;
    left = SCOPED_KEY_MATCH_MAX_STEPS;

    must((scoped_key_constrained_check(
              (const scoped_key_constrained_t *) pack.start,
              (scoped_key_str_t) scoped_key_str("a:b"), &facts,
              &left, &refusing)
          == SCOPED_KEY_GRANT_ALLOWS)
         == model_grants(patterns, n, value));

    free(pack.start);
}


/* up to the next byte whose top bit is set, or as many as there may be */
static void
list_text(char *out, const uint8_t **data, size_t *size)
{
    size_t             i;
    static const char  characters[] = "ab.*!\\*a";

    for (i = 0; i < LIST_BYTES && *size != 0; i++) {
        (*size)--;
        out[i] = characters[**data % 8];

        if (*(*data)++ & 0x80) {
            i++;
            break;
        }
    }

    out[i] = '\0';
}


static void
check_list(const uint8_t *data, size_t size)
{
    char    value[LIST_BYTES + 1];
    char    patterns[LIST_PATTERNS][LIST_BYTES + 1];
    size_t  n;

    list_text(value, &data, &size);

    for (n = 0; n < LIST_PATTERNS && size != 0; n++) {
        list_text(patterns[n], &data, &size);
    }

    check_granted(patterns, n, value);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t   member;
    scoped_key_pack_t  pack;

    check_list(data, size);

    while (size != 0) {
        member = fuzz_line(&data, &size);
        pack = pack_make(scoped_key_member_room(member));

        if (scoped_key_member_pack(&pack, member, NOW)) {
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
