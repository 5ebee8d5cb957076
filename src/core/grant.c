/*
 * The members of a scope list, and of them the plain grants and refusals: see
 * grant.h.  Constrained grants are in grant_compile.c and grant_check.c.
 * Packed, a plain grant is: 1 if it has a wildcard, else 0; the length of its
 * pattern; the pattern.  A refusal has its `!` before the pattern.
 */

#include <string.h>

#include "grant_constrained.h"
#include "scope.h"


#define SCOPED_KEY_PLAIN_HEAD  2

_Static_assert(SCOPED_KEY_SCOPE_MAX_BYTES <= UINT8_MAX,
               "the length of a pattern takes one byte");


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

    taken = scoped_key_pack_take(pack, SCOPED_KEY_PLAIN_HEAD + member.len);

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
