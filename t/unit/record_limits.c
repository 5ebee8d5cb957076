/* links: core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * Records at their limits and one beyond: members, fields, bytes; and within
 * the limits what takes up the most memory.  However large it is, the digest
 * is still read, so that strangers learn nothing of it.
 */

#include "record_kit.h"


static void
test_member_limit(void)
{
    size_t  i;

    kit_plain();

    for (i = 0; i < SCOPED_KEY_RECORD_MAX_MEMBERS; i++) {
        grant("a:b");
    }

    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    release();

    grant("a:b");
    expect_invalid("record", "too many members");
    check(kit.digests.has_digest);
}


static void
test_field_limit(void)
{
    kit_plain();

    while (kit.raw.nfields < SCOPED_KEY_RECORD_MAX_FIELDS) {
        add("x", "");
    }

    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    release();

    add("x", "");
    expect_invalid("record", "too many fields");
    check(kit.digests.has_digest);
}


/* names, values and members of `total` bytes, most of them in one place */
static void
fill(const char *name, char *value, size_t total)
{
    size_t  used;

    kit_plain();
    used = strlen("digest" DIGEST "enabled" "1") + strlen(name);
    memset(value, 'x', total - used);
    value[total - used] = '\0';
}


static void
test_byte_limit(void)
{
    size_t       i;
    static char  value[SCOPED_KEY_RECORD_MAX_BYTES + 1];
    const char  *names[] = { "name", "owner", "meta.a", "unknown" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fill(names[i], value, SCOPED_KEY_RECORD_MAX_BYTES);
        add(names[i], value);
        build();
        check(scoped_key_record_is_valid(kit.record) && reports == 0);
        release();

        fill(names[i], value, SCOPED_KEY_RECORD_MAX_BYTES + 1);
        add(names[i], value);
        expect_invalid("record", "too many bytes");
        check(kit.digests.has_digest);
    }

    fill("", value, SCOPED_KEY_RECORD_MAX_BYTES + 1);
    grant(value);
    expect_invalid("record", "too many bytes");
}


/* lists that are as long as they may be and take up the most */
static void
test_large_lists(void)
{
    size_t       i;
    static char  value[60001];

    for (i = 0; i < 60000; i += 3) {
        memcpy(value + i, "::,", 3);
    }

    value[59999] = '\0';
    kit_plain();
    add("ips", value);
    add("methods", "A,B,C,D,E,F,G");
    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    check(scoped_key_record_size(kit.record) > 20000 * 19);
    release();

    for (i = 0; i < 60000; i += 2) {
        memcpy(value + i, "A,", 2);
    }

    value[59999] = '\0';
    kit_plain();
    add("methods", value);
    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    release();
}


static void
test_many_metas(void)
{
    size_t            i;
    scoped_key_str_t  value;
    static char       names[1000][16];

    kit_plain();

    for (i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof(names[i]), "meta.%u", (unsigned) i);
        add(names[i], names[i] + 5);
    }

    build();
    check(scoped_key_record_is_valid(kit.record) && reports == 0);
    check(scoped_key_record_meta(kit.record, unit_str("999"), &value));
    check(unit_field_is(value, "999"));
    check(!scoped_key_record_meta(kit.record, unit_str("1000"), &value));
    release();
}


int
main(void)
{
    check(scoped_key_digest_init());

    test_member_limit();
    test_field_limit();
    test_byte_limit();
    test_large_lists();
    test_many_metas();

    return unit_done("record_limits");
}
