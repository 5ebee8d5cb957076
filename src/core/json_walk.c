/*
 * Pointers into untrusted JSON: the second half of json.h.  Knows nothing of
 * the library behind it.  Whatever an upstream could read in another way than
 * RFC 6901 has it is refused, not passed over.
 * Invariant: recursion is as deep as the pointer has tokens, 32 at most.
 */

#include <string.h>

#include "json.h"
#include "name_match.h"


#define SCOPED_KEY_JSON_INTEGER_BYTES  20    /* a sign and 19 digits */
#define SCOPED_KEY_JSON_INDEX_DIGITS    9

typedef struct {
    scoped_key_json_found_pt   found;
    void                      *data;
    scoped_key_json_walk_e     result;
} scoped_key_json_way_t;

/* from one value to the next: what is left of the pointer, and where we are */
typedef struct {
    scoped_key_json_way_t     *way;
    scoped_key_str_t           rest;
    bool                       beneath;      /* a `*` */
} scoped_key_json_step_t;

/* the search for one member of an object, or one element of an array */
typedef struct {
    scoped_key_str_t           name;
    size_t                     before;       /* elements yet to pass */
    const scoped_key_json_t   *value;        /* NULL: absent */
} scoped_key_json_search_t;


static bool scoped_key_json_go(scoped_key_json_step_t step,
    const scoped_key_json_t *value);


/* takes one token, as written, off the front; false: there is none */
static bool
scoped_key_json_token_next(scoped_key_str_t *rest, scoped_key_str_t *token)
{
    const unsigned char  *end;

    if (rest->len == 0 || rest->data[0] != '/') {
        return false;
    }

    token->data = rest->data + 1;
    token->len = rest->len - 1;

    end = memchr(token->data, '/', token->len);

    if (end != NULL) {
        token->len = end - token->data;
    }

    rest->data += token->len + 1;
    rest->len -= token->len + 1;

    return true;
}


/* undoes ~0 and ~1 into out, of SCOPED_KEY_JSON_TOKEN_BYTES */
static bool
scoped_key_json_token_decode(scoped_key_str_t token, unsigned char *out,
    size_t *len)
{
    size_t         i, n;
    unsigned char  c;

    if (token.len > SCOPED_KEY_JSON_TOKEN_BYTES) {
        return false;
    }

    n = 0;

    for (i = 0; i < token.len; i++) {
        c = token.data[i];

        if (c == '~') {
            i++;

            if (i == token.len || (token.data[i] | 1) != '1') {
                return false;
            }

            c = token.data[i] == '0' ? '~' : '/';
        }

        out[n++] = c;
    }

    *len = n;

    return true;
}


bool
scoped_key_json_pointer_valid(scoped_key_str_t pointer)
{
    size_t            n, len;
    unsigned char     name[SCOPED_KEY_JSON_TOKEN_BYTES];
    scoped_key_str_t  token;

    n = 0;

    while (scoped_key_json_token_next(&pointer, &token)) {
        n++;

        if (n > SCOPED_KEY_JSON_POINTER_TOKENS
            || !scoped_key_json_token_decode(token, name, &len))
        {
            return false;
        }
    }

    return pointer.len == 0;
}


static bool
scoped_key_json_refuse(scoped_key_json_way_t *way)
{
    way->result = SCOPED_KEY_JSON_REFUSED;

    return false;
}


static bool
scoped_key_json_give(scoped_key_json_way_t *way, scoped_key_str_t text)
{
    if (way->found(way->data, text)) {
        return true;
    }

    way->result = SCOPED_KEY_JSON_STOPPED;

    return false;
}


