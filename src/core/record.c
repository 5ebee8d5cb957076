/*
 * Hash fields and scope list to a record, its life, and what may be asked of
 * it: see record.h.  First what there is is counted, so that one block
 * suffices; then it is read into the block; what turned out too large is
 * given back.
 * Invariants: once something makes the record invalid, nothing makes it valid
 * again; yet all else is still read, so that all is reported at once.
 * Nothing in a record changes but the count of references.
 */

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "record_fields.h"


typedef struct {
    const scoped_key_raw_record_t  *raw;
    int64_t                         now;
    scoped_key_report_pt            report;
    void                           *data;
    scoped_key_str_t                value[SCOPED_KEY_FIELDS];
    uint32_t                        seen;    /* bits of scoped_key_field_e */
    size_t                          bytes;   /* names, values, members */
    size_t                          room;    /* that suffices for the block */
    size_t                          nmeta;
    size_t                          members[SCOPED_KEY_MEMBER_KINDS];
    bool                            invalid;
    bool                            has_digest;
    scoped_key_pack_t               pack;
    scoped_key_record_t            *record;
} scoped_key_build_t;

/* glibc's: a word before each block, blocks of 16 bytes, 32 at least */
#define SCOPED_KEY_MALLOC_HEAD   sizeof(size_t)
#define SCOPED_KEY_MALLOC_GRAIN  16
#define SCOPED_KEY_MALLOC_MIN    32

/* the most that alignment, previous_until and the conditions take up */
#define SCOPED_KEY_TAIL_ROOM                                                  \
    (2 * SCOPED_KEY_PACK_ALIGNMENT + sizeof(int64_t)                          \
     + sizeof(scoped_key_conditions_t))


static void scoped_key_build_refuse(scoped_key_build_t *build,
    scoped_key_field_e field, scoped_key_str_t value);
static void scoped_key_build_refuse_all(scoped_key_build_t *build,
    const char *why);
static void scoped_key_build_refuse_member(scoped_key_build_t *build,
    scoped_key_str_t member);
static bool scoped_key_build_has(const scoped_key_build_t *build,
    scoped_key_field_e field);
static bool scoped_key_build_has_conditions(const scoped_key_build_t *build);
static bool scoped_key_build_has_tail(const scoped_key_build_t *build);
static void scoped_key_build_fill(scoped_key_build_t *build);


scoped_key_secret_e
scoped_key_digests_match(const scoped_key_digests_t *digests,
    const scoped_key_digest_t *digest)
{
    /* time tells that there is a previous one, and nothing of either */
    if (digests->has_digest
        && scoped_key_digest_equal(&digests->digest, digest))
    {
        return SCOPED_KEY_SECRET_CURRENT;
    }

    if (digests->has_previous
        && scoped_key_digest_equal(&digests->previous, digest))
    {
        return SCOPED_KEY_SECRET_PREVIOUS;
    }

    return SCOPED_KEY_SECRET_WRONG;
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
        at = scoped_key_unpack_str(at, &found);
        at = scoped_key_unpack_str(at, &text);

        if (scoped_key_str_equal(found, name)) {
            *value = text;
            return true;
        }
    }

    return false;
}


static void
scoped_key_build_report(scoped_key_build_t *build, const char *field,
    scoped_key_str_t value)
{
    if (build->report != NULL) {
        build->report(build->data, field, value);
    }
}


/* a value that cannot be read: reports it, and makes the record invalid */
static void
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


/* why: static */
static void
scoped_key_build_refuse_all(scoped_key_build_t *build, const char *why)
{
    scoped_key_str_t  text;

    build->invalid = true;

    text.len = strlen(why);
    text.data = (const unsigned char *) why;

    scoped_key_build_report(build, "record", text);
}


/* a member that cannot be read: reports it; a refusal makes invalid */
static void
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


static bool
scoped_key_build_has(const scoped_key_build_t *build, scoped_key_field_e field)
{
    return build->value[field].len != 0;
}


