/*
 * Hash fields and scope list, as Redis has them, to an immutable record that
 * verdicts are reached from.  A record is one block of memory, counted by
 * reference within one thread; nothing in it changes but the count.  It holds
 * no key and no digest: the digests are kept apart, and are dropped once the
 * secret has been compared.
 *
 * The layout of the block is for record.c, which writes it, and verdict.c,
 * which reads it, alone:
 *
 *     the struct; id, name, owner; the meta strings, name and value in turn;
 *     refusals; plain grants;
 *     and at `tail`, a multiple of 8, what most records have not:
 *     previous_until; conditions and their lists; constrained grants.
 *
 * An invalid record is the struct and the id.
 */

#ifndef SCOPED_KEY_RECORD_H
#define SCOPED_KEY_RECORD_H

#include "digest.h"
#include "str.h"
#include "conditions.h"
#include "grant.h"


#define SCOPED_KEY_RECORD_MAX_MEMBERS  1024
#define SCOPED_KEY_RECORD_MAX_BYTES    65536   /* names, values, members */
#define SCOPED_KEY_RECORD_MAX_FIELDS   1024    /* unknown ones included */

typedef struct scoped_key_record_s  scoped_key_record_t;

/* as read from Redis; every text is the reader's and is copied */
typedef struct {
    scoped_key_str_t         id;
    const scoped_key_str_t  *fields;     /* name, value, name, value, … */
    size_t                   nfields;    /* pairs */
    const scoped_key_str_t  *members;
    size_t                   nmembers;
    const char              *error;      /* not NULL: what makes the record
                                            invalid from without, such as
                                            "wrong type"; the digest, if
                                            there is one, is still read */
} scoped_key_raw_record_t;

/* who holds the secret; kept apart from the record, and only until checked */
typedef struct {
    bool                 has_digest;
    bool                 has_previous;
    scoped_key_digest_t  digest;
    scoped_key_digest_t  previous;
} scoped_key_digests_t;

typedef enum {
    SCOPED_KEY_SECRET_WRONG = 0,         /* of some other key */
    SCOPED_KEY_SECRET_CURRENT,
    SCOPED_KEY_SECRET_PREVIOUS           /* of the secret before the rotation */
} scoped_key_secret_e;

/*
 * Told of everything in the source that cannot be read: field is "digest",
 * "ips", … or "meta", "scopes" for a member, "record" for the whole; value is
 * the operator's text and may hold any byte, or of the whole says what is
 * wrong.  Never told of digests' values.
 */
typedef void (*scoped_key_report_pt)(void *data, const char *field,
    scoped_key_str_t value);

#define SCOPED_KEY_RECORD_VALID        0x01
#define SCOPED_KEY_RECORD_ENABLED      0x02
#define SCOPED_KEY_RECORD_GLOBAL       0x04
#define SCOPED_KEY_RECORD_DIGEST       0x08  /* there was a readable one */
#define SCOPED_KEY_RECORD_PREVIOUS     0x10  /* has a previous_until */
#define SCOPED_KEY_RECORD_CONDITIONS   0x20

struct scoped_key_record_s {
    uint32_t       references;
    uint32_t       size;                 /* bytes of the block */
    uint32_t       tail;                 /* offset */
    uint16_t       strings_len;          /* bytes of id, name, owner, meta */
    uint16_t       name;                 /* bytes, as the next two */
    uint16_t       owner;
    uint16_t       nmeta;
    uint16_t       nrefusals;
    uint16_t       nplain;
    uint16_t       nconstrained;
    uint8_t        id;                   /* bytes */
    uint8_t        flags;
    unsigned char  data[];
};

_Static_assert(sizeof(scoped_key_record_t) == 28, "records stay small");


/*
 * Never fails for what Redis says: an unreadable raw record is a record too,
 * one that is invalid.  now: unix seconds; a time that is more than a hundred
 * years ahead of it is unreadable; what is readable once is so ever after.
 * NULL: out of memory.  The caller holds the one reference.
 * report may be NULL.  Without a digest, digests->has_digest is false and the
 * record is invalid.  name, owner and meta may hold any byte: who puts them
 * into a header sees to it.  Of an invalid record the id alone is kept.
 */
scoped_key_record_t *scoped_key_record_build(const scoped_key_raw_record_t *raw,
    int64_t now, scoped_key_digests_t *digests, scoped_key_report_pt report,
    void *data);

/*
 * The digests alone, as build sets them, without a look at anything else:
 * whoever does not hold the secret is not worth a record.  Reports nothing.
 */
void scoped_key_record_digests(const scoped_key_raw_record_t *raw,
    scoped_key_digests_t *digests);

/* constant time in the digests */
scoped_key_secret_e scoped_key_digests_match(
    const scoped_key_digests_t *digests, const scoped_key_digest_t *digest);

scoped_key_record_t *scoped_key_record_ref(scoped_key_record_t *record);
/* frees the record with its last reference; NULL is accepted */
void scoped_key_record_unref(scoped_key_record_t *record);

/* bytes of memory, malloc's own share included */
size_t scoped_key_record_size(const scoped_key_record_t *record);

/* strings live as long as the record; empty when missing */
bool scoped_key_record_is_valid(const scoped_key_record_t *record);
/* whether somebody can hold its secret at all */
bool scoped_key_record_has_digest(const scoped_key_record_t *record);
bool scoped_key_record_is_global(const scoped_key_record_t *record);
/* whether verdicts ask for no fact but the time: neither the record nor a
   grant has conditions or params */
bool scoped_key_record_is_plain(const scoped_key_record_t *record);
/* whether a refusal is among the members: a global key is bound by them */
bool scoped_key_record_has_refusals(const scoped_key_record_t *record);
scoped_key_str_t scoped_key_record_id(const scoped_key_record_t *record);
scoped_key_str_t scoped_key_record_name(const scoped_key_record_t *record);
scoped_key_str_t scoped_key_record_owner(const scoped_key_record_t *record);
/* name without the "meta."; false when there is none */
bool scoped_key_record_meta(const scoped_key_record_t *record,
    scoped_key_str_t name, scoped_key_str_t *value);


/* what most records have not; each is there if its flag or count says so */
static inline const int64_t *
scoped_key_record_previous_until(const scoped_key_record_t *record)
{
    return (const int64_t *) ((const unsigned char *) record + record->tail);
}


static inline const scoped_key_conditions_t *
scoped_key_record_conditions(const scoped_key_record_t *record)
{
    const int64_t  *tail;

    tail = scoped_key_record_previous_until(record);

    if (record->flags & SCOPED_KEY_RECORD_PREVIOUS) {
        tail++;
    }

    return (const scoped_key_conditions_t *) tail;
}


static inline const scoped_key_constrained_t *
scoped_key_record_constrained(const scoped_key_record_t *record)
{
    const unsigned char            *at;
    const scoped_key_conditions_t  *conditions;

    conditions = scoped_key_record_conditions(record);
    at = (const unsigned char *) conditions;

    if (record->flags & SCOPED_KEY_RECORD_CONDITIONS) {
        at += (sizeof(*conditions) + conditions->lists
               + SCOPED_KEY_PACK_ALIGNMENT - 1)
              & -(size_t) SCOPED_KEY_PACK_ALIGNMENT;
    }

    return (const scoped_key_constrained_t *) at;
}

#endif
