/*
 * A hash table of chains, and two LRU segments with a limit each: positive
 * entries have a record, negative ones stand for unknown keys.  Knows no clock
 * and no key.
 * Invariants: a lookup hash is in the table once at most; a segment's bytes are
 * the sum of its entries' bytes, and never over its limit; an entry is usable
 * only while its epoch is the cache's and its generation is its slot's.  So
 * flush increments the epoch, and invalidate increments the id's slot: neither
 * visits an entry, however many keys a stranger has tried on one id.
 */

#include <stdlib.h>

#include "cache.h"


typedef struct scoped_key_ring_s  scoped_key_ring_t;

struct scoped_key_ring_s {
    scoped_key_ring_t  *next;
    scoped_key_ring_t  *prev;
};

/* of the limit, for each bucket: about what an entry and its record take */
#define SCOPED_KEY_CACHE_BUCKET_BYTES  256
#define SCOPED_KEY_CACHE_MAX_BUCKETS   ((size_t) 1 << 28)

/* what malloc adds to a block, and rounds it up to */
#define SCOPED_KEY_CACHE_MALLOC_BYTES  8
#define SCOPED_KEY_CACHE_MALLOC_UNIT   16

typedef struct scoped_key_cache_entry_s  scoped_key_cache_entry_t;

/* memo_bytes follow it */
struct scoped_key_cache_entry_s {
    scoped_key_ring_t          used;     /* first: the casts rely on it */
    scoped_key_cache_entry_t  *next;     /* in the chain of the bucket */
    scoped_key_hash_t          hash;
    scoped_key_cached_t        cached;
    uint32_t                   slot;     /* of the id, in generations */
    uint32_t                   generation;
};

/* all entries of one kind */
typedef struct {
    scoped_key_ring_t          used;     /* the most recently used first */
    uint64_t                   n;
    size_t                     bytes;
    size_t                     limit;
    size_t                     user_bytes;
} scoped_key_cache_segment_t;

struct scoped_key_cache_s {
    scoped_key_cache_entry_t **buckets;
    uint32_t                  *generations;  /* as many as buckets; may wrap:
                                                what is met after 2^32 changes
                                                is too old anyhow */
    size_t                     mask;
    uint32_t                   epoch;        /* likewise */
    scoped_key_cache_segment_t positive;
    scoped_key_cache_segment_t negative;
    size_t                     own_bytes;    /* this and the tables */
    uint64_t                   evicted;
    scoped_key_hash_key_t      id_key;
};


static inline void
scoped_key_ring_init(scoped_key_ring_t *head)
{
    head->next = head;
    head->prev = head;
}


/* makes the link the first; it must not be in any ring */
static inline void
scoped_key_ring_insert(scoped_key_ring_t *head, scoped_key_ring_t *link)
{
    link->next = head->next;
    link->prev = head;
    link->next->prev = link;
    head->next = link;
}


/* link: never a head */
static inline void
scoped_key_ring_remove(scoped_key_ring_t *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
}


static size_t
scoped_key_cache_malloced(size_t size)
{
    size += SCOPED_KEY_CACHE_MALLOC_BYTES + SCOPED_KEY_CACHE_MALLOC_UNIT - 1;

    return size - size % SCOPED_KEY_CACHE_MALLOC_UNIT;
}


/*
 * A record that several entries share is counted for each of them: simple,
 * and never too little.
 */
static size_t
scoped_key_cache_cost(const scoped_key_cache_segment_t *segment,
    const scoped_key_record_t *record)
{
    size_t  cost;

    cost = scoped_key_cache_malloced(sizeof(scoped_key_cache_entry_t)
                                     + segment->user_bytes);

    return record != NULL ? cost + scoped_key_record_size(record) : cost;
}


/*
 * The place in the chain that points to the tag's entry, or to NULL at the end.
 * Tags are hashes with a secret key, so that neither the bits that pick the
 * bucket nor the time that a comparison takes are a client's to use.
 */
static scoped_key_cache_entry_t **
scoped_key_cache_seek(scoped_key_cache_t *cache, const scoped_key_hash_t *hash)
{
    scoped_key_cache_entry_t  *entry, **place;

    place = &cache->buckets[hash->word[0] & cache->mask];

    while ((entry = *place) != NULL
           && (entry->hash.word[0] != hash->word[0]
               || entry->hash.word[1] != hash->word[1]))
    {
        place = &entry->next;
    }

    return place;
}


