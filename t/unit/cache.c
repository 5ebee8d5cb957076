/* links: core/cache core/digest core/str -lsodium */

/*
 * What the cache forgets, and what it must not: ids, ages, flushes, replaced
 * entries, user data, chains, references.  With records that hold nothing; time
 * is a number here.  What fits is tested in cache_room.c.
 */

#include "cache_kit.h"


/* many texts of one id: all forgotten at once */
static void
test_invalidate(void)
{
    uint64_t             i;
    unsigned             shared;
    unsigned char        text[12];
    scoped_key_str_t     id;
    scoped_key_cache_t  *cache;

    cache = make(LIMIT * 4, MEMO_BYTES);

    for (i = 0; i < 50; i++) {
        (void) put(cache, i, id_a, RECORD_SIZE, 1);
        (void) put(cache, 100 + i, id_a, 0, 1);
    }

    id.data = text;
    id.len = sizeof(text);
    memset(text, 'x', sizeof(text));

    for (i = 0; i < 100; i++) {
        text[3] = (unsigned char) i;
        (void) put(cache, 1000 + i, id, RECORD_SIZE, 1);
    }

    scoped_key_cache_invalidate(cache, id_a);
    check(count(cache, 0, 150) == 0);

    /* of the other ids none but by chance: 100 of 1024 slots */
    shared = 100 - count(cache, 1000, 100);
    check(shared < 5);

    /* what is read after it is kept, and can be forgotten again */
    check(put(cache, 1, id_a, RECORD_SIZE, 1) != NULL);
    check(put(cache, 2, id_a, 0, 1) != NULL);
    check(find(cache, 1) != NULL && find(cache, 2) != NULL);
    scoped_key_cache_invalidate(cache, id_a);
    check(find(cache, 1) == NULL && find(cache, 2) == NULL);

    scoped_key_cache_destroy(cache);
    check(fake_records == 0);
}


/* every id is heard of, whatever bytes and length it has */
static void
test_invalidate_any_id(void)
{
    size_t               len;
    unsigned             kept;
    unsigned char        text[300];
    scoped_key_str_t     id;
    scoped_key_cache_t  *cache;

    cache = make(LIMIT, 0);
    memset(text, 0, sizeof(text));
    id.data = text;
    kept = 0;

    for (len = 0; len <= sizeof(text); len++) {
        id.len = len;
        (void) put(cache, len, id, RECORD_SIZE, 1);
        scoped_key_cache_invalidate(cache, id);
        kept += find(cache, len) != NULL;
    }

    check(kept == 0);
    check(scoped_key_cache_stats(cache).entries == 0);

    scoped_key_cache_destroy(cache);
}


static void
test_ages(void)
{
    scoped_key_hash_t    hash;
    scoped_key_cache_t  *cache;

    cache = make(LIMIT, MEMO_BYTES);
    hash = tag_of(7);

    (void) put(cache, 7, id_a, RECORD_SIZE, 1000);
    check(scoped_key_cache_find(cache, &hash, 1000, UINT64_MAX) != NULL);
    check(scoped_key_cache_find(cache, &hash, 1001, 0) == NULL);
    /* once too old it is gone, and not only passed over */
    check(scoped_key_cache_find(cache, &hash, 0, 0) == NULL);
    check(scoped_key_cache_stats(cache).entries == 0);
    check(fake_records == 0);

    (void) put(cache, 7, id_a, 0, 1000);
    check(scoped_key_cache_find(cache, &hash, UINT64_MAX, 1000) != NULL);
    check(scoped_key_cache_find(cache, &hash, 0, 1001) == NULL);
    check(scoped_key_cache_find(cache, &hash, 0, 0) == NULL);
    check(scoped_key_cache_stats(cache).negative == 0);

    scoped_key_cache_destroy(cache);
}


static void
test_flush(void)
{
    uint64_t                  i;
    scoped_key_cache_t       *cache;
    scoped_key_cache_stats_t  stats;

    cache = make(LIMIT, MEMO_BYTES);

    for (i = 0; i < 50; i++) {
        (void) put(cache, i, id_a, RECORD_SIZE, 1);
        (void) put(cache, 100 + i, id_a, 0, 1);
    }

    scoped_key_cache_flush(cache);
    stats = scoped_key_cache_stats(cache);
    check(stats.entries == 50 && stats.negative == 50);

    check(put(cache, 49, id_a, RECORD_SIZE, 1) != NULL);
    check(find(cache, 49) != NULL);
    check(count(cache, 0, 49) == 0);
    check(count(cache, 100, 50) == 0);

    stats = scoped_key_cache_stats(cache);
    check(stats.entries == 1 && stats.negative == 0 && stats.evicted == 0);
    check(fake_records == 1);

    /* forgotten ones are pushed out as others are */
    scoped_key_cache_flush(cache);

    for (i = 1000; i < 3000; i++) {
        (void) put(cache, i, id_a, RECORD_SIZE, 1);
    }

    check(find(cache, 49) == NULL);
    check(fake_records == scoped_key_cache_stats(cache).entries);

    scoped_key_cache_destroy(cache);
}


