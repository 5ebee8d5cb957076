/* links: core/cache core/digest core/str -lsodium */

/*
 * Random operations on the cache and on a naive model of it, which must agree
 * at every step on what is found, on its data, and on all that is counted:
 * two arrays by last use, searched from one end to the other.
 * Only two things are learnt from the cache and not laid down here: what an
 * entry costs beside its record, and which ids share a slot.
 */

#include "core/cache.h"
#include "../unit/fake_record.h"
#include "fuzz.h"


#define TAGS         256
#define IDS          8
#define MEMO_MAX     16
#define SIZE_UNIT    96                  /* of records, times 0 to 253 */
#define SIZE_FITS    254                 /* all that there is room for */
#define SIZE_LARGE   255                 /* a byte more */


typedef struct {
    uint8_t               hash;
    uint8_t               id;
    uint8_t               user_data;
    bool                  forgotten;
    scoped_key_secret_e   match;
    scoped_key_record_t  *record;
    size_t                cost;
    uint64_t              read_ms;
} item_t;

/* the most recently used first */
typedef struct {
    item_t                items[TAGS];
    unsigned              n;
    size_t                bytes;
    size_t                limit;
    size_t                overhead;
} segment_t;

typedef struct {
    scoped_key_cache_t   *cache;
    size_t                user_bytes;
    size_t                own_bytes;
    segment_t             segments[2];   /* of unknown keys, of known ones */
    bool                  shared[IDS][IDS];
    uint64_t              evicted;
    uint64_t              now;
} world_t;


static scoped_key_hash_t
tag_of(uint8_t n)
{
    scoped_key_hash_t  hash;

    /* few distinct first words: long chains */
    hash.word[0] = n % 4;
    hash.word[1] = n;

    return hash;
}


static scoped_key_str_t
id_of(uint8_t n)
{
    static const unsigned char  texts[] = "abcdefghijkl";

    scoped_key_str_t  id;

    id.data = texts;
    id.len = n % IDS;

    return id;
}


static void
segment_remove(segment_t *segment, unsigned i)
{
    segment->bytes -= segment->items[i].cost;
    segment->n--;
    memmove(&segment->items[i], &segment->items[i + 1],
            (segment->n - i) * sizeof(item_t));
}


static void
segment_insert(segment_t *segment, item_t item)
{
    memmove(&segment->items[1], &segment->items[0],
            segment->n * sizeof(item_t));
    segment->items[0] = item;
    segment->n++;
    segment->bytes += item.cost;
}


/* which segment has the hash, and where in it; NULL: none */
static segment_t *
model_seek(world_t *w, uint8_t hash, unsigned *place)
{
    unsigned  i, kind;

    for (kind = 0; kind < 2; kind++) {
        for (i = 0; i < w->segments[kind].n; i++) {
            if (w->segments[kind].items[i].hash == hash) {
                *place = i;
                return &w->segments[kind];
            }
        }
    }

    return NULL;
}


static void
compare_stats(const world_t *w)
{
    scoped_key_cache_stats_t  stats;

    stats = scoped_key_cache_stats(w->cache);

    must(stats.negative == w->segments[0].n);
    must(stats.entries == w->segments[1].n);
    must(stats.evicted == w->evicted);
    must(stats.bytes
         == w->own_bytes + w->segments[0].bytes + w->segments[1].bytes);
    must(w->segments[0].bytes <= w->segments[0].limit);
    must(w->segments[1].bytes <= w->segments[1].limit);
    must(fake_records == w->segments[1].n);
}


static void
compare_cached(const world_t *w, const item_t *item,
    const scoped_key_cached_t *cached)
{
    size_t  i;

    must(cached->record == item->record);
    must(cached->match == item->match);
    must(cached->read_ms == item->read_ms);
    must((cached->user_data != NULL)
         == (item->record != NULL && w->user_bytes != 0));

    for (i = 0; cached->user_data != NULL && i < w->user_bytes; i++) {
        must(cached->user_data[i] == item->user_data);
    }
}


/* size 0: an unknown key */
static void
do_put(world_t *w, uint8_t hash, uint8_t id, size_t size)
{
    item_t                item;
    segment_t            *segment;
    unsigned              i;
    scoped_key_hash_t     t;
    scoped_key_cached_t  *cached;

    memset(&item, 0, sizeof(item_t));
    item.hash = hash;
    item.id = id;
    item.record = size != 0 ? fake_record_make(size) : NULL;
    item.match = id % 3;
    item.read_ms = w->now;

    t = tag_of(hash);
    cached = scoped_key_cache_put(w->cache, &t, id_of(id), item.record,
                                  item.match, item.read_ms);
    scoped_key_record_unref(item.record);

    segment = model_seek(w, hash, &i);
    if (segment != NULL) {
        segment_remove(segment, i);
    }

    segment = &w->segments[size != 0];
    item.cost = segment->overhead + size;

    if (item.cost > segment->limit) {
        must(cached == NULL);
        return;
    }

    while (segment->bytes + item.cost > segment->limit) {
        segment_remove(segment, segment->n - 1);
        w->evicted++;
    }

    must(cached != NULL);
    compare_cached(w, &item, cached);

    item.user_data = id ^ 0x55;

    if (cached->user_data != NULL) {
        memset(cached->user_data, item.user_data, w->user_bytes);
    }

    segment_insert(segment, item);
}


