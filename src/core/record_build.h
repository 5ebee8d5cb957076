/*
 * A record in the making, shared by record_build.c, which counts and decides,
 * and record_fill.c, which reads values into the block.
 * Invariant: once something makes the record invalid, nothing makes it valid
 * again; yet all else is still read, so that all is reported at once.
 */

#ifndef SCOPED_KEY_RECORD_BUILD_H
#define SCOPED_KEY_RECORD_BUILD_H

#include "record_fields.h"
#include "record_layout.h"


typedef struct {
    const scoped_key_source_t  *source;
    int64_t                     now;
    scoped_key_report_pt        report;
    void                       *data;
    scoped_key_str_t            value[SCOPED_KEY_FIELDS];
    uint32_t                    seen;        /* bits of scoped_key_field_e */
    size_t                      bytes;       /* names, values, members */
    size_t                      room;        /* that suffices for the block */
    size_t                      nmeta;
    size_t                      members[SCOPED_KEY_MEMBER_KINDS];
    bool                        invalid;
    bool                        has_digest;
    scoped_key_pack_t           pack;
    scoped_key_record_t        *record;
} scoped_key_build_t;


/* a value that cannot be read: reports it, and makes the record invalid */
void scoped_key_build_refuse(scoped_key_build_t *build,
    scoped_key_field_e field, scoped_key_str_t value);

/* why: static */
void scoped_key_build_refuse_all(scoped_key_build_t *build, const char *why);

/* a member that cannot be read: reports it; a refusal makes invalid */
void scoped_key_build_refuse_member(scoped_key_build_t *build,
    scoped_key_str_t member);

bool scoped_key_build_has(const scoped_key_build_t *build,
    scoped_key_field_e field);
bool scoped_key_build_has_conditions(const scoped_key_build_t *build);
bool scoped_key_build_has_tail(const scoped_key_build_t *build);

/* reads everything but the digests behind the struct and the id */
void scoped_key_build_fill(scoped_key_build_t *build);

#endif
