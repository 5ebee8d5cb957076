/* links: core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * Reports, digests, strings and size of records.  What makes a record invalid,
 * field by field, is in t/data/verdict; what is too much of anything, in
 * unit/record_limits.c.
 */

#include "core/record_fields.h"
#include "record_kit.h"


#define PREVIOUS  "ffffffffffffffffffffffffffffffff"                          \
                  "ffffffffffffffffffffffffffffffff"
#define NO_HEX    "SECRETSECRETSECRETSECRETSECRETSE"                          \
                  "CRETSECRETSECRETSECRETSECRETSECR"


static void
test_digests(void)
{
    kit_plain();
    kit.fields[1] = unit_str(NO_HEX);
    expect_invalid("digest", "");
    check(!kit.digests.has_digest && !kit.digests.has_previous);

    kit_plain();
    kit.fields[1] = unit_str("");
    expect_invalid("digest", "");
    check(!kit.digests.has_digest);

    kit_plain();
    add("previous_digest", NO_HEX);
    expect_invalid("previous_digest", "");
    check(kit.digests.has_digest && !kit.digests.has_previous);

    kit_plain();
    add("digest", NO_HEX);
    build();
    check(!scoped_key_record_is_valid(kit.record));
    check(strcmp(last_value, "") == 0);
    release();
}


static void
test_proof(void)
{
    scoped_key_digest_t  digest, previous, other;

    check(scoped_key_digest_from_hex(&digest, unit_str(DIGEST)));
    check(scoped_key_digest_from_hex(&previous, unit_str(PREVIOUS)));
    memset(&other, 0, sizeof(other));

    kit_plain();
    add("previous_digest", PREVIOUS);
    build();
    check(scoped_key_record_is_valid(kit.record));
    check(scoped_key_digests_match(&kit.digests, &digest)
          == SCOPED_KEY_SECRET_CURRENT);
    check(scoped_key_digests_match(&kit.digests, &previous)
          == SCOPED_KEY_SECRET_PREVIOUS);
    check(scoped_key_digests_match(&kit.digests, &other)
          == SCOPED_KEY_SECRET_WRONG);
    release();

    /* what is missing is all zeroes, and must not be met by them */
    kit_plain();
    build();
    check(scoped_key_digests_match(&kit.digests, &other)
          == SCOPED_KEY_SECRET_WRONG);
    check(scoped_key_digests_match(&kit.digests, &previous)
          == SCOPED_KEY_SECRET_WRONG);
    release();

    kit_empty();
    build();
    check(scoped_key_digests_match(&kit.digests, &other)
          == SCOPED_KEY_SECRET_WRONG);
    release();

    /* the same text before and after: it is the current one */
    kit_plain();
    add("previous_digest", DIGEST);
    build();
    check(scoped_key_digests_match(&kit.digests, &digest)
          == SCOPED_KEY_SECRET_CURRENT);
    release();
}


/* what it has is what a whole build has, and nobody is told of anything */
static void
expect_same_proof(void)
{
    unsigned               told;
    scoped_key_digests_t   digests;

    build();
    told = reports;

    memset(&digests, 0xff, sizeof(digests));
    scoped_key_record_digests(&kit.raw, &digests);

    check(digests.has_digest == kit.digests.has_digest);
    check(digests.has_previous == kit.digests.has_previous);
    check(scoped_key_digest_equal(&digests.digest, &kit.digests.digest));
    check(scoped_key_digest_equal(&digests.previous, &kit.digests.previous));
    check(reports == told);

    release();
}


static void
test_proof_alone(void)
{
    kit_empty();
    expect_same_proof();

    kit_plain();
    expect_same_proof();

    kit_plain();
    add("previous_digest", PREVIOUS);
    add("ips", "1.2.3.4.5");
    grant("!x");
    expect_same_proof();

    kit_plain();
    kit.raw.error = "wrong type";
    expect_same_proof();

    kit_empty();
    add("digest", "unreadable");
    add("previous_digest", PREVIOUS);
    expect_same_proof();

    kit_plain();
    add("digest", PREVIOUS);
    expect_same_proof();
}


static void
test_reports(void)
{
    kit_plain();
    add("ips", "1.2.3.4.5");
    expect_invalid("ips", "1.2.3.4.5");

    kit_plain();
    grant("!x");
    expect_invalid("scopes", "!x");

    kit_plain();
    kit.raw.error = "wrong type";
    add("mode", "strange");
    expect_invalid("record", "wrong type");
    check(kit.digests.has_digest);

    /* its digest is not unreadable: nobody has looked for it */
    kit_empty();
    kit.raw.error = "too large";
    expect_invalid("record", "too large");

    kit_plain();
    grant("x");
    grant("{\"scope\": 1}");
    build();
    check(scoped_key_record_is_valid(kit.record));
    check(reports == 2 && strcmp(last_value, "{\"scope\": 1}") == 0);
    release();

    /* nobody to report to */
    kit_plain();
    add("mode", "x");
    grant("x");
    kit.record = scoped_key_record_build(&kit.raw, KIT_NOW, &kit.digests,
                                         NULL, NULL);
    check(!scoped_key_record_is_valid(kit.record));
    release();
}


