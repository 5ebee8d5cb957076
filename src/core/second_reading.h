/*
 * What another reader than the one that a Content-Type picks would find in a
 * body: of a JSON body the pairs of one who takes it for a form, of a form the
 * members of one who takes it for JSON.  Upstreams that do not look at the
 * Content-Type are common.  Both readers are lenient ones, which take as much
 * as any that is known.  Bytes in, no memory but the caller's, time linear.
 * Invariant: what such an upstream would find is given; more may be.
 */

#ifndef SCOPED_KEY_SECOND_READING_H
#define SCOPED_KEY_SECOND_READING_H

#include "str.h"


typedef struct {
    scoped_key_str_t  name;              /* decoded as often as encoded */
    scoped_key_str_t  value;             /* decoded once */
    bool              known;             /* the value is just this */
    bool              bare;              /* a word alone, as in `a&name&b` */
} scoped_key_second_t;

/* found: it and its texts live during the call; returns false to end */
typedef bool (*scoped_key_second_pt)(void *data,
    const scoped_key_second_t *found);


/*
 * Pairs cut at `&`, and at `;`, in whatever it is; nothing is refused: a bad
 * percent sign stands for itself.  scratch: text.len bytes.  False: stopped.
 */
bool scoped_key_second_form(scoped_key_str_t text, unsigned char *scratch,
    scoped_key_second_pt found, void *data);

/*
 * Members of objects, whatever comes before and after the object and however
 * deep they are: a name in quotation marks and a colon, anywhere.  In a text
 * that does not begin as a form does also names in apostrophes or in nothing,
 * and `=` or a comment for the colon, as Gson, org.json and Json.NET take them;
 * what looks like a pair there, behind `&`, is none.  scratch: text.len bytes.
 * False: stopped.
 */
bool scoped_key_second_json(scoped_key_str_t text, unsigned char *scratch,
    scoped_key_second_pt found, void *data);

/* whether a text begins as a JSON value does: there is one, of no name */
bool scoped_key_second_begins_json(scoped_key_str_t text);

/* whether what was found has this name, or one that could mean it */
bool scoped_key_second_is(const scoped_key_second_t *found,
    scoped_key_str_t name);

/*
 * The name in a JSON pointer that is nearest to its end, as written: the last
 * token that is no `*`, no `[]` and no index.  False: there is none.
 */
bool scoped_key_second_pointer(scoped_key_str_t pointer,
    scoped_key_str_t *token);

#endif
