/*
 * The members of a scope list: see grant.h.  Packed, a plain grant is: 1 if it
 * has a wildcard, else 0; the length of its pattern; the pattern.  A refusal
 * has its `!` before the pattern.  A constrained grant is the struct of
 * grant.h, and after it the member's text, the scope pattern, the lists of
 * conditions.h, and the params: name, number of patterns, compiled patterns
 * (pattern.h), the exclusions first.  Everything in a constrained grant's
 * object must be understood: one unknown, doubled or ill-typed field, and the
 * whole grants nothing.
 * Invariants: what is refused leaves nothing packed; only
 * SCOPED_KEY_GRANT_ALLOWS allows, and it takes the scope, every condition and
 * every param.
 */

#include <string.h>

#include "grant.h"
#include "scope.h"
#include "json.h"
#include "pattern.h"
#include "steps.h"


#define SCOPED_KEY_PLAIN_HEAD  2

/* to ask for the values of one param, as measured, besides one for each pattern
   that is passed over */
#define SCOPED_KEY_STEPS_TO_ASK  48

_Static_assert(SCOPED_KEY_SCOPE_MAX_BYTES <= UINT8_MAX,
               "the length of a pattern takes one byte");

typedef enum {
    SCOPED_KEY_PART_SCOPE = 0,
    SCOPED_KEY_PART_PARAMS,
    SCOPED_KEY_PART_HOSTS,
    SCOPED_KEY_PART_METHODS,
    SCOPED_KEY_PART_IPS,
    SCOPED_KEY_PART_NOT_BEFORE,
    SCOPED_KEY_PART_EXPIRES_AT,
    SCOPED_KEY_PARTS
} scoped_key_part_e;

/* the members of the object; NULL: absent */
typedef struct {
    const scoped_key_json_t  *value[SCOPED_KEY_PARTS];
} scoped_key_parts_t;

/* a list, or the params, on the way into the pack */
typedef struct {
    scoped_key_pack_t        *pack;
    scoped_key_item_pt        item;
    uint16_t                  n;
} scoped_key_filling_t;

/* the patterns of a param, of which those of one kind are packed at a time */
typedef struct {
    scoped_key_pack_t        *pack;
    bool                      exclusions;
    uint16_t                  n;
} scoped_key_patterns_t;


static bool scoped_key_constrained_pack(scoped_key_pack_t *pack,
    scoped_key_str_t member, int64_t now);
static size_t scoped_key_constrained_room(scoped_key_str_t member);


static const scoped_key_str_t  scoped_key_part_names[SCOPED_KEY_PARTS] = {
    scoped_key_str("scope"),
    scoped_key_str("params"),
    scoped_key_str("hosts"),
    scoped_key_str("methods"),
    scoped_key_str("ips"),
    scoped_key_str("not_before"),
    scoped_key_str("expires_at")
};


static inline scoped_key_member_e
scoped_key_kind(scoped_key_str_t member)
{
    if (member.len == 0) {
        return SCOPED_KEY_MEMBER_PLAIN;
    }

    switch (member.data[0]) {

    case '!':
        return SCOPED_KEY_MEMBER_REFUSAL;

    case '{':
        return SCOPED_KEY_MEMBER_CONSTRAINED;

    default:
        return SCOPED_KEY_MEMBER_PLAIN;
    }
}


scoped_key_member_e
scoped_key_member_kind(scoped_key_str_t member)
{
    return scoped_key_kind(member);
}


size_t
scoped_key_member_room(scoped_key_str_t member)
{
    if (scoped_key_kind(member) == SCOPED_KEY_MEMBER_CONSTRAINED) {
        return scoped_key_constrained_room(member);
    }

    return SCOPED_KEY_PLAIN_HEAD + member.len;
}


/* mark: 1 for the `!` of a refusal, else 0 */
static bool
scoped_key_plain_pack(scoped_key_pack_t *pack, scoped_key_str_t member,
    size_t mark)
{
    unsigned char     *taken;
    scoped_key_str_t   pattern;

    pattern.data = member.data + mark;
    pattern.len = member.len - mark;

    if (pattern.len > SCOPED_KEY_SCOPE_MAX_BYTES
        || !scoped_key_scope_pattern_valid(pattern))
    {
        return false;
    }

    taken = scoped_key_pack_reserve(pack, SCOPED_KEY_PLAIN_HEAD + member.len);

    if (taken == NULL) {
        return false;
    }

    taken[0] = memchr(pattern.data, '*', pattern.len) != NULL;
    taken[1] = (unsigned char) pattern.len;
    memcpy(taken + SCOPED_KEY_PLAIN_HEAD, member.data, member.len);

    return true;
}


