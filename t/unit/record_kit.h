/*
 * A source of a record that is filled as a test goes on, the record built from
 * it, and what was reported meanwhile.  One at a time: a test begins with
 * kit_empty() or kit_plain() and ends with release().
 */

#ifndef RECORD_KIT_H
#define RECORD_KIT_H

#include "core/record.h"
#include "cases.h"


#define DIGEST    "00112233445566778899aabbccddeeff"                          \
                  "00112233445566778899aabbccddeeff"

/* when the records are built */
#define KIT_NOW  INT64_C(1800000000)

#define MAX_FIELDS   1200
#define MAX_MEMBERS  1200


/* a source that is filled as the test goes on */
typedef struct {
    scoped_key_raw_record_t  raw;
    scoped_key_str_t         fields[2 * MAX_FIELDS];
    scoped_key_str_t         members[MAX_MEMBERS];
    scoped_key_digests_t     digests;
    scoped_key_record_t     *record;
} kit_t;

static kit_t     kit;
static unsigned  reports;
static char      last_field[32];
static char      last_value[256];


static inline void
report(void *data, const char *field, scoped_key_str_t value)
{
    check(data == &kit);

    reports++;
    snprintf(last_field, sizeof(last_field), "%s", field);
    snprintf(last_value, sizeof(last_value), "%.*s", (int) value.len,
             value.data);
}


static inline void
add(const char *name, const char *value)
{
    kit.fields[2 * kit.raw.nfields] = unit_str(name);
    kit.fields[2 * kit.raw.nfields + 1] = unit_str(value);
    kit.raw.nfields++;
}


static inline void
grant(const char *member)
{
    kit.members[kit.raw.nmembers++] = unit_str(member);
}


static inline void
kit_empty(void)
{
    memset(&kit, 0, sizeof(kit));
    kit.raw.id = unit_str("4mQ2xV9tKc1Z");
    kit.raw.fields = kit.fields;
    kit.raw.members = kit.members;
    reports = 0;
    last_field[0] = '\0';
    last_value[0] = '\0';
}


static inline void
kit_plain(void)
{
    kit_empty();
    add("digest", DIGEST);
    add("enabled", "1");
}


static inline const scoped_key_record_t *
build(void)
{
    kit.record = scoped_key_record_build(&kit.raw, KIT_NOW, &kit.digests,
                                         report, &kit);
    check(kit.record != NULL);

    return kit.record;
}


static inline void
release(void)
{
    scoped_key_record_unref(kit.record);
}


static inline void
expect_invalid(const char *field, const char *value)
{
    const scoped_key_record_t  *record;

    record = build();
    check(!scoped_key_record_is_valid(record));
    check(!scoped_key_record_is_global(record));
    check(reports == 1);
    check(strcmp(last_field, field) == 0);
    check(strcmp(last_value, value) == 0);
    check(unit_field_is(scoped_key_record_id(record), "4mQ2xV9tKc1Z"));
    check(scoped_key_record_name(record).len == 0);
    release();
}

#endif
