/*
 * The values of a source, read into the block of a record in the making: see
 * record_build.h and record_layout.h for the order.  Everything is tried, and
 * what cannot be read is refused by name.
 */

#include <string.h>

#include "record_build.h"


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
        at = scoped_key_unpack_text(at, &known);
        at = scoped_key_unpack_text(at, &value);

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
        || !scoped_key_pack_text(&build->pack, name)
        || !scoped_key_pack_text(&build->pack, value))
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
    text = build->source->fields;

    for (i = 0; i < build->source->nfields; i++, text += 2) {
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

    record->texts = (uint16_t) len;
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

    conditions = scoped_key_pack_take(&build->pack, sizeof(*conditions));

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

    until = scoped_key_pack_take(&build->pack, sizeof(*until));

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
    member = build->source->members;

    for (i = 0; i < build->source->nmembers; i++, member++) {
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


void
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
