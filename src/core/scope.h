/*
 * Scopes: `resource:action`, the resource of 1 to 16 segments joined by `/`.
 * A required scope is literal; a granted one is a pattern, in which `*` is one
 * whole segment or action, and `**`, last in the resource, one or more
 * segments.  Pure text: no memory, no state, no precedence (verdict.h).
 */

#ifndef SCOPED_KEY_SCOPE_H
#define SCOPED_KEY_SCOPE_H

#include "str.h"


#define SCOPED_KEY_SCOPE_MAX_BYTES     255
#define SCOPED_KEY_SCOPE_MAX_SEGMENTS   16


/* a literal scope: characters A-Z a-z 0-9 . _ ~ @ % -, no empty part */
bool scoped_key_scope_valid(scoped_key_str_t scope);

/* a scope pattern, without the `!` of a refusal */
bool scoped_key_scope_pattern_valid(scoped_key_str_t pattern);

/* both must be valid; case matters */
bool scoped_key_scope_match(scoped_key_str_t pattern, scoped_key_str_t scope);

/*
 * Writes text to out so that it is part of one segment whatever it holds:
 * every byte outside A-Z a-z 0-9 . _ ~ @ - becomes %XX, upper-case hex.
 * Returns the length of the whole result, of which at most room bytes were
 * written: more than room means that it did not fit.
 */
size_t scoped_key_scope_escape(scoped_key_str_t text, unsigned char *out,
    size_t room);

#endif
