/*
 * Times as records have them, unix seconds in digits, and as people write
 * them (RFC 3339).  No clock.
 */

#ifndef SCOPED_KEY_TOOLS_TIMES_H
#define SCOPED_KEY_TOOLS_TIMES_H

#include "memory.h"


/* unix seconds of RFC 3339; false: it is none, or before 1970 */
bool times_parse(scoped_key_str_t text, int64_t *seconds);

/* digits as RFC 3339; what is no time, or past the year 9999, as it is */
scoped_key_str_t times_rfc3339(scoped_key_str_t digits);

scoped_key_str_t times_digits(int64_t seconds);

#endif
