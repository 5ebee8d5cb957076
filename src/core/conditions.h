/*
 * What a record and a constrained grant may both ask of a request: its
 * address, host and method, and the time.  Packed, read-only once written.
 * Knows nothing of scopes, params or JSON, nor where the texts came from.
 * Invariant: an unreadable item is never packed.
 */

#ifndef SCOPED_KEY_CONDITIONS_H
#define SCOPED_KEY_CONDITIONS_H

#include "facts.h"
#include "pack.h"
#include "reason.h"
#include "str.h"


/* the lists lie together, elsewhere: addresses, then hosts, then methods */
typedef struct {
    int64_t   not_before;                /* INT64_MIN: from ever */
    int64_t   expires_at;                /* INT64_MAX: for ever */
    uint32_t  lists;                     /* bytes of all three */
    uint16_t  nips;                      /* 0, here and below: any will do */
    uint16_t  nhosts;
    uint16_t  nmethods;
} scoped_key_conditions_t;

/* one kind of list: packs one item; false: unreadable, or it does not fit */
typedef bool (*scoped_key_item_pt)(scoped_key_pack_t *pack,
    scoped_key_str_t item);


/* no conditions at all */
void scoped_key_conditions_init(scoped_key_conditions_t *conditions);

/*
 * The three kinds.  An address or block as in address.h, a host pattern as in
 * pattern.h, a method of A-Z, `-` and `_`.
 */
bool scoped_key_ip_pack(scoped_key_pack_t *pack, scoped_key_str_t item);
bool scoped_key_host_pack(scoped_key_pack_t *pack, scoped_key_str_t item);
bool scoped_key_method_pack(scoped_key_pack_t *pack, scoped_key_str_t item);

/*
 * Bytes that suffice for one list written in len bytes, each item followed by
 * a comma or a quotation mark.
 */
size_t scoped_key_list_room(size_t len);

/* all of a comma-separated list; an empty one is unreadable */
bool scoped_key_list_pack(scoped_key_pack_t *pack, scoped_key_str_t list,
    scoped_key_item_pt item, uint16_t *n);

/*
 * SCOPED_KEY_REASON_NONE: all hold; else the first that does not: of the times,
 * ips, hosts, methods.  left: steps that are left (pattern.h), counted down;
 * once it is 0 no list holds.
 */
scoped_key_reason_e scoped_key_conditions_check(
    const scoped_key_conditions_t *conditions, const unsigned char *lists,
    const scoped_key_facts_t *facts, size_t *left);

#endif
