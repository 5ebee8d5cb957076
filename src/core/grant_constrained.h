/*
 * How a constrained grant lies in memory; for grant_compile.c, which writes
 * it, and grant_check.c, which reads it, alone.
 * Behind the struct: the member's text, the scope pattern, the lists of
 * conditions.h, and the params: name, number of patterns, compiled patterns
 * (pattern.h), the exclusions first.
 */

#ifndef SCOPED_KEY_GRANT_CONSTRAINED_H
#define SCOPED_KEY_GRANT_CONSTRAINED_H

#include "conditions.h"
#include "grant.h"


struct scoped_key_constrained_s {
    scoped_key_conditions_t  conditions;
    uint32_t                 size;       /* of all, what is packed behind the
                                            struct and the padding included */
    uint32_t                 member;     /* bytes of its text */
    uint16_t                 nparams;
    uint8_t                  scope;      /* bytes of the pattern */
};


/* reads the object and packs it; grant.h's scoped_key_member_pack() */
bool scoped_key_constrained_pack(scoped_key_pack_t *pack,
    scoped_key_str_t member, int64_t now);
size_t scoped_key_constrained_room(scoped_key_str_t member);

#endif
