/*
 * Patterns for hosts and params: literal text in which `*` stands for any run
 * of bytes but `.` and `/`, and `**` for any run.  Runs may be empty.
 * Works on bytes, without memory of its own, in at most
 * pattern length x text length steps.
 */

#ifndef SCOPED_KEY_PATTERN_H
#define SCOPED_KEY_PATTERN_H

#include "text.h"


#define SCOPED_KEY_PATTERN_MAX_BYTES  1024

/* 1 to 1,024 bytes, and no run of three or more asterisks */
bool scoped_key_pattern_valid(scoped_key_str_t pattern);

/* byte for byte; a pattern that is not valid matches nothing */
bool scoped_key_pattern_match(scoped_key_str_t pattern, scoped_key_str_t text);

/*
 * A host pattern holds letters, digits, `-`, `_`, `.`, `*`, and for addresses
 * `:`, `[` and `]`; 253 bytes at most, and a trailing dot.
 */
bool scoped_key_host_pattern_valid(scoped_key_str_t pattern);

/*
 * Without case, and without one trailing dot on either side.  host: no port;
 * an empty one matches no pattern.
 */
bool scoped_key_host_pattern_match(scoped_key_str_t pattern,
    scoped_key_str_t host);

#endif