static void
test_replace(void)
{
    scoped_key_hash_t         hash;
    scoped_key_cache_t       *cache;
    scoped_key_cached_t      *cached;
    scoped_key_record_t      *record;
    scoped_key_cache_stats_t  before, after;

    cache = make(LIMIT, MEMO_BYTES);
    hash = tag_of(1);

    cached = put(cache, 1, id_a, 0, 5);
    check(cached != NULL);
    check(cached->record == NULL && cached->user_data == NULL);

    cached = put(cache, 1, id_a, RECORD_SIZE, 6);
    check(cached != NULL && cached->record != NULL && cached->read_ms == 6);
    before = scoped_key_cache_stats(cache);
    check(before.entries == 1 && before.negative == 0);

    /* with the record that only the entry itself still holds */
    record = cached->record;
    cached = scoped_key_cache_put(cache, &hash, id_b, record,
                                  SCOPED_KEY_SECRET_PREVIOUS, 7);
    check(cached != NULL && cached->record == record);
    check(cached != NULL && cached->match == SCOPED_KEY_SECRET_PREVIOUS);
    check(fake_records == 1);
    after = scoped_key_cache_stats(cache);
    check(after.entries == 1 && after.bytes == before.bytes);
    check(after.evicted == 0);

    /* it is of the other id now */
    scoped_key_cache_invalidate(cache, id_b);
    check(find(cache, 1) == NULL);

    (void) put(cache, 1, id_a, RECORD_SIZE, 8);
    (void) put(cache, 1, id_a, 0, 9);
    cached = find(cache, 1);
    check(cached != NULL && cached->record == NULL && cached->read_ms == 9);
    check(fake_records == 0);

    scoped_key_cache_destroy(cache);
}


static void
test_memo(void)
{
    uint64_t              i;
    unsigned              j, stained;
    scoped_key_cache_t   *cache;
    scoped_key_cached_t  *cached;

    cache = make(LIMIT, MEMO_BYTES);
    stained = 0;

    for (i = 0; i < 2000; i++) {
        cached = put(cache, i, id_a, RECORD_SIZE, 1);

        for (j = 0; cached != NULL && j < MEMO_BYTES; j++) {
            stained += cached->user_data[j];
            cached->user_data[j] = 0xff;
        }
    }

    check(stained == 0);

    cached = find(cache, 1999);
    check(cached != NULL && cached->user_data[0] == 0xff);
    check(cached != NULL && cached->user_data[MEMO_BYTES - 1] == 0xff);
    scoped_key_cache_destroy(cache);

    cache = make(LIMIT, 0);
    cached = put(cache, 1, id_a, RECORD_SIZE, 1);
    check(cached != NULL && cached->user_data == NULL);
    scoped_key_cache_destroy(cache);
}


/* tags whose first words are equal are still two */
static void
test_chain(void)
{
    uint64_t              i;
    unsigned              wrong;
    scoped_key_hash_t     hash;
    scoped_key_cache_t   *cache;
    scoped_key_cached_t  *cached;

    cache = make(LIMIT, 0);
    hash.word[0] = 5;
    wrong = 0;

    for (i = 0; i < 50; i++) {
        hash.word[1] = i;
        (void) scoped_key_cache_put(cache, &hash, id_a, NULL,
                                    SCOPED_KEY_SECRET_WRONG, i);
    }

    /* takes every third out of the chain: its middle, its ends */
    for (i = 0; i < 50; i += 3) {
        hash.word[1] = i;
        wrong += scoped_key_cache_find(cache, &hash, 0, i + 1) != NULL;
    }

    for (i = 0; i < 50; i++) {
        hash.word[1] = i;
        cached = scoped_key_cache_find(cache, &hash, 0, 0);
        wrong += (cached == NULL) != (i % 3 == 0);
        wrong += cached != NULL && cached->read_ms != i;
    }

    check(wrong == 0);

    scoped_key_cache_destroy(cache);
}


/* several texts of one record: it lives as long as any of them does */
static void
test_shared_record(void)
{
    scoped_key_hash_t     one, two;
    scoped_key_cache_t   *cache;
    scoped_key_record_t  *record;

    cache = make(LIMIT, MEMO_BYTES);
    one = tag_of(1);
    two = tag_of(2);

    record = fake_record_make(RECORD_SIZE);
    (void) scoped_key_cache_put(cache, &one, id_a, record,
                                SCOPED_KEY_SECRET_CURRENT, 1);
    (void) scoped_key_cache_put(cache, &two, id_a, record,
                                SCOPED_KEY_SECRET_PREVIOUS, 2);
    scoped_key_record_unref(record);

    check(scoped_key_cache_find(cache, &one, 2, 0) == NULL);
    check(fake_records == 1);
    check(scoped_key_cache_find(cache, &two, 3, 0) == NULL);
    check(fake_records == 0);

    scoped_key_cache_destroy(cache);
}


int
main(void)
{
    if (!scoped_key_digest_init()) {
        return EXIT_FAILURE;
    }

    test_invalidate();
    test_invalidate_any_id();
    test_ages();
    test_flush();
    test_replace();
    test_memo();
    test_chain();
    test_shared_record();

    return unit_done("cache");
}