static bool
scoped_key_build_has_conditions(const scoped_key_build_t *build)
{
    return scoped_key_build_has(build, SCOPED_KEY_FIELD_NOT_BEFORE)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_EXPIRES_AT)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_HOSTS)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_IPS)
           || scoped_key_build_has(build, SCOPED_KEY_FIELD_METHODS);
}


static bool
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

    text = build->raw->fields;

    for (i = 0; i < build->raw->nfields; i++, text += 2) {
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

    text = build->raw->members;

    for (i = 0; i < build->raw->nmembers; i++, text++) {
        build->bytes += text->len;
        build->room += scoped_key_member_room(*text);
        build->members[scoped_key_member_kind(*text)]++;
    }

    build->room += sizeof(scoped_key_record_t) + build->raw->id.len
                   + build->value[SCOPED_KEY_FIELD_NAME].len
                   + build->value[SCOPED_KEY_FIELD_OWNER].len;

    scoped_key_build_tail_room(build);
}


/* whether there is more to read than the digests */
static bool
scoped_key_build_check(scoped_key_build_t *build)
{
    const scoped_key_raw_record_t  *raw = build->raw;

    if (raw->error != NULL) {
        scoped_key_build_refuse_all(build, raw->error);
        return false;
    }

    if (raw->id.len > UINT8_MAX) {
        scoped_key_build_refuse_all(build, "id too long");
        return false;
    }

    if (raw->nfields > SCOPED_KEY_RECORD_MAX_FIELDS) {
        scoped_key_build_refuse_all(build, "too many fields");
        return false;
    }

    if (raw->nmembers > SCOPED_KEY_RECORD_MAX_MEMBERS) {
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
scoped_key_build_digests(scoped_key_build_t *build,
    scoped_key_digests_t *digests)
{
    memset(digests, 0, sizeof(*digests));

    digests->has_digest =
        scoped_key_build_digest(build, SCOPED_KEY_FIELD_DIGEST,
                                &digests->digest);
    digests->has_previous =
        scoped_key_build_digest(build, SCOPED_KEY_FIELD_PREVIOUS_DIGEST,
                                &digests->previous);

    build->has_digest = digests->has_digest;

    /* of what is damaged as a whole, nobody has looked for one */

    if (!scoped_key_build_has(build, SCOPED_KEY_FIELD_DIGEST)
        && build->raw->error == NULL)
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

    record = scoped_key_pack_reserve(&build->pack, sizeof(scoped_key_record_t));
    memset(record, 0, sizeof(scoped_key_record_t));

    id = build->raw->id;

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
scoped_key_record_digests(const scoped_key_raw_record_t *raw,
    scoped_key_digests_t *digests)
{
    scoped_key_build_t  build;

    memset(&build, 0, sizeof(build));
    build.raw = raw;

    scoped_key_build_fields(&build);
    scoped_key_build_digests(&build, digests);
}


scoped_key_record_t *
scoped_key_record_build(const scoped_key_raw_record_t *raw, int64_t now,
    scoped_key_digests_t *digests, scoped_key_report_pt report, void *data)
{
    bool                  readable;
    scoped_key_build_t    build;

    memset(&build, 0, sizeof(build));

    build.raw = raw;
    build.now = now;
    build.report = report;
    build.data = data;

    scoped_key_build_count(&build);
    scoped_key_build_digests(&build, digests);
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


/* name and owner; the length is returned, 0 when there is none */
static uint16_t
scoped_key_fill_text(scoped_key_build_t *build, scoped_key_field_e field)
{
    scoped_key_str_t  value;

    value = build->value[field];

    if (value.len > UINT16_MAX
        || !scoped_key_pack_bytes(&build->pack, value))
    {
        scoped_key_build_refuse(build, field, value);
        return 0;
    }

    return (uint16_t) value.len;
}


/* whether a name is among the meta texts that begin at offset `from` */
static bool
scoped_key_fill_meta_known(const scoped_key_build_t *build, size_t from,
    scoped_key_str_t name)
{
    uint16_t              n;
    scoped_key_str_t      known, value;
    const unsigned char  *at;

    at = build->pack.start + from;

    for (n = build->record->nmeta; n != 0; n--) {
        at = scoped_key_unpack_str(at, &known);
        at = scoped_key_unpack_str(at, &value);

        if (scoped_key_str_equal(known, name)) {
            return true;
        }
    }

    return false;
}


static void
scoped_key_fill_meta(scoped_key_build_t *build, size_t from,
    scoped_key_str_t name, scoped_key_str_t value)
{
    name.data += SCOPED_KEY_META_HEAD_BYTES;
    name.len -= SCOPED_KEY_META_HEAD_BYTES;

    if (scoped_key_fill_meta_known(build, from, name)
        || !scoped_key_pack_str(&build->pack, name)
        || !scoped_key_pack_str(&build->pack, value))
    {
        scoped_key_build_refuse(build, SCOPED_KEY_FIELD_META, value);
        return;
    }

    build->record->nmeta++;
}


static void
scoped_key_fill_metas(scoped_key_build_t *build)
{
    size_t                   i, from;
    const scoped_key_str_t  *text;

    from = build->pack.len;
    text = build->raw->fields;

    for (i = 0; i < build->raw->nfields; i++, text += 2) {
        if (text[1].len != 0
            && scoped_key_field_find(text[0]) == SCOPED_KEY_FIELD_META)
        {
            scoped_key_fill_meta(build, from, text[0], text[1]);
        }
    }
}


static void
scoped_key_fill_texts(scoped_key_build_t *build)
{
    size_t                len;
    scoped_key_record_t  *record = build->record;

    record->name = scoped_key_fill_text(build, SCOPED_KEY_FIELD_NAME);
    record->owner = scoped_key_fill_text(build, SCOPED_KEY_FIELD_OWNER);

    if (build->nmeta != 0) {
        scoped_key_fill_metas(build);
    }

    len = build->pack.len - sizeof(scoped_key_record_t);

    if (len > UINT16_MAX) {
        scoped_key_build_refuse_all(build, "too many bytes");
    }

    record->strings_len = (uint16_t) len;
}


/* one of two words: sets the flag on `yes` */
static void
scoped_key_fill_flag(scoped_key_build_t *build, scoped_key_field_e field,
    scoped_key_str_t yes, scoped_key_str_t no, unsigned flag)
{
    scoped_key_str_t  value;

    value = build->value[field];

    if (scoped_key_str_equal(value, yes)) {
        build->record->flags |= (uint8_t) flag;

    } else if (!scoped_key_str_equal(value, no)) {
        scoped_key_build_refuse(build, field, value);
    }
}


static void
scoped_key_fill_flags(scoped_key_build_t *build)
{
    static const scoped_key_str_t  one = scoped_key_str("1");
    static const scoped_key_str_t  zero = scoped_key_str("0");
    static const scoped_key_str_t  global = scoped_key_str("global");
    static const scoped_key_str_t  scoped = scoped_key_str("scoped");

    scoped_key_fill_flag(build, SCOPED_KEY_FIELD_ENABLED, one, zero,
                         SCOPED_KEY_RECORD_ENABLED);

    if (scoped_key_build_has(build, SCOPED_KEY_FIELD_MODE)) {
        scoped_key_fill_flag(build, SCOPED_KEY_FIELD_MODE, global, scoped,
                             SCOPED_KEY_RECORD_GLOBAL);
    }
}


/* leaves *time alone when there is none */
static void
scoped_key_fill_time(scoped_key_build_t *build, scoped_key_field_e field,
    int64_t *time)
{
    if (scoped_key_build_has(build, field)
        && (!scoped_key_decimal_parse(build->value[field], time)
            || scoped_key_time_is_too_far(*time, build->now)))
    {
        scoped_key_build_refuse(build, field, build->value[field]);
    }
}


static void
scoped_key_fill_list(scoped_key_build_t *build, scoped_key_field_e field,
    scoped_key_item_pt item, uint16_t *n)
{
    if (scoped_key_build_has(build, field)
        && !scoped_key_list_pack(&build->pack, build->value[field], item, n))
    {
        scoped_key_build_refuse(build, field, build->value[field]);
    }
}


static void
scoped_key_fill_conditions(scoped_key_build_t *build)
{
    size_t                    mark;
    scoped_key_conditions_t  *conditions;

    conditions = scoped_key_pack_reserve(&build->pack, sizeof(*conditions));

    if (conditions == NULL) {
        scoped_key_build_refuse_all(build, "too many bytes");
        return;
    }

    scoped_key_conditions_init(conditions);
    mark = build->pack.len;

    scoped_key_fill_time(build, SCOPED_KEY_FIELD_NOT_BEFORE,
                         &conditions->not_before);
    scoped_key_fill_time(build, SCOPED_KEY_FIELD_EXPIRES_AT,
                         &conditions->expires_at);
    scoped_key_fill_list(build, SCOPED_KEY_FIELD_IPS, scoped_key_ip_pack,
                         &conditions->nips);
    scoped_key_fill_list(build, SCOPED_KEY_FIELD_HOSTS, scoped_key_host_pack,
                         &conditions->nhosts);
    scoped_key_fill_list(build, SCOPED_KEY_FIELD_METHODS,
                         scoped_key_method_pack, &conditions->nmethods);

    conditions->lists = (uint32_t) (build->pack.len - mark);
    build->record->flags |= SCOPED_KEY_RECORD_CONDITIONS;
}


static void
scoped_key_fill_previous_until(scoped_key_build_t *build)
{
    int64_t  *until;

    until = scoped_key_pack_reserve(&build->pack, sizeof(*until));

    if (until == NULL) {
        scoped_key_build_refuse_all(build, "too many bytes");
        return;
    }

    *until = INT64_MIN;
    scoped_key_fill_time(build, SCOPED_KEY_FIELD_PREVIOUS_UNTIL, until);
    build->record->flags |= SCOPED_KEY_RECORD_PREVIOUS;
}


/* those of one kind, in the order in which they came; returns how many */
static uint16_t
scoped_key_fill_members(scoped_key_build_t *build, scoped_key_member_e kind)
{
    size_t                   i;
    uint16_t                 n;
    const scoped_key_str_t  *member;

    if (build->members[kind] == 0) {
        return 0;
    }

    n = 0;
    member = build->raw->members;

    for (i = 0; i < build->raw->nmembers; i++, member++) {
        if (scoped_key_member_kind(*member) != kind) {
            continue;
        }

        if (scoped_key_member_pack(&build->pack, *member, build->now)) {
            n++;

        } else {
            scoped_key_build_refuse_member(build, *member);
        }
    }

    return n;
}


static void
scoped_key_fill_tail(scoped_key_build_t *build)
{
    scoped_key_record_t  *record = build->record;

    if (!scoped_key_pack_align(&build->pack)) {
        scoped_key_build_refuse_all(build, "too many bytes");
        return;
    }

    record->tail = (uint32_t) build->pack.len;

    if (scoped_key_build_has(build, SCOPED_KEY_FIELD_PREVIOUS_UNTIL)) {
        scoped_key_fill_previous_until(build);
    }

    if (scoped_key_build_has_conditions(build)) {
        scoped_key_fill_conditions(build);
    }

    if (!scoped_key_pack_align(&build->pack)) {
        scoped_key_build_refuse_all(build, "too many bytes");
        return;
    }

    record->nconstrained =
        scoped_key_fill_members(build, SCOPED_KEY_MEMBER_CONSTRAINED);
}


/* reads everything but the digests behind the struct and the id */
static void
scoped_key_build_fill(scoped_key_build_t *build)
{
    int64_t               created_at;
    scoped_key_record_t  *record = build->record;

    scoped_key_fill_texts(build);
    scoped_key_fill_flags(build);

    /* kept by none, and yet a date that is no date is a mistake */
    scoped_key_fill_time(build, SCOPED_KEY_FIELD_CREATED_AT, &created_at);

    record->nrefusals =
        scoped_key_fill_members(build, SCOPED_KEY_MEMBER_REFUSAL);
    record->nplain = scoped_key_fill_members(build, SCOPED_KEY_MEMBER_PLAIN);

    if (scoped_key_build_has_tail(build)) {
        scoped_key_fill_tail(build);
    }
}
