/*
 * Patterns for hosts and params: literal text in which `*` stands for any run
 * of bytes but `.` and `/`, and `**` for any run.  Runs may be empty.
 * A pattern is compiled once and matched often.  Works on bytes, without
 * memory of its own.
 * Invariant: who has no steps left matches nothing.
 */

#ifndef SCOPED_KEY_PATTERN_H
#define SCOPED_KEY_PATTERN_H

#include "steps.h"
#include "str.h"


#define SCOPED_KEY_PATTERN_MAX_BYTES       1024
#define SCOPED_KEY_HOST_PATTERN_MAX_BYTES   253  /* and a trailing dot */
#define SCOPED_KEY_HOST_MAX_BYTES           255  /* RFC 1035, 2.3.4 */

/*
 * A pattern of a param, as written: `\*`, `\\` and `\!` are the characters
 * themselves, any other backslash is an error; with a `!` before it, it is an
 * exclusion.  1 to 1,024 bytes in all, no run of three or more asterisks, no
 * 0xfe and no 0xff, which are not UTF-8.  out: source.len bytes.  Returns how
 * many were written; 0: an error.
 */
size_t scoped_key_pattern_compile(scoped_key_str_t source, unsigned char *out);

/* of a pattern as written */
bool scoped_key_pattern_is_exclusion(scoped_key_str_t source);

/* true: it is an exclusion, and *compiled is now what is excluded */
bool scoped_key_pattern_exclusion_next(scoped_key_str_t *compiled);

/*
 * A pattern for hosts, as written: letters, digits, `-`, `_`, `.` and `*`, or
 * an IPv6 address in brackets; no port; 253 bytes at most, and a trailing dot.
 * out: source.len bytes.  Returns how many were written; 0: an error.
 */
size_t scoped_key_host_pattern_compile(scoped_key_str_t source,
    unsigned char *out);

/*
 * A host, without a port, to what is matched with patterns for hosts: lower
 * case, without one trailing dot.  out: SCOPED_KEY_HOST_MAX_BYTES; *bare points
 * there.  False: it is empty or too long, and no pattern matches it.
 */
bool scoped_key_host_read(scoped_key_str_t host, unsigned char *out,
    scoped_key_str_t *bare);

/*
 * Byte for byte; compiled: no exclusion.  left: the steps that are left,
 * counted down; when they do not suffice it is 0, and the pattern does not
 * match.
 */
bool scoped_key_pattern_match(scoped_key_str_t compiled, scoped_key_str_t text,
    size_t *left);

#endif
