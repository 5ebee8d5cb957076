/*
 * Records of any size that hold nothing, for the tests of the cache: they
 * count references, and all that are alive are counted, so that one released
 * too seldom shows, and one too often is a sanitizer's report.
 */

#ifndef FAKE_RECORD_H
#define FAKE_RECORD_H

#include "core/record.h"

#include <stdlib.h>


static size_t  fake_records;             /* alive */


static inline scoped_key_record_t *
fake_record_make(size_t size)
{
    scoped_key_record_t  *record;

    record = malloc(sizeof(scoped_key_record_t));
    if (record == NULL) {
        abort();
    }

    record->references = 1;
    record->size = (uint32_t) size;
    fake_records++;

    return record;
}


scoped_key_record_t *
scoped_key_record_ref(scoped_key_record_t *record)
{
    record->references++;

    return record;
}


void
scoped_key_record_unref(scoped_key_record_t *record)
{
    if (record == NULL) {
        return;
    }

    if (--record->references == 0) {
        fake_records--;
        free(record);
    }
}


size_t
scoped_key_record_size(const scoped_key_record_t *record)
{
    return record->size;
}

#endif
