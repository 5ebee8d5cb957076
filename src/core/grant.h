/*
 * One member of a scope list: a scope pattern, a refusal (`!` and a scope
 * pattern), or a JSON object, a constrained grant.  Members are packed one
 * after another, those of one kind together, and never change.
 * Knows nothing of records, nor of which kind beats which (verdict.h).
 */

#ifndef SCOPED_KEY_GRANT_H
#define SCOPED_KEY_GRANT_H

#include "facts.h"
#include "pack.h"
#include "str.h"
#include "conditions.h"


typedef enum {
    SCOPED_KEY_MEMBER_REFUSAL = 0,
    SCOPED_KEY_MEMBER_PLAIN,
    SCOPED_KEY_MEMBER_CONSTRAINED,
    SCOPED_KEY_MEMBER_KINDS
} scoped_key_member_e;

/* what becomes of one required scope; a greater one outranks a lesser */
typedef enum {
    SCOPED_KEY_GRANT_NO_MATCH = 0,       /* it is of other scopes */
    SCOPED_KEY_GRANT_CONDITION_FAILS,    /* its hosts, ips, methods, times */
    SCOPED_KEY_GRANT_PARAM_REFUSED,
    SCOPED_KEY_GRANT_BODY_UNREADABLE,
    SCOPED_KEY_GRANT_BODY_TOO_LARGE,
    SCOPED_KEY_GRANT_NEEDS_BODY,
    SCOPED_KEY_GRANT_UNDECIDED,          /* out of memory */
    SCOPED_KEY_GRANT_ALLOWS
} scoped_key_grant_e;

/* a constrained grant, packed */
typedef struct scoped_key_constrained_s  scoped_key_constrained_t;

struct scoped_key_constrained_s {
    scoped_key_conditions_t  conditions;
    uint32_t                 size;       /* of all, what is packed behind the
                                            struct and the padding included */
    uint32_t                 member;     /* bytes of its text */
    uint16_t                 nparams;
    uint8_t                  scope;      /* bytes of the pattern */
};


/* by the first byte alone: it may yet be unreadable */
scoped_key_member_e scoped_key_member_kind(scoped_key_str_t member);

/* bytes that suffice to pack the member */
size_t scoped_key_member_room(scoped_key_str_t member);

/*
 * Packs a member of any kind.  False: it is unreadable, or does not fit, and
 * nothing was packed.  A constrained grant leaves the writer aligned, and
 * wants it aligned before.  now: unix seconds, for times that are too far
 * ahead.
 */
bool scoped_key_member_pack(scoped_key_pack_t *pack, scoped_key_str_t member,
    int64_t now);

/*
 * Finds the first of n packed plain grants or refusals that matches the scope,
 * which must be valid.  True: *member is its text.  False: *at is moved past
 * the last one.
 */
bool scoped_key_plain_find(const unsigned char **at, size_t n,
    scoped_key_str_t scope, scoped_key_str_t *member);
bool scoped_key_refusal_find(const unsigned char **at, size_t n,
    scoped_key_str_t scope, scoped_key_str_t *member);

/*
 * How the grant relates to the required scope, which must be valid.  left: the
 * steps that are left (pattern.h), counted down; once it is 0 nothing allows.
 * *param is the param that refuses, in the grant; else it is left alone.
 */
scoped_key_grant_e scoped_key_constrained_check(
    const scoped_key_constrained_t *grant, scoped_key_str_t scope,
    const scoped_key_facts_t *facts, size_t *left,
    scoped_key_str_t *param);

/* the first of its conditions that does not hold; left: as above */
scoped_key_reason_e scoped_key_constrained_conditions(
    const scoped_key_constrained_t *grant, const scoped_key_facts_t *facts,
    size_t *left);

scoped_key_str_t scoped_key_constrained_scope(
    const scoped_key_constrained_t *grant);

/* the text of the member */
scoped_key_str_t scoped_key_constrained_member(
    const scoped_key_constrained_t *grant);

/* the one packed behind it, if there is one */
const scoped_key_constrained_t *scoped_key_constrained_next(
    const scoped_key_constrained_t *grant);

#endif
