/*
 * A constrained grant's JSON object to its packed form, when the record is
 * built.  Everything in the object must be understood: one unknown, doubled
 * or ill-typed field, and the whole grants nothing.
 * Invariant: what is refused leaves nothing packed.
 */

#include <string.h>

#include "grant_constrained.h"
#include "json.h"
#include "pattern.h"
#include "scope.h"


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


static const scoped_key_str_t  scoped_key_part_names[SCOPED_KEY_PARTS] = {
    scoped_key_str("scope"),
    scoped_key_str("params"),
    scoped_key_str("hosts"),
    scoped_key_str("methods"),
    scoped_key_str("ips"),
    scoped_key_str("not_before"),
    scoped_key_str("expires_at")
};


size_t
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

    return scoped_key_pack_text(patterns->pack, text);
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
        || !scoped_key_pack_text(filling->pack, name))
    {
        return false;
    }

    count = scoped_key_pack_take(filling->pack, sizeof(n));

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

    grant = scoped_key_pack_take(pack, sizeof(*grant));

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


bool
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
