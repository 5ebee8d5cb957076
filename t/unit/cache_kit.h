/*
 * What the tests of the cache share: caches, tags and entries by number, with
 * records that hold nothing.  Tags are spread over the buckets as hashes are;
 * every id is of the form that keys have.
 */

#ifndef CACHE_KIT_H
#define CACHE_KIT_H

#include "core/cache.h"
#include "fake_record.h"
#include "unit.h"


#define MEMO_BYTES   8
#define RECORD_SIZE  176
#define LIMIT        SCOPED_KEY_CACHE_MIN_BYTES


static const scoped_key_str_t  id_a = scoped_key_str("4mQ2xV9tKc1Z");
static const scoped_key_str_t  id_b = scoped_key_str("4mQ2xV9tKc1Y");


static inline scoped_key_cache_t *
make(size_t bytes, size_t user_bytes)
{
    scoped_key_cache_t         *cache;
    scoped_key_cache_limits_t   limits;

    limits.bytes = bytes;
    limits.user_bytes = user_bytes;

    cache = scoped_key_cache_create(&limits);
    if (cache == NULL) {
        fprintf(stderr, "cannot make a cache of %zu bytes\n", bytes);
        exit(EXIT_FAILURE);
    }

    return cache;
}


static inline scoped_key_hash_t
tag_of(uint64_t n)
{
    scoped_key_hash_t  hash;

    hash.word[0] = n * 0x9e3779b97f4a7c15;
    hash.word[1] = n;

    return hash;
}


/* size 0: an unknown key; the cache has the only reference to the record */
static inline scoped_key_cached_t *
put(scoped_key_cache_t *cache, uint64_t n, scoped_key_str_t id, size_t size,
    uint64_t now)
{
    scoped_key_hash_t     hash;
    scoped_key_cached_t  *cached;
    scoped_key_record_t  *record;

    hash = tag_of(n);
    record = size != 0 ? fake_record_make(size) : NULL;
    cached = scoped_key_cache_put(cache, &hash, id, record,
                                  SCOPED_KEY_SECRET_CURRENT, now);
    scoped_key_record_unref(record);

    return cached;
}


static inline scoped_key_cached_t *
find(scoped_key_cache_t *cache, uint64_t n)
{
    scoped_key_hash_t  hash;

    hash = tag_of(n);

    return scoped_key_cache_find(cache, &hash, 0, 0);
}


/* how many of the tags from first on are found; each becomes recently used */
static inline unsigned
count(scoped_key_cache_t *cache, uint64_t first, unsigned n)
{
    unsigned  i, found;

    found = 0;

    for (i = 0; i < n; i++) {
        found += find(cache, first + i) != NULL;
    }

    return found;
}

#endif
