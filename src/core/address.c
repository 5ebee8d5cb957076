/*
 * Addresses and CIDR blocks: reading them, and whether a list lets one in.
 * Knows no connection and no header: addresses come as bytes.
 * Invariants: IPv4 and IPv6 never match one another; what is IPv4-mapped is
 * IPv4 from the moment it is read; bytes not in use are 0.
 */

#include "address.h"

#include <arpa/inet.h>
#include <string.h>


#define SCOPED_KEY_IPV4_BYTES      4
#define SCOPED_KEY_IPV6_BYTES     16
#define SCOPED_KEY_MAPPED_BYTES   12     /* ::ffff: before an IPv4 address */

/* inet_pton() wants a NUL, which is included here */
#define SCOPED_KEY_ADDRESS_ROOM   INET6_ADDRSTRLEN


void
scoped_key_address_set(scoped_key_address_t *address, const void *bytes,
    size_t len)
{
    const unsigned char         *p;
    static const unsigned char   mapped[SCOPED_KEY_MAPPED_BYTES] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
    };

    p = bytes;
    memset(address, 0, sizeof(*address));

    if (len == SCOPED_KEY_IPV6_BYTES && memcmp(p, mapped, sizeof(mapped)) == 0)
    {
        p += SCOPED_KEY_MAPPED_BYTES;
        len = SCOPED_KEY_IPV4_BYTES;
    }

    if (len == SCOPED_KEY_IPV4_BYTES) {
        address->family = 4;

    } else if (len == SCOPED_KEY_IPV6_BYTES) {
        address->family = 6;

    } else {
        return;
    }

    memcpy(address->bytes, p, len);
}


/* the length of the address in bytes; 0: unreadable */
static size_t
scoped_key_address_read(scoped_key_str_t text, unsigned char *bytes)
{
    char           buf[SCOPED_KEY_ADDRESS_ROOM];
    size_t         i;
    unsigned char  c;

    if (text.len == 0 || text.len >= sizeof(buf)) {
        return 0;
    }

    /* keeps out zones, and a NUL that would end the text too early */

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c != ':' && c != '.' && scoped_key_hex_digit(c) < 0) {
            return 0;
        }
    }

    memcpy(buf, text.data, text.len);
    buf[text.len] = '\0';

    if (inet_pton(AF_INET, buf, bytes) == 1) {
        return SCOPED_KEY_IPV4_BYTES;
    }

    return inet_pton(AF_INET6, buf, bytes) == 1 ? SCOPED_KEY_IPV6_BYTES : 0;
}


/* digits without sign or leading zeros, up to max */
static bool
scoped_key_bits_read(scoped_key_str_t text, size_t max, size_t *bits)
{
    int64_t  n;

    if (!scoped_key_decimal_parse(text, &n)
        || (text.data[0] == '0' && text.len > 1)
        || n > (int64_t) max)
    {
        return false;
    }

    *bits = (size_t) n;

    return true;
}


static void
scoped_key_mask(unsigned char *bytes, size_t len, size_t bits)
{
    size_t  i;

    i = bits / 8;

    if (i == len) {
        return;
    }

    bytes[i] = (unsigned char) (bytes[i] & ~(0xff >> bits % 8));
    memset(&bytes[i + 1], 0, len - i - 1);
}


bool
scoped_key_block_parse(scoped_key_str_t text, scoped_key_block_t *block)
{
    size_t                len, bits;
    unsigned char         bytes[SCOPED_KEY_IPV6_BYTES];
    scoped_key_str_t      address, prefix;
    const unsigned char  *slash;

    if (text.len == 0) {
        return false;
    }

    prefix.data = NULL;
    prefix.len = 0;

    block->excluded = text.data[0] == '!';
    address.data = text.data + block->excluded;
    address.len = text.len - block->excluded;

    slash = memchr(text.data, '/', text.len);

    if (slash != NULL) {
        prefix.data = slash + 1;
        prefix.len = (size_t) (text.data + text.len - prefix.data);
        address.len -= prefix.len + 1;
    }

    len = scoped_key_address_read(address, bytes);
    bits = len * 8;

    if (len == 0
        || (slash != NULL && !scoped_key_bits_read(prefix, bits, &bits)))
    {
        return false;
    }

    /* masked first: a block of more than mapped addresses is not mapped */

    scoped_key_mask(bytes, len, bits);
    scoped_key_address_set(&block->address, bytes, len);

    if (len == SCOPED_KEY_IPV6_BYTES && block->address.family == 4) {
        bits -= SCOPED_KEY_MAPPED_BYTES * 8;
    }

    block->bits = (unsigned char) bits;

    return true;
}


static bool
scoped_key_block_holds(const scoped_key_block_t *block,
    const scoped_key_address_t *address)
{
    size_t                whole, rest;
    const unsigned char  *a, *b;

    if (block->address.family != address->family) {
        return false;
    }

    a = block->address.bytes;
    b = address->bytes;
    whole = block->bits / 8;
    rest = block->bits % 8;

    if (memcmp(a, b, whole) != 0) {
        return false;
    }

    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}


bool
scoped_key_blocks_match(const scoped_key_block_t *blocks, size_t n,
    const scoped_key_address_t *address)
{
    bool    held, only_excluded;
    size_t  i;

    if (address->family == 0 || n == 0) {
        return false;
    }

    held = false;
    only_excluded = true;

    for (i = 0; i < n; i++) {
        only_excluded = only_excluded && blocks[i].excluded;

        if (!scoped_key_block_holds(&blocks[i], address)) {
            continue;
        }

        if (blocks[i].excluded) {
            return false;
        }

        held = true;
    }

    return held || only_excluded;
}
