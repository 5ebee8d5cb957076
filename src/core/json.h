/*
 * Untrusted JSON, with limits.  The only core file that includes jansson.h.
 * Refused: duplicate member names (compared after their escapes are undone),
 * depth over 32 (the outermost is 1), a byte order mark, invalid UTF-8, NUL
 * in any form, integers beyond 64 bits, text after the value.
 */

#ifndef SCOPED_KEY_JSON_H
#define SCOPED_KEY_JSON_H

#include "text.h"


#define SCOPED_KEY_JSON_MAX_DEPTH       32
#define SCOPED_KEY_JSON_POINTER_TOKENS  32
#define SCOPED_KEY_JSON_TOKEN_BYTES    256   /* one token, as written */

/* opaque: a value within a document; lives as long as the document */
typedef struct scoped_key_json_s  scoped_key_json_t;

typedef enum {
    SCOPED_KEY_JSON_OTHER = 0,           /* null, or not an integer */
    SCOPED_KEY_JSON_OBJECT,
    SCOPED_KEY_JSON_ARRAY,
    SCOPED_KEY_JSON_STRING,
    SCOPED_KEY_JSON_INTEGER,
    SCOPED_KEY_JSON_BOOLEAN
} scoped_key_json_e;

/* one value on the way of a walk; returns false to end the walk */
typedef bool (*scoped_key_json_member_pt)(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value);


/* NULL: refused, or out of memory.  The caller frees the result. */
scoped_key_json_t *scoped_key_json_parse(scoped_key_str_t text);
void scoped_key_json_free(scoped_key_json_t *document);

scoped_key_json_e scoped_key_json_type(const scoped_key_json_t *value);
/* of a string; empty of all else */
scoped_key_str_t scoped_key_json_string(const scoped_key_json_t *value);
/* of an integer; 0 of all else */
int64_t scoped_key_json_integer(const scoped_key_json_t *value);
/* of a boolean; false of all else */
bool scoped_key_json_boolean(const scoped_key_json_t *value);
/* members of an object, or elements of an array with an empty name; true when
   every call returned true */
bool scoped_key_json_each(const scoped_key_json_t *value,
    scoped_key_json_member_pt each, void *data);

typedef enum {
    SCOPED_KEY_JSON_WALKED = 0,          /* every match was given to `found` */
    SCOPED_KEY_JSON_REFUSED,             /* a match is null, a real number, an
                                            array or an object; an element
                                            lacks the rest of the pointer; what
                                            is on the way is neither an object
                                            nor, for an index or `*`, an array;
                                            or an object on the way has another
                                            spelling (name_match.h) of the
                                            member's name */
    SCOPED_KEY_JSON_STOPPED              /* found returned false */
} scoped_key_json_walk_e;

/* text: what the value says (integers in decimal, true, false); it lives only
   during the call */
typedef bool (*scoped_key_json_found_pt)(void *data, scoped_key_str_t text);

/*
 * RFC 6901, "" or "/a/b", 32 tokens of 256 bytes at most; a `*` token stands
 * for every element or member.  A member that is itself named `*` cannot be
 * spoken of.
 */
bool scoped_key_json_pointer_valid(scoped_key_str_t pointer);

/*
 * Gives every value that the pointer leads to.  What is absent before the
 * first `*` finds nothing (WALKED, no call); beneath a `*` every element must
 * have the rest.  In an array a token must be `*` or an index: digits without
 * a leading zero, never `-`.  An invalid pointer is REFUSED.
 */
scoped_key_json_walk_e scoped_key_json_walk(const scoped_key_json_t *document,
    scoped_key_str_t pointer, scoped_key_json_found_pt found, void *data);

#endif
