/*
 * How a record lies in memory; for record_build.c, which writes it, and
 * record.c and verdict.c, which read it, alone.  One block:
 *
 *     the struct; id, name, owner; the meta texts, name and value in turn;
 *     refusals; plain grants;
 *     and at `tail`, a multiple of 8, what most records have not:
 *     previous_until; conditions and their lists; constrained grants.
 *
 * An invalid record is the struct and the id.
 */

#ifndef SCOPED_KEY_RECORD_LAYOUT_H
#define SCOPED_KEY_RECORD_LAYOUT_H

#include "conditions.h"
#include "grant.h"
#include "record.h"


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
    uint16_t       texts;                /* bytes of id, name, owner, meta */
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
