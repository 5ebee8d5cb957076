/*
 * hiredis as codec, held on a short leash: its reader calls the functions
 * below for each value, and they hand it to reply.c, within limits.  Knows
 * nothing of sockets or of nginx.
 * The rest of a reply over the limits is read past by skip.c, and a new reader
 * begins after it.
 * Invariant: once a reply was broken, nothing is read any more: where the next
 * one would begin is unknown.
 */

#include "reply.h"
#include "skip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>


#if HIREDIS_MAJOR >= 1
typedef size_t  scoped_key_resp_count_t;
#else
typedef int     scoped_key_resp_count_t;
#endif


struct scoped_key_resp_s {
    redisReader               *reader;
    scoped_key_reply_t         reply;
    scoped_key_resp_status_e   status;   /* REPLY: the caller has one */
    scoped_key_resp_status_e   refusal;  /* why a value was not taken */
    uint64_t                   fed;      /* bytes, to this reader */
    uint64_t                   start;    /* of the reply, counted as fed */
    scoped_key_skip_t          skip;     /* of a reply that is too large */
    scoped_key_resp_value_t    root;     /* ditto */
    unsigned char             *rest;     /* ditto: what hiredis had not read */
    size_t                     rest_len;
    bool                       skipping;
    bool                       skipped;  /* and not yet told */
};


static void *scoped_key_resp_on_string(const redisReadTask *task, char *data,
    size_t len);
static void *scoped_key_resp_on_array(const redisReadTask *task,
    scoped_key_resp_count_t elements);
static void *scoped_key_resp_on_integer(const redisReadTask *task,
    long long integer);
static void *scoped_key_resp_on_nil(const redisReadTask *task);
static void scoped_key_resp_on_free(void *object);
#if HIREDIS_MAJOR >= 1
static void *scoped_key_resp_on_double(const redisReadTask *task,
    double value, char *data, size_t len);
static void *scoped_key_resp_on_bool(const redisReadTask *task, int value);
#endif


static const redisReplyObjectFunctions  scoped_key_resp_functions = {
    .createString = scoped_key_resp_on_string,
    .createArray = scoped_key_resp_on_array,
    .createInteger = scoped_key_resp_on_integer,
    .createNil = scoped_key_resp_on_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = scoped_key_resp_on_double,
    .createBool = scoped_key_resp_on_bool,
#endif
    .freeObject = scoped_key_resp_on_free
};


/* the value that hiredis is at; NULL: it is between replies */
static const redisReadTask *
scoped_key_resp_task(const redisReader *reader)
{
    if (reader->ridx < 0) {
        return NULL;
    }

#if HIREDIS_MAJOR >= 1
    return reader->task[reader->ridx];
#else
    return &reader->rstack[reader->ridx];
#endif
}


/* of every array that the value is in: how many are to come after it */
static bool
scoped_key_resp_skip_outer(scoped_key_skip_t *skip, const redisReadTask *task)
{
    size_t                n;
    const redisReadTask  *inner[SCOPED_KEY_SKIP_MAX_DEPTH];

    for (n = 0; task->parent != NULL; task = task->parent) {

        if (n == SCOPED_KEY_SKIP_MAX_DEPTH) {
            return false;
        }

        inner[n++] = task;
    }

    while (n > 0) {
        task = inner[--n];

        if (!scoped_key_skip_enter(skip, (size_t) task->parent->elements
                                         - (size_t) task->idx - 1))
        {
            return false;
        }
    }

    return true;
}


/* a record and a message are made of arrays and strings */
static bool
scoped_key_resp_is_plain(const scoped_key_reply_t *reply)
{
    size_t  i;

    for (i = 0; i < reply->nvalues; i++) {
        if (reply->values[i].type != SCOPED_KEY_RESP_ARRAY
            && reply->values[i].type != SCOPED_KEY_RESP_STRING)
        {
            return false;
        }
    }

    return true;
}


/* the type and the length of what is too large; it may not be there yet */
static void
scoped_key_resp_root(scoped_key_resp_t *resp, scoped_key_resp_e type,
    size_t len)
{
    memset(&resp->root, 0, sizeof(scoped_key_resp_value_t));

    if (resp->reply.nvalues > 0) {
        type = resp->reply.values[0].type;
        len = resp->reply.values[0].len;
    }

    resp->root.type = type;
    resp->root.len = len;
    resp->root.span = 1;
}


/*
 * The reply is too large from this value on.  values: 1 when the value itself
 * is to be read past, else 0; rest: what hiredis has not read.
 */
