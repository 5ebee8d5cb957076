/*
 * A slot for each reason that was logged recently.  Invariant: within a pause
 * nothing is logged for its slot, whoever has it.
 */

#include <stdio.h>

#include "log_limit.h"


/* FNV-1a */
#define SCOPED_KEY_REDIS_LOG_HASH_BASIS  2166136261u
#define SCOPED_KEY_REDIS_LOG_HASH_PRIME    16777619u


/* the slot of this reason, else one that is free, or is the first to be */
static scoped_key_redis_log_reason_t *
scoped_key_redis_log_slot(scoped_key_redis_log_limit_t *limit,
    uint32_t reason, unsigned long now)
{
    int                             i;
    unsigned long                   left, least;
    scoped_key_redis_log_reason_t  *slot, *found;

    found = &limit->reasons[0];
    least = (unsigned long) -1;

    for (i = 0; i < SCOPED_KEY_REDIS_MAX_LOG_REASONS; i++) {
        slot = &limit->reasons[i];

        if (slot->pause != 0 && slot->reason == reason) {
            return slot;
        }

        left = now - slot->last < slot->pause
               ? slot->pause - (now - slot->last) : 0;

        if (slot->pause == 0) {
            left = 0;
        }

        if (left < least) {
            least = left;
            found = slot;
        }
    }

    return found;
}


/*
 * The pause after a line; twice as long where the last one left lines out, or
 * was for another reason: there are more of them than slots.
 */
static unsigned long
scoped_key_redis_log_pause(const scoped_key_redis_log_reason_t *slot,
    uint32_t reason, unsigned long passed)
{
    unsigned long  pause;

    if ((!slot->left_out && slot->reason == reason)
        || passed >= 2 * slot->pause)
    {
        return SCOPED_KEY_REDIS_FIRST_LOG_PAUSE_MS;
    }

    pause = 2 * slot->pause;

    return pause < SCOPED_KEY_REDIS_MAX_LOG_PAUSE_MS
           ? pause : SCOPED_KEY_REDIS_MAX_LOG_PAUSE_MS;
}


const char *
scoped_key_redis_log_allow(scoped_key_redis_log_limit_t *limit,
    uint32_t reason, unsigned long now)
{
    unsigned long                   passed;
    scoped_key_redis_log_reason_t  *slot;

    slot = scoped_key_redis_log_slot(limit, reason, now);
    passed = now - slot->last;

    if (slot->pause != 0 && passed < slot->pause) {
        slot->left_out = 1;
        limit->left_out += limit->left_out < UINT32_MAX;
        return NULL;
    }

    slot->pause = scoped_key_redis_log_pause(slot, reason, passed);
    slot->reason = reason;
    slot->last = now;
    slot->left_out = 0;

    limit->note[0] = '\0';

    if (limit->left_out > 0) {
        snprintf(limit->note, sizeof(limit->note), ", %lu more not logged",
                 (unsigned long) limit->left_out);
        limit->left_out = 0;
    }

    return limit->note;
}


uint32_t
scoped_key_redis_log_reason(const void *text, size_t len)
{
    size_t                i;
    uint32_t              hash;
    const unsigned char  *bytes;

    bytes = text;
    hash = SCOPED_KEY_REDIS_LOG_HASH_BASIS;

    for (i = 0; i < len && bytes[i] != ' '; i++) {
        hash = (hash ^ bytes[i]) * SCOPED_KEY_REDIS_LOG_HASH_PRIME;
    }

    return hash;
}
