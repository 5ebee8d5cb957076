/*
 * The life of a record, and what may be asked of it: see record.h.  How it is
 * built is in record_build.c, what it grants in verdict.c.
 * Invariant: nothing in a record changes but the count of references.
 */

#include <stdlib.h>

#include "record_layout.h"


/* glibc's: a word before each block, blocks of 16 bytes, 32 at least */
#define SCOPED_KEY_MALLOC_HEAD   sizeof(size_t)
#define SCOPED_KEY_MALLOC_GRAIN  16
#define SCOPED_KEY_MALLOC_MIN    32


scoped_key_proof_e
scoped_key_proof_check(const scoped_key_proof_t *proof,
    const scoped_key_digest_t *digest)
{
    /* time tells that there is a previous one, and nothing of either */
    if (proof->has_digest
        && scoped_key_digest_equal(&proof->digest, digest))
    {
        return SCOPED_KEY_PROOF_CURRENT;
    }

    if (proof->has_previous
        && scoped_key_digest_equal(&proof->previous, digest))
    {
        return SCOPED_KEY_PROOF_PREVIOUS;
    }

    return SCOPED_KEY_PROOF_NONE;
}


scoped_key_record_t *
scoped_key_record_hold(scoped_key_record_t *record)
{
    record->references++;

    return record;
}


void
scoped_key_record_release(scoped_key_record_t *record)
{
    if (record == NULL || --record->references != 0) {
        return;
    }

    free(record);
}


size_t
scoped_key_record_size(const scoped_key_record_t *record)
{
    size_t  size;

    size = (record->size + SCOPED_KEY_MALLOC_HEAD + SCOPED_KEY_MALLOC_GRAIN - 1)
           & -(size_t) SCOPED_KEY_MALLOC_GRAIN;

    return size < SCOPED_KEY_MALLOC_MIN ? SCOPED_KEY_MALLOC_MIN : size;
}


bool
scoped_key_record_is_valid(const scoped_key_record_t *record)
{
    return record->flags & SCOPED_KEY_RECORD_VALID;
}


bool
scoped_key_record_has_digest(const scoped_key_record_t *record)
{
    return record->flags & SCOPED_KEY_RECORD_DIGEST;
}


bool
scoped_key_record_is_plain(const scoped_key_record_t *record)
{
    return !(record->flags & SCOPED_KEY_RECORD_CONDITIONS)
           && record->nconstrained == 0;
}


bool
scoped_key_record_is_global(const scoped_key_record_t *record)
{
    return record->flags & SCOPED_KEY_RECORD_GLOBAL;
}


bool
scoped_key_record_has_refusals(const scoped_key_record_t *record)
{
    return record->nrefusals != 0;
}


scoped_key_str_t
scoped_key_record_id(const scoped_key_record_t *record)
{
    return (scoped_key_str_t) { record->id, record->data };
}


scoped_key_str_t
scoped_key_record_name(const scoped_key_record_t *record)
{
    return (scoped_key_str_t) { record->name, record->data + record->id };
}


scoped_key_str_t
scoped_key_record_owner(const scoped_key_record_t *record)
{
    return (scoped_key_str_t) {
        record->owner, record->data + record->id + record->name
    };
}


bool
scoped_key_record_meta(const scoped_key_record_t *record,
    scoped_key_str_t name, scoped_key_str_t *value)
{
    uint16_t              n;
    scoped_key_str_t      found, text;
    const unsigned char  *at;

    at = record->data + record->id + record->name + record->owner;

    for (n = record->nmeta; n != 0; n--) {
        at = scoped_key_unpack_text(at, &found);
        at = scoped_key_unpack_text(at, &text);

        if (scoped_key_str_equal(found, name)) {
            *value = text;
            return true;
        }
    }

    return false;
}