static scoped_key_resp_status_e
scoped_key_resp_skip(scoped_key_resp_t *resp, const redisReadTask *task,
    size_t values, const char *rest)
{
    size_t              typed;
    const redisReader  *reader;

    reader = resp->reader;

    scoped_key_skip_start(&resp->skip, 0);

    if (!scoped_key_resp_is_plain(&resp->reply)
        || !scoped_key_resp_skip_outer(&resp->skip, task))
    {
        return SCOPED_KEY_RESP_BROKEN;
    }

    resp->skip.left[resp->skip.level] += values;

    /* hiredis has read the type of the value, and may have let go of it */
    typed = (values && task->type >= 0) ? 1 : 0;

    resp->rest_len = typed + (size_t) (reader->buf + reader->len - rest);
    resp->rest = malloc(resp->rest_len + 1);
    if (resp->rest == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    resp->rest[0] = '$';
    memcpy(resp->rest + typed, rest, resp->rest_len - typed);

    return SCOPED_KEY_RESP_TOO_LARGE;
}


/* NULL stops hiredis; any other pointer tells it that the value was taken */
static void *
scoped_key_resp_result(const redisReadTask *task,
    scoped_key_resp_status_e status)
{
    scoped_key_resp_t  *resp;

    resp = task->privdata;

    if (status == SCOPED_KEY_RESP_REPLY) {
        return resp;
    }

    resp->refusal = status;

    return NULL;
}


static void *
scoped_key_resp_on_string(const redisReadTask *task, char *data, size_t len)
{
    scoped_key_resp_e          type;
    scoped_key_resp_t         *resp;
    scoped_key_resp_status_e   status;

    switch (task->type) {

    case REDIS_REPLY_STRING:
        type = SCOPED_KEY_RESP_STRING;
        break;

    case REDIS_REPLY_STATUS:
        type = SCOPED_KEY_RESP_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        type = SCOPED_KEY_RESP_ERROR;
        break;

    default:
        /* a type of RESP3, for which nobody asked */
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    /* hiredis skips the two bytes after a text without looking at them */
    if (memcmp(data + len, "\r\n", 2) != 0) {
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    /* a line that holds a CR or LF of its own is none; 0.14 lets it pass */
    if (type != SCOPED_KEY_RESP_STRING
        && (memchr(data, '\r', len) != NULL || memchr(data, '\n', len) != NULL))
    {
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    resp = task->privdata;
    status = scoped_key_reply_text(&resp->reply, type, data, len);

    if (status == SCOPED_KEY_RESP_TOO_LARGE) {
        scoped_key_resp_root(resp, type, len);

        status = (type == SCOPED_KEY_RESP_STRING)
                 ? scoped_key_resp_skip(resp, task, 0, data + len + 2)
                 : SCOPED_KEY_RESP_BROKEN;
    }

    return scoped_key_resp_result(task, status);
}


static void *
scoped_key_resp_on_array(const redisReadTask *task,
    scoped_key_resp_count_t elements)
{
    size_t                     depth;
    scoped_key_resp_t         *resp;
    const redisReader         *reader;
    const redisReadTask       *outer;
    scoped_key_resp_status_e   status;

    if (task->type != REDIS_REPLY_ARRAY) {
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    depth = 1;

    for (outer = task->parent; outer != NULL; outer = outer->parent) {
        depth++;
    }

    resp = task->privdata;
    reader = resp->reader;

    /* hiredis lets no negative number through */
    status = scoped_key_reply_array(&resp->reply, (size_t) elements, depth);

    if (status == SCOPED_KEY_RESP_TOO_LARGE) {
        scoped_key_resp_root(resp, SCOPED_KEY_RESP_ARRAY, (size_t) elements);
        status = scoped_key_resp_skip(resp, task, 0,
                                      reader->buf + reader->pos);

        if (status == SCOPED_KEY_RESP_TOO_LARGE
            && !scoped_key_skip_enter(&resp->skip, (size_t) elements))
        {
            status = SCOPED_KEY_RESP_BROKEN;
        }
    }

    return scoped_key_resp_result(task, status);
}


static void *
scoped_key_resp_on_integer(const redisReadTask *task, long long integer)
{
    scoped_key_resp_t  *resp;

    resp = task->privdata;

    return scoped_key_resp_result(task,
                            scoped_key_reply_integer(&resp->reply, integer));
}


static void *
scoped_key_resp_on_nil(const redisReadTask *task)
{
    scoped_key_resp_t  *resp;

    /* RESP3 has others */
    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_ARRAY) {
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    resp = task->privdata;

    return scoped_key_resp_result(task, scoped_key_reply_nil(&resp->reply));
}


#if HIREDIS_MAJOR >= 1

static void *
scoped_key_resp_on_double(const redisReadTask *task, double value, char *data,
    size_t len)
{
    (void) value;
    (void) data;
    (void) len;

    return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
}


static void *
scoped_key_resp_on_bool(const redisReadTask *task, int value)
{
    (void) value;

    return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
}

#endif


static void
scoped_key_resp_on_free(void *object)
{
    /* all values are freed together, by reply.c */
    (void) object;
}


static redisReader *
scoped_key_resp_reader(scoped_key_resp_t *resp)
{
    redisReader  *reader;

    /* hiredis writes nothing to the table, it only forgot to say so */
    reader = redisReaderCreateWithFunctions(
                 (redisReplyObjectFunctions *) &scoped_key_resp_functions);

    if (reader != NULL) {
        reader->privdata = resp;

        /* its own way to shrink asserts that memory can be had */
        reader->maxbuf = 0;
    }

    return reader;
}


scoped_key_resp_t *
scoped_key_resp_create(void)
{
    scoped_key_resp_t  *resp;

    resp = calloc(1, sizeof(scoped_key_resp_t));
    if (resp == NULL) {
        return NULL;
    }

    resp->status = SCOPED_KEY_RESP_MORE;

    resp->reader = scoped_key_resp_reader(resp);
    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    return resp;
}


void
scoped_key_resp_free(scoped_key_resp_t *resp)
{
    if (resp == NULL) {
        return;
    }

    redisReaderFree(resp->reader);
    scoped_key_reply_free(&resp->reply);
    free(resp->rest);
    free(resp);
}


/* the reply that the caller had is over */
static void
scoped_key_resp_recycle(scoped_key_resp_t *resp)
{
    redisReader  *reader;

    if (resp->status == SCOPED_KEY_RESP_TOO_LARGE) {
        resp->status = SCOPED_KEY_RESP_MORE;
        return;
    }

    if (resp->status != SCOPED_KEY_RESP_REPLY) {
        return;
    }

    resp->status = SCOPED_KEY_RESP_MORE;

    if (!scoped_key_reply_reset(&resp->reply)
        || resp->reader->pos != resp->reader->len)
    {
        return;
    }

    /* nothing unread: its buffer, as large as the reply was, can go too */
    reader = scoped_key_resp_reader(resp);

    if (reader != NULL) {
        redisReaderFree(resp->reader);
        resp->reader = reader;
    }
}


/* false: out of memory */
static bool
scoped_key_resp_feed_reader(scoped_key_resp_t *resp, const void *data,
    size_t len)
{
    if (redisReaderFeed(resp->reader, data, len) != REDIS_OK) {
        resp->status = SCOPED_KEY_RESP_BROKEN;
        return false;
    }

    resp->fed += len;

    return true;
}


/* to the reply that is read past, and what follows it to the reader */
static bool
scoped_key_resp_feed_skip(scoped_key_resp_t *resp, const unsigned char *data,
    size_t len)
{
    size_t  used;

    switch (scoped_key_skip_feed(&resp->skip, data, len, &used)) {

    case SCOPED_KEY_RESP_MORE:
        return true;

    case SCOPED_KEY_RESP_TOO_LARGE:
        resp->skipping = false;
        resp->skipped = true;
        return used == len
               || scoped_key_resp_feed_reader(resp, data + used, len - used);

    default:
        resp->skipping = false;
        resp->status = SCOPED_KEY_RESP_BROKEN;
        return true;
    }
}


bool
scoped_key_resp_feed(scoped_key_resp_t *resp, const void *data, size_t len)
{
    scoped_key_resp_recycle(resp);

    if (resp->status != SCOPED_KEY_RESP_MORE) {
        return true;                     /* take() tells what is wrong */
    }

    return resp->skipping ? scoped_key_resp_feed_skip(resp, data, len)
                          : scoped_key_resp_feed_reader(resp, data, len);
}


/* hiredis reads no further once it was stopped: a new reader goes on */
static scoped_key_resp_status_e
scoped_key_resp_start_skipping(scoped_key_resp_t *resp)
{
    bool          fed;
    redisReader  *reader;

    reader = scoped_key_resp_reader(resp);
    if (reader == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    redisReaderFree(resp->reader);
    (void) scoped_key_reply_reset(&resp->reply);

    resp->reader = reader;
    resp->fed = 0;
    resp->start = 0;
    resp->skipping = true;

    fed = scoped_key_resp_feed_skip(resp, resp->rest, resp->rest_len);

    free(resp->rest);
    resp->rest = NULL;

    return fed ? resp->status : SCOPED_KEY_RESP_BROKEN;
}


/*
 * A string that has not come whole is in the buffer from its size on: is it
 * one that will be too large?  Nobody is to wait for what was announced only.
 */
static bool
scoped_key_resp_is_over(const scoped_key_resp_t *resp,
    const redisReadTask *task)
{
    size_t              i, size;
    const char         *text;
    const redisReader  *reader;

    reader = resp->reader;

    if (task == NULL || task->type != REDIS_REPLY_STRING) {
        return false;
    }

    text = reader->buf + reader->pos;
    size = 0;

    for (i = 0; i < reader->len - reader->pos; i++) {

        if (text[i] < '0' || text[i] > '9') {
            break;
        }

        size = size * 10 + (size_t) (text[i] - '0');

        if (size > SCOPED_KEY_RESP_MAX_BYTES) {
            break;
        }
    }

    return size + resp->reply.text_len > SCOPED_KEY_RESP_MAX_BYTES;
}


/* no whole reply: more is to come, or it will be too large */
static scoped_key_resp_status_e
scoped_key_resp_wait(scoped_key_resp_t *resp)
{
    const redisReader    *reader;
    const redisReadTask  *task;

    reader = resp->reader;
    task = scoped_key_resp_task(reader);

    if (resp->fed - resp->start <= SCOPED_KEY_RESP_MAX_BYTES
        && !scoped_key_resp_is_over(resp, task))
    {
        return SCOPED_KEY_RESP_MORE;
    }

    /* a line without an end */
    if (task == NULL
        || (task->type != REDIS_REPLY_STRING && task->type >= 0))
    {
        return SCOPED_KEY_RESP_BROKEN;
    }

    scoped_key_resp_root(resp, SCOPED_KEY_RESP_STRING, 0);

    if (scoped_key_resp_skip(resp, task, 1, reader->buf + reader->pos)
        != SCOPED_KEY_RESP_TOO_LARGE)
    {
        return SCOPED_KEY_RESP_BROKEN;
    }

    return scoped_key_resp_start_skipping(resp);
}


static scoped_key_resp_status_e
scoped_key_resp_read(scoped_key_resp_t *resp)
{
    void      *object;
    uint64_t   end;

    resp->refusal = SCOPED_KEY_RESP_BROKEN;

    if (redisReaderGetReply(resp->reader, &object) != REDIS_OK) {
        return resp->refusal == SCOPED_KEY_RESP_TOO_LARGE
               ? scoped_key_resp_start_skipping(resp) : resp->refusal;
    }

    if (object == NULL) {
        return scoped_key_resp_wait(resp);
    }

    /* what follows a complete reply belongs to the next ones */
    end = resp->fed - (resp->reader->len - resp->reader->pos);

    if (end - resp->start > SCOPED_KEY_RESP_MAX_BYTES) {
        scoped_key_resp_root(resp, SCOPED_KEY_RESP_NIL, 0);

        if (!scoped_key_resp_is_plain(&resp->reply)) {
            return SCOPED_KEY_RESP_BROKEN;
        }

        (void) scoped_key_reply_reset(&resp->reply);
        resp->skipped = true;
    }

    resp->start = end;

    return resp->skipped ? SCOPED_KEY_RESP_MORE : SCOPED_KEY_RESP_REPLY;
}


scoped_key_resp_status_e
scoped_key_resp_take(scoped_key_resp_t *resp,
    const scoped_key_resp_value_t **value)
{
    scoped_key_resp_recycle(resp);

    if (resp->status == SCOPED_KEY_RESP_MORE
        && !resp->skipping && !resp->skipped)
    {
        resp->status = scoped_key_resp_read(resp);
    }

    if (resp->status == SCOPED_KEY_RESP_MORE && resp->skipped) {
        resp->skipped = false;
        resp->status = SCOPED_KEY_RESP_TOO_LARGE;
        *value = &resp->root;
    }

    if (resp->status == SCOPED_KEY_RESP_REPLY) {
        scoped_key_reply_settle(&resp->reply);
        *value = resp->reply.values;
    }

    return resp->status;
}