static void
test_texts(void)
{
    char              name[] = "Anna";
    scoped_key_str_t  value;

    kit_plain();
    add("meta.plan", "gold");
    add("name", name);
    add("meta.b", "");
    add("owner", "anna@example.com");
    add("meta.plan.x", "\xC3\xA4\r\n");
    add("mode", "global");
    grant("a:b");
    build();
    memset(name, 'x', sizeof(name) - 1);

    check(scoped_key_record_is_valid(kit.record));
    check(scoped_key_record_is_global(kit.record));
    check(unit_field_is(scoped_key_record_id(kit.record), "4mQ2xV9tKc1Z"));
    check(unit_field_is(scoped_key_record_name(kit.record), "Anna"));
    check(unit_field_is(scoped_key_record_owner(kit.record),
                        "anna@example.com"));
    check(scoped_key_record_meta(kit.record, unit_str("plan"), &value)
          && unit_field_is(value, "gold"));
    check(scoped_key_record_meta(kit.record, unit_str("plan.x"), &value)
          && unit_field_is(value, "\xC3\xA4\r\n"));
    check(!scoped_key_record_meta(kit.record, unit_str("b"), &value));
    check(!scoped_key_record_meta(kit.record, unit_str("meta.plan"), &value));
    check(!scoped_key_record_meta(kit.record, unit_str(""), &value));
    check(!scoped_key_record_meta(kit.record, unit_str("PLAN"), &value));
    release();
}


static void
test_references(void)
{
    scoped_key_record_t  *again;

    kit_plain();
    build();
    again = scoped_key_record_ref(kit.record);
    check(again == kit.record);
    scoped_key_record_unref(kit.record);
    check(unit_field_is(scoped_key_record_id(again), "4mQ2xV9tKc1Z"));
    scoped_key_record_unref(again);
    scoped_key_record_unref(NULL);
}


static void
test_ids(void)
{
    char  id[300];

    memset(id, 'a', sizeof(id));

    kit_plain();
    kit.raw.id.data = (unsigned char *) id;
    kit.raw.id.len = 255;
    build();
    check(scoped_key_record_is_valid(kit.record));
    check(scoped_key_record_id(kit.record).len == 255);
    release();

    kit.raw.id.len = 256;
    build();
    check(!scoped_key_record_is_valid(kit.record));
    check(scoped_key_record_id(kit.record).len == 0);
    release();

    kit.raw.id.len = 0;
    build();
    check(scoped_key_record_is_valid(kit.record));
    release();
}


/* what a cached key costs: performance.md speaks of it */
static void
test_size(void)
{
    kit_plain();
    add("owner", "anna@ex.co");
    grant("dns:write123");
    grant("dns:write124");
    grant("zone/a/b:rea");
    grant("zone/a/*:rea");
    grant("zone/**:read");
    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    check(scoped_key_record_size(kit.record) <= 128);
    release();

    kit_empty();
    build();
    check(scoped_key_record_size(kit.record) == 48);
    release();
}


static void
test_fields(void)
{
    int          field;
    const char  *name;

    for (field = 0; field < SCOPED_KEY_FIELDS; field++) {
        name = scoped_key_field_name((scoped_key_field_e) field);
        check(scoped_key_field_find(unit_str(name))
              == (scoped_key_field_e) field);
    }

    check(scoped_key_field_find(unit_str("meta.x")) == SCOPED_KEY_FIELD_META);
    check(scoped_key_field_find(unit_str("meta.digest"))
          == SCOPED_KEY_FIELD_META);
    check(scoped_key_field_find(unit_str("meta."))
          == SCOPED_KEY_FIELD_UNKNOWN);
    check(scoped_key_field_find(unit_str("meta"))
          == SCOPED_KEY_FIELD_UNKNOWN);
    check(scoped_key_field_find(unit_str("")) == SCOPED_KEY_FIELD_UNKNOWN);
    check(scoped_key_field_find(unit_str("Digest"))
          == SCOPED_KEY_FIELD_UNKNOWN);
    check(scoped_key_field_find(unit_str("digesT"))
          == SCOPED_KEY_FIELD_UNKNOWN);
}


int
main(void)
{
    check(scoped_key_digest_init());

    test_digests();
    test_proof();
    test_proof_alone();
    test_reports();
    test_texts();
    test_references();
    test_ids();
    test_size();
    test_fields();

    return unit_done("record");
}
