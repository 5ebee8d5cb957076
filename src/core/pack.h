/*
 * Bytes laid one after another in memory of a known size, and read back.
 * Knows nothing of what they mean.  Invariant: never a byte past the room;
 * what does not fit is refused, and the writer is left as it was.
 */

#ifndef SCOPED_KEY_PACK_H
#define SCOPED_KEY_PACK_H

#include "str.h"


#define SCOPED_KEY_PACK_ALIGNMENT  8

typedef struct {
    unsigned char  *start;               /* the caller's, aligned */
    size_t          len;                 /* written so far */
    size_t          room;
} scoped_key_pack_t;


/* room for len bytes, their content undefined; NULL: it does not fit */
void *scoped_key_pack_reserve(scoped_key_pack_t *pack, size_t len);

/* zeroes up to the next multiple of SCOPED_KEY_PACK_ALIGNMENT */
bool scoped_key_pack_align(scoped_key_pack_t *pack);

bool scoped_key_pack_bytes(scoped_key_pack_t *pack, scoped_key_str_t text);

/* two bytes, in this machine's order */
bool scoped_key_pack_number(scoped_key_pack_t *pack, uint16_t number);

/* the length as a number, then the bytes; 65,535 of them at most */
bool scoped_key_pack_str(scoped_key_pack_t *pack, scoped_key_str_t text);

/* what the two above wrote; each returns where the next thing begins */
const unsigned char *scoped_key_unpack_number(const unsigned char *at,
    uint16_t *number);
const unsigned char *scoped_key_unpack_str(const unsigned char *at,
    scoped_key_str_t *text);

#endif
