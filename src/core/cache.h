/*
 * The records that one worker has verified, found by the lookup hash of the
 * presented key; and the keys that it knows to be unknown.  Never more than
 * `bytes` of memory: the least recently used entries are evicted first.
 * Unknown keys have a share of their own, so that a flood of bad keys cannot
 * evict good ones.
 * Time is an argument, in milliseconds of a clock that never goes back.
 * Invariant: nothing is ever rehashed or swept, so that no call but destroy
 * costs more than the entries that a new one pushes out.
 */

#ifndef SCOPED_KEY_CACHE_H
#define SCOPED_KEY_CACHE_H

#include "digest.h"
#include "record.h"


#define SCOPED_KEY_CACHE_MIN_BYTES       65536
#define SCOPED_KEY_CACHE_MAX_USER_BYTES   4096
#define SCOPED_KEY_CACHE_NEGATIVE_SHARE      8   /* an eighth of what the
                                                    tables leave */

typedef struct scoped_key_cache_s  scoped_key_cache_t;

/*
 * One presented key.  Valid until the next call that takes the cache and is
 * not const.  user_data is the caller's: small numbers that depend on the
 * record alone, zeroed when the entry is made.
 */
typedef struct {
    scoped_key_record_t  *record;        /* NULL: an unknown key */
    unsigned char        *user_data;     /* user_bytes of them; NULL if 0, and
                                            of an unknown key */
    uint64_t              read_ms;       /* when the reply was asked for */
    scoped_key_secret_e   match;
    uint32_t              epoch;         /* the cache's own */
} scoped_key_cached_t;

typedef struct {
    size_t    bytes;                     /* all entries and tables together;
                                            at least the minimum */
    size_t    user_bytes;                /* for each known entry; at most
                                            the maximum */
} scoped_key_cache_limits_t;

/*
 * What is in memory, be it usable or not: what was forgotten or is too old
 * counts until it is met or pushed out.
 */
typedef struct {
    uint64_t  entries;                   /* now, of known keys */
    uint64_t  negative;                  /* now, of unknown keys */
    uint64_t  bytes;                     /* now, tables included */
    uint64_t  evicted;                   /* ever, for want of room */
} scoped_key_cache_stats_t;


/* NULL: out of memory, or limits that are not within bounds */
scoped_key_cache_t *scoped_key_cache_create(
    const scoped_key_cache_limits_t *limits);
/* releases every record; NULL is accepted */
void scoped_key_cache_destroy(scoped_key_cache_t *cache);

/*
 * Finds what was read at oldest_ms or later (known keys) or at
 * oldest_unknown_ms or later (unknown ones), and makes it the most recently
 * used.  An older entry is removed.  NULL: nothing.
 */
scoped_key_cached_t *scoped_key_cache_find(scoped_key_cache_t *cache,
    const scoped_key_hash_t *hash, uint64_t oldest_ms,
    uint64_t oldest_negative_ms);

/*
 * Takes a reference of its own to record (NULL: an unknown key).  Replaces
 * what the tag had.  id: what invalidation speaks of; not kept.  Returns the
 * entry, or NULL when there is no room or no memory, which is no error: the
 * next request asks again, for what the tag had is gone.
 */
scoped_key_cached_t *scoped_key_cache_put(scoped_key_cache_t *cache,
    const scoped_key_hash_t *hash, scoped_key_str_t id,
    scoped_key_record_t *record, scoped_key_secret_e match, uint64_t read_ms);

/*
 * Forgets every key of this id, known and unknown, as flush does; and with
 * it the few keys of other ids that happen to be in the same slot.
 */
void scoped_key_cache_invalidate(scoped_key_cache_t *cache,
    scoped_key_str_t id);

/*
 * Forgets everything, at the cost of a counter: what is forgotten keeps its
 * memory, within the limit, until it is next met or pushed out.
 */
void scoped_key_cache_flush(scoped_key_cache_t *cache);

scoped_key_cache_stats_t scoped_key_cache_stats(
    const scoped_key_cache_t *cache);

#endif