static void
do_find(world_t *w, uint8_t hash, uint64_t oldest, uint64_t oldest_negative)
{
    item_t                item;
    segment_t            *segment;
    unsigned              i;
    scoped_key_hash_t     t;
    scoped_key_cached_t  *cached;

    t = tag_of(hash);
    cached = scoped_key_cache_find(w->cache, &t, oldest, oldest_negative);

    segment = model_seek(w, hash, &i);
    if (segment == NULL) {
        must(cached == NULL);
        return;
    }

    item = segment->items[i];
    segment_remove(segment, i);

    if (item.forgotten
        || item.read_ms < (item.record != NULL ? oldest : oldest_negative))
    {
        must(cached == NULL);
        return;
    }

    must(cached != NULL);
    compare_cached(w, &item, cached);
    segment_insert(segment, item);
}


/* id of IDS: every one */
static void
model_forget(world_t *w, uint8_t id)
{
    item_t    *item;
    unsigned   i, kind;

    for (kind = 0; kind < 2; kind++) {
        for (i = 0; i < w->segments[kind].n; i++) {
            item = &w->segments[kind].items[i];
            item->forgotten |= id == IDS || w->shared[id][item->id];
        }
    }
}


/* in a cache that is empty, and left empty */
static void
learn_costs(world_t *w)
{
    size_t  limit;

    w->own_bytes = scoped_key_cache_stats(w->cache).bytes;
    limit = w->segments[0].limit - w->own_bytes;
    w->segments[0].limit = limit / SCOPED_KEY_CACHE_NEGATIVE_SHARE;
    w->segments[1].limit = limit - w->segments[0].limit;

    do_put(w, 0, 0, 0);
    w->segments[0].overhead = scoped_key_cache_stats(w->cache).bytes
                           - w->own_bytes;
    do_find(w, 0, 0, UINT64_MAX);

    do_put(w, 0, 0, 1);
    w->segments[1].overhead = scoped_key_cache_stats(w->cache).bytes
                           - w->own_bytes - 1;
    do_find(w, 0, UINT64_MAX, 0);

    must(w->segments[0].overhead >= sizeof(scoped_key_cached_t));
    must(w->segments[1].overhead >= w->segments[0].overhead);

    /* the model has not counted them so far */
    w->segments[0].bytes = 0;
    w->segments[1].bytes = 0;
    compare_stats(w);
}


static void
learn_shared(world_t *w)
{
    uint8_t            a, b;
    scoped_key_hash_t  hash;

    hash = tag_of(0);

    for (a = 0; a < IDS; a++) {
        for (b = 0; b < IDS; b++) {
            (void) scoped_key_cache_put(w->cache, &hash, id_of(b), NULL,
                                        SCOPED_KEY_SECRET_WRONG, 0);
            scoped_key_cache_invalidate(w->cache, id_of(a));
            w->shared[a][b] = scoped_key_cache_find(w->cache, &hash, 0, 0)
                              == NULL;
            must(a != b || w->shared[a][b]);
            must(b > a || w->shared[a][b] == w->shared[b][a]);
        }
    }

    (void) scoped_key_cache_find(w->cache, &hash, 0, UINT64_MAX);
}


static size_t
size_of(const world_t *w, uint8_t size)
{
    if (size < SIZE_FITS) {
        return size * (size_t) SIZE_UNIT;
    }

    return w->segments[1].limit - w->segments[1].overhead
           + (size == SIZE_LARGE);
}


static void
step(world_t *w, const uint8_t *op)
{
    uint64_t  oldest;

    switch (op[0] % 8) {

    case 0:
    case 1:
        do_put(w, op[1], op[2] % IDS, size_of(w, op[3]));
        break;

    case 2:
        do_put(w, op[1], op[2] % IDS, 0);
        break;

    case 3:
        scoped_key_cache_invalidate(w->cache, id_of(op[1] % IDS));
        model_forget(w, op[1] % IDS);
        break;

    case 4:
        if (op[1] % 8 == 0) {
            scoped_key_cache_flush(w->cache);
            model_forget(w, IDS);
        }

        w->now += op[2] % 16;
        break;

    default:
        oldest = w->now - op[2] % 64;
        do_find(w, op[1], oldest, oldest + op[3] % 32);
    }

    compare_stats(w);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static world_t             w;
    scoped_key_cache_limits_t  limits;

    if (size < 2 || !scoped_key_digest_init()) {
        return 0;
    }

    memset(&w, 0, sizeof(world_t));
    limits.bytes = SCOPED_KEY_CACHE_MIN_BYTES + data[0] * (size_t) 521;
    limits.user_bytes = data[1] % (MEMO_MAX + 1);

    w.cache = scoped_key_cache_create(&limits);
    must(w.cache != NULL);
    w.user_bytes = limits.user_bytes;
    w.segments[0].limit = limits.bytes;
    w.now = 1000;
    learn_costs(&w);
    learn_shared(&w);

    for (data += 2, size -= 2; size >= 4; data += 4, size -= 4) {
        step(&w, data);
    }

    scoped_key_cache_destroy(w.cache);
    must(fake_records == 0);

    return 0;
}
