/*
 * One member by itself: see member.h.  Every answer is of a record that is
 * built for the question: one with this grant alone, and one that has the
 * grant's conditions as its own, since of these the core says which one fails.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/grant.h"
#include "../core/json.h"
#include "../core/pattern.h"
#include "member.h"


#define MEMBER_FIELDS       7            /* of a record with all conditions */
#define MEMBER_TIME_BYTES  21

/* a grant's conditions on their way to a record's fields */
typedef struct {
    scoped_key_str_t   field[2 * MEMBER_FIELDS];
    size_t             nfields;
    unsigned char     *list;             /* room for all lists together */
    size_t             len;
    char               time[2][MEMBER_TIME_BYTES];
    size_t             ntimes;
} member_fields_t;


static const scoped_key_str_t  member_digest[] = {
    scoped_key_str("digest"),
    scoped_key_str("00000000000000000000000000000000"
                   "00000000000000000000000000000000"),
    scoped_key_str("enabled"),
    scoped_key_str("1")
};


static bool
member_is(scoped_key_str_t text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}


static void
member_report(void *data, const char *field, scoped_key_str_t value)
{
    member_t *member = data;

    (void) field;
    (void) value;

    member->readable = false;
}


/* a valid record of these fields, and the member if it is not NULL */
static scoped_key_record_t *
member_record(const scoped_key_str_t *fields, size_t nfields,
    const scoped_key_str_t *text, int64_t now, scoped_key_report_pt report,
    void *data)
{
    scoped_key_proof_t   proof;
    scoped_key_source_t  source;

    memset(&source, 0, sizeof(source));

    source.id = member_digest[0];
    source.fields = fields;
    source.nfields = nfields;
    source.members = text;
    source.nmembers = text != NULL;

    return scoped_key_record_build(&source, now, &proof, report, data);
}


static bool
member_scope(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    member_t *member = data;

    scoped_key_str_t  scope;

    scope = scoped_key_json_string(value);

    if (member_is(name, "scope") && scope.len <= sizeof(member->pattern)) {
        memcpy(member->pattern, scope.data, scope.len);
        member->len = scope.len;
    }

    return true;
}


/* the scope pattern of a readable member; false: out of memory */
static bool
member_pattern(member_t *member)
{
    scoped_key_json_t  *json;

    if (scoped_key_member_kind(member->text) == SCOPED_KEY_MEMBER_CONSTRAINED) {
        json = scoped_key_json_parse(member->text);
        if (json == NULL) {
            return false;
        }

        (void) scoped_key_json_each(json, member_scope, member);
        scoped_key_json_free(json);

        return true;
    }

    member->len = member->text.len - member->refusal;
    memcpy(member->pattern, member->text.data + member->refusal, member->len);

    return true;
}


bool
member_read(member_t *member, scoped_key_str_t text, int64_t now)
{
    scoped_key_record_t  *record;

    member->text = text;
    member->readable = true;
    member->refusal = scoped_key_member_kind(text) == SCOPED_KEY_MEMBER_REFUSAL;
    member->len = 0;

    record = member_record(member_digest, 2, &text, now, member_report, member);
    if (record == NULL) {
        return false;
    }

    scoped_key_record_release(record);

    return !member->readable || member_pattern(member);
}


bool
member_matches(const member_t *member, scoped_key_str_t scope)
{
    scoped_key_str_t  pattern = { member->len, member->pattern };

    return scoped_key_scope_match(pattern, scope);
}


scoped_key_str_t
member_sample(const member_t *member, unsigned char *out)
{
    size_t            i;
    scoped_key_str_t  sample = { 0, out };

    for (i = 0; i < member->len; i++) {
        if (member->pattern[i] != '*') {
            out[sample.len++] = member->pattern[i];

        } else if (i == 0 || member->pattern[i - 1] != '*') {
            out[sample.len++] = 'x';
        }
    }

    return sample;
}


static bool
member_item(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    member_fields_t *fields = data;

    scoped_key_str_t  item;

    (void) name;

    item = scoped_key_json_string(value);

    memcpy(fields->list + fields->len, item.data, item.len);
    fields->list[fields->len + item.len] = ',';
    fields->len += item.len + 1;

    return true;
}


/* a list or a time of the grant, written as a record has it */
static bool
member_field(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    member_fields_t *fields = data;

    char              *time;
    scoped_key_str_t  *field;

    if (member_is(name, "scope") || member_is(name, "params")) {
        return true;
    }

    field = &fields->field[2 * fields->nfields++];
    field[0] = name;
    field[1].data = fields->list + fields->len;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_ARRAY) {
        (void) scoped_key_json_each(value, member_item, fields);

        /* without the last comma */
        field[1].len = (size_t) (fields->list + fields->len - field[1].data)
                       - 1;
        return true;
    }

    time = fields->time[fields->ntimes++];
    field[1].len = (size_t) snprintf(time, MEMBER_TIME_BYTES, "%" PRId64,
                                     scoped_key_json_integer(value));
    field[1].data = (const unsigned char *) time;

    return true;
}


/* of a record that has the grant's conditions as its own */
static scoped_key_reason_e
member_condition(const scoped_key_json_t *json, unsigned char *list,
    const scoped_key_facts_t *facts)
{
    size_t                left = SCOPED_KEY_MATCH_MAX_STEPS;
    member_fields_t       fields;
    scoped_key_reason_e   reason;
    scoped_key_record_t  *record;

    memset(&fields, 0, sizeof(fields));
    memcpy(fields.field, member_digest, sizeof(member_digest));
    fields.nfields = 2;
    fields.list = list;

    (void) scoped_key_json_each(json, member_field, &fields);

    record = member_record(fields.field, fields.nfields, NULL, facts->now, NULL,
                           NULL);
    if (record == NULL) {
        return SCOPED_KEY_STORE_UNAVAILABLE;
    }

    reason = scoped_key_verdict_key(record, SCOPED_KEY_PROOF_CURRENT, facts,
                                    &left);
    scoped_key_record_release(record);

    return reason;
}


static scoped_key_reason_e
member_conditions(const member_t *member, const scoped_key_facts_t *facts)
{
    unsigned char        *list;
    scoped_key_json_t    *json;
    scoped_key_reason_e   reason;

    /* an item and its comma are shorter than the item in quotation marks */
    list = malloc(member->text.len);
    json = scoped_key_json_parse(member->text);

    reason = list == NULL || json == NULL
             ? SCOPED_KEY_STORE_UNAVAILABLE
             : member_condition(json, list, facts);

    if (json != NULL) {
        scoped_key_json_free(json);
    }

    free(list);

    return reason;
}


scoped_key_reason_e
member_check(const member_t *member, scoped_key_str_t scope,
    const scoped_key_facts_t *facts)
{
    size_t                 left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_cause_t     cause;
    scoped_key_clause_t    clause = { &scope, 1 };
    scoped_key_record_t   *record;
    scoped_key_required_t  required = { &clause, 1, false };

    record = member_record(member_digest, 2, &member->text, facts->now, NULL,
                           NULL);
    if (record == NULL) {
        return SCOPED_KEY_STORE_UNAVAILABLE;
    }

    (void) scoped_key_verdict_scopes(record, &required, facts, &left, &cause);
    scoped_key_record_release(record);

    if (cause.reason == SCOPED_KEY_INSUFFICIENT_SCOPE
        && scoped_key_member_kind(member->text)
           == SCOPED_KEY_MEMBER_CONSTRAINED)
    {
        return member_conditions(member, facts);
    }

    return cause.reason;
}