static void
scoped_key_cache_remove(scoped_key_cache_t *cache,
    scoped_key_cache_entry_t **place)
{
    scoped_key_record_t         *record;
    scoped_key_cache_segment_t  *segment;
    scoped_key_cache_entry_t    *entry;

    entry = *place;
    record = entry->cached.record;
    segment = record != NULL ? &cache->positive : &cache->negative;

    *place = entry->next;
    scoped_key_ring_remove(&entry->used);
    segment->n--;
    segment->bytes -= scoped_key_cache_cost(segment, record);

    scoped_key_record_unref(record);
    free(entry);
}


/* false: it does not fit, even alone */
static bool
scoped_key_cache_make_room(scoped_key_cache_t *cache,
    scoped_key_cache_segment_t *segment, size_t bytes)
{
    scoped_key_cache_entry_t  *oldest;

    if (bytes > segment->limit) {
        return false;
    }

    while (segment->limit - segment->bytes < bytes) {
        oldest = (scoped_key_cache_entry_t *) segment->used.prev;
        scoped_key_cache_remove(cache,
                                scoped_key_cache_seek(cache, &oldest->hash));
        cache->evicted++;
    }

    return true;
}


static void
scoped_key_cache_segment_init(scoped_key_cache_segment_t *segment, size_t limit,
    size_t user_bytes)
{
    scoped_key_ring_init(&segment->used);
    segment->limit = limit;
    segment->user_bytes = user_bytes;
}


static void
scoped_key_cache_segment_free(scoped_key_cache_segment_t *segment)
{
    scoped_key_ring_t  *link, *next;

    for (link = segment->used.next; link != &segment->used; link = next) {
        next = link->next;
        scoped_key_record_unref(
            ((scoped_key_cache_entry_t *) link)->cached.record);
        free(link);
    }
}


static uint32_t
scoped_key_cache_slot(const scoped_key_cache_t *cache, scoped_key_str_t id)
{
    scoped_key_hash_t  hash;

    scoped_key_hash_make(&hash, &cache->id_key, id);

    return (uint32_t) (hash.word[0] & cache->mask);
}


/* a power of two, so that bits of a hash pick one */
static size_t
scoped_key_cache_buckets(size_t bytes)
{
    size_t  n;

    n = 1;
    bytes /= SCOPED_KEY_CACHE_BUCKET_BYTES;

    while (n <= bytes / 2 && n < SCOPED_KEY_CACHE_MAX_BUCKETS) {
        n *= 2;
    }

    return n;
}


scoped_key_cache_t *
scoped_key_cache_create(const scoped_key_cache_limits_t *limits)
{
    size_t               n, size, left;
    scoped_key_cache_t  *cache;

    if (limits->bytes < SCOPED_KEY_CACHE_MIN_BYTES
        || limits->user_bytes > SCOPED_KEY_CACHE_MAX_USER_BYTES)
    {
        return NULL;
    }

    n = scoped_key_cache_buckets(limits->bytes);

    size = sizeof(scoped_key_cache_t)
           + n * (sizeof(scoped_key_cache_entry_t *) + sizeof(uint32_t));

    /* one block: large ones are zero pages that cost nothing until touched */
    cache = calloc(1, size);
    if (cache == NULL) {
        return NULL;
    }

    cache->buckets = (scoped_key_cache_entry_t **) (cache + 1);
    cache->generations = (uint32_t *) (cache->buckets + n);
    cache->mask = n - 1;
    cache->own_bytes = scoped_key_cache_malloced(size);
    scoped_key_hash_key_make(&cache->id_key);

    left = limits->bytes - cache->own_bytes;
    n = left / SCOPED_KEY_CACHE_NEGATIVE_SHARE;
    scoped_key_cache_segment_init(&cache->negative, n, 0);
    scoped_key_cache_segment_init(&cache->positive, left - n,
                                  limits->user_bytes);

    return cache;
}


