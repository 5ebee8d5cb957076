/*
 * API keys: prefix_id_secretchecksum, or a legacy key of any form.
 * Looks at the form alone: whether a key is known is for others to say.
 * Keeps nothing and copies nothing; every result points into the given string.
 */

#ifndef SCOPED_KEY_TOKEN_H
#define SCOPED_KEY_TOKEN_H

#include "str.h"


#define SCOPED_KEY_PREFIX_MIN_BYTES    2
#define SCOPED_KEY_PREFIX_MAX_BYTES   16
#define SCOPED_KEY_ID_BYTES           12
#define SCOPED_KEY_SECRET_BYTES       32
#define SCOPED_KEY_CHECKSUM_BYTES      6
#define SCOPED_KEY_LEGACY_MIN_BYTES    8
#define SCOPED_KEY_TOKEN_MAX_BYTES  2048

/* "x" and the first 24 hex digits of the digest */
#define SCOPED_KEY_LEGACY_ID_BYTES    25
#define SCOPED_KEY_ID_MAX_BYTES       SCOPED_KEY_LEGACY_ID_BYTES


typedef enum {
    SCOPED_KEY_TOKEN_MALFORMED = 0,
    SCOPED_KEY_TOKEN_ISSUED,           /* of our form, checksum right */
    SCOPED_KEY_TOKEN_LEGACY            /* any other text of 8 to 2,048 graphic
                                          ASCII bytes; *id is left alone */
} scoped_key_token_e;


/*
 * Parses a presented key.  Of SCOPED_KEY_TOKEN_ISSUED, *id is the id within
 * the key.  A key of our form with a wrong checksum is MALFORMED, never
 * LEGACY; so is every string of more than SCOPED_KEY_TOKEN_MAX_BYTES.
 */
scoped_key_token_e scoped_key_token_parse(scoped_key_str_t text,
    scoped_key_str_t *id);

/* a letter, then letters or digits, in lower case: 2 to 16 bytes in all */
bool scoped_key_token_is_prefix(scoped_key_str_t prefix);

/*
 * Whether the key is of our form, whatever its checksum says; then *prefix is
 * its prefix, within the key.
 */
bool scoped_key_token_prefix(scoped_key_str_t text,
    scoped_key_str_t *prefix);

/*
 * Writes the SCOPED_KEY_CHECKSUM_BYTES of the CRC-32 (zlib's, ISO 3309) of
 * text as a base62 number, digits 0-9A-Za-z, padded with '0'.
 */
void scoped_key_token_checksum(scoped_key_str_t text, unsigned char *out);

#endif
