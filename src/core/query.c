/*
 * Pairs and values of query strings and form bodies.  Does not know what names
 * could mean, but asks.  No memory of its own; time linear in the text.
 * Invariant: a text that was walked has no other reading in which the name
 * occurs more often, or with another value.
 */

#include "query.h"

#include <string.h>


/* memchr() of a text, without its objection to a NULL of length 0 */
static const unsigned char *
scoped_key_query_find(scoped_key_str_t text, int c)
{
    return text.len != 0 ? memchr(text.data, c, text.len) : NULL;
}


static scoped_key_str_t
scoped_key_query_split(scoped_key_str_t *rest)
{
    scoped_key_str_t      whole;
    const unsigned char  *end;

    whole = *rest;
    end = scoped_key_query_find(whole, '&');

    if (end == NULL) {
        rest->data += rest->len;
        rest->len = 0;
        return whole;
    }

    whole.len = (size_t) (end - whole.data);
    rest->data = end + 1;
    rest->len -= whole.len + 1;

    return whole;
}


bool
scoped_key_query_next(scoped_key_str_t *rest, scoped_key_pair_t *pair)
{
    const unsigned char  *equals;

    do {
        if (rest->len == 0) {
            return false;
        }

        pair->whole = scoped_key_query_split(rest);
    } while (pair->whole.len == 0);

    equals = scoped_key_query_find(pair->whole, '=');
    pair->has_value = equals != NULL;
    pair->name = pair->whole;

    if (equals != NULL) {
        pair->name.len = (size_t) (equals - pair->whole.data);
        pair->value.data = equals + 1;
        pair->value.len = pair->whole.len - pair->name.len - 1;

    } else {
        pair->value.data = pair->whole.data + pair->whole.len;
        pair->value.len = 0;
    }

    return true;
}


/* the byte that two hexadecimal digits behind a percent sign stand for; -1 */
static int
scoped_key_query_escaped(scoped_key_str_t text, size_t i)
{
    int  high, low;

    if (text.len - i < 3) {
        return -1;
    }

    high = scoped_key_hex_digit(text.data[i + 1]);
    low = scoped_key_hex_digit(text.data[i + 2]);

    return high < 0 || low < 0 ? -1 : high << 4 | low;
}


/* whether a decoded text may not hold it; lines: it may have several */
static bool
scoped_key_query_is_control(int c, bool lines)
{
    if (lines && (c == '\t' || c == '\n' || c == '\r')) {
        return false;
    }

    return c < 0x20 || c == 0x7f;
}


static bool
scoped_key_query_decode_text(scoped_key_str_t text, bool lines,
    unsigned char *out, size_t *len)
{
    int     c;
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (c == '+') {
            c = ' ';

        } else if (c == '%') {
            c = scoped_key_query_escaped(text, i);
            i += 2;
        }

        if (scoped_key_query_is_control(c, lines)) {
            return false;
        }

        out[n++] = (unsigned char) c;
    }

    *len = n;

    return true;
}


bool
scoped_key_query_decode(scoped_key_str_t text, unsigned char *out, size_t *len)
{
    return scoped_key_query_decode_text(text, false, out, len);
}


/* so many are looked at one by one */
#define SCOPED_KEY_QUERY_FEW_NAMES  4

/* a walk for several names */
typedef struct {
    const scoped_key_names_t        *names;
    bool                            *refused;
    size_t                          *left;   /* steps; 0: all is refused */
    size_t                           same;   /* the name of the present pair;
                                                SCOPED_KEY_NAMES_MAX: none */
    scoped_key_query_name_t          name;   /* of the present pair */
    scoped_key_str_t                 part;   /* of that name, or of its value,
                                                after a separator */
    bool                             bare;   /* the part may be words that a
                                                person wrote: see is_pair() */
    bool                             separated;  /* its value has a `;` */
} scoped_key_query_tour_t;


static bool
scoped_key_query_is_separator(unsigned char c)
{
    return c == ';' || c == '&';
}


/* how much of a text comes before a separator or a `=` */
static size_t
scoped_key_query_part(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (data[i] == '=' || scoped_key_query_is_separator(data[i])) {
            break;
        }
    }

    return i;
}


/*
 * Whether the text that follows a separator is one more pair of this name.
 * free_text: it may be words that a person wrote, who puts no `=` behind them.
 */
