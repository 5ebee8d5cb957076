/*
 * One member of a scope list as scripts/scoped-key speaks of it: what it
 * means, in the one text that all its spellings have, or why it cannot be
 * read.  Whether it can be is the core's word.
 */

#ifndef SCOPED_KEY_TOOLS_GRANT_H
#define SCOPED_KEY_TOOLS_GRANT_H

#include "../core/grant.h"
#include "memory.h"


typedef struct {
    scoped_key_str_t  member;            /* as it was given */
    bool              readable;          /* by the module */
    bool              deny;              /* `!` */
    bool              constrained;
    scoped_key_str_t  meaning;           /* canonical; empty: see reason */
    scoped_key_str_t  reason;            /* why none is written so */
    scoped_key_str_t  scope;             /* of a readable one: its pattern */

    /* a readable one that is constrained, as the core has it; else NULL */
    const scoped_key_constrained_t  *packed;
} grant_t;

/* a pattern of a param, of a readable member */
typedef void (*grant_pattern_pt)(void *data, scoped_key_str_t param,
    scoped_key_str_t pattern);


/* now: unix seconds, for times that are too far ahead */
void grant_read(grant_t *grant, scoped_key_str_t member, int64_t now);

void grant_patterns(const grant_t *grant, grant_pattern_pt each, void *data);

/*
 * Whether a pattern covers all that a scope stands for; both must be readable.
 * A wildcard in the scope is covered only by one as wide.
 */
bool grant_covers(scoped_key_str_t pattern, scoped_key_str_t scope);

/*
 * Whether the list grants a scope and does not refuse it; of a refusal: whether
 * it has one as wide.  Conditions of constrained grants are not judged.
 */
bool grant_any_covers(const strings_t *members, scoped_key_str_t asked,
    int64_t now);

#endif
