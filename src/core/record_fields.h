/*
 * The names of a record's fields, as Redis has them, and their numbers here.
 * Knows nothing of their values.
 * Invariant: names compare byte for byte; what is not known is unknown.
 */

#ifndef SCOPED_KEY_RECORD_FIELDS_H
#define SCOPED_KEY_RECORD_FIELDS_H

#include "str.h"


typedef enum {
    SCOPED_KEY_FIELD_DIGEST = 0,
    SCOPED_KEY_FIELD_PREVIOUS_DIGEST,
    SCOPED_KEY_FIELD_PREVIOUS_UNTIL,
    SCOPED_KEY_FIELD_ENABLED,
    SCOPED_KEY_FIELD_MODE,
    SCOPED_KEY_FIELD_NAME,
    SCOPED_KEY_FIELD_OWNER,
    SCOPED_KEY_FIELD_CREATED_AT,
    SCOPED_KEY_FIELD_NOT_BEFORE,
    SCOPED_KEY_FIELD_EXPIRES_AT,
    SCOPED_KEY_FIELD_HOSTS,
    SCOPED_KEY_FIELD_IPS,
    SCOPED_KEY_FIELD_METHODS,
    SCOPED_KEY_FIELD_META,               /* "meta." and at least one byte */
    SCOPED_KEY_FIELD_UNKNOWN
} scoped_key_field_e;

/* the fields that a record has once at most */
#define SCOPED_KEY_FIELDS            SCOPED_KEY_FIELD_META

#define SCOPED_KEY_META_HEAD_BYTES   5


scoped_key_field_e scoped_key_field_find(scoped_key_str_t name);

/* "digest"; "meta" of SCOPED_KEY_FIELD_META; static, NUL-terminated */
const char *scoped_key_field_name(scoped_key_field_e field);

#endif
