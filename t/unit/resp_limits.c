/* links: redis/resp -lhiredis */

/*
 * What is too long to write down as a case: replies at the limits and beyond
 * them, and what follows them.
 * The limits are those of redis/resp.h.
 */

#include "redis/resp.h"

#include "unit.h"


/* an array of n empty strings, with `text` bytes of text before them */
static char *
make_array(size_t n, size_t text, size_t *len)
{
    char    *bytes;
    size_t   i, at;

    bytes = malloc(text + 6 * n + 64);
    if (bytes == NULL) {
        abort();
    }

    at = (size_t) sprintf(bytes, "*%zu\r\n$%zu\r\n", n + 1, text);
    memset(bytes + at, 'x', text);
    at += text;
    at += (size_t) sprintf(bytes + at, "\r\n");

    for (i = 0; i < n; i++) {
        memcpy(bytes + at, "$0\r\n\r\n", 6);
        at += 6;
    }

    *len = at;

    return bytes;
}


static scoped_key_resp_status_e
feed_made(scoped_key_resp_t *resp, size_t n, size_t text, size_t step)
{
    char                           *bytes;
    size_t                          at, len, part;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    bytes = make_array(n, text, &len);
    status = SCOPED_KEY_RESP_MORE;

    for (at = 0; at < len && status == SCOPED_KEY_RESP_MORE; at += part) {
        part = (len - at < step) ? len - at : step;

        scoped_key_resp_feed(resp, bytes + at, part);
        status = scoped_key_resp_next(resp, &value);
    }

    /* it was read to its end, and the next one is found */
    if (status == SCOPED_KEY_RESP_TOO_LARGE) {
        check(at == len);
        check(value->type == SCOPED_KEY_RESP_ARRAY);
        check(value->len == n + 1);
        check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_MORE);
        check(scoped_key_resp_feed(resp, "+OK\r\n", 5));
        check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_REPLY);
        check(value->type == SCOPED_KEY_RESP_STATUS);
    }

    if (status == SCOPED_KEY_RESP_REPLY) {
        check(value->span == n + 2);
        check(value->len == n + 1);
        check(value[1].len == text);
        check(text == 0 || value[1].data[text - 1] == 'x');
    }

    free(bytes);

    return status;
}


static scoped_key_resp_status_e
feed_one(size_t n, size_t text, size_t step)
{
    scoped_key_resp_t         *resp;
    scoped_key_resp_status_e   status;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    status = feed_made(resp, n, text, step);
    scoped_key_resp_free(resp);

    return status;
}


