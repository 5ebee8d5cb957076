/*
 * One member of a scope list by itself: what it is, which scopes it is about,
 * and whether it would allow one of them.  Whether it does is the core's word,
 * on a record that holds this member alone.
 * Invariant: only explains; no verdict is made of it.
 */

#ifndef SCOPED_KEY_TOOLS_MEMBER_H
#define SCOPED_KEY_TOOLS_MEMBER_H

#include "../core/scope.h"
#include "../core/verdict.h"


typedef struct {
    scoped_key_str_t       text;
    bool                   readable;
    bool                   refusal;
    size_t                 len;          /* of the pattern */
    unsigned char          pattern[SCOPED_KEY_SCOPE_MAX_BYTES];
} member_t;


/* now: unix seconds; false: out of memory */
bool member_read(member_t *member, scoped_key_str_t text, int64_t now);

/* of a readable member: whether it is about the scope */
bool member_matches(const member_t *member, scoped_key_str_t scope);

/*
 * Of a readable member: some scope that it is about, in which each wildcard is
 * one segment, `x`; out: SCOPED_KEY_SCOPE_MAX_BYTES, the caller's.
 */
scoped_key_str_t member_sample(const member_t *member, unsigned char *out);

/*
 * Of a readable grant: NONE when it allows the scope, else why not.  A
 * condition that does not hold is told by the reason that a record would have:
 * KEY_NOT_YET_VALID, KEY_EXPIRED, IP_REFUSED, HOST_REFUSED, METHOD_REFUSED.
 * STORE_UNAVAILABLE: out of memory.
 */
scoped_key_reason_e member_check(const member_t *member,
    scoped_key_str_t scope, const scoped_key_facts_t *facts);

#endif
