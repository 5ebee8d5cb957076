/*
 * The names of a record's fields: see record_fields.h.  Knows nothing of their
 * values.  The length of a name leaves three candidates at most, so that a
 * name costs a comparison or two.
 */

#include <string.h>

#include "record_fields.h"


static const char *const  scoped_key_field_names[] = {
    "digest", "previous_digest", "previous_until", "enabled", "mode", "name",
    "owner", "created_at", "not_before", "expires_at", "hosts", "ips",
    "methods", "meta", ""
};


/* the length is known to agree; a literal text makes this a few moves */
#define scoped_key_field_is(name, text)                                       \
    (memcmp((name).data, text, sizeof(text) - 1) == 0)


/* of the three that are 10 bytes long */
static scoped_key_field_e
scoped_key_field_time(scoped_key_str_t name)
{
    if (scoped_key_field_is(name, "created_at")) {
        return SCOPED_KEY_FIELD_CREATED_AT;
    }

    if (scoped_key_field_is(name, "expires_at")) {
        return SCOPED_KEY_FIELD_EXPIRES_AT;
    }

    if (scoped_key_field_is(name, "not_before")) {
        return SCOPED_KEY_FIELD_NOT_BEFORE;
    }

    return SCOPED_KEY_FIELD_UNKNOWN;
}


static scoped_key_field_e
scoped_key_field_either(scoped_key_str_t name, scoped_key_field_e one,
    scoped_key_field_e other)
{
    const char  *text;

    text = scoped_key_field_names[one];

    if (name.data[0] != (unsigned char) text[0]) {
        one = other;
        text = scoped_key_field_names[other];
    }

    return memcmp(name.data, text, name.len) == 0 ? one
                                                  : SCOPED_KEY_FIELD_UNKNOWN;
}


static scoped_key_field_e
scoped_key_field_known(scoped_key_str_t name)
{
    switch (name.len) {

    case 3:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_IPS,
                                       SCOPED_KEY_FIELD_IPS);
    case 4:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_NAME,
                                       SCOPED_KEY_FIELD_MODE);
    case 5:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_OWNER,
                                       SCOPED_KEY_FIELD_HOSTS);
    case 6:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_DIGEST,
                                       SCOPED_KEY_FIELD_DIGEST);
    case 7:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_ENABLED,
                                       SCOPED_KEY_FIELD_METHODS);
    case 10:
        return scoped_key_field_time(name);

    case 14:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_PREVIOUS_UNTIL,
                                       SCOPED_KEY_FIELD_PREVIOUS_UNTIL);
    case 15:
        return scoped_key_field_either(name, SCOPED_KEY_FIELD_PREVIOUS_DIGEST,
                                       SCOPED_KEY_FIELD_PREVIOUS_DIGEST);
    default:
        return SCOPED_KEY_FIELD_UNKNOWN;
    }
}


scoped_key_field_e
scoped_key_field_find(scoped_key_str_t name)
{
    if (name.len > SCOPED_KEY_META_HEAD_BYTES
        && scoped_key_field_is(name, "meta."))
    {
        return SCOPED_KEY_FIELD_META;
    }

    return scoped_key_field_known(name);
}


const char *
scoped_key_field_name(scoped_key_field_e field)
{
    return scoped_key_field_names[field];
}