static void
test_limits(void)
{
    size_t        i, most, frame;
    const size_t  steps[] = { 4096, 16384, 4194304 };

    /* "*1\r\n$1048561\r\n" and "\r\n" stand around the text */
    frame = strlen("*1\r\n$1048559\r\n\r\n");
    most = SCOPED_KEY_RESP_MAX_BYTES - frame;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        check(feed_one(0, most, steps[i]) == SCOPED_KEY_RESP_REPLY);
        check(feed_one(0, most + 1, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(0, 2 * most, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(9, 14 * most, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(9, 17 * most, steps[i]) == SCOPED_KEY_RESP_BROKEN);

        check(feed_one(SCOPED_KEY_RESP_MAX_ELEMENTS - 1, 0, steps[i])
              == SCOPED_KEY_RESP_REPLY);
        check(feed_one(SCOPED_KEY_RESP_MAX_ELEMENTS, 0, steps[i])
              == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(500000, 0, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(1048576, 0, steps[i]) == SCOPED_KEY_RESP_BROKEN);
    }
}


/* a record of two arrays, the first, the second or both of them too large */
static void
test_records(void)
{
    char                           *bytes;
    size_t                          i, at, part, round, sizes[2];
    scoped_key_resp_t              *resp;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    bytes = malloc(4 * 1048576);
    resp = scoped_key_resp_create();

    if (!check(resp != NULL && bytes != NULL)) {
        return;
    }

    for (round = 0; round < 4; round++) {
        sizes[0] = (round & 1) ? 20000 : 3;
        sizes[1] = (round & 2) ? 20000 : 3;

        at = (size_t) sprintf(bytes, "*2\r\n");

        for (i = 0; i < sizes[0]; i++) {
            at += (size_t) sprintf(bytes + at, "%s$3\r\nabc\r\n",
                                   i == 0 ? (round & 1) ? "*20000\r\n"
                                                        : "*3\r\n" : "");
        }

        for (i = 0; i < sizes[1]; i++) {
            at += (size_t) sprintf(bytes + at, "%s$3\r\nabc\r\n",
                                   i == 0 ? (round & 2) ? "*20000\r\n"
                                                        : "*3\r\n" : "");
        }

        at += (size_t) sprintf(bytes + at, ":7\r\n");

        for (i = 0; i < at; i += part) {
            part = (at - i < 1000) ? at - i : 1000;
            check(scoped_key_resp_feed(resp, bytes + i, part));
            status = scoped_key_resp_next(resp, &value);

            if (status == SCOPED_KEY_RESP_MORE) {
                continue;
            }

            check(status == (round ? SCOPED_KEY_RESP_TOO_LARGE
                                   : SCOPED_KEY_RESP_REPLY));
            check(value->type == SCOPED_KEY_RESP_ARRAY && value->len == 2);

            check(scoped_key_resp_next(resp, &value)
                  == SCOPED_KEY_RESP_REPLY);
            check(value->integer == 7);
            check(i + part == at);
        }
    }

    scoped_key_resp_free(resp);
    free(bytes);
}


/* many strings, none of them large: the one that is too much comes in parts */
static void
test_strings(void)
{
    char                           *bytes;
    size_t                          at, i, len, part, step, size;
    scoped_key_resp_t              *resp;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    bytes = malloc(4 * 1048576);
    resp = scoped_key_resp_create();

    if (!check(resp != NULL && bytes != NULL)) {
        return;
    }

    for (size = 1000; size < 400000; size = size * 3 / 2) {
        len = (size_t) sprintf(bytes, "*1\r\n*%zu\r\n", 2097152 / size);

        for (i = 0; i < 2097152 / size; i++) {
            len += (size_t) sprintf(bytes + len, "$%zu\r\n", size);
            memset(bytes + len, 'x', size);
            len += size;
            len += (size_t) sprintf(bytes + len, "\r\n");
        }

        len += (size_t) sprintf(bytes + len, "+OK\r\n");

        for (step = 1000; step < 40000; step += 7919) {
            status = SCOPED_KEY_RESP_MORE;

            for (at = 0; at < len && status == SCOPED_KEY_RESP_MORE;
                 at += part)
            {
                part = (len - at < step) ? len - at : step;

                check(scoped_key_resp_feed(resp, bytes + at, part));
                status = scoped_key_resp_next(resp, &value);
            }

            check(status == SCOPED_KEY_RESP_TOO_LARGE);
            check(value->type == SCOPED_KEY_RESP_ARRAY && value->len == 1);

            status = scoped_key_resp_next(resp, &value);

            if (status == SCOPED_KEY_RESP_MORE) {
                check(scoped_key_resp_feed(resp, bytes + at, len - at));
                status = scoped_key_resp_next(resp, &value);
            }

            check(status == SCOPED_KEY_RESP_REPLY);
            check(value->type == SCOPED_KEY_RESP_STATUS && value->len == 2);
        }
    }

    scoped_key_resp_free(resp);
    free(bytes);
}


/* the limit is of one reply: many replies in one buffer may be longer */
static void
test_pipeline(void)
{
    char                           *bytes;
    size_t                          i, n;
    scoped_key_resp_t              *resp;
    const scoped_key_resp_value_t  *value;

    n = 300000;
    bytes = malloc(5 * n);
    resp = scoped_key_resp_create();

    if (!check(resp != NULL && bytes != NULL)) {
        return;
    }

    for (i = 0; i < n; i++) {
        memcpy(bytes + 5 * i, "+OK\r\n", 5);
    }

    for (i = 0; i < 5 * n; i += 50000) {
        check(scoped_key_resp_feed(resp, bytes + i, 50000));
    }

    for (i = 0; scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_REPLY;) {
        i++;
    }

    check(i == n);
    check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_MORE);

    scoped_key_resp_free(resp);
    free(bytes);
}


/* what a big reply made big is given back, and all goes on */
static void
test_reuse(void)
{
    size_t              i;
    scoped_key_resp_t  *resp;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    for (i = 0; i < 5; i++) {
        check(feed_made(resp, 10, 100, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 16000, 900000, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 2000, 3, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 1, 0, 1) == SCOPED_KEY_RESP_REPLY);
    }

    scoped_key_resp_free(resp);
}


/* after the end nothing is read, and it stays the end */
static void
test_end(void)
{
    scoped_key_resp_t              *resp;
    const scoped_key_resp_value_t  *value;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    check(scoped_key_resp_feed(resp, "*2000000000\r\n", 13));
    check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    check(scoped_key_resp_feed(resp, "+OK\r\n", 5));
    check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    scoped_key_resp_free(resp);

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    check(scoped_key_resp_feed(resp, "HTTP/1.1 400\r\n", 14));
    check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    check(scoped_key_resp_feed(resp, "+OK\r\n", 5));
    check(scoped_key_resp_next(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    scoped_key_resp_free(resp);

    scoped_key_resp_free(NULL);
}


static void
test_errors(void)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_ERROR,
                                       .span = 1 };

    value.data = (const unsigned char *) "NOAUTH wanted";
    value.len = 13;

    check(scoped_key_resp_is_error(&value, "NOAUTH"));
    check(!scoped_key_resp_is_error(&value, "NOAUT"));
    check(!scoped_key_resp_is_error(&value, "NOAUTHX"));
    check(!scoped_key_resp_is_error(&value, "wanted"));

    value.len = 6;
    check(scoped_key_resp_is_error(&value, "NOAUTH"));
    value.len = 5;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));
    value.len = 0;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));

    value.len = 13;
    value.type = SCOPED_KEY_RESP_STRING;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));
    check(scoped_key_resp_element(&value, 0) == NULL);
}


int
main(void)
{
    test_limits();
    test_records();
    test_strings();
    test_pipeline();
    test_reuse();
    test_end();
    test_errors();

    return unit_done("resp_limits");
}
