/*
 * Whether a member's name in a JSON object is a given name, or one that some
 * upstream would read as it.  Pure text; owns no memory; has no state.
 * Invariant: errs on the side of suspicion.
 */

#ifndef SCOPED_KEY_JSON_SPELLING_H
#define SCOPED_KEY_JSON_SPELLING_H

#include "text.h"


typedef enum {
    SCOPED_KEY_SPELLING_DIFFERENT = 0,
    SCOPED_KEY_SPELLING_SAME,            /* byte for byte */
    SCOPED_KEY_SPELLING_SUSPECT
} scoped_key_spelling_e;


/*
 * Suspect are names that differ
 * - in case only, with the letters beyond ASCII that fold to ASCII ones
 *   (Go's encoding/json takes U+017F for s and U+212A for k; Java's
 *   equalsIgnoreCase() takes U+0130 and U+0131 for i);
 * - in spaces and control bytes around;
 * - in `_` and `-` past the first byte (protobuf's JSON takes both user_id
 *   and userId);
 * and names that go on with `.` or `[` where the given one ends; and
 * "__proto__", through which JavaScript may inherit any member.
 */
scoped_key_spelling_e scoped_key_spelling(scoped_key_str_t name,
    scoped_key_str_t found);

#endif
