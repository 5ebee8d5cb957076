/* links: core/pack core/str */

/*
 * Writing to the last byte of the room and not one further, and reading back.
 * The room is malloc'd at its size, so that a sanitizer sees a byte beyond it,
 * and what is refused must leave the writer as it was.
 */

#include "core/pack.h"
#include "cases.h"


static scoped_key_pack_t
pack_make(size_t room)
{
    scoped_key_pack_t  pack;

    pack.start = malloc(room);
    pack.len = 0;
    pack.room = room;

    if (pack.start == NULL && room != 0) {
        abort();
    }

    return pack;
}


static void
test_full(void)
{
    scoped_key_pack_t  pack;

    pack = pack_make(4);
    check(!scoped_key_pack_str(&pack, unit_str("abc")) && pack.len == 0);
    check(scoped_key_pack_str(&pack, unit_str("ab")) && pack.len == 4);
    check(scoped_key_pack_reserve(&pack, 1) == NULL && pack.len == 4);
    check(!scoped_key_pack_bytes(&pack, unit_str("x")) && pack.len == 4);
    check(!scoped_key_pack_number(&pack, 7) && pack.len == 4);
    check(!scoped_key_pack_str(&pack, unit_str("")) && pack.len == 4);
    check(!scoped_key_pack_align(&pack) && pack.len == 4);
    check(scoped_key_pack_reserve(&pack, (size_t) -1) == NULL && pack.len == 4);
    check(scoped_key_pack_bytes(&pack, unit_str("")) && pack.len == 4);
    check(scoped_key_pack_reserve(&pack, 0) != NULL);
    free(pack.start);
}


static void
test_read_back(void)
{
    uint16_t              number;
    scoped_key_str_t      none, text;
    scoped_key_pack_t     pack;
    const unsigned char  *at;

    none.len = 0;
    none.data = NULL;

    pack = pack_make(32);
    check(scoped_key_pack_str(&pack, unit_str("a\nb")));
    check(scoped_key_pack_number(&pack, 65535));
    check(scoped_key_pack_str(&pack, none));
    check(pack.len == 9);
    check(scoped_key_pack_align(&pack) && pack.len == 16);
    check(scoped_key_pack_align(&pack) && pack.len == 16);
    check(pack.start[9] == 0 && pack.start[15] == 0);

    at = scoped_key_unpack_str(pack.start, &text);
    check(scoped_key_str_equal(text, unit_str("a\nb")));
    at = scoped_key_unpack_number(at, &number);
    check(number == 65535);
    at = scoped_key_unpack_str(at, &text);
    check(text.len == 0 && at == pack.start + 9);
    free(pack.start);
}


static void
test_long_text(void)
{
    scoped_key_str_t    text;
    scoped_key_pack_t   pack, source;

    source = pack_make(65536);
    memset(source.start, 'x', source.room);
    pack = pack_make(2 * 65536);

    text.data = source.start;
    text.len = 65536;
    check(!scoped_key_pack_str(&pack, text) && pack.len == 0);

    text.len = 65535;
    check(scoped_key_pack_str(&pack, text) && pack.len == 65537);
    scoped_key_unpack_str(pack.start, &text);
    check(text.len == 65535 && text.data[65534] == 'x');

    free(source.start);
    free(pack.start);
}


int
main(void)
{
    test_full();
    test_read_back();
    test_long_text();

    return unit_done("pack");
}
