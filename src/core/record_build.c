/*
 * Hash fields and scope list to a record: see record.h, record_layout.h and
 * record_build.h.  First what there is is counted, so that one block suffices;
 * then it is read into the block (record_fill.c); what turned out too large is
 * given back.
 */

#include <stdlib.h>
#include <string.h>

#include "record_build.h"


/* the most that alignment, previous_until and the conditions take up */
#define SCOPED_KEY_TAIL_ROOM                                                  \
    (2 * SCOPED_KEY_PACK_ALIGNMENT + sizeof(int64_t)                          \
     + sizeof(scoped_key_conditions_t))


static void
scoped_key_build_report(scoped_key_build_t *build, const char *field,
    scoped_key_str_t value)
{
    if (build->report != NULL) {
        build->report(build->data, field, value);
    }
}


void
scoped_key_build_refuse(scoped_key_build_t *build, scoped_key_field_e field,
    scoped_key_str_t value)
{
    build->invalid = true;

    if (field == SCOPED_KEY_FIELD_DIGEST
        || field == SCOPED_KEY_FIELD_PREVIOUS_DIGEST)
    {
        value.len = 0;
    }

    scoped_key_build_report(build, scoped_key_field_name(field), value);
}


void
scoped_key_build_refuse_all(scoped_key_build_t *build, const char *why)
{
    scoped_key_str_t  text;

    build->invalid = true;

    text.len = strlen(why);
    text.data = (const unsigned char *) why;

    scoped_key_build_report(build, "record", text);
}


void
scoped_key_build_refuse_member(scoped_key_build_t *build,
    scoped_key_str_t member)
{
    /* a grant that is not understood grants nothing; what a refusal would
       have refused is not known, so that all is */
    if (scoped_key_member_kind(member) == SCOPED_KEY_MEMBER_REFUSAL) {
        build->invalid = true;
    }

    scoped_key_build_report(build, "scopes", member);
}


static void
scoped_key_build_field(scoped_key_build_t *build, scoped_key_str_t name,
    scoped_key_str_t value)
{
    uint32_t            bit;
    scoped_key_field_e  field;

    build->bytes += name.len + value.len;
    field = scoped_key_field_find(name);

    if (field == SCOPED_KEY_FIELD_UNKNOWN) {
        return;
    }

    if (field == SCOPED_KEY_FIELD_META) {
        build->room += name.len + value.len;
        build->nmeta++;
        return;
    }

    bit = 1U << field;

    if (build->seen & bit) {
        scoped_key_build_refuse(build, field, value);
    }

    build->seen |= bit;
    build->value[field] = value;
}


bool
scoped_key_build_has(const scoped_key_build_t *build, scoped_key_field_e field)
{
    return build->value[field].len != 0;
}


bool
scoped_key_build_has_conditions(const scoped_key_build_t *build)
{
    return scoped_key_build_has(build, SCOPED_KEY_FIELD_NOT_BEFORE)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_EXPIRES_AT)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_HOSTS)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_IPS)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_METHODS);
}


bool
scoped_key_build_has_tail(const scoped_key_build_t *build)
{
    return scoped_key_build_has(build, SCOPED_KEY_FIELD_PREVIOUS_UNTIL)
           || build->members[SCOPED_KEY_MEMBER_CONSTRAINED] != 0
           || scoped_key_build_has_conditions(build);
}


static void
scoped_key_build_tail_room(scoped_key_build_t *build)
{
    const scoped_key_str_t  *value = build->value;

    if (!scoped_key_build_has_tail(build)) {
        return;
    }

    build->room += SCOPED_KEY_TAIL_ROOM
        + scoped_key_list_room(value[SCOPED_KEY_FIELD_IPS].len)
        + scoped_key_list_room(value[SCOPED_KEY_FIELD_HOSTS].len)
        + scoped_key_list_room(value[SCOPED_KEY_FIELD_METHODS].len);
}


static void
scoped_key_build_fields(scoped_key_build_t *build)
{
    size_t                   i;
    const scoped_key_str_t  *text;

    text = build->source->fields;

    for (i = 0; i < build->source->nfields; i++, text += 2) {
        scoped_key_build_field(build, text[0], text[1]);
    }
}


/* counts, and looks at no value */
static void
scoped_key_build_count(scoped_key_build_t *build)
{
    size_t                   i;
    const scoped_key_str_t  *text;

    scoped_key_build_fields(build);

    text = build->source->members;

    for (i = 0; i < build->source->nmembers; i++, text++) {
        build->bytes += text->len;
        build->room += scoped_key_member_room(*text);
        build->members[scoped_key_member_kind(*text)]++;
    }

    build->room += sizeof(scoped_key_record_t) + build->source->id.len
                   + build->value[SCOPED_KEY_FIELD_NAME].len
                   + build->value[SCOPED_KEY_FIELD_OWNER].len;

    scoped_key_build_tail_room(build);
}