static bool
scoped_key_json_give_integer(scoped_key_json_way_t *way, int64_t integer)
{
    uint64_t           rest;
    unsigned char      digits[SCOPED_KEY_JSON_INTEGER_BYTES], *first;
    scoped_key_str_t   text;

    first = digits + sizeof(digits);
    rest = (uint64_t) integer;

    if (integer < 0) {
        rest = -rest;
    }

    do {
        *--first = (unsigned char) ('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);

    if (integer < 0) {
        *--first = '-';
    }

    text.data = first;
    text.len = digits + sizeof(digits) - first;

    return scoped_key_json_give(way, text);
}


/* the end of the pointer */
static bool
scoped_key_json_leaf(scoped_key_json_way_t *way,
    const scoped_key_json_t *value)
{
    static const scoped_key_str_t  yes = scoped_key_str("true");
    static const scoped_key_str_t  no = scoped_key_str("false");

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_STRING:
        return scoped_key_json_give(way, scoped_key_json_string(value));

    case SCOPED_KEY_JSON_INTEGER:
        return scoped_key_json_give_integer(way,
                                            scoped_key_json_integer(value));

    case SCOPED_KEY_JSON_BOOLEAN:
        return scoped_key_json_give(way, scoped_key_json_boolean(value)
                                         ? yes : no);

    default:
        return scoped_key_json_refuse(way);
    }
}


static bool
scoped_key_json_look(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_search_t  *search = data;

    switch (scoped_key_name_match(name, search->name,
                                  SCOPED_KEY_NAME_MEMBER))
    {

    case SCOPED_KEY_NAME_OTHER:
        return true;

    case SCOPED_KEY_NAME_SAME:
        search->value = value;
        return true;

    default:
        return false;
    }
}


static bool
scoped_key_json_count(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_search_t  *search = data;

    (void) name;

    if (search->before == 0) {
        search->value = value;
        return false;
    }

    search->before--;

    return true;
}


/* false: no index */
static bool
scoped_key_json_index(scoped_key_str_t token, size_t *index)
{
    int64_t  number;

    if (token.len > SCOPED_KEY_JSON_INDEX_DIGITS
        || (token.len > 1 && token.data[0] == '0')
        || !scoped_key_decimal_parse(token, &number))
    {
        return false;
    }

    *index = number;

    return true;
}


/* what a token leads to; false: nothing that all would agree on */
static bool
scoped_key_json_find(const scoped_key_json_t *value, scoped_key_str_t token,
    const scoped_key_json_t **member)
{
    bool                      agreed;
    unsigned char             name[SCOPED_KEY_JSON_TOKEN_BYTES];
    scoped_key_json_search_t  search;

    search.name.data = name;
    search.value = NULL;

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_OBJECT:
        agreed = scoped_key_json_token_decode(token, name, &search.name.len)
                 && scoped_key_json_each(value, scoped_key_json_look, &search);
        break;

    case SCOPED_KEY_JSON_ARRAY:
        agreed = scoped_key_json_index(token, &search.before);

        if (agreed) {
            scoped_key_json_each(value, scoped_key_json_count, &search);
        }

        break;

    default:
        agreed = false;
    }

    *member = search.value;

    return agreed;
}


static bool
scoped_key_json_beneath(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_step_t  *step = data;

    (void) name;

    return scoped_key_json_go(*step, value);
}


/* `*`: every element or member */
static bool
scoped_key_json_go_all(scoped_key_json_step_t step,
    const scoped_key_json_t *value)
{
    scoped_key_json_e  type;

    type = scoped_key_json_type(value);

    if (type != SCOPED_KEY_JSON_ARRAY && type != SCOPED_KEY_JSON_OBJECT) {
        return scoped_key_json_refuse(step.way);
    }

    step.beneath = true;

    return scoped_key_json_each(value, scoped_key_json_beneath, &step);
}


static bool
scoped_key_json_go(scoped_key_json_step_t step, const scoped_key_json_t *value)
{
    scoped_key_str_t          token;
    const scoped_key_json_t  *member;

    if (!scoped_key_json_token_next(&step.rest, &token)) {
        return scoped_key_json_leaf(step.way, value);
    }

    if (token.len == 1 && token.data[0] == '*') {
        return scoped_key_json_go_all(step, value);
    }

    if (!scoped_key_json_find(value, token, &member)) {
        return scoped_key_json_refuse(step.way);
    }

    if (member == NULL) {
        return step.beneath ? scoped_key_json_refuse(step.way) : true;
    }

    return scoped_key_json_go(step, member);
}


scoped_key_json_walk_e
scoped_key_json_walk(const scoped_key_json_t *document,
    scoped_key_str_t pointer, scoped_key_json_found_pt found, void *data)
{
    scoped_key_json_way_t   way;
    scoped_key_json_step_t  step;

    if (!scoped_key_json_pointer_valid(pointer)) {
        return SCOPED_KEY_JSON_REFUSED;
    }

    way.found = found;
    way.data = data;
    way.result = SCOPED_KEY_JSON_WALKED;

    step.way = &way;
    step.rest = pointer;
    step.beneath = false;

    scoped_key_json_go(step, document);

    return way.result;
}
