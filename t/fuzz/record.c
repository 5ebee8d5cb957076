/* links: core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * Any bytes as fields and members: pieces with a length byte before each,
 * whose top bit says whether it is a member or half a field.  Whatever comes,
 * there is a record; it is valid only if nothing but grants was reported; its
 * texts are those of the source; no digest is ever reported.
 */

#include "core/record.h"
#include "core/record_fields.h"
#include "fuzz.h"


#define MAX_PIECES  64
#define NOW         1800000000

#define DIGEST  "00112233445566778899aabbccddeeff"                            \
                "00112233445566778899aabbccddeeff"

typedef struct {
    scoped_key_str_t  fields[2 * MAX_PIECES];
    scoped_key_str_t  members[MAX_PIECES];
    size_t            nhalves;
    size_t            nmembers;
    unsigned          invalidating;      /* reports of more than a grant */
} input_t;


static scoped_key_str_t
text_of(const char *s)
{
    return fuzz_copy((const uint8_t *) s, strlen(s));
}


static bool
is(scoped_key_str_t text, const char *s)
{
    return text.len == strlen(s) && memcmp(text.data, s, text.len) == 0;
}


static void
report(void *data, const char *field, scoped_key_str_t value)
{
    input_t  *input = data;

    must(strcmp(field, "") != 0);
    must(value.len == 0
         || (strcmp(field, "digest") != 0
             && strcmp(field, "previous_digest") != 0));

    if (strcmp(field, "scopes") != 0
        || (value.len != 0 && value.data[0] == '!'))
    {
        input->invalidating++;
    }
}


/* names out of few bytes, so that known fields turn up often */
static scoped_key_str_t
name_of(const uint8_t *data, size_t len)
{
    if (len == 1 && data[0] < SCOPED_KEY_FIELDS) {
        return text_of(scoped_key_field_name((scoped_key_field_e) data[0]));
    }

    return fuzz_copy(data, len);
}


static void
input_read(input_t *input, const uint8_t *data, size_t size)
{
    size_t   len;
    uint8_t  head;

    while (size != 0) {
        head = *data++;
        size--;
        len = head & 0x7f;
        len = len < size ? len : size;

        if (!(head & 0x80)) {
            if (input->nhalves == 2 * MAX_PIECES) {
                break;
            }

            input->fields[input->nhalves] = input->nhalves % 2 == 0
                                            ? name_of(data, len)
                                            : fuzz_copy(data, len);
            input->nhalves++;

        } else if (input->nmembers < MAX_PIECES) {
            input->members[input->nmembers++] = fuzz_copy(data, len);
        }

        data += len;
        size -= len;
    }
}


static void
input_free(input_t *input)
{
    while (input->nhalves != 0) {
        fuzz_free(input->fields[--input->nhalves]);
    }

    while (input->nmembers != 0) {
        fuzz_free(input->members[--input->nmembers]);
    }
}


/* the value of a field that is there just once, else NULL */
static const scoped_key_str_t *
field_once(const input_t *input, scoped_key_str_t name)
{
    size_t                   i;
    const scoped_key_str_t  *value;

    value = NULL;

    for (i = 0; i + 1 < input->nhalves; i += 2) {
        if (scoped_key_str_equal(input->fields[i], name)) {
            if (value != NULL) {
                return NULL;
            }

            value = &input->fields[i + 1];
        }
    }

    return value;
}


static void
check_text(const input_t *input, scoped_key_str_t name, scoped_key_str_t text)
{
    const scoped_key_str_t  *value;

    value = field_once(input, name);
    must(value == NULL ? text.len == 0 : scoped_key_str_equal(*value, text));
}


static void
check_valid(const input_t *input, const scoped_key_record_t *record)
{
    size_t            i;
    scoped_key_str_t  name, value;

    check_text(input, (scoped_key_str_t) scoped_key_str("name"),
               scoped_key_record_name(record));
    check_text(input, (scoped_key_str_t) scoped_key_str("owner"),
               scoped_key_record_owner(record));

    for (i = 0; i + 1 < input->nhalves; i += 2) {
        name = input->fields[i];

        if (scoped_key_field_find(name) != SCOPED_KEY_FIELD_META) {
            continue;
        }

        name.data += SCOPED_KEY_META_HEAD_BYTES;
        name.len -= SCOPED_KEY_META_HEAD_BYTES;

        must(scoped_key_record_meta(record, name, &value)
             || input->fields[i + 1].len == 0);
    }
}


static void
check_record(input_t *input, const scoped_key_raw_record_t *raw)
{
    scoped_key_digests_t  digests;
    scoped_key_record_t  *record;

    record = scoped_key_record_build(raw, NOW, &digests, report, input);
    must(record != NULL);
    must(is(scoped_key_record_id(record), "4mQ2xV9tKc1Z"));
    must(scoped_key_record_is_valid(record) == (input->invalidating == 0));
    must(digests.has_digest || !scoped_key_record_is_valid(record));

    if (scoped_key_record_is_valid(record)) {
        check_valid(input, record);

    } else {
        must(!scoped_key_record_is_global(record));
        must(scoped_key_record_size(record) == 48);
    }

    scoped_key_record_unref(record);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t                  *input;
    scoped_key_raw_record_t   raw;

    input = calloc(1, sizeof(*input));
    must(input != NULL);

    /* without these nothing is ever valid */
    if (size != 0 && *data != 0) {
        input->fields[0] = text_of("digest");
        input->fields[1] = text_of(DIGEST);
        input->fields[2] = text_of("enabled");
        input->fields[3] = text_of("1");
        input->nhalves = 4;
    }

    if (size != 0) {
        input_read(input, data + 1, size - 1);
    }

    memset(&raw, 0, sizeof(raw));
    raw.id = text_of("4mQ2xV9tKc1Z");
    raw.fields = input->fields;
    raw.nfields = input->nhalves / 2;
    raw.members = input->members;
    raw.nmembers = input->nmembers;

    check_record(input, &raw);

    fuzz_free(raw.id);
    input_free(input);
    free(input);

    return 0;
}