/* whether there is more to read than the digests */
static bool
scoped_key_build_check(scoped_key_build_t *build)
{
    const scoped_key_source_t  *source = build->source;

    if (source->damage != NULL) {
        scoped_key_build_refuse_all(build, source->damage);
        return false;
    }

    if (source->id.len > UINT8_MAX) {
        scoped_key_build_refuse_all(build, "id too long");
        return false;
    }

    if (source->nfields > SCOPED_KEY_RECORD_MAX_FIELDS) {
        scoped_key_build_refuse_all(build, "too many fields");
        return false;
    }

    if (source->nmembers > SCOPED_KEY_RECORD_MAX_MEMBERS) {
        scoped_key_build_refuse_all(build, "too many members");
        return false;
    }

    if (build->bytes > SCOPED_KEY_RECORD_MAX_BYTES) {
        scoped_key_build_refuse_all(build, "too many bytes");
        return false;
    }

    return true;
}


static bool
scoped_key_build_digest(scoped_key_build_t *build, scoped_key_field_e field,
    scoped_key_digest_t *digest)
{
    scoped_key_str_t  hex;

    hex = build->value[field];

    if (hex.len == 0) {
        return false;
    }

    if (!scoped_key_digest_from_hex(digest, hex)) {
        scoped_key_build_refuse(build, field, hex);
        return false;
    }

    return true;
}


static void
scoped_key_build_proof(scoped_key_build_t *build, scoped_key_proof_t *proof)
{
    memset(proof, 0, sizeof(*proof));

    proof->has_digest =
        scoped_key_build_digest(build, SCOPED_KEY_FIELD_DIGEST,
                                &proof->digest);
    proof->has_previous =
        scoped_key_build_digest(build, SCOPED_KEY_FIELD_PREVIOUS_DIGEST,
                                &proof->previous);

    build->has_digest = proof->has_digest;

    /* of what is damaged as a whole, nobody has looked for one */

    if (!scoped_key_build_has(build, SCOPED_KEY_FIELD_DIGEST)
        && build->source->damage == NULL)
    {
        scoped_key_build_refuse(build, SCOPED_KEY_FIELD_DIGEST,
                                build->value[SCOPED_KEY_FIELD_DIGEST]);
    }
}


static void
scoped_key_build_begin(scoped_key_build_t *build)
{
    scoped_key_str_t      id;
    scoped_key_record_t  *record;

    build->pack.len = 0;
    build->pack.room = build->room;

    record = scoped_key_pack_take(&build->pack, sizeof(scoped_key_record_t));
    memset(record, 0, sizeof(scoped_key_record_t));

    id = build->source->id;

    if (id.len <= UINT8_MAX) {
        record->id = (uint8_t) id.len;
        scoped_key_pack_bytes(&build->pack, id);
    }

    record->references = 1;
    build->record = record;
}


/* what was read, or of an invalid record the id; the rest is given back */
static scoped_key_record_t *
scoped_key_build_end(scoped_key_build_t *build)
{
    scoped_key_record_t  *record, *smaller;

    if (build->invalid) {
        scoped_key_build_begin(build);
    }

    record = build->record;
    record->size = (uint32_t) build->pack.len;

    if (build->has_digest) {
        record->flags |= SCOPED_KEY_RECORD_DIGEST;
    }

    if (!build->invalid) {
        record->flags |= SCOPED_KEY_RECORD_VALID;
    }

    if (build->pack.len == build->room) {
        return record;
    }

    smaller = realloc(record, build->pack.len);

    return smaller != NULL ? smaller : record;
}


void
scoped_key_record_proof(const scoped_key_source_t *source,
    scoped_key_proof_t *proof)
{
    scoped_key_build_t  build;

    memset(&build, 0, sizeof(build));
    build.source = source;

    scoped_key_build_fields(&build);
    scoped_key_build_proof(&build, proof);
}


scoped_key_record_t *
scoped_key_record_build(const scoped_key_source_t *source, int64_t now,
    scoped_key_proof_t *proof, scoped_key_report_pt report, void *data)
{
    bool                readable;
    scoped_key_build_t  build;

    memset(&build, 0, sizeof(build));

    build.source = source;
    build.now = now;
    build.report = report;
    build.data = data;

    scoped_key_build_count(&build);
    scoped_key_build_proof(&build, proof);
    readable = scoped_key_build_check(&build);

    if (!readable) {
        build.room = sizeof(scoped_key_record_t) + UINT8_MAX;
    }

    build.pack.start = malloc(build.room);

    if (build.pack.start == NULL) {
        return NULL;
    }

    scoped_key_build_begin(&build);

    if (readable) {
        scoped_key_build_fill(&build);
    }

    return scoped_key_build_end(&build);
}
