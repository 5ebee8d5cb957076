/*
 * What one decision may cost, counted in steps of about a nanosecond, so that
 * no record, no configuration and no request, each within its limits, holds up
 * a worker.  Work is counted before it is done.
 * Invariant: who has no steps left matches nothing and is refused.
 */

#ifndef SCOPED_KEY_STEPS_H
#define SCOPED_KEY_STEPS_H

#include <stdbool.h>
#include <stddef.h>


/*
 * Of one decision: thousands of patterns, names and values, each allowed, would
 * take seconds.
 */
#define SCOPED_KEY_MATCH_MAX_STEPS  2000000


/* false, and *left is 0 from then on: they do not suffice */
static inline bool
scoped_key_steps_spend(size_t *left, size_t steps)
{
    if (steps >= *left) {
        *left = 0;
        return false;
    }

    *left -= steps;

    return true;
}

#endif
