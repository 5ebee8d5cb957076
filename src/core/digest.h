/*
 * What is kept instead of a key: BLAKE2b-256, keyed with the
 * pepper, for Redis; and a short keyed hash, SipHash-2-4-128, that finds a
 * verified key in the cache.  The only core file that includes sodium.h.
 * Invariant: digests are compared in constant time.
 */

#ifndef SCOPED_KEY_DIGEST_H
#define SCOPED_KEY_DIGEST_H

#include "str.h"


#define SCOPED_KEY_DIGEST_BYTES      32
#define SCOPED_KEY_DIGEST_HEX_BYTES  64
#define SCOPED_KEY_PEPPER_MIN_BYTES  16
#define SCOPED_KEY_PEPPER_MAX_BYTES  64


typedef struct {
    unsigned char  bytes[SCOPED_KEY_DIGEST_BYTES];
} scoped_key_digest_t;

typedef struct {
    size_t         len;                  /* 0: no pepper */
    unsigned char  bytes[SCOPED_KEY_PEPPER_MAX_BYTES];
} scoped_key_pepper_t;

/* a key of the short hash: random, of one worker, never written */
typedef struct {
    unsigned char  bytes[16];
} scoped_key_hash_key_t;

typedef struct {
    uint64_t       word[2];
} scoped_key_hash_t;


/* once in each process, before all else here; false: the library refused */
bool scoped_key_digest_init(void);

void scoped_key_digest_make(scoped_key_digest_t *digest,
    const scoped_key_pepper_t *pepper, scoped_key_str_t text);
bool scoped_key_digest_equal(const scoped_key_digest_t *a,
    const scoped_key_digest_t *b);

/* exactly 64 lower-case hex digits; else false, and *digest is left alone */
bool scoped_key_digest_from_hex(scoped_key_digest_t *digest,
    scoped_key_str_t hex);
void scoped_key_digest_to_hex(const scoped_key_digest_t *digest,
    unsigned char *hex);

/* the id of a legacy key: SCOPED_KEY_LEGACY_ID_BYTES of token.h */
void scoped_key_digest_legacy_id(const scoped_key_digest_t *digest,
    unsigned char *id);

void scoped_key_hash_key_make(scoped_key_hash_key_t *key);
void scoped_key_hash_make(scoped_key_hash_t *hash,
    const scoped_key_hash_key_t *key, scoped_key_str_t text);

/* forgets a secret in a way that the compiler may not leave out */
void scoped_key_wipe(void *secret, size_t len);

#endif
