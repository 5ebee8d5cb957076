/*
 * Bytes laid one after another: see pack.h.  Knows nothing of what they mean
 * and holds no memory.
 * Invariant: every write goes through scoped_key_pack_reserve(), which alone
 * looks at the room.
 */

#include <string.h>

#include "pack.h"


void *
scoped_key_pack_reserve(scoped_key_pack_t *pack, size_t len)
{
    void  *taken;

    if (len > pack->room - pack->len) {
        return NULL;
    }

    taken = pack->start + pack->len;
    pack->len += len;

    return taken;
}


bool
scoped_key_pack_align(scoped_key_pack_t *pack)
{
    void    *gap;
    size_t   len;

    len = -pack->len & (SCOPED_KEY_PACK_ALIGNMENT - 1);
    gap = scoped_key_pack_reserve(pack, len);

    if (gap == NULL) {
        return false;
    }

    memset(gap, 0, len);

    return true;
}


bool
scoped_key_pack_bytes(scoped_key_pack_t *pack, scoped_key_str_t text)
{
    void  *taken;

    taken = scoped_key_pack_reserve(pack, text.len);

    if (taken == NULL) {
        return false;
    }

    /* an empty text may have no address, which memcpy() must not be given */
    if (text.len != 0) {
        memcpy(taken, text.data, text.len);
    }

    return true;
}


bool
scoped_key_pack_number(scoped_key_pack_t *pack, uint16_t number)
{
    void  *taken;

    taken = scoped_key_pack_reserve(pack, sizeof(number));

    if (taken == NULL) {
        return false;
    }

    memcpy(taken, &number, sizeof(number));

    return true;
}


bool
scoped_key_pack_str(scoped_key_pack_t *pack, scoped_key_str_t text)
{
    size_t  mark;

    mark = pack->len;

    if (text.len <= UINT16_MAX
        && scoped_key_pack_number(pack, (uint16_t) text.len)
        && scoped_key_pack_bytes(pack, text))
    {
        return true;
    }

    pack->len = mark;

    return false;
}


const unsigned char *
scoped_key_unpack_number(const unsigned char *at, uint16_t *number)
{
    memcpy(number, at, sizeof(*number));

    return at + sizeof(*number);
}


const unsigned char *
scoped_key_unpack_str(const unsigned char *at, scoped_key_str_t *text)
{
    uint16_t  len;

    at = scoped_key_unpack_number(at, &len);

    text->len = len;
    text->data = at;

    return at + len;
}
