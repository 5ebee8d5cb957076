/*
 * Hash fields and scope list, as Redis has them, to an immutable record that
 * verdicts are reached from.  A record is one block of memory, counted by
 * reference within one thread; nothing in it changes but the count.
 * It holds no key text and no digest: proof of the secret is apart, and is
 * dropped once the record is verified.
 */

#ifndef SCOPED_KEY_RECORD_H
#define SCOPED_KEY_RECORD_H

#include "digest.h"
#include "text.h"


#define SCOPED_KEY_RECORD_MAX_MEMBERS  1024
#define SCOPED_KEY_RECORD_MAX_BYTES    65536   /* names, values, members */
#define SCOPED_KEY_RECORD_MAX_FIELDS   1024    /* unknown ones reckoned in */


typedef struct scoped_key_record_s  scoped_key_record_t;

/* as read from Redis; every text is the reader's and is copied */
typedef struct {
    scoped_key_str_t         id;
    const scoped_key_str_t  *fields;     /* name, value, name, value, … */
    size_t                   nfields;    /* pairs */
    const scoped_key_str_t  *members;
    size_t                   nmembers;
    const char              *damage;     /* not NULL: what makes the record
                                            invalid from without, such as
                                            "wrong type"; the digest, if
                                            there is one, is still read */
} scoped_key_source_t;

/* who holds the secret; kept apart from the record, and only until checked */
typedef struct {
    bool                 has_digest;
    bool                 has_previous;
    scoped_key_digest_t  digest;
    scoped_key_digest_t  previous;
} scoped_key_proof_t;

typedef enum {
    SCOPED_KEY_PROOF_NONE = 0,           /* the holder of some other text */
    SCOPED_KEY_PROOF_CURRENT,
    SCOPED_KEY_PROOF_PREVIOUS            /* of the text before the rotation */
} scoped_key_proof_e;

/*
 * Told of everything in the source that cannot be read: field is "digest",
 * "ips", … or "meta", "scopes" for a member, "record" for the whole; value is
 * the operator's text and may hold any byte, or of the whole says what is
 * wrong.  Never told of digests' values.
 */
typedef void (*scoped_key_report_pt)(void *data, const char *field,
    scoped_key_str_t value);


/*
 * Never fails for what Redis says: an unreadable source is a record too, one
 * that is invalid.  now: unix seconds; a time that is more than a hundred years
 * ahead of it is unreadable; what is readable once is so ever after.
 * NULL: out of memory.  The caller holds the one reference.
 * report may be NULL.  A record without a digest has proof->has_digest false
 * and is invalid.  name, owner and meta may hold any byte: who puts them into a
 * header sees to it.  Of an invalid record the id alone is kept.
 */
scoped_key_record_t *scoped_key_record_build(const scoped_key_source_t *source,
    int64_t now, scoped_key_proof_t *proof, scoped_key_report_pt report,
    void *data);

/*
 * The proof alone, as build gives it, without a look at anything else: who
 * holds no secret need not be worth a record.  Reports nothing.
 */
void scoped_key_record_proof(const scoped_key_source_t *source,
    scoped_key_proof_t *proof);

/* constant time in the digests */
scoped_key_proof_e scoped_key_proof_check(const scoped_key_proof_t *proof,
    const scoped_key_digest_t *digest);

scoped_key_record_t *scoped_key_record_hold(scoped_key_record_t *record);
/* frees the record with its last reference; NULL is let pass */
void scoped_key_record_release(scoped_key_record_t *record);

/* bytes of memory, malloc's own share reckoned in */
size_t scoped_key_record_size(const scoped_key_record_t *record);

/* texts live as long as the record; empty when missing */
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

#endif
