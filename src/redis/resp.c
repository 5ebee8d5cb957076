/*
 * hiredis as codec, held on a short leash: its reader calls the functions
 * below for each value, and they hand it to reply.c, within limits.  Knows
 * nothing of sockets or of nginx.
 * Invariant: once a reply was too large or broken, nothing is read any more:
 * where the next one would begin is unknown.
 */

#include "reply.h"

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
    uint64_t                   fed;      /* bytes, ever */
    uint64_t                   start;    /* of the reply, counted as fed */
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
    scoped_key_resp_e   type;
    scoped_key_resp_t  *resp;

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

    return scoped_key_resp_result(task, scoped_key_reply_text(&resp->reply,
                                                           type, data, len));
}


static void *
scoped_key_resp_on_array(const redisReadTask *task,
    scoped_key_resp_count_t elements)
{
    size_t                depth;
    scoped_key_resp_t    *resp;
    const redisReadTask  *outer;

    if (task->type != REDIS_REPLY_ARRAY) {
        return scoped_key_resp_result(task, SCOPED_KEY_RESP_BROKEN);
    }

    depth = 1;

    for (outer = task->parent; outer != NULL; outer = outer->parent) {
        depth++;
    }

    resp = task->privdata;

    /* hiredis lets no negative number through */
    return scoped_key_resp_result(task, scoped_key_reply_array(&resp->reply,
                                                   (size_t) elements, depth));
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
    free(resp);
}


/* the reply that the caller had is over */
static void
scoped_key_resp_recycle(scoped_key_resp_t *resp)
{
    redisReader  *reader;

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


bool
scoped_key_resp_feed(scoped_key_resp_t *resp, const void *data, size_t len)
{
    scoped_key_resp_recycle(resp);

    if (resp->status != SCOPED_KEY_RESP_MORE) {
        return true;                     /* take() tells what is wrong */
    }

    if (redisReaderFeed(resp->reader, data, len) != REDIS_OK) {
        resp->status = SCOPED_KEY_RESP_BROKEN;
        return false;
    }

    resp->fed += len;

    return true;
}


static scoped_key_resp_status_e
scoped_key_resp_read(scoped_key_resp_t *resp)
{
    void      *object;
    uint64_t   end;

    resp->refusal = SCOPED_KEY_RESP_BROKEN;

    if (redisReaderGetReply(resp->reader, &object) != REDIS_OK) {
        return resp->refusal;
    }

    /* what follows a complete reply belongs to the next ones */
    end = resp->fed;

    if (object != NULL) {
        end -= resp->reader->len - resp->reader->pos;
    }

    if (end - resp->start > SCOPED_KEY_RESP_MAX_BYTES) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    if (object == NULL) {
        return SCOPED_KEY_RESP_MORE;
    }

    resp->start = end;

    return SCOPED_KEY_RESP_REPLY;
}


scoped_key_resp_status_e
scoped_key_resp_take(scoped_key_resp_t *resp,
    const scoped_key_resp_value_t **value)
{
    scoped_key_resp_recycle(resp);

    if (resp->status == SCOPED_KEY_RESP_MORE) {
        resp->status = scoped_key_resp_read(resp);
    }

    if (resp->status == SCOPED_KEY_RESP_REPLY) {
        scoped_key_reply_settle(&resp->reply);
        *value = resp->reply.values;
    }

    return resp->status;
}
