/* links: core/cache core/digest core/str -lsodium */

/*
 * How much the cache keeps: floods of good and of bad keys, what is used, what
 * is too large.  The limit holds at every moment, to the byte, and nothing is
 * pushed out while there is room.  What is forgotten is tested in cache.c.
 */

#include "cache_kit.h"


static void
test_limits(void)
{
    scoped_key_cache_t         *cache;
    scoped_key_cache_stats_t    stats;
    scoped_key_cache_limits_t   limits;

    limits.bytes = LIMIT - 1;
    limits.user_bytes = 0;
    check(scoped_key_cache_create(&limits) == NULL);

    limits.bytes = LIMIT;
    limits.user_bytes = SCOPED_KEY_CACHE_MAX_USER_BYTES + 1;
    check(scoped_key_cache_create(&limits) == NULL);

    limits.user_bytes = SIZE_MAX;
    check(scoped_key_cache_create(&limits) == NULL);

    cache = make(LIMIT, SCOPED_KEY_CACHE_MAX_USER_BYTES);
    stats = scoped_key_cache_stats(cache);
    check(stats.entries == 0 && stats.negative == 0 && stats.evicted == 0);
    check(stats.bytes > 0 && stats.bytes < LIMIT / 10);
    check(find(cache, 1) == NULL);
    scoped_key_cache_destroy(cache);

    scoped_key_cache_destroy(NULL);
}


/* a million bad keys: the good ones stay, and the limit holds throughout */
static void
test_unknown_flood(void)
{
    uint64_t                  i;
    unsigned                  over, lost;
    scoped_key_cache_t       *cache;
    scoped_key_cache_stats_t  stats;

    cache = make(LIMIT, MEMO_BYTES);

    for (i = 0; i < 100; i++) {
        check(put(cache, i, id_b, RECORD_SIZE, 1) != NULL);
    }

    over = 0;
    lost = 0;

    for (i = 1000; i < 1001000; i++) {
        lost += put(cache, i, id_a, 0, 1) == NULL;
        over += scoped_key_cache_stats(cache).bytes > LIMIT;
    }

    stats = scoped_key_cache_stats(cache);
    check(over == 0);
    check(lost == 0);
    check(stats.entries == 100);
    check(stats.negative > 50);
    check(stats.evicted == 1000000 - stats.negative);
    check(count(cache, 0, 100) == 100);
    check(find(cache, 1000999) != NULL);
    check(find(cache, 1000) == NULL);

    scoped_key_cache_destroy(cache);
    check(fake_records == 0);
}


static void
test_known_flood(void)
{
    uint64_t                  i;
    unsigned                  over;
    scoped_key_cache_t       *cache;
    scoped_key_cache_stats_t  stats;

    cache = make(LIMIT, MEMO_BYTES);
    check(put(cache, 1, id_a, 0, 1) != NULL);

    over = 0;

    for (i = 1000; i < 3000; i++) {
        (void) put(cache, i, id_b, RECORD_SIZE, 1);
        over += scoped_key_cache_stats(cache).bytes > LIMIT;
    }

    stats = scoped_key_cache_stats(cache);
    check(over == 0);
    check(find(cache, 1) != NULL);
    check(stats.entries == 2000 - stats.evicted);
    check(fake_records == stats.entries);

    /* exactly the most recent ones, and no room wasted */
    check(count(cache, 3000 - stats.entries, stats.entries) == stats.entries);
    check(count(cache, 1000, 2000) == stats.entries);
    check(stats.entries * 300 > (LIMIT - LIMIT / 8) * 9 / 10);

    scoped_key_cache_destroy(cache);
    check(fake_records == 0);
}


/* what is used stays, however much comes after it */
static void
test_recently_used(void)
{
    uint64_t             i;
    unsigned             hits;
    scoped_key_cache_t  *cache;

    cache = make(LIMIT, MEMO_BYTES);
    check(put(cache, 1, id_a, RECORD_SIZE, 1) != NULL);
    check(put(cache, 2, id_a, RECORD_SIZE, 1) != NULL);
    check(put(cache, 3, id_a, 0, 1) != NULL);
    check(put(cache, 4, id_a, 0, 1) != NULL);

    hits = 0;

    for (i = 1000; i < 3000; i++) {
        (void) put(cache, i, id_a, i % 2 == 0 ? RECORD_SIZE : 0, 1);
        hits += find(cache, 1) != NULL;
        hits += find(cache, 3) != NULL;
    }

    check(hits == 4000);
    check(find(cache, 2) == NULL);
    check(find(cache, 4) == NULL);

    scoped_key_cache_destroy(cache);
}


/* one that can never fit: what was there is outdated, and goes all the same */
static void
test_too_large(void)
{
    scoped_key_cache_t       *cache;
    scoped_key_cache_stats_t  stats;

    cache = make(LIMIT, MEMO_BYTES);

    (void) put(cache, 1, id_a, RECORD_SIZE, 1);
    (void) put(cache, 2, id_a, RECORD_SIZE, 1);
    check(put(cache, 1, id_a, LIMIT, 2) == NULL);
    check(find(cache, 1) == NULL);
    check(find(cache, 2) != NULL);
    stats = scoped_key_cache_stats(cache);
    check(stats.evicted == 0 && stats.entries == 1);
    check(fake_records == 1);

    scoped_key_cache_destroy(cache);
    check(fake_records == 0);
}


/* to the byte: what just fits is let in, beside what just leaves it room */
static void
test_exact_fit(void)
{
    size_t                    own, overhead, limit;
    uint64_t                  i;
    scoped_key_cache_t       *cache;
    scoped_key_cache_stats_t  stats;

    cache = make(LIMIT, MEMO_BYTES);
    own = scoped_key_cache_stats(cache).bytes;
    limit = LIMIT - own;
    limit -= limit / SCOPED_KEY_CACHE_NEGATIVE_SHARE;

    (void) put(cache, 1, id_a, 1000, 1);
    overhead = scoped_key_cache_stats(cache).bytes - own - 1000;
    check(overhead > 0 && overhead < 200);

    check(put(cache, 1, id_a, limit - overhead + 1, 1) == NULL);
    check(put(cache, 1, id_a, limit - overhead, 1) != NULL);
    check(scoped_key_cache_stats(cache).bytes == own + limit);

    check(put(cache, 1, id_a, 1000, 1) != NULL);
    check(put(cache, 2, id_a, limit - 2 * overhead - 1000, 1) != NULL);
    check(scoped_key_cache_stats(cache).evicted == 0);
    check(scoped_key_cache_stats(cache).bytes == own + limit);

    /* both segments full, and then one that takes all of its segment */
    for (i = 1000; i < 2000; i++) {
        (void) put(cache, i, id_a, i % 2 == 0 ? 1000 : 0, 1);
        check(scoped_key_cache_stats(cache).bytes <= LIMIT);
    }

    check(put(cache, 1, id_a, limit - overhead, 1) != NULL);
    stats = scoped_key_cache_stats(cache);
    check(stats.entries == 1 && stats.negative > 50);
    check(stats.bytes <= LIMIT);

    scoped_key_cache_destroy(cache);
    check(fake_records == 0);
}


int
main(void)
{
    if (!scoped_key_digest_init()) {
        return EXIT_FAILURE;
    }

    test_limits();
    test_unknown_flood();
    test_known_flood();
    test_recently_used();
    test_too_large();
    test_exact_fit();

    return unit_done("cache_room");
}