bool
scoped_key_member_pack(scoped_key_pack_t *pack, scoped_key_str_t member,
    int64_t now)
{
    switch (scoped_key_kind(member)) {

    case SCOPED_KEY_MEMBER_REFUSAL:
        return scoped_key_plain_pack(pack, member, 1);

    case SCOPED_KEY_MEMBER_CONSTRAINED:
        return scoped_key_constrained_pack(pack, member, now);

    default:
        return member.len != 0 && scoped_key_plain_pack(pack, member, 0);
    }
}


/* what needs no call tells most of them apart */
static inline bool
scoped_key_entry_covers(bool wildcard, scoped_key_str_t pattern,
    scoped_key_str_t scope)
{
    unsigned char  first, last;

    first = pattern.data[0];
    last = pattern.data[pattern.len - 1];

    if (!wildcard) {
        return pattern.len == scope.len
               && last == scope.data[scope.len - 1]
               && memcmp(pattern.data, scope.data, scope.len) == 0;
    }

    /* a `*` is a whole segment or action: ends that are literal must agree */
    return (first == '*' || first == scope.data[0])
           && (last == '*' || last == scope.data[scope.len - 1])
           && scoped_key_scope_match(pattern, scope);
}


static inline bool
scoped_key_entry_find(const unsigned char **at, size_t n, size_t mark,
    scoped_key_str_t scope, scoped_key_str_t *member)
{
    scoped_key_str_t      pattern;
    const unsigned char  *entry;

    for (entry = *at; n != 0; n--) {
        pattern.len = entry[1];
        pattern.data = entry + SCOPED_KEY_PLAIN_HEAD + mark;

        if (scoped_key_entry_covers(entry[0], pattern, scope)) {
            member->len = pattern.len + mark;
            member->data = pattern.data - mark;

            return true;
        }

        entry = pattern.data + pattern.len;
    }

    *at = entry;

    return false;
}


bool
scoped_key_plain_find(const unsigned char **at, size_t n,
    scoped_key_str_t scope, scoped_key_str_t *member)
{
    return scoped_key_entry_find(at, n, 0, scope, member);
}


bool
scoped_key_refusal_find(const unsigned char **at, size_t n,
    scoped_key_str_t scope, scoped_key_str_t *member)
{
    return scoped_key_entry_find(at, n, 1, scope, member);
}


static size_t
scoped_key_constrained_room(scoped_key_str_t member)
{
    /* lists and params: what packs worse than a list are params without
       patterns, `"a":[],`, 5 bytes of 7 */
    return sizeof(scoped_key_constrained_t) + 2 * SCOPED_KEY_PACK_ALIGNMENT
           + 2 * member.len + scoped_key_list_room(member.len);
}


static bool
scoped_key_part_collect(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    size_t               i;
    scoped_key_parts_t  *parts = data;

    for (i = 0; i < SCOPED_KEY_PARTS; i++) {
        if (scoped_key_str_equal(name, scoped_key_part_names[i])) {
            parts->value[i] = value;
            return true;
        }
    }

    return false;
}


static bool
scoped_key_part_time(const scoped_key_json_t *value, int64_t now,
    int64_t *time)
{
    if (value == NULL) {
        return true;
    }

    *time = scoped_key_json_integer(value);

    return scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER && *time >= 0
           && !scoped_key_time_is_too_far(*time, now);
}


static bool
scoped_key_part_scope(const scoped_key_json_t *value, scoped_key_str_t *scope)
{
    if (value == NULL) {
        return false;
    }

    /* of all but a string it is empty, which is no pattern */
    *scope = scoped_key_json_string(value);

    return scope->len <= SCOPED_KEY_SCOPE_MAX_BYTES
           && scoped_key_scope_pattern_valid(*scope);
}


