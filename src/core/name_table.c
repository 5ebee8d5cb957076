/*
 * Of a name only ASCII letters and digits are looked at, in lower case: its
 * skeleton.  Whatever reads as a name begins with the skeleton of it, so the
 * table goes by the hash of that, and is looked up for every beginning of a
 * found name that is as long as some skeleton.  Time linear in the found name.
 */

#include "name_match.h"
#include "name_table.h"


/* longer skeletons go by their beginning; one bit each in a uint64_t */
#define SCOPED_KEY_SKELETON_BYTES  63

/* one name of a bucket, as measured */
#define SCOPED_KEY_STEPS_TO_LOOK_UP  8

#define SCOPED_KEY_HASH_BASIS      2166136261U
#define SCOPED_KEY_HASH_PRIME        16777619U

typedef struct {
    scoped_key_str_t         name;
    uint32_t                 hash;
    uint16_t                 next;       /* number from 1; 0: none */
    uint16_t                 len;        /* of the skeleton */
} scoped_key_names_entry_t;

struct scoped_key_names_s {
    size_t                     n;
    size_t                     mask;
    uint64_t                   lengths;  /* bit n: some skeleton has n bytes */
    scoped_key_names_entry_t  *entries;
    uint16_t                  *heads;    /* mask + 1 of them */
};


/* a power of two */
static size_t
scoped_key_names_heads(size_t n)
{
    size_t  heads;

    for (heads = 1; heads < n; heads *= 2) {
        /* void */
    }

    return heads;
}


size_t
scoped_key_names_bytes(size_t n)
{
    return sizeof(scoped_key_names_t) + n * sizeof(scoped_key_names_entry_t)
           + scoped_key_names_heads(n) * sizeof(uint16_t);
}


static uint32_t
scoped_key_names_hash(uint32_t hash, unsigned char c)
{
    return (hash ^ c) * SCOPED_KEY_HASH_PRIME;
}


/* where a hash is looked up: its upper bits, which mix better */
static uint16_t *
scoped_key_names_head(const scoped_key_names_t *names, uint32_t hash)
{
    return &names->heads[(hash ^ hash >> 16) & names->mask];
}


static void
scoped_key_names_add(scoped_key_names_t *names, scoped_key_str_t name)
{
    size_t                     i, len;
    uint16_t                  *head;
    unsigned char              skeleton[SCOPED_KEY_SKELETON_BYTES];
    scoped_key_names_entry_t  *entry;

    entry = &names->entries[names->n++];
    len = scoped_key_name_skeleton(name, true, skeleton, sizeof(skeleton));

    entry->name = name;
    entry->len = (uint16_t) len;
    entry->hash = SCOPED_KEY_HASH_BASIS;

    for (i = 0; i < len; i++) {
        entry->hash = scoped_key_names_hash(entry->hash, skeleton[i]);
    }

    head = scoped_key_names_head(names, entry->hash);
    entry->next = *head;
    *head = (uint16_t) names->n;
    names->lengths |= (uint64_t) 1 << len;
}


const scoped_key_names_t *
scoped_key_names_build(void *memory, const scoped_key_str_t *list, size_t n)
{
    size_t               i;
    scoped_key_names_t  *names;

    names = memory;
    names->n = 0;
    names->mask = scoped_key_names_heads(n) - 1;
    names->lengths = 0;
    names->entries = (scoped_key_names_entry_t *) (names + 1);
    names->heads = (uint16_t *) (names->entries + n);

    memset(names->heads, 0, (names->mask + 1) * sizeof(uint16_t));

    for (i = 0; i < n; i++) {
        scoped_key_names_add(names, list[i]);
    }

    return names;
}


size_t
scoped_key_names_count(const scoped_key_names_t *names)
{
    return names->n;
}


scoped_key_str_t
scoped_key_names_get(const scoped_key_names_t *names, size_t n)
{
    return names->entries[n].name;
}


/* those whose skeleton has this hash and length */
static void
scoped_key_names_bucket(const scoped_key_names_t *names, uint32_t hash,
    size_t len, size_t *left, scoped_key_names_candidate_pt candidate,
    void *data)
{
    uint16_t                         n;
    const scoped_key_names_entry_t  *entry;

    for (n = *scoped_key_names_head(names, hash); n != 0; n = entry->next) {
        entry = &names->entries[n - 1];

        if (!scoped_key_steps_spend(left, SCOPED_KEY_STEPS_TO_LOOK_UP)) {
            return;
        }

        if (entry->hash == hash && entry->len == len) {
            candidate(data, (size_t) n - 1);
        }
    }
}


static void
scoped_key_names_skeletons(const scoped_key_names_t *names,
    scoped_key_str_t found, bool narrow, size_t *left,
    scoped_key_names_candidate_pt candidate, void *data)
{
    size_t         i, len;
    uint32_t       hash;
    unsigned char  skeleton[SCOPED_KEY_SKELETON_BYTES];

    len = scoped_key_name_skeleton(found, narrow, skeleton, sizeof(skeleton));
    hash = SCOPED_KEY_HASH_BASIS;

    for (i = 0; /* void */ ; i++) {

        if (names->lengths >> i & 1) {
            scoped_key_names_bucket(names, hash, i, left, candidate, data);
        }

        if (i == len) {
            return;
        }

        hash = scoped_key_names_hash(hash, skeleton[i]);
    }
}


void
scoped_key_names_candidates(const scoped_key_names_t *names,
    scoped_key_str_t found, size_t *left,
    scoped_key_names_candidate_pt candidate, void *data)
{
    size_t         i;
    unsigned char  bits;

    scoped_key_names_skeletons(names, found, true, left, candidate, data);

    bits = 0;

    for (i = 0; i < found.len; i++) {
        bits |= found.data[i];
    }

    /* some converters leave out what is not ASCII, others narrow it */

    if (bits >= 0x80) {
        scoped_key_names_skeletons(names, found, false, left, candidate,
                                   data);
    }
}
