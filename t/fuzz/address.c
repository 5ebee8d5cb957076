/* links: core/address core/str */

/*
 * Four bytes or sixteen, a newline, then a list of blocks, apart by commas.
 * A block that is read is told again by libc as the same block, and cannot be
 * read with anything added to it; lists are asked bit by bit as well.
 */

#include "core/address.h"
#include "fuzz.h"

#include <arpa/inet.h>


#define MAX_BLOCKS       32
#define IPV4_BYTES       4
#define IPV6_BYTES       16


static bool
is_mapped(const unsigned char *bytes)
{
    return memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) == 0;
}


static size_t
bits_of(const scoped_key_address_t *address)
{
    return address->family == 4 ? 32 : address->family == 6 ? 128 : 0;
}


static unsigned
bit_of(const scoped_key_address_t *address, size_t bit)
{
    return address->bytes[bit / 8] >> (7 - bit % 8) & 1;
}


static void
block_is_whole(const scoped_key_block_t *block)
{
    size_t  bit;

    must(block->excluded <= 1);
    must(block->address.family == 4 || block->address.family == 6);
    must(block->bits <= bits_of(&block->address));

    for (bit = block->bits; bit < 128; bit++) {
        must(bit_of(&block->address, bit) == 0);
    }

    if (block->address.family == 6 && block->bits >= 96) {
        must(!is_mapped(block->address.bytes));
    }
}


/* exactly the same when said by libc, as itself and as mapped */
static void
block_says_itself(const scoped_key_block_t *block)
{
    int                 family;
    char                host[INET6_ADDRSTRLEN], text[96];
    scoped_key_str_t    again = { 0, (unsigned char *) text };
    scoped_key_block_t  read;

    memset(&read, 0xee, sizeof(read));
    family = block->address.family == 4 ? AF_INET : AF_INET6;
    must(inet_ntop(family, block->address.bytes, host, sizeof(host)) != NULL);

    again.len = (size_t) snprintf(text, sizeof(text), "%s%s/%u",
                                  block->excluded ? "!" : "", host,
                                  block->bits);
    must(scoped_key_block_parse(again, &read));
    must(memcmp(&read, block, sizeof(read)) == 0);

    if (family == AF_INET6) {
        return;
    }

    again.len = (size_t) snprintf(text, sizeof(text), "%s::ffff:%s/%u",
                                  block->excluded ? "!" : "", host,
                                  block->bits + 96);
    must(scoped_key_block_parse(again, &read));
    must(memcmp(&read, block, sizeof(read)) == 0);
}


/* a byte that no address has must not be accepted, wherever it stands */
static void
nothing_is_ignored(scoped_key_str_t text)
{
    size_t              i;
    unsigned char       buf[128];
    scoped_key_str_t    longer = { text.len + 1, buf };
    scoped_key_block_t  block;

    static const unsigned char  strange[] = { 0, ' ', '%', '\n', 0xff, '+' };

    must(text.len < sizeof(buf) - 1);

    for (i = 0; i < sizeof(strange) * (text.len + 1); i++) {
        memcpy(buf, text.data, i / sizeof(strange));
        buf[i / sizeof(strange)] = strange[i % sizeof(strange)];
        memcpy(&buf[i / sizeof(strange) + 1],
               &text.data[i / sizeof(strange)],
               text.len - i / sizeof(strange));
        must(!scoped_key_block_parse(longer, &block));
    }
}


static bool
holds(const scoped_key_block_t *block, const scoped_key_address_t *address)
{
    size_t  bit;

    if (block->address.family != address->family) {
        return false;
    }

    for (bit = 0; bit < block->bits; bit++) {

        if (bit_of(&block->address, bit) != bit_of(address, bit)) {
            return false;
        }
    }

    return true;
}


static void
list_holds(const scoped_key_block_t *blocks, size_t n,
    const scoped_key_address_t *address)
{
    size_t  i, inside, outside, excluded;

    inside = 0;
    outside = 0;
    excluded = 0;

    for (i = 0; i < n; i++) {
        excluded += blocks[i].excluded;

        if (holds(&blocks[i], address)) {
            inside += !blocks[i].excluded;
            outside += blocks[i].excluded;
        }
    }

    must(scoped_key_blocks_match(blocks, n, address)
         == (n != 0 && address->family != 0 && outside == 0
             && (inside != 0 || excluded == n)));
}


/* asked with the address, and with the edges of each block */
static void
lists_hold(const scoped_key_block_t *blocks, size_t n,
    const scoped_key_address_t *address)
{
    size_t                i, bit;
    scoped_key_address_t  edge;

    list_holds(blocks, n, address);

    for (i = 0; i < n; i++) {
        list_holds(blocks, n, &blocks[i].address);

        for (bit = 0; bit < bits_of(&blocks[i].address); bit++) {
            edge = blocks[i].address;
            edge.bytes[bit / 8] ^= (unsigned char) (0x80 >> bit % 8);
            list_holds(blocks, n, &edge);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                n;
    scoped_key_str_t      bytes, list, rest, item, copy;
    scoped_key_block_t    blocks[MAX_BLOCKS];
    scoped_key_address_t  address;

    bytes = fuzz_line(&data, &size);
    list = fuzz_copy(data, size);
    scoped_key_address_set(&address, bytes.data, bytes.len);

    must(bits_of(&address) == 0
         ? bytes.len != IPV4_BYTES && bytes.len != IPV6_BYTES
         : address.family == 4 || !is_mapped(address.bytes));

    n = 0;
    rest = list;

    while (n < MAX_BLOCKS && scoped_key_list_next(&rest, &item)) {
        memset(&blocks[n], 0xee, sizeof(blocks[n]));
        copy = fuzz_copy(item.data, item.len);

        if (scoped_key_block_parse(copy, &blocks[n])) {
            block_is_whole(&blocks[n]);
            block_says_itself(&blocks[n]);
            nothing_is_ignored(copy);
            n++;
        }

        fuzz_free(copy);
    }

    lists_hold(blocks, n, &address);

    fuzz_free(bytes);
    fuzz_free(list);

    return 0;
}