static bool
scoped_key_item_fill(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_filling_t  *filling = data;

    (void) name;

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_STRING
        || filling->n == UINT16_MAX)
    {
        return false;
    }

    filling->n++;

    return filling->item(filling->pack, scoped_key_json_string(value));
}


static bool
scoped_key_array_fill(scoped_key_pack_t *pack, const scoped_key_json_t *value,
    scoped_key_item_pt item, uint16_t *n)
{
    scoped_key_filling_t  filling = { pack, item, 0 };

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_ARRAY
        || !scoped_key_json_each(value, scoped_key_item_fill, &filling))
    {
        return false;
    }

    *n = filling.n;

    return true;
}


/* an absent list is no condition, an empty one would be none either, or one
   that nothing meets: who can tell? */
static bool
scoped_key_list_fill(scoped_key_pack_t *pack, const scoped_key_json_t *value,
    scoped_key_item_pt item, uint16_t *n)
{
    return value == NULL
           || (scoped_key_array_fill(pack, value, item, n) && *n != 0);
}


static bool
scoped_key_pattern_fill(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_patterns_t *patterns = data;

    unsigned char     compiled[SCOPED_KEY_PATTERN_MAX_BYTES];
    scoped_key_str_t  source, text;

    (void) name;

    /* of all but a string it is empty, which is no pattern */
    source = scoped_key_json_string(value);

    if (scoped_key_pattern_is_exclusion(source) != patterns->exclusions) {
        return true;
    }

    text.len = scoped_key_pattern_compile(source, compiled);
    text.data = compiled;

    if (text.len == 0 || patterns->n == UINT16_MAX) {
        return false;
    }

    patterns->n++;

    return scoped_key_pack_str(patterns->pack, text);
}


/*
 * The exclusions first, so that the first pattern that matches decides.  They
 * take away from what the others match, so that they are nothing by themselves.
 */
static bool
scoped_key_patterns_fill(scoped_key_pack_t *pack,
    const scoped_key_json_t *value, uint16_t *n)
{
    uint16_t               excluded;
    scoped_key_patterns_t  patterns = { pack, true, 0 };

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_ARRAY
        || !scoped_key_json_each(value, scoped_key_pattern_fill, &patterns))
    {
        return false;
    }

    excluded = patterns.n;
    patterns.exclusions = false;

    if (!scoped_key_json_each(value, scoped_key_pattern_fill, &patterns)) {
        return false;
    }

    *n = patterns.n;

    return excluded == 0 || excluded != patterns.n;
}


static bool
scoped_key_param_fill(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    void                  *count;
    uint16_t               n;
    scoped_key_filling_t  *filling = data;

    if (name.len == 0 || filling->n == UINT16_MAX
        || !scoped_key_pack_str(filling->pack, name))
    {
        return false;
    }

    count = scoped_key_pack_reserve(filling->pack, sizeof(n));

    if (count == NULL
        || !scoped_key_patterns_fill(filling->pack, value, &n))
    {
        return false;
    }

    memcpy(count, &n, sizeof(n));
    filling->n++;

    return true;
}


static bool
scoped_key_params_fill(scoped_key_pack_t *pack, const scoped_key_json_t *value,
    uint16_t *n)
{
    scoped_key_filling_t  filling = { pack, NULL, 0 };

    if (value == NULL) {
        return true;
    }

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_OBJECT
        || !scoped_key_json_each(value, scoped_key_param_fill, &filling))
    {
        return false;
    }

    *n = filling.n;

    return true;
}


static bool
scoped_key_conditions_fill(scoped_key_pack_t *pack,
    const scoped_key_parts_t *parts, int64_t now,
    scoped_key_conditions_t *conditions)
{
    size_t                          mark;
    const scoped_key_json_t *const *value = parts->value;

    mark = pack->len;

    if (!scoped_key_part_time(value[SCOPED_KEY_PART_NOT_BEFORE], now,
                              &conditions->not_before)
        || !scoped_key_part_time(value[SCOPED_KEY_PART_EXPIRES_AT], now,
                                 &conditions->expires_at)
        || !scoped_key_list_fill(pack, value[SCOPED_KEY_PART_IPS],
                                 scoped_key_ip_pack, &conditions->nips)
        || !scoped_key_list_fill(pack, value[SCOPED_KEY_PART_HOSTS],
                                 scoped_key_host_pack, &conditions->nhosts)
        || !scoped_key_list_fill(pack, value[SCOPED_KEY_PART_METHODS],
                                 scoped_key_method_pack,
                                 &conditions->nmethods))
    {
        return false;
    }

    conditions->lists = (uint32_t) (pack->len - mark);

    return true;
}


