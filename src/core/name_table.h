/*
 * Several names that are asked for at once, in a table that leads from a name
 * that was found to the few that it could be.  Which of these it is, if any,
 * is for name_match.h to say.
 * Invariant: whatever name_match.h calls SAME or SUSPECT is among them, but for
 * "__proto__", which is any name.
 */

#ifndef SCOPED_KEY_NAME_TABLE_H
#define SCOPED_KEY_NAME_TABLE_H

#include "steps.h"
#include "str.h"


#define SCOPED_KEY_NAMES_MAX  65535

/* const once built */
typedef struct scoped_key_names_s  scoped_key_names_t;

/* the number of a name; possibly called more than once for one */
typedef void (*scoped_key_names_candidate_pt)(void *data, size_t n);


/*
 * Builds a table of n distinct names, SCOPED_KEY_NAMES_MAX at most, in memory
 * of ..._bytes(), aligned for any type.  Names must live as long.
 */
size_t scoped_key_names_bytes(size_t n);
const scoped_key_names_t *scoped_key_names_build(void *memory,
    const scoped_key_str_t *names, size_t n);

size_t scoped_key_names_count(const scoped_key_names_t *names);
scoped_key_str_t scoped_key_names_get(const scoped_key_names_t *names,
    size_t n);

/*
 * found: of a pair, decoded as often as it was encoded, or of a member.  left:
 * steps (steps.h), which names that are looked at cost, even if there are
 * thousands that begin alike; once there are none left, some were left out.
 */
void scoped_key_names_candidates(const scoped_key_names_t *names,
    scoped_key_str_t found, size_t *left,
    scoped_key_names_candidate_pt candidate, void *data);

#endif
