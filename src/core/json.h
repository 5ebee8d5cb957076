/*
 * Untrusted JSON, with limits.  The only core file that includes jansson.h.
 * Refused: duplicate member names (compared after their escapes are undone),
 * depth over 32 (the outermost is 1), a byte order mark, invalid UTF-8, NUL
 * in a name, text after the value.  Of a document of our own also NUL in a
 * string, integers beyond 64 bits and numbers beyond a double.
 */

#ifndef SCOPED_KEY_JSON_H
#define SCOPED_KEY_JSON_H

#include "str.h"


#define SCOPED_KEY_JSON_MAX_DEPTH       32

/* opaque: a value within a document; lives as long as the document */
typedef struct scoped_key_json_s  scoped_key_json_t;

typedef enum {
    SCOPED_KEY_JSON_OTHER = 0,           /* a number, but no integer that fits
                                            64 bits with a sign */
    SCOPED_KEY_JSON_OBJECT,
    SCOPED_KEY_JSON_ARRAY,
    SCOPED_KEY_JSON_STRING,
    SCOPED_KEY_JSON_INTEGER,
    SCOPED_KEY_JSON_BOOLEAN,
    SCOPED_KEY_JSON_NULL
} scoped_key_json_e;

/* take() returns NULL when there is none */
typedef struct {
    void  *(*take)(size_t len);
    void   (*release)(void *memory);
} scoped_key_json_memory_t;

/* one value on the way of a walk; returns false to end the walk */
typedef bool (*scoped_key_json_member_pt)(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value);

typedef enum {
    SCOPED_KEY_JSON_NO_ERROR = 0,
    SCOPED_KEY_JSON_NO_MEMORY,
    SCOPED_KEY_JSON_MARK,                /* a byte order mark */
    SCOPED_KEY_JSON_DEEP,
    SCOPED_KEY_JSON_DUPLICATE,
    SCOPED_KEY_JSON_UTF8,
    SCOPED_KEY_JSON_NUL_IN_NAME,
    SCOPED_KEY_JSON_TRUNCATED,
    SCOPED_KEY_JSON_TRAILING,
    SCOPED_KEY_JSON_SYNTAX
} scoped_key_json_error_e;

typedef enum {
    SCOPED_KEY_JSON_WALKED = 0,          /* every match was given to `found` */
    SCOPED_KEY_JSON_REFUSED,             /* a match is neither a string without
                                            NUL, an integer nor a boolean; an
                                            element lacks the rest of the
                                            pointer; what is on the way is
                                            neither an object nor, for an index
                                            or `*`, an array; or an object on
                                            the way has another spelling
                                            (name_match.h) of the member's
                                            name */
    SCOPED_KEY_JSON_STOPPED              /* found returned false */
} scoped_key_json_walk_e;

/* text: what the value says (integers in decimal, true, false); it lives only
   during the call */
typedef bool (*scoped_key_json_found_pt)(void *data, scoped_key_str_t text);

/* several valid and distinct pointers; const once built */
typedef struct scoped_key_json_paths_s  scoped_key_json_paths_t;

#define SCOPED_KEY_JSON_MAX_PATHS  512

/* what became of one of them */
typedef struct {
    bool      refused;                   /* as SCOPED_KEY_JSON_REFUSED; what
                                            was found must be forgotten */
    bool      nul;                       /* for it is a string with NUL */
    bool      empty;                     /* null or an empty array in place of
                                            a value, or null where a `*` would
                                            look into it */
    uint32_t  arrays;                    /* bit n: an array stood where its
                                            token n, from 0, is a name */
} scoped_key_json_path_t;

/*
 * A value of pointer n.  lasting: it lives as long as the document, else only
 * during the call.  False: the pointer is refused, and gives no more.
 */
typedef bool (*scoped_key_json_path_found_pt)(void *data, size_t n,
    scoped_key_str_t text, bool lasting);


/*
 * Where documents get their memory from, for the whole process; without it,
 * from malloc() and free().  What was taken before must be released in the same
 * way as what is taken from then on.
 */
