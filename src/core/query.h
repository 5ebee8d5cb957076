/*
 * Query strings and form bodies (application/x-www-form-urlencoded): every
 * occurrence of a name, decoded once.  Works in the caller's memory; one pass.
 * What some upstream could read as the asked-for name is told apart, so that
 * the caller can refuse.
 */

#ifndef SCOPED_KEY_QUERY_H
#define SCOPED_KEY_QUERY_H

#include "name_match.h"
#include "name_table.h"


/* a name of other than letters, digits, `-` and `_` may be this long */
#define SCOPED_KEY_QUERY_MAX_NAME  512

/* it takes to decode one: once and fully */
#define SCOPED_KEY_QUERY_NAME_BYTES  (2 * SCOPED_KEY_QUERY_MAX_NAME)

/* one `name=value` between two `&`, as sent; has_value: there was a `=` */
typedef struct {
    scoped_key_str_t  name;
    scoped_key_str_t  value;
    scoped_key_str_t  whole;
    bool              has_value;
} scoped_key_pair_t;

/* the name of a pair, decoded */
typedef struct {
    scoped_key_str_t  once;
    scoped_key_str_t  fully;             /* all encoding undone */
    bool              encoded;           /* it is not all letters, digits, `-`
                                            and `_` */
} scoped_key_query_name_t;


/* takes the next pair off the front of *rest; empty pairs are passed over */
bool scoped_key_query_next(scoped_key_str_t *rest, scoped_key_pair_t *pair);

/*
 * Undoes %XX, and what that brings forth, until there is none left, in place.
 * A percent sign that stands for itself stays.  Returns the length.
 */
size_t scoped_key_query_decode_fully(unsigned char *data, size_t len);

/*
 * How the name of a pair, as sent, relates to an asked-for name: SAME when it
 * is that name once decoded; SUSPECT by name_match.h, and any name that is
 * beyond SCOPED_KEY_QUERY_MAX_NAME or has bad percent signs or control bytes.
 */
scoped_key_name_e scoped_key_query_name(scoped_key_str_t sent,
    scoped_key_str_t name);

/*
 * The name of a pair, as sent: decoded, in memory of
 * SCOPED_KEY_QUERY_NAME_BYTES, or where it is.  False: it is SUSPECT, whichever
 * name is asked for.
 */
bool scoped_key_query_name_decode(scoped_key_str_t sent,
    unsigned char *decoded, scoped_key_query_name_t *name);

/*
 * Whether an upstream that separates pairs by `;` too, or decodes before it
 * separates, would find the name within a value, as sent.  scratch: at least
 * value.len bytes.
 */
bool scoped_key_query_hides(scoped_key_str_t value, scoped_key_str_t name,
    unsigned char *scratch);

/*
 * Undoes %XX and `+` once into out, of at least text.len bytes.  *len is what
 * was written.  False when a percent sign is not followed by two hex digits,
 * or the result holds a control byte (0x00 to 0x1f, 0x7f).
 */
bool scoped_key_query_decode(scoped_key_str_t text, unsigned char *out,
    size_t *len);

typedef enum {
    SCOPED_KEY_QUERY_WALKED = 0,
    SCOPED_KEY_QUERY_REFUSED,            /* a suspect name or value */
    SCOPED_KEY_QUERY_STOPPED             /* found returned false */
} scoped_key_query_walk_e;

/* value: decoded, lies in the caller's scratch memory */
typedef bool (*scoped_key_query_found_pt)(void *data, scoped_key_str_t value);

/*
 * Gives every value of the name, in order; a name without `=` has an empty
 * one.  Refused besides suspect names and unreadable values: a value of the
 * name that holds a `;`, and any value in which another occurrence of the name
 * follows a `;` or an encoded separator.  After REFUSED, what was given before
 * it must be forgotten.  scratch: at least text.len bytes that live as long as
 * the values must.  lines: values may hold tabs and ends of lines,
 * but no other control bytes.
 */
scoped_key_query_walk_e scoped_key_query_walk(scoped_key_str_t text,
    scoped_key_str_t name, bool lines, unsigned char *scratch,
    scoped_key_query_found_pt found, void *data);

/*
 * A value of name n; value as in scoped_key_query_found_pt.  False: the name
 * is refused.
 */
typedef bool (*scoped_key_query_found_name_pt)(void *data, size_t n,
    scoped_key_str_t value);

/*
 * One walk for several names, in time linear in the text: each as if
 * scoped_key_query_walk() looked for it alone, without lines.  left: steps
 * (steps.h), which are taken for each name that a found one could be; once
 * there are none left, all are refused.  refused: one for each name, all false
 * before; those that end up true are refused, and what was found of them must
 * be forgotten.
 */
void scoped_key_query_walk_names(scoped_key_str_t text,
    const scoped_key_names_t *names, unsigned char *scratch, size_t *left,
    bool *refused, scoped_key_query_found_name_pt found, void *data);

#endif
