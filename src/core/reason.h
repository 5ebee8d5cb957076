/*
 * Why a request is refused or undecided: what conditions, grants and verdicts
 * return.  The words for it are in verdict.c.
 */

#ifndef SCOPED_KEY_REASON_H
#define SCOPED_KEY_REASON_H


typedef enum {
    SCOPED_KEY_REASON_NONE = 0,
    SCOPED_KEY_MISSING_KEY,
    SCOPED_KEY_AMBIGUOUS_KEY,
    SCOPED_KEY_MALFORMED_KEY,
    SCOPED_KEY_UNKNOWN_KEY,
    SCOPED_KEY_RECORD_INVALID,
    SCOPED_KEY_KEY_DISABLED,
    SCOPED_KEY_KEY_NOT_YET_VALID,
    SCOPED_KEY_KEY_EXPIRED,
    SCOPED_KEY_IP_REFUSED,               /* from here: about the request */
    SCOPED_KEY_HOST_REFUSED,
    SCOPED_KEY_METHOD_REFUSED,
    SCOPED_KEY_INSUFFICIENT_SCOPE,
    SCOPED_KEY_PARAM_REFUSED,
    SCOPED_KEY_BODY_UNREADABLE,
    SCOPED_KEY_BODY_TOO_LARGE,
    SCOPED_KEY_STORE_UNAVAILABLE
} scoped_key_reason_e;

#endif
