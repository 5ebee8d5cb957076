/*
 * Why a text cannot be read, in words that follow it in a sentence: `"a:" is
 * not resource:action`.  Whether it can be read is the core's word in every
 * case; only what the core refuses is looked at here, for what to say of it.
 * Results are empty of a text that can be read.
 */

#ifndef SCOPED_KEY_TOOLS_REASON_H
#define SCOPED_KEY_TOOLS_REASON_H

#include "memory.h"


typedef scoped_key_str_t (*reason_pt)(scoped_key_str_t text);


scoped_key_str_t reason_scope(scoped_key_str_t pattern);
scoped_key_str_t reason_pattern(scoped_key_str_t pattern);
scoped_key_str_t reason_host(scoped_key_str_t pattern);
scoped_key_str_t reason_method(scoped_key_str_t method);
scoped_key_str_t reason_digest(scoped_key_str_t hex);

/* also of a block that the core reads as one of IPv6 addresses alone, though
   it begins as one of IPv4 addresses */
scoped_key_str_t reason_block(scoped_key_str_t block);
scoped_key_str_t reason_time(scoped_key_str_t digits, int64_t now);

/* of the first item that cannot be read, and the item before it */
scoped_key_str_t reason_list(scoped_key_str_t list, reason_pt reason);

/* whether it is the prefix, or the id, that a key may have */
bool reason_prefix_is_good(scoped_key_str_t prefix);
bool reason_id_is_good(scoped_key_str_t id);

#endif
