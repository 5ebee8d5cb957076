/* links: core/address core/str */

/*
 * Addresses and blocks: what cannot be read, the two families and their
 * mapping, exclusions, every prefix length.
 * Cases are lines of t/data/address.
 */

#include "core/address.h"
#include "cases.h"

#include <arpa/inet.h>


#define MAX_BLOCKS  8


/* by libc alone, so that the test does not read with what it tests */
static scoped_key_address_t
address_of(scoped_key_str_t text)
{
    char                  buf[INET6_ADDRSTRLEN] = "";
    size_t                len;
    unsigned char         bytes[16];
    scoped_key_address_t  address;

    if (text.len < sizeof(buf)) {
        memcpy(buf, text.data, text.len);
    }

    len = strchr(buf, ':') != NULL ? 16 : 4;

    if (inet_pton(len == 16 ? AF_INET6 : AF_INET, buf, bytes) != 1) {
        abort();
    }

    scoped_key_address_set(&address, bytes, len);

    return address;
}


static void
invalid_case(const unit_case_t *c)
{
    scoped_key_block_t  block;

    check_case(c, !scoped_key_block_parse(c->field[0], &block));
}


static void
match_case(const unit_case_t *c)
{
    size_t                n;
    scoped_key_str_t      rest, item;
    scoped_key_block_t    blocks[MAX_BLOCKS];
    scoped_key_address_t  address;

    rest = c->field[0];

    for (n = 0; n < MAX_BLOCKS && scoped_key_list_next(&rest, &item); n++) {
        check_case(c, scoped_key_block_parse(item, &blocks[n]));
    }

    address = address_of(c->field[1]);

    check_case(c, scoped_key_blocks_match(blocks, n, &address)
                  == unit_field_is(c->field[2], "yes"));
}


static void
test_nobody(void)
{
    size_t                len;
    unsigned char         bytes[32];
    scoped_key_str_t      none = { 0, NULL };
    scoped_key_block_t    blocks[3];
    scoped_key_address_t  address;

    check(!scoped_key_block_parse(none, blocks));
    check(scoped_key_block_parse(unit_str("0.0.0.0/0"), &blocks[0]));
    check(scoped_key_block_parse(unit_str("::/0"), &blocks[1]));
    check(scoped_key_block_parse(unit_str("!192.0.2.1"), &blocks[2]));

    memset(bytes, 1, sizeof(bytes));

    for (len = 0; len <= sizeof(bytes); len++) {
        memset(&address, 0xee, sizeof(address));
        scoped_key_address_set(&address, len != 0 ? bytes : NULL, len);

        check(address.family == (len == 4 ? 4 : len == 16 ? 6 : 0));
        check(!scoped_key_blocks_match(NULL, 0, &address));
        check(scoped_key_blocks_match(blocks, 3, &address)
              == (address.family != 0));

        /* exclusions alone do not let in what is no address */

        check(scoped_key_blocks_match(&blocks[2], 1, &address)
              == (address.family != 0));
    }
}


/* bytes that are not in use are 0, whatever was there before */
static void
test_unused_bytes(void)
{
    size_t                i;
    unsigned char         bytes[4] = { 192, 0, 2, 1 };
    scoped_key_block_t    block;
    scoped_key_address_t  address;

    memset(&address, 0xee, sizeof(address));
    memset(&block, 0xee, sizeof(block));

    scoped_key_address_set(&address, bytes, sizeof(bytes));
    check(scoped_key_block_parse(unit_str("!::ffff:192.0.2.255/123"), &block));

    check(block.excluded == 1 && block.bits == 27 && block.address.family == 4);
    check(memcmp(block.address.bytes, "\300\0\002\340", 4) == 0);

    for (i = 4; i < 16; i++) {
        check(address.bytes[i] == 0);
        check(block.address.bytes[i] == 0);
    }
}


/* a block of n bits holds what differs from bit n on, and nothing else */
static void
test_every_prefix(const char *base, int len)
{
    int                   bits, bit;
    char                  text[64];
    unsigned char         bytes[16];
    scoped_key_block_t    block;
    scoped_key_address_t  address;

    for (bits = 0; bits <= len * 8; bits++) {
        snprintf(text, sizeof(text), "%s/%d", base, bits);
        check(scoped_key_block_parse(unit_str(text), &block));
        check(block.bits == bits && !block.excluded);

        for (bit = 0; bit < len * 8; bit++) {
            check(inet_pton(len == 4 ? AF_INET : AF_INET6, base, bytes) == 1);
            bytes[bit / 8] ^= (unsigned char) (0x80 >> bit % 8);
            scoped_key_address_set(&address, bytes, (size_t) len);
            check(scoped_key_blocks_match(&block, 1, &address)
                  == (bit >= bits));
        }
    }
}


int
main(void)
{
    unit_cases("t/data/address/invalid", 1, invalid_case);
    unit_cases("t/data/address/match", 3, match_case);
    test_nobody();
    test_unused_bytes();
    test_every_prefix("203.0.113.165", 4);
    test_every_prefix("2001:db8:5a5a:a5a5:1234:5678:9abc:def0", 16);

    return unit_done("address");
}
