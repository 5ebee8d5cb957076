/*
 * Reasons in words: the names that logs, variables and bodies carry, and a
 * sentence for people.  Part of verdict.h; a table and nothing else.
 * Invariant: no word here needs an escape in JSON or in a header.
 */

#include "verdict.h"


typedef struct {
    const char  *name;
    const char  *detail;
} scoped_key_reason_text_t;


static const scoped_key_reason_text_t  scoped_key_reasons[] = {
    [SCOPED_KEY_REASON_NONE] = {
        "", ""
    },
    [SCOPED_KEY_MISSING_KEY] = {
        "missing_key",
        "No key was presented."
    },
    [SCOPED_KEY_AMBIGUOUS_KEY] = {
        "ambiguous_key",
        "More than one key was presented."
    },
    [SCOPED_KEY_MALFORMED_KEY] = {
        "malformed_key",
        "The key is not well-formed; it may be mistyped or cut off."
    },
    [SCOPED_KEY_UNKNOWN_KEY] = {
        "unknown_key",
        "The key is not known."
    },
    [SCOPED_KEY_RECORD_INVALID] = {
        "record_invalid",
        "The record of the key cannot be read."
    },
    [SCOPED_KEY_KEY_DISABLED] = {
        "key_disabled",
        "The key is disabled."
    },
    [SCOPED_KEY_KEY_NOT_YET_VALID] = {
        "key_not_yet_valid",
        "The key is not valid yet."
    },
    [SCOPED_KEY_KEY_EXPIRED] = {
        "key_expired",
        "The key has expired."
    },
    [SCOPED_KEY_IP_REFUSED] = {
        "ip_refused",
        "The key may not be used from this address."
    },
    [SCOPED_KEY_HOST_REFUSED] = {
        "host_refused",
        "The key may not be used for this host."
    },
    [SCOPED_KEY_METHOD_REFUSED] = {
        "method_refused",
        "The key may not be used with this method."
    },
    [SCOPED_KEY_INSUFFICIENT_SCOPE] = {
        "insufficient_scope",
        "The key does not grant what this request requires."
    },
    [SCOPED_KEY_PARAM_REFUSED] = {
        "param_refused",
        "The key does not grant this request with these parameters."
    },
    [SCOPED_KEY_BODY_UNREADABLE] = {
        "body_unreadable",
        "The body cannot be read as what is expected here: JSON, a form or "
        "GraphQL, with its Content-Type."
    },
    [SCOPED_KEY_BODY_TOO_LARGE] = {
        "body_too_large",
        "The request body is too large to be checked."
    },
    [SCOPED_KEY_STORE_UNAVAILABLE] = {
        "store_unavailable",
        "The key cannot be checked at the moment."
    }
};

#define SCOPED_KEY_REASONS                                                    \
    (sizeof(scoped_key_reasons) / sizeof(scoped_key_reasons[0]))


static const scoped_key_reason_text_t *
scoped_key_reason_text(scoped_key_reason_e reason)
{
    size_t  i;

    i = reason;

    return &scoped_key_reasons[i < SCOPED_KEY_REASONS ? i : 0];
}


const char *
scoped_key_reason_name(scoped_key_reason_e reason)
{
    return scoped_key_reason_text(reason)->name;
}


const char *
scoped_key_reason_detail(scoped_key_reason_e reason)
{
    return scoped_key_reason_text(reason)->detail;
}