static bool
scoped_key_query_is_pair(scoped_key_str_t text, scoped_key_str_t name,
    bool free_text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '=') {
            text.len = i;
            return scoped_key_name_match(text, name, SCOPED_KEY_NAME_PAIR)
                   != SCOPED_KEY_NAME_OTHER;
        }

        if (scoped_key_query_is_separator(text.data[i])) {
            text.len = i;
        }
    }

    if (free_text) {
        return scoped_key_name_is_just(text, name);
    }

    return scoped_key_name_match(text, name, SCOPED_KEY_NAME_PAIR)
           != SCOPED_KEY_NAME_OTHER;
}


bool
scoped_key_query_hides(scoped_key_str_t value, scoped_key_str_t name,
    unsigned char *scratch)
{
    bool              free_text;
    size_t            i, len;
    scoped_key_str_t  rest;

    /* text is sent encoded: a bare `;` is there to separate */
    free_text = scoped_key_query_find(value, ';') == NULL;

    if (free_text && scoped_key_query_find(value, '%') == NULL) {
        return false;
    }

    memcpy(scratch, value.data, value.len);
    len = scoped_key_query_decode_fully(scratch, value.len);

    for (i = 0; i < len; i++) {

        if (!scoped_key_query_is_separator(scratch[i])) {
            continue;
        }

        rest.data = scratch + i + 1;
        rest.len = len - i - 1;

        if (scoped_key_query_is_pair(rest, name, free_text)) {
            return true;
        }
    }

    return false;
}


scoped_key_query_walk_e
scoped_key_query_walk(scoped_key_str_t text, scoped_key_str_t name,
    bool lines, unsigned char *scratch, scoped_key_query_found_pt found,
    void *data)
{
    scoped_key_str_t   value;
    scoped_key_pair_t  pair;
    scoped_key_name_e  standing;

    while (scoped_key_query_next(&text, &pair)) {
        standing = scoped_key_query_name(pair.name, name);

        if (standing == SCOPED_KEY_NAME_SUSPECT
            || scoped_key_query_hides(pair.value, name, scratch))
        {
            return SCOPED_KEY_QUERY_REFUSED;
        }

        if (standing == SCOPED_KEY_NAME_OTHER) {
            continue;
        }

        if (scoped_key_query_find(pair.value, ';') != NULL
            || !scoped_key_query_decode_text(pair.value, lines, scratch,
                                             &value.len))
        {
            return SCOPED_KEY_QUERY_REFUSED;
        }

        value.data = scratch;
        scratch += value.len;

        if (!found(data, value)) {
            return SCOPED_KEY_QUERY_STOPPED;
        }
    }

    return SCOPED_KEY_QUERY_WALKED;
}


/* false: it is refused by now, or there are no steps left to compare it */
static bool
scoped_key_query_compares(scoped_key_query_tour_t *tour, size_t n,
    scoped_key_str_t found)
{
    return !tour->refused[n]
           && scoped_key_steps_spend(tour->left,
                                     scoped_key_name_steps(found,
                                        scoped_key_names_get(tour->names, n)));
}


/* one of the names that the whole name of the pair could be */
static void
scoped_key_query_whole(void *data, size_t n)
{
    scoped_key_query_tour_t  *tour = data;

    scoped_key_str_t  name;

    name = scoped_key_names_get(tour->names, n);

    if (scoped_key_str_equal(tour->name.once, name)) {
        tour->same = n;
        return;
    }

    /* without a name it is no other one */

    if (tour->name.fully.len != 0
        && scoped_key_query_compares(tour, n, tour->name.fully)
        && scoped_key_name_may_be(tour->name.fully, name))
    {
        tour->refused[n] = true;
    }
}


/* one of those that a part of its name, or of its value, could be */
static void
scoped_key_query_hidden(void *data, size_t n)
{
    scoped_key_query_tour_t  *tour = data;

    scoped_key_str_t  name;

    name = scoped_key_names_get(tour->names, n);

    if (scoped_key_query_compares(tour, n, tour->part)
        && (tour->bare ? scoped_key_name_is_just(tour->part, name)
                       : scoped_key_name_may_be(tour->part, name)))
    {
        tour->refused[n] = true;
    }
}


static void
scoped_key_query_refuse_all(scoped_key_query_tour_t *tour)
{
    memset(tour->refused, true, scoped_key_names_count(tour->names));
}


