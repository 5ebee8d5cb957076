/*
 * Addresses and CIDR blocks, IPv4 and IPv6 (RFC 4632, RFC 4291), compiled.
 * Invariant: an IPv4-mapped IPv6 address (::ffff:a.b.c.d) is the IPv4 address,
 * in text and in bytes, so that a dual-stack listener cannot be used to walk
 * around a list.
 */

#ifndef SCOPED_KEY_ADDRESS_H
#define SCOPED_KEY_ADDRESS_H

#include "str.h"


typedef struct {
    unsigned char  family;               /* 4, 6, or 0: no address (unix) */
    unsigned char  bytes[16];            /* network order; 4 or 16 used */
} scoped_key_address_t;

typedef struct {
    unsigned char         excluded;      /* was written with a `!` */
    unsigned char         bits;          /* prefix length: 0 to 32, or 128 */
    scoped_key_address_t  address;       /* bits beyond the prefix are 0 */
} scoped_key_block_t;


/* bytes: 4 or 16 of them in network order; any other len: no address */
void scoped_key_address_set(scoped_key_address_t *address,
    const void *bytes, size_t len);

/*
 * "192.0.2.0/24", "!2001:db8::1"; bits beyond the prefix are accepted and
 * cleared.  A block within ::ffff:0:0/96 is one of IPv4 addresses; a wider one
 * holds IPv6 addresses only.  false when unreadable: *block is undefined.
 */
bool scoped_key_block_parse(scoped_key_str_t text, scoped_key_block_t *block);

/*
 * Whether a list lets the address in: no excluded block holds it, and some
 * block does, or all blocks are excluded ones.  An address of family 0 and
 * an empty list let nobody in.
 */
bool scoped_key_blocks_match(const scoped_key_block_t *blocks, size_t n,
    const scoped_key_address_t *address);

#endif
