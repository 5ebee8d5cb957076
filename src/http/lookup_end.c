/*
 * The end of a lookup: who has proven what, and what of it the cache keeps.
 * Runs within a reply of Redis: touches waiters, never their requests.
 * Invariant: a lookup that was detached brings nothing into the cache.
 */

#include "lookup.h"
#include "waiter.h"


static void ngx_http_scoped_key_lookup_settle(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_proof_t *proof);
static scoped_key_proof_e ngx_http_scoped_key_lookup_proof(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_proof_t *proof,
    const ngx_http_scoped_key_waiter_t *waiter);
static void ngx_http_scoped_key_lookup_keep(
    ngx_http_scoped_key_lookup_t *lookup, const scoped_key_tag_t *tag,
    scoped_key_proof_e proof);
static void ngx_http_scoped_key_lookup_keep_invalid(
    ngx_http_scoped_key_lookup_t *lookup);


void
ngx_http_scoped_key_lookup_end(ngx_http_scoped_key_lookup_t *lookup,
    scoped_key_record_t *record, const scoped_key_proof_t *proof,
    scoped_key_reason_e reason)
{
    ngx_http_scoped_key_worker_t  *worker;

    worker = lookup->worker;

    if (!lookup->detached) {
        ngx_queue_remove(&lookup->queue);
    }

    if (record) {
        lookup->record = scoped_key_record_hold(record);
    }

    lookup->reason = reason;

    ngx_http_scoped_key_lookup_settle(lookup, proof);

    ngx_queue_insert_tail(&worker->ended, &lookup->queue);
    ngx_post_event(&worker->wake, &ngx_posted_events);
}


ngx_uint_t
ngx_http_scoped_key_lookup_is_proven(
    const ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_proof_t *proof)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_waiter_t  *waiter;

    for (q = ngx_queue_head(&lookup->waiters);
         q != ngx_queue_sentinel(&lookup->waiters);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue);

        if (scoped_key_proof_check(proof, &waiter->digest)
            != SCOPED_KEY_PROOF_NONE)
        {
            return 1;
        }
    }

    return 0;
}


/* what each waiter has proven, and what of it the cache is to keep */

static void
ngx_http_scoped_key_lookup_settle(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_proof_t *proof)
{
    ngx_queue_t                   *q;
    ngx_http_scoped_key_waiter_t  *waiter, *last;

    last = NULL;

    if (lookup->record && !proof->has_digest) {
        ngx_http_scoped_key_lookup_keep_invalid(lookup);
    }

    for (q = ngx_queue_head(&lookup->waiters);
         q != ngx_queue_sentinel(&lookup->waiters);
         q = ngx_queue_next(q))
    {
        waiter = ngx_queue_data(q, ngx_http_scoped_key_waiter_t, queue);

        /* thousands may wait with one and the same text */

        if (last
            && last->tag.word[0] == waiter->tag.word[0]
            && last->tag.word[1] == waiter->tag.word[1])
        {
            waiter->proof = last->proof;
            continue;
        }

        waiter->proof = ngx_http_scoped_key_lookup_proof(lookup, proof,
                                                         waiter);
        last = waiter;

        if (lookup->record == NULL || proof->has_digest) {
            ngx_http_scoped_key_lookup_keep(lookup, &waiter->tag,
                                            waiter->proof);
        }
    }
}


/* a record without a digest has nobody who holds its secret: it is anyone's */

static scoped_key_proof_e
ngx_http_scoped_key_lookup_proof(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_proof_t *proof, const ngx_http_scoped_key_waiter_t *waiter)
{
    if (lookup->record == NULL) {
        return SCOPED_KEY_PROOF_NONE;
    }

    if (!proof->has_digest) {
        return SCOPED_KEY_PROOF_CURRENT;
    }

    return scoped_key_proof_check(proof, &waiter->digest);
}


/*
 * To read one that is too large takes time and bytes: not for each request
 * that names it, with whatever secret.
 */

static void
ngx_http_scoped_key_lookup_keep_invalid(ngx_http_scoped_key_lookup_t *lookup)
{
    scoped_key_str_t  id;
    scoped_key_tag_t  tag;

    id.len = lookup->id_len;
    id.data = lookup->id;

    ngx_http_scoped_key_lookup_tag(lookup->worker, id, &tag);
    ngx_http_scoped_key_lookup_keep(lookup, &tag, SCOPED_KEY_PROOF_CURRENT);
}


static void
ngx_http_scoped_key_lookup_keep(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_tag_t *tag, scoped_key_proof_e proof)
{
    scoped_key_str_t               id;
    scoped_key_record_t           *record;
    ngx_http_scoped_key_worker_t  *worker;

    worker = lookup->worker;

    /* a server whose changes another one tells is believed for no longer than
       an answer */

    if (lookup->detached
        || lookup->reason == SCOPED_KEY_STORE_UNAVAILABLE
        || !ngx_http_scoped_key_worker_may_keep(worker))
    {
        return;
    }

    id.len = lookup->id_len;
    id.data = lookup->id;

    record = proof == SCOPED_KEY_PROOF_NONE ? NULL : lookup->record;

    (void) scoped_key_cache_put(worker->cache, tag, id, record, proof,
                                lookup->read_ms);
}