void scoped_key_json_memory_get(scoped_key_json_memory_t *memory);
void scoped_key_json_memory_set(const scoped_key_json_memory_t *memory);

/*
 * A document of our own, or of those who make keys.  NULL: refused, or out of
 * memory.  The caller frees the result.
 */
scoped_key_json_t *scoped_key_json_parse(scoped_key_str_t text);

/*
 * The same of a request.  Strings may hold NUL, and a number that fits neither
 * 64 bits with a sign nor a double is OTHER, as all that are no integers are.
 * NULL: *error says why.
 */
scoped_key_json_t *scoped_key_json_parse_body(scoped_key_str_t text,
    scoped_key_json_error_e *error);
/* for the log */
const char *scoped_key_json_error_text(scoped_key_json_error_e error);

void scoped_key_json_free(scoped_key_json_t *document);

scoped_key_json_e scoped_key_json_type(const scoped_key_json_t *value);
/* of a string; empty of all else */
scoped_key_str_t scoped_key_json_string(const scoped_key_json_t *value);
/* of an integer; 0 of all else */
int64_t scoped_key_json_integer(const scoped_key_json_t *value);
/* of a boolean; false of all else */
bool scoped_key_json_boolean(const scoped_key_json_t *value);
/* of an array: how many elements; 0 of all else */
size_t scoped_key_json_count(const scoped_key_json_t *value);
/* of an array; NULL: there is no such element, or it is no array */
const scoped_key_json_t *scoped_key_json_element(
    const scoped_key_json_t *value, size_t index);
/* members of an object, or elements of an array with an empty name; true when
   every call returned true */
bool scoped_key_json_each(const scoped_key_json_t *value,
    scoped_key_json_member_pt each, void *data);

/*
 * RFC 6901, "" or "/a/b", 32 tokens of 256 bytes at most.  A `*` token stands
 * for every element or member.  For several pointers at once, a `[]` token
 * stands for every element of an array; for one alone it is a name.  A member
 * that is itself named so cannot be spoken of.
 */
bool scoped_key_json_pointer_valid(scoped_key_str_t pointer);

/*
 * Gives every value that the pointer leads to.  What is absent before the
 * first `*` finds nothing (WALKED, no call); below a `*` every element must
 * have the rest.  In an array a token must be `*` or an index: digits without
 * a leading zero, never `-`.  An invalid pointer is REFUSED.
 */
scoped_key_json_walk_e scoped_key_json_walk(const scoped_key_json_t *document,
    scoped_key_str_t pointer, scoped_key_json_found_pt found, void *data);

/*
 * Builds n of them, SCOPED_KEY_JSON_MAX_PATHS at most, in memory of
 * ..._bytes(), aligned for any type.  The pointers are copied.
 */
size_t scoped_key_json_paths_bytes(const scoped_key_str_t *pointers, size_t n);
const scoped_key_json_paths_t *scoped_key_json_paths_build(void *memory,
    const scoped_key_str_t *pointers, size_t n);

/* bytes of scratch memory, aligned for any type, that a walk wants */
size_t scoped_key_json_paths_scratch(const scoped_key_json_paths_t *paths);

/*
 * One walk for all pointers: as scoped_key_json_walk(), but a match may also
 * be an array, of which each element is a value, none of them an array, and a
 * `[]` token is let be where there is no array.  paths: outcomes, one for
 * each, zeroed.  left: steps (steps.h), which each look at a value and each
 * name that is compared cost; when there are none left, all are refused.
 */
void scoped_key_json_walk_paths(const scoped_key_json_t *document,
    const scoped_key_json_paths_t *paths, size_t *left, void *scratch,
    scoped_key_json_path_t *outcomes, scoped_key_json_path_found_pt found,
    void *data);

/*
 * The bits of scoped_key_json_path_t.arrays that the other pointer makes good:
 * it is the same with a `[]` in front of that token.
 */
uint32_t scoped_key_json_pointer_covered(scoped_key_str_t pointer,
    scoped_key_str_t other);

#endif
