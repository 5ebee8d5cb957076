/*
 * What a verdict may know of a request, as plain data and one question.  The
 * caller fills it in; the verdict only reads.
 * Invariant: no clock, `now` is a fact like any other.
 */

#ifndef SCOPED_KEY_FACTS_H
#define SCOPED_KEY_FACTS_H

#include "address.h"
#include "str.h"


typedef enum {
    SCOPED_KEY_PARAM_VALUES = 0,         /* *values and *n are set; n >= 0 */
    SCOPED_KEY_PARAM_NOTHING,            /* no values, but null or an empty
                                            array: fine where none is wanted */
    SCOPED_KEY_PARAM_UNDECLARED,         /* the location has no such param */
    SCOPED_KEY_PARAM_NEEDS_BODY,         /* ask again once the body is there */
    SCOPED_KEY_PARAM_AMBIGUOUS,          /* some upstream could read another
                                            value: refuse */
    SCOPED_KEY_PARAM_UNREADABLE,         /* the body cannot be read as what
                                            the source expects */
    SCOPED_KEY_PARAM_TOO_LARGE,          /* the body is over the limit */
    SCOPED_KEY_PARAM_ERROR               /* out of memory: undecided */
} scoped_key_param_e;

/*
 * How far ahead of the present a time may lie where one is written, in seconds:
 * a hundred years.  What is over that was written in milliseconds.
 */
#define SCOPED_KEY_TIME_MAX_AHEAD  (INT64_C(36525) * 24 * 60 * 60)


/* both from 0 on; now: never so late that the sum would not fit */
static inline bool
scoped_key_time_is_too_far(int64_t time, int64_t now)
{
    return time - now > SCOPED_KEY_TIME_MAX_AHEAD;
}


/*
 * Every value of a param, from every source.  The values live as long as the
 * request.  Asked for one name at a time, possibly more than once.
 */
typedef scoped_key_param_e (*scoped_key_param_pt)(void *data,
    scoped_key_str_t name, const scoped_key_str_t **values, size_t *n);

typedef struct {
    int64_t               now;           /* unix seconds */
    scoped_key_str_t      method;        /* as sent: upper case */
    scoped_key_str_t      host;          /* no port; empty: none, or several
                                            that disagree */
    scoped_key_address_t  address;       /* the client's */
    scoped_key_param_pt   param;
    void                 *data;          /* of param */
} scoped_key_facts_t;

#endif
