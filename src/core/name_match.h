/*
 * Whether a name that was found, of a pair or of a JSON member, is the name
 * that is asked for, or one that some upstream would read as it.  Pure text;
 * owns no memory; has no state; time linear in the name.
 * Invariant: OTHER is said only when no known reading is the asked-for name.
 */

#ifndef SCOPED_KEY_NAME_MATCH_H
#define SCOPED_KEY_NAME_MATCH_H

#include "steps.h"
#include "str.h"


typedef enum {
    SCOPED_KEY_NAME_OTHER = 0,
    SCOPED_KEY_NAME_SAME,                /* byte for byte */
    SCOPED_KEY_NAME_SUSPECT
} scoped_key_name_e;

typedef enum {
    SCOPED_KEY_NAME_PAIR = 0,            /* of a query string or form, decoded
                                            as often as it was encoded */
    SCOPED_KEY_NAME_MEMBER               /* of a JSON object */
} scoped_key_name_kind_e;

/* as measured: see docs/performance.md */
#define SCOPED_KEY_STEPS_TO_READ_NAME  20
#define SCOPED_KEY_STEPS_TO_READ_BYTE   4


/*
 * Suspect are names that differ
 * - in case, also where a letter beyond ASCII folds to an ASCII one (Go's
 *   encoding/json takes U+017F for s and U+212A for k, Java's
 *   equalsIgnoreCase() U+0130 and U+0131 for i), and in wide forms of ASCII;
 * - in what is not ASCII, which some converters leave out;
 * - in `_` and `-` past the first letter, of a pair not behind the last one
 *   (protobuf's JSON takes user_id and userId), and in `.`, a space or `[` in
 *   place of one (PHP);
 * - in separators around: blanks, control bytes, `.`, `[` and `]`; of a pair
 *   all ASCII but letters, digits, `_`, `-` and `/`;
 * and names that go on with such a separator where the asked-for one ends:
 * `name[]`, `name.x`.  Of a pair also any part of it between `;` or `&`, for
 * some upstreams separate there.  "__proto__", through which JavaScript may
 * inherit any member, is always suspect.
 * A name that only holds the asked-for one further on is OTHER: `x[name]`,
 * `x.name`, `x/name`.
 */
scoped_key_name_e scoped_key_name_match(scoped_key_str_t found,
    scoped_key_str_t name, scoped_key_name_kind_e kind);

/*
 * The same of what lies between two `;` or `&` in the name of a pair, or of a
 * name that holds neither.
 */
bool scoped_key_name_may_be(scoped_key_str_t part, scoped_key_str_t name);

/* of a pair: the same or suspect, but with nothing that goes on behind it */
bool scoped_key_name_is_just(scoped_key_str_t found, scoped_key_str_t name);

/* whether it is "__proto__", or that and a `[` or a `.` behind it */
bool scoped_key_name_is_proto(scoped_key_str_t found);

/* whether they differ at once: both begin with a letter, in no case the same */
static inline bool
scoped_key_name_differs(scoped_key_str_t found, scoped_key_str_t name)
{
    unsigned char  f, n;

    if (found.len == 0 || name.len == 0) {
        return false;
    }

    f = (unsigned char) (found.data[0] | 0x20);
    n = (unsigned char) (name.data[0] | 0x20);

    return f != n && f >= 'a' && f <= 'z' && n >= 'a' && n <= 'z';
}


/* steps (steps.h) of comparing a found name with one that is asked for */
static inline size_t
scoped_key_name_steps(scoped_key_str_t found, scoped_key_str_t name)
{
    return SCOPED_KEY_STEPS_TO_READ_NAME
           + SCOPED_KEY_STEPS_TO_READ_BYTE * (found.len + name.len);
}


/*
 * The ASCII letters and digits of a name, in lower case, the first ones up to
 * max; how many.  What is SUSPECT or SAME has a skeleton that begins with that
 * of the asked-for name, in one of both ways: narrow, where characters beyond
 * ASCII are made ASCII if they can be, or without any of them.
 */
size_t scoped_key_name_skeleton(scoped_key_str_t name, bool narrow,
    unsigned char *skeleton, size_t max);

#endif
