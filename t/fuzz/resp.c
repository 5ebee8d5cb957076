/* links: redis/resp -lhiredis */

/*
 * A server that says anything, in pieces of any size.  Whatever it says: the
 * limits hold, arrays are whole, and how the bytes were cut makes no
 * difference to what is read.  The first byte of the input says how to cut.
 */

#include "redis/resp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#define MAX_VALUES  4096

#define must(condition)  if (!(condition)) abort()


/* all that was read, value by value, and how it ended */
typedef struct {
    uint64_t                  sums[MAX_VALUES];
    size_t                    n;
    scoped_key_resp_status_e  end;
} outcome_t;


static uint64_t
sum(const scoped_key_resp_value_t *value)
{
    size_t    i;
    uint64_t  h;

    h = 14695981039346656037u + (uint64_t) value->type;
    h = h * 1099511628211u + value->len;
    h = h * 1099511628211u + value->span;
    h = h * 1099511628211u + (uint64_t) value->integer;

    if (value->type == SCOPED_KEY_RESP_STATUS
        || value->type == SCOPED_KEY_RESP_ERROR
        || value->type == SCOPED_KEY_RESP_STRING)
    {
        for (i = 0; i < value->len; i++) {
            h = (h ^ value->data[i]) * 1099511628211u;
        }
    }

    return h;
}


/* returns how many values it takes up */
static size_t
walk(const scoped_key_resp_value_t *value, size_t depth, outcome_t *outcome)
{
    size_t  i, span;

    must(outcome->n < MAX_VALUES);
    outcome->sums[outcome->n++] = sum(value);

    if (value->type != SCOPED_KEY_RESP_ARRAY) {
        must(value->span == 1);
        must(value->len <= SCOPED_KEY_RESP_MAX_BYTES);
        must(scoped_key_resp_element(value, 0) == NULL);
        return 1;
    }

    must(depth <= SCOPED_KEY_RESP_MAX_DEPTH);
    must(value->len <= SCOPED_KEY_RESP_MAX_ELEMENTS);
    must(scoped_key_resp_element(value, value->len) == NULL);

    span = 1;

    for (i = 0; i < value->len; i++) {
        must(scoped_key_resp_element(value, i) == value + span);
        span += walk(value + span, depth + 1, outcome);
    }

    must(span == value->span);

    return span;
}


static bool
take_all(scoped_key_resp_t *resp, outcome_t *outcome)
{
    const scoped_key_resp_value_t  *value;

    for ( ;; ) {
        outcome->end = scoped_key_resp_next(resp, &value);

        if (outcome->end == SCOPED_KEY_RESP_TOO_LARGE) {
            must(outcome->n < MAX_VALUES);
            must(value->span == 1 && value->data == NULL);
            outcome->sums[outcome->n++] = sum(value);
            continue;
        }

        if (outcome->end != SCOPED_KEY_RESP_REPLY) {
            break;
        }

        walk(value, 1, outcome);
    }

    if (outcome->end == SCOPED_KEY_RESP_MORE) {
        return true;
    }

    must(scoped_key_resp_feed(resp, "+OK\r\n", 5));
    must(scoped_key_resp_next(resp, &value) == outcome->end);

    return false;
}


static void
run(const uint8_t *data, size_t size, size_t step, outcome_t *outcome)
{
    size_t              at, n;
    scoped_key_resp_t  *resp;

    outcome->n = 0;
    outcome->end = SCOPED_KEY_RESP_MORE;

    resp = scoped_key_resp_create();
    must(resp != NULL);

    for (at = 0; at < size; at += n) {
        n = (size - at < step) ? size - at : step;

        must(scoped_key_resp_feed(resp, data + at, n));

        if (!take_all(resp, outcome)) {
            break;
        }
    }

    scoped_key_resp_free(resp);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static outcome_t  whole, cut;

    /* no value is shorter than three bytes */
    if (size == 0 || size > 3 * MAX_VALUES) {
        return 0;
    }

    run(data + 1, size - 1, size, &whole);
    run(data + 1, size - 1, 1 + data[0] % 64, &cut);

    must(whole.end == cut.end);
    must(whole.n == cut.n);
    must(memcmp(whole.sums, cut.sums, whole.n * sizeof(uint64_t)) == 0);

    return 0;
}
