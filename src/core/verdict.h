/*
 * (record, required scopes, facts of the request) -> verdict and reason.
 * Pure: same arguments, same answer; no clock, no memory of its own, nothing
 * written to the record.  Fails closed: only SCOPED_KEY_ALLOWED lets a request
 * through.
 */

#ifndef SCOPED_KEY_VERDICT_H
#define SCOPED_KEY_VERDICT_H

#include "facts.h"
#include "reason.h"
#include "record.h"


typedef enum {
    SCOPED_KEY_REFUSED = 0,
    SCOPED_KEY_ALLOWED,
    SCOPED_KEY_NEEDS_BODY,               /* read the body, then ask again */
    SCOPED_KEY_UNDECIDED                 /* out of memory: 503 */
} scoped_key_verdict_e;

/*
 * The scopes that a location requires: clauses that must all hold, each of
 * alternatives of which one must.  No clauses: global keys only, unless
 * any_key.  An alternative of len 0, or over SCOPED_KEY_SCOPE_MAX_BYTES, is one
 * that nothing can grant or refuse; all others are valid scopes.
 */
typedef struct {
    const scoped_key_str_t    *scopes;
    size_t                     n;
} scoped_key_clause_t;

typedef struct {
    const scoped_key_clause_t *clauses;
    size_t                     n;
    bool                       any_key;  /* `valid_key` */
} scoped_key_required_t;

/* the part of a verdict that tells why */
typedef struct {
    scoped_key_reason_e        reason;   /* NONE when allowed */
    bool                       cacheable; /* depends on the record and the
                                             required scopes alone: will be the
                                             same for every request */
    scoped_key_str_t           grant;    /* the member of the scope list that
                                            decided, in the record; or empty */
    scoped_key_str_t           param;    /* when PARAM_REFUSED: its name, in
                                            the record */
    const scoped_key_clause_t *failed_clause;
                                         /* when refused: the clause that does
                                            not hold; NULL: no scope is enough,
                                            only a global key */
} scoped_key_decision_t;


/*
 * About the key: valid, enabled, in time, and allowed by the record's own ips,
 * hosts and methods.  match: which secret was presented; a previous one is
 * UNKNOWN_KEY once previous_until is reached or when there is none.
 * Returns SCOPED_KEY_REASON_NONE when all holds.  In order: unknown key,
 * invalid, disabled, not yet valid, expired, ip, host, method.  But a record
 * without a digest is RECORD_INVALID for anyone.
 *
 * left: what matching may cost yet, in steps: SCOPED_KEY_MATCH_MAX_STEPS of
 * pattern.h for one decision, from which the scopes' part then takes.  Counted
 * down; once it is 0 whatever would have to be matched is refused.
 */
scoped_key_reason_e scoped_key_verdict_key(const scoped_key_record_t *record,
    scoped_key_secret_e match, const scoped_key_facts_t *facts, size_t *left);

/* whether scoped_key_verdict_key() is REASON_NONE whatever the facts are */
bool scoped_key_verdict_key_is_static(const scoped_key_record_t *record,
    scoped_key_secret_e match);

/*
 * About the scopes: call it once scoped_key_verdict_key() holds.  Clauses are
 * tried in order; the first that does not hold is the one that refuses.  One
 * that needs the body is set aside, so that the body is not read when another
 * clause refuses anyhow.  UNDECIDED has the reason STORE_UNAVAILABLE, and
 * NEEDS_BODY none.
 */
scoped_key_verdict_e scoped_key_verdict_scopes(
    const scoped_key_record_t *record, const scoped_key_required_t *required,
    const scoped_key_facts_t *facts, size_t *left,
    scoped_key_decision_t *decision);

/* "unknown_key": static, NUL-terminated; "" of NONE */
const char *scoped_key_reason_name(scoped_key_reason_e reason);

/* a sentence for people, fit for `detail` of RFC 9457, with a full stop */
const char *scoped_key_reason_detail(scoped_key_reason_e reason);

#endif