void
scoped_key_cache_destroy(scoped_key_cache_t *cache)
{
    if (cache == NULL) {
        return;
    }

    scoped_key_cache_segment_free(&cache->negative);
    scoped_key_cache_segment_free(&cache->positive);
    free(cache);
}


scoped_key_cached_t *
scoped_key_cache_find(scoped_key_cache_t *cache, const scoped_key_hash_t *hash,
    uint64_t oldest_ms, uint64_t oldest_negative_ms)
{
    uint64_t                     oldest;
    scoped_key_cache_segment_t  *segment;
    scoped_key_cache_entry_t    *entry, **place;

    place = scoped_key_cache_seek(cache, hash);

    entry = *place;
    if (entry == NULL) {
        return NULL;
    }

    if (entry->cached.record != NULL) {
        segment = &cache->positive;
        oldest = oldest_ms;

    } else {
        segment = &cache->negative;
        oldest = oldest_negative_ms;
    }

    if (entry->cached.read_ms < oldest
        || entry->cached.epoch != cache->epoch
        || entry->generation != cache->generations[entry->slot])
    {
        scoped_key_cache_remove(cache, place);
        return NULL;
    }

    if (segment->used.next != &entry->used) {
        scoped_key_ring_remove(&entry->used);
        scoped_key_ring_insert(&segment->used, &entry->used);
    }

    return &entry->cached;
}


/* takes over the reference to record, also when it returns NULL */
static scoped_key_cache_entry_t *
scoped_key_cache_insert(scoped_key_cache_t *cache,
    const scoped_key_hash_t *hash, scoped_key_record_t *record)
{
    size_t                       cost;
    scoped_key_cache_segment_t  *segment;
    scoped_key_cache_entry_t    *entry, **place;

    segment = record != NULL ? &cache->positive : &cache->negative;
    cost = scoped_key_cache_cost(segment, record);
    entry = NULL;

    if (scoped_key_cache_make_room(cache, segment, cost)) {
        entry = calloc(1, sizeof(scoped_key_cache_entry_t)
                          + segment->user_bytes);
    }

    if (entry == NULL) {
        scoped_key_record_unref(record);
        return NULL;
    }

    place = &cache->buckets[hash->word[0] & cache->mask];
    entry->next = *place;
    *place = entry;

    scoped_key_ring_insert(&segment->used, &entry->used);
    segment->n++;
    segment->bytes += cost;

    entry->hash = *hash;
    entry->cached.record = record;

    if (segment->user_bytes != 0) {
        entry->cached.user_data = (unsigned char *) (entry + 1);
    }

    return entry;
}


scoped_key_cached_t *
scoped_key_cache_put(scoped_key_cache_t *cache, const scoped_key_hash_t *hash,
    scoped_key_str_t id, scoped_key_record_t *record, scoped_key_secret_e match,
    uint64_t read_ms)
{
    uint32_t                   slot;
    scoped_key_cache_entry_t  *entry, **place;

    slot = scoped_key_cache_slot(cache, id);

    /* held first: the entry that it replaces may have the last reference */
    if (record != NULL) {
        record = scoped_key_record_ref(record);
    }

    place = scoped_key_cache_seek(cache, hash);
    if (*place != NULL) {
        scoped_key_cache_remove(cache, place);
    }

    entry = scoped_key_cache_insert(cache, hash, record);
    if (entry == NULL) {
        return NULL;
    }

    entry->slot = slot;
    entry->generation = cache->generations[slot];
    entry->cached.epoch = cache->epoch;
    entry->cached.match = match;
    entry->cached.read_ms = read_ms;

    return &entry->cached;
}


void
scoped_key_cache_invalidate(scoped_key_cache_t *cache, scoped_key_str_t id)
{
    cache->generations[scoped_key_cache_slot(cache, id)]++;
}


void
scoped_key_cache_flush(scoped_key_cache_t *cache)
{
    cache->epoch++;
}


scoped_key_cache_stats_t
scoped_key_cache_stats(const scoped_key_cache_t *cache)
{
    scoped_key_cache_stats_t  stats;

    stats.negative = cache->negative.n;
    stats.entries = cache->positive.n;
    stats.bytes = cache->own_bytes + cache->positive.bytes
                  + cache->negative.bytes;
    stats.evicted = cache->evicted;

    return stats;
}