/* which names the part could be; what "__proto__" brings forth may be any */
static void
scoped_key_query_part_of(scoped_key_query_tour_t *tour)
{
    if (!tour->bare && scoped_key_name_is_proto(tour->part)) {
        scoped_key_query_refuse_all(tour);
        return;
    }

    scoped_key_names_candidates(tour->names, tour->part, tour->left,
                                scoped_key_query_hidden, tour);
}


/*
 * A word that was sent with each of a few names: most differ at once.  Whether
 * there was need for no more than that.
 */
static bool
scoped_key_query_word(scoped_key_query_tour_t *tour)
{
    size_t  i, n;

    n = scoped_key_names_count(tour->names);

    if (n > SCOPED_KEY_QUERY_FEW_NAMES || tour->name.encoded) {
        return false;
    }

    for (i = 0; i < n; i++) {

        if (!scoped_key_name_differs(tour->name.once,
                                     scoped_key_names_get(tour->names, i)))
        {
            scoped_key_query_whole(tour, i);
        }
    }

    return true;
}


/* which names the name of the pair could be */
static void
scoped_key_query_name_of(scoped_key_query_tour_t *tour)
{
    size_t            start, end;
    scoped_key_str_t  text;

    text = tour->name.fully;
    tour->same = SCOPED_KEY_NAMES_MAX;
    tour->bare = false;

    if (scoped_key_query_word(tour)) {
        return;
    }

    scoped_key_names_candidates(tour->names, text, tour->left,
                                scoped_key_query_whole, tour);

    for (start = 0; start <= text.len; start = end + 1) {

        for (end = start; end < text.len
                          && !scoped_key_query_is_separator(text.data[end]);
             end++)
        {
            /* void */
        }

        tour->part.data = text.data + start;
        tour->part.len = end - start;

        if (tour->part.len != text.len) {
            scoped_key_query_part_of(tour);
        }
    }
}


/* as scoped_key_query_hides(), for all names */
static void
scoped_key_query_hidden_in(scoped_key_query_tour_t *tour,
    scoped_key_str_t value, unsigned char *scratch)
{
    bool    free_text;
    size_t  i, len;

    free_text = scoped_key_query_find(value, ';') == NULL;
    tour->separated = !free_text;

    if (free_text && scoped_key_query_find(value, '%') == NULL) {
        return;
    }

    memcpy(scratch, value.data, value.len);
    len = scoped_key_query_decode_fully(scratch, value.len);

    for (i = 0; i < len; i++) {

        if (!scoped_key_query_is_separator(scratch[i])) {
            continue;
        }

        tour->part.data = scratch + i + 1;
        tour->part.len = scoped_key_query_part(scratch + i + 1, len - i - 1);
        tour->bare = free_text
                     && (i + 1 + tour->part.len == len
                         || tour->part.data[tour->part.len] != '=');

        scoped_key_query_part_of(tour);
    }
}


/* what the name and the value of a pair could be of any name but its own */
static bool
scoped_key_query_read(scoped_key_query_tour_t *tour,
    const scoped_key_pair_t *pair, unsigned char *decoded,
    unsigned char *scratch)
{
    if (!scoped_key_query_name_decode(pair->name, decoded, &tour->name)) {
        return false;
    }

    scoped_key_query_name_of(tour);
    scoped_key_query_hidden_in(tour, pair->value, scratch);

    return *tour->left != 0;
}


void
scoped_key_query_walk_names(scoped_key_str_t text,
    const scoped_key_names_t *names, unsigned char *scratch, size_t *left,
    bool *refused, scoped_key_query_found_name_pt found, void *data)
{
    unsigned char            decoded[SCOPED_KEY_QUERY_NAME_BYTES];
    scoped_key_str_t         value;
    scoped_key_pair_t        pair;
    scoped_key_query_tour_t  tour;

    tour.names = names;
    tour.refused = refused;
    tour.left = left;

    while (scoped_key_query_next(&text, &pair)) {

        if (!scoped_key_query_read(&tour, &pair, decoded, scratch)) {
            scoped_key_query_refuse_all(&tour);
            return;
        }

        if (tour.same == SCOPED_KEY_NAMES_MAX || refused[tour.same]) {
            continue;
        }

        if (tour.separated
            || !scoped_key_query_decode_text(pair.value, false, scratch,
                                             &value.len))
        {
            refused[tour.same] = true;
            continue;
        }

        value.data = scratch;
        scratch += value.len;

        if (!found(data, tour.same, value)) {
            refused[tour.same] = true;
        }
    }
}