static bool
scoped_key_constrained_fill(scoped_key_pack_t *pack, scoped_key_str_t member,
    const scoped_key_parts_t *parts, int64_t now)
{
    size_t                     mark;
    scoped_key_str_t           scope;
    scoped_key_constrained_t  *grant;

    mark = pack->len;

    if (!scoped_key_part_scope(parts->value[SCOPED_KEY_PART_SCOPE], &scope)) {
        return false;
    }

    grant = scoped_key_pack_reserve(pack, sizeof(*grant));

    if (grant == NULL) {
        return false;
    }

    memset(grant, 0, sizeof(*grant));
    scoped_key_conditions_init(&grant->conditions);

    grant->member = (uint32_t) member.len;
    grant->scope = (uint8_t) scope.len;

    if (!scoped_key_pack_bytes(pack, member)
        || !scoped_key_pack_bytes(pack, scope)
        || !scoped_key_conditions_fill(pack, parts, now, &grant->conditions)
        || !scoped_key_params_fill(pack, parts->value[SCOPED_KEY_PART_PARAMS],
                                   &grant->nparams)
        || !scoped_key_pack_align(pack))
    {
        return false;
    }

    grant->size = (uint32_t) (pack->len - mark);

    return true;
}


/* reads the object and packs it; grant.h's scoped_key_member_pack() */
static bool
scoped_key_constrained_pack(scoped_key_pack_t *pack, scoped_key_str_t member,
    int64_t now)
{
    bool                packed;
    size_t              mark;
    scoped_key_json_t  *document;
    scoped_key_parts_t  parts;

    document = scoped_key_json_parse(member);

    if (document == NULL) {
        return false;
    }

    mark = pack->len;
    memset(&parts, 0, sizeof(parts));

    packed = scoped_key_json_type(document) == SCOPED_KEY_JSON_OBJECT
             && scoped_key_json_each(document, scoped_key_part_collect, &parts)
             && scoped_key_constrained_fill(pack, member, &parts, now);

    if (!packed) {
        pack->len = mark;
    }

    scoped_key_json_free(document);

    return packed;
}


/* what is packed behind the struct, in order */
static const unsigned char *
scoped_key_constrained_data(const scoped_key_constrained_t *grant)
{
    return (const unsigned char *) (grant + 1);
}


scoped_key_str_t
scoped_key_constrained_member(const scoped_key_constrained_t *grant)
{
    scoped_key_str_t  member;

    member.len = grant->member;
    member.data = scoped_key_constrained_data(grant);

    return member;
}


scoped_key_str_t
scoped_key_constrained_scope(const scoped_key_constrained_t *grant)
{
    scoped_key_str_t  scope;

    scope.len = grant->scope;
    scope.data = scoped_key_constrained_data(grant) + grant->member;

    return scope;
}


scoped_key_reason_e
scoped_key_constrained_conditions(const scoped_key_constrained_t *grant,
    const scoped_key_facts_t *facts, size_t *left)
{
    return scoped_key_conditions_check(&grant->conditions,
                                       scoped_key_constrained_data(grant)
                                       + grant->member + grant->scope,
                                       facts, left);
}


const scoped_key_constrained_t *
scoped_key_constrained_next(const scoped_key_constrained_t *grant)
{
    return (const scoped_key_constrained_t *)
               ((const unsigned char *) grant + grant->size);
}


/*
 * Whether some pattern of a packed list matches the value, and no exclusion:
 * these come first.  An exclusion that there are no steps left for excludes.
 */
static bool
scoped_key_value_match(const unsigned char *at, uint16_t n,
    scoped_key_str_t value, size_t *left)
{
    bool              match, excluded;
    scoped_key_str_t  pattern;

    while (n-- != 0) {
        at = scoped_key_unpack_str(at, &pattern);
        excluded = scoped_key_pattern_exclusion_next(&pattern);
        match = scoped_key_pattern_match(pattern, value, left);

        if (*left == 0) {
            return false;
        }

        if (match) {
            return !excluded;
        }
    }

    return false;
}


static scoped_key_grant_e
scoped_key_values_check(const unsigned char *patterns, uint16_t npatterns,
    const scoped_key_str_t *values, size_t n, size_t *left)
{
    size_t  i;

    if (n == 0 && npatterns != 0) {
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }

    for (i = 0; i < n; i++) {
        if (!scoped_key_value_match(patterns, npatterns, values[i], left)) {
            return SCOPED_KEY_GRANT_PARAM_REFUSED;
        }
    }

    return SCOPED_KEY_GRANT_ALLOWS;
}


static scoped_key_grant_e
scoped_key_param_check(scoped_key_str_t name, const unsigned char *patterns,
    uint16_t npatterns, const scoped_key_facts_t *facts, size_t *left)
{
    size_t                   n;
    const scoped_key_str_t  *values;

    if (facts->param == NULL) {
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }

    n = 0;
    values = NULL;

    switch (facts->param(facts->data, name, &values, &n)) {

    case SCOPED_KEY_PARAM_VALUES:
        return scoped_key_values_check(patterns, npatterns, values, n, left);

    case SCOPED_KEY_PARAM_NOTHING:
        return npatterns == 0 ? SCOPED_KEY_GRANT_ALLOWS
                              : SCOPED_KEY_GRANT_PARAM_REFUSED;

    case SCOPED_KEY_PARAM_NEEDS_BODY:
        return SCOPED_KEY_GRANT_NEEDS_BODY;

    case SCOPED_KEY_PARAM_UNREADABLE:
        return SCOPED_KEY_GRANT_BODY_UNREADABLE;

    case SCOPED_KEY_PARAM_TOO_LARGE:
        return SCOPED_KEY_GRANT_BODY_TOO_LARGE;

    case SCOPED_KEY_PARAM_ERROR:
        return SCOPED_KEY_GRANT_UNDECIDED;

    default:
        return SCOPED_KEY_GRANT_PARAM_REFUSED;
    }
}


/*
 * All must allow.  One that needs the body is set aside: another may refuse
 * without it.
 */
static scoped_key_grant_e
scoped_key_params_check(const unsigned char *at, uint16_t n,
    const scoped_key_facts_t *facts, size_t *left, scoped_key_str_t *param)
{
    uint16_t            npatterns;
    scoped_key_str_t    name, pattern;
    scoped_key_grant_e  result, one;

    result = SCOPED_KEY_GRANT_ALLOWS;

    while (n-- != 0) {
        at = scoped_key_unpack_str(at, &name);
        at = scoped_key_unpack_number(at, &npatterns);

        one = SCOPED_KEY_GRANT_PARAM_REFUSED;

        if (scoped_key_steps_spend(left, SCOPED_KEY_STEPS_TO_ASK + npatterns)) {
            one = scoped_key_param_check(name, at, npatterns, facts, left);
        }

        if (one == SCOPED_KEY_GRANT_NEEDS_BODY) {
            result = one;

        } else if (one != SCOPED_KEY_GRANT_ALLOWS) {
            *param = name;
            return one;
        }

        while (npatterns-- != 0) {
            at = scoped_key_unpack_str(at, &pattern);
        }
    }

    return result;
}


scoped_key_grant_e
scoped_key_constrained_check(const scoped_key_constrained_t *grant,
    scoped_key_str_t scope, const scoped_key_facts_t *facts, size_t *left,
    scoped_key_str_t *param)
{
    scoped_key_str_t  pattern = scoped_key_constrained_scope(grant);

    if (!scoped_key_steps_spend(left, scope.len)
        || !scoped_key_scope_match(pattern, scope))
    {
        return SCOPED_KEY_GRANT_NO_MATCH;
    }

    if (scoped_key_constrained_conditions(grant, facts, left)
        != SCOPED_KEY_REASON_NONE)
    {
        return SCOPED_KEY_GRANT_CONDITION_FAILS;
    }

    return scoped_key_params_check(pattern.data + pattern.len
                                   + grant->conditions.lists,
                                   grant->nparams, facts, left, param);
}
