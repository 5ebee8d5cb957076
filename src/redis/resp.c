/*
 * RESP2: hiredis as codec of replies, held on a short leash, since its reader
 * calls the functions below for each value; one reply while it is put
 * together, a flat and bounded array of values and a bounded arena of bytes;
 * the way past the rest of a reply that is too large to be kept; and
 * commands, written into memory that the caller has, since hiredis' own way,
 * through printf and malloc, costs ten times as much.  Knows nothing of
 * sockets or of nginx.
 * Invariants: nothing is allocated because a server announced it, only
 * because it came; no more than SCOPED_KEY_RESP_MAX_ELEMENTS are ever
 * announced, no more than SCOPED_KEY_RESP_MAX_BYTES ever held; strings are
 * offsets into the arena, which may move, until the reply is settled; once a
 * reply was broken, nothing is read any more: where the next one would begin
 * is unknown; nothing is written beyond the room that was given.
 */

#include "resp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <hiredis/hiredis.h>


typedef struct {
    scoped_key_resp_value_t  *values;
    size_t                    nvalues;
    size_t                    values_size;
    size_t                    announced;   /* elements, in all arrays */
    unsigned char            *text;
    size_t                    text_len;
    size_t                    text_size;
} scoped_key_reply_t;

#define SCOPED_KEY_SKIP_MAX_BYTES     16777216   /* of the rest of a reply */
#define SCOPED_KEY_SKIP_MAX_ELEMENTS   1048576
#define SCOPED_KEY_SKIP_MAX_DEPTH            2   /* arrays in each other */

/* "$", the digits of a size, CR LF */
#define SCOPED_KEY_SKIP_LINE_BYTES          24

typedef struct {
    size_t         left[SCOPED_KEY_SKIP_MAX_DEPTH + 1];  /* values to come;
                                            the first is for the root */
    size_t         level;                /* the innermost of these */
    size_t         elements;             /* announced in all */
    size_t         bytes;                /* read so far */
    size_t         text;                 /* of a string, still to come, its
                                            line end too */
    size_t         line_len;
    unsigned char  line[SCOPED_KEY_SKIP_LINE_BYTES];
} scoped_key_skip_t;

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

/* to begin with */
#define SCOPED_KEY_REPLY_FIRST_VALUES     64
#define SCOPED_KEY_REPLY_FIRST_TEXT     4096

/* more than this is not kept for the next reply */
#define SCOPED_KEY_REPLY_KEEP_VALUES    1024
#define SCOPED_KEY_REPLY_KEEP_TEXT     65536

/* the root is a value, but no element */
#define SCOPED_KEY_REPLY_MAX_VALUES    (SCOPED_KEY_RESP_MAX_ELEMENTS + 1)

#define SCOPED_KEY_COMMAND_EOL_BYTES    2

/* of the greatest size_t */
#define SCOPED_KEY_COMMAND_MAX_DIGITS  20

/* "*12\r\n" or "$12\r\n" */
#define SCOPED_KEY_COMMAND_HEAD_BYTES                                         \
    (1 + SCOPED_KEY_COMMAND_MAX_DIGITS + SCOPED_KEY_COMMAND_EOL_BYTES)

typedef struct {
    unsigned char  *pos;
    size_t          left;
} scoped_key_command_out_t;


static scoped_key_resp_status_e scoped_key_reply_nil(
    scoped_key_reply_t *reply);
static scoped_key_resp_status_e scoped_key_reply_integer(
    scoped_key_reply_t *reply,
    long long integer);
static scoped_key_resp_status_e scoped_key_reply_text(
    scoped_key_reply_t *reply,
    scoped_key_resp_e type, const void *data, size_t len);
static scoped_key_resp_status_e scoped_key_reply_array(
    scoped_key_reply_t *reply,
    size_t elements, size_t depth);
static void scoped_key_reply_settle(scoped_key_reply_t *reply);
static bool scoped_key_reply_reset(scoped_key_reply_t *reply);
static void scoped_key_reply_free(scoped_key_reply_t *reply);
static void scoped_key_skip_start(scoped_key_skip_t *skip, size_t values);
static bool scoped_key_skip_enter(scoped_key_skip_t *skip, size_t values);
static scoped_key_resp_status_e scoped_key_skip_feed(scoped_key_skip_t *skip,
    const unsigned char *data, size_t len, size_t *used);
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
        return true;                     /* next() says what is wrong */
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
scoped_key_resp_next(scoped_key_resp_t *resp,
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


/*
 * Makes room for `more` items of `width` bytes after the first n.  Returns
 * where they all lie now, or NULL: out of memory, and nothing has changed.
 */
static void *
scoped_key_reply_reserve(void *items, size_t *size, size_t n, size_t more,
    size_t width)
{
    void    *grown;
    size_t   wanted;

    if (items != NULL && more <= *size - n) {
        return items;
    }

    wanted = *size;

    while (wanted - n < more) {
        wanted *= 2;
    }

    grown = realloc(items, wanted * width);

    if (grown != NULL) {
        *size = wanted;
    }

    return grown;
}


static scoped_key_resp_status_e
scoped_key_reply_append(scoped_key_reply_t *reply,
    const scoped_key_resp_value_t *value)
{
    scoped_key_resp_value_t  *values;

    if (reply->nvalues >= SCOPED_KEY_REPLY_MAX_VALUES) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    if (reply->values == NULL) {
        reply->values_size = SCOPED_KEY_REPLY_FIRST_VALUES;
    }

    values = scoped_key_reply_reserve(reply->values, &reply->values_size,
                                      reply->nvalues, 1, sizeof(*value));
    if (values == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    reply->values = values;
    reply->values[reply->nvalues++] = *value;

    return SCOPED_KEY_RESP_REPLY;
}


/*
 * These append one value, in the order of the wire.  They return
 * SCOPED_KEY_RESP_REPLY when it was taken, SCOPED_KEY_RESP_TOO_LARGE over the
 * limits of resp.h, SCOPED_KEY_RESP_BROKEN when it is too deep, or out of
 * memory.
 */
static scoped_key_resp_status_e
scoped_key_reply_nil(scoped_key_reply_t *reply)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_NIL,
                                       .span = 1 };

    return scoped_key_reply_append(reply, &value);
}


static scoped_key_resp_status_e
scoped_key_reply_integer(scoped_key_reply_t *reply, long long integer)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_INTEGER,
                                       .span = 1, .integer = integer };

    return scoped_key_reply_append(reply, &value);
}


static scoped_key_resp_status_e
scoped_key_reply_text(scoped_key_reply_t *reply, scoped_key_resp_e type,
    const void *data, size_t len)
{
    unsigned char            *text;
    scoped_key_resp_value_t   value = { .type = type, .len = len, .span = 1 };

    if (len > SCOPED_KEY_RESP_MAX_BYTES - reply->text_len) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    if (reply->text == NULL) {
        reply->text_size = SCOPED_KEY_REPLY_FIRST_TEXT;
    }

    text = scoped_key_reply_reserve(reply->text, &reply->text_size,
                                    reply->text_len, len, 1);
    if (text == NULL) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    memcpy(text + reply->text_len, data, len);

    /* the offset, until settled */
    value.integer = (long long) reply->text_len;

    reply->text = text;
    reply->text_len += len;

    return scoped_key_reply_append(reply, &value);
}


/* depth: 1 for the outermost */
static scoped_key_resp_status_e
scoped_key_reply_array(scoped_key_reply_t *reply, size_t elements,
    size_t depth)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_ARRAY,
                                       .len = elements, .span = 1 };

    /* no record and no message is so deep */
    if (depth > SCOPED_KEY_RESP_MAX_DEPTH) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    if (elements > SCOPED_KEY_RESP_MAX_ELEMENTS - reply->announced) {
        return SCOPED_KEY_RESP_TOO_LARGE;
    }

    reply->announced += elements;

    return scoped_key_reply_append(reply, &value);
}


static size_t
scoped_key_reply_span(const scoped_key_resp_value_t *array)
{
    size_t  i, span;

    span = 1;

    for (i = 0; i < array->len; i++) {
        span += array[span].span;
    }

    return span;
}


/* complete: fills in the pointers and the spans */
static void
scoped_key_reply_settle(scoped_key_reply_t *reply)
{
    size_t                    i;
    scoped_key_resp_value_t  *value;

    /* backwards, so that what is in an array is settled before the array */
    for (i = reply->nvalues; i > 0; i--) {
        value = &reply->values[i - 1];

        switch (value->type) {

        case SCOPED_KEY_RESP_ARRAY:
            value->span = scoped_key_reply_span(value);
            break;

        case SCOPED_KEY_RESP_STATUS:
        case SCOPED_KEY_RESP_ERROR:
        case SCOPED_KEY_RESP_STRING:
            value->data = reply->text + value->integer;
            value->integer = 0;
            break;

        default:
            break;
        }
    }
}


/*
 * Empty again.  Memory is kept, but for what a big reply had made it grow to:
 * then it is given back, and true is returned.
 */
static bool
scoped_key_reply_reset(scoped_key_reply_t *reply)
{
    bool  big;

    big = reply->text_size > SCOPED_KEY_REPLY_KEEP_TEXT
          || reply->values_size > SCOPED_KEY_REPLY_KEEP_VALUES;

    if (big) {
        scoped_key_reply_free(reply);
    }

    reply->nvalues = 0;
    reply->announced = 0;
    reply->text_len = 0;

    return big;
}


static void
scoped_key_reply_free(scoped_key_reply_t *reply)
{
    free(reply->values);
    free(reply->text);

    memset(reply, 0, sizeof(scoped_key_reply_t));
}


const scoped_key_resp_value_t *
scoped_key_resp_element(const scoped_key_resp_value_t *array, size_t n)
{
    const scoped_key_resp_value_t  *value;

    if (array->type != SCOPED_KEY_RESP_ARRAY || n >= array->len) {
        return NULL;
    }

    for (value = array + 1; n > 0; n--) {
        value += value->span;
    }

    return value;
}


bool
scoped_key_resp_is_error(const scoped_key_resp_value_t *value,
    const char *word)
{
    size_t  len;

    len = strlen(word);

    return value->type == SCOPED_KEY_RESP_ERROR
           && value->len >= len
           && memcmp(value->data, word, len) == 0
           && (value->len == len || value->data[len] == ' ');
}


bool
scoped_key_resp_is_status(const scoped_key_resp_value_t *value,
    const char *text)
{
    return value->type == SCOPED_KEY_RESP_STATUS
           && value->len == strlen(text)
           && memcmp(value->data, text, value->len) == 0;
}


/* values: 1 when the root itself is to come, else 0 */
static void
scoped_key_skip_start(scoped_key_skip_t *skip, size_t values)
{
    memset(skip, 0, sizeof(scoped_key_skip_t));

    skip->left[0] = values;
}


/* an array, within the last one, of which so many values are to come */
static bool
scoped_key_skip_enter(scoped_key_skip_t *skip, size_t values)
{
    if (skip->level == SCOPED_KEY_SKIP_MAX_DEPTH
        || values > SCOPED_KEY_SKIP_MAX_ELEMENTS - skip->elements)
    {
        return false;
    }

    skip->elements += values;
    skip->level++;
    skip->left[skip->level] = values;

    return true;
}


/* arrays of which nothing is to come are over; true: so is the root */
static bool
scoped_key_skip_is_over(scoped_key_skip_t *skip)
{
    while (skip->level > 0 && skip->left[skip->level] == 0) {
        skip->level--;
    }

    return skip->left[skip->level] == 0;
}


/* a size in decimal digits; false: it is none, or over any limit */
static bool
scoped_key_skip_size(const scoped_key_skip_t *skip, size_t *size)
{
    size_t  i, n;

    /* the line's first byte is its type, its last two are CR LF */
    if (skip->line_len < 4 || skip->line[skip->line_len - 2] != '\r') {
        return false;
    }

    /* as hiredis has it */
    if (skip->line[1] == '0' && skip->line_len != 4) {
        return false;
    }

    n = 0;

    for (i = 1; i < skip->line_len - 2; i++) {

        if (skip->line[i] < '0' || skip->line[i] > '9') {
            return false;
        }

        n = n * 10 + (size_t) (skip->line[i] - '0');

        if (n > SCOPED_KEY_SKIP_MAX_BYTES) {
            return false;
        }
    }

    *size = n;

    return true;
}


/* the line that announces a value is whole */
static bool
scoped_key_skip_value(scoped_key_skip_t *skip)
{
    size_t  size;

    if (!scoped_key_skip_size(skip, &size)) {
        return false;
    }

    skip->line_len = 0;
    skip->left[skip->level]--;

    switch (skip->line[0]) {

    case '$':
        skip->text = size + 2;
        return true;

    case '*':
        return scoped_key_skip_enter(skip, size);

    default:
        return false;
    }
}


/* the bytes that are a string's, or its line end; 0: it does not end so */
static size_t
scoped_key_skip_text(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len)
{
    size_t  n;

    if (skip->text > 2) {
        n = len < skip->text - 2 ? len : skip->text - 2;
        skip->text -= n;
        return n;
    }

    if (data[0] != (skip->text == 2 ? '\r' : '\n')) {
        return 0;
    }

    skip->text--;

    return 1;
}


/* the bytes that were taken of what comes next; 0: it is broken */
static size_t
scoped_key_skip_step(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len)
{
    if (skip->text > 0) {
        return scoped_key_skip_text(skip, data, len);
    }

    if (skip->line_len == SCOPED_KEY_SKIP_LINE_BYTES) {
        return 0;
    }

    skip->line[skip->line_len++] = data[0];

    if (data[0] == '\n' && !scoped_key_skip_value(skip)) {
        return 0;
    }

    return 1;
}


/*
 * SCOPED_KEY_RESP_MORE: all bytes belong to it and more are to come;
 * SCOPED_KEY_RESP_TOO_LARGE: it is over, after *used bytes; else
 * SCOPED_KEY_RESP_BROKEN.
 */
static scoped_key_resp_status_e
scoped_key_skip_feed(scoped_key_skip_t *skip, const unsigned char *data,
    size_t len, size_t *used)
{
    size_t  n, pos;

    pos = 0;

    for ( ;; ) {

        if (skip->text == 0 && skip->line_len == 0
            && scoped_key_skip_is_over(skip))
        {
            *used = pos;
            return SCOPED_KEY_RESP_TOO_LARGE;
        }

        if (pos == len) {
            return SCOPED_KEY_RESP_MORE;
        }

        n = scoped_key_skip_step(skip, data + pos, len - pos);

        if (n == 0 || n > SCOPED_KEY_SKIP_MAX_BYTES - skip->bytes) {
            return SCOPED_KEY_RESP_BROKEN;
        }

        skip->bytes += n;
        pos += n;
    }
}


static bool
scoped_key_command_append(scoped_key_command_out_t *out, const void *data,
    size_t len)
{
    if (len > out->left) {
        return false;
    }

    /* an empty text may have no data at all */

    if (len != 0) {
        memcpy(out->pos, data, len);
    }

    out->pos += len;
    out->left -= len;

    return true;
}


static bool
scoped_key_command_head(scoped_key_command_out_t *out, unsigned char sign,
    size_t n)
{
    size_t         at;
    unsigned char  head[SCOPED_KEY_COMMAND_HEAD_BYTES];

    at = sizeof(head);
    head[--at] = '\n';
    head[--at] = '\r';

    do {
        head[--at] = (unsigned char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    head[--at] = sign;

    return scoped_key_command_append(out, head + at, sizeof(head) - at);
}


size_t
scoped_key_resp_command_room(size_t argc, const size_t *lens)
{
    size_t  i, room;

    static const size_t  around =
        SCOPED_KEY_COMMAND_HEAD_BYTES + SCOPED_KEY_COMMAND_EOL_BYTES;

    room = SCOPED_KEY_COMMAND_HEAD_BYTES;

    for (i = 0; i < argc; i++) {

        if (lens[i] > SIZE_MAX - around
            || lens[i] + around > SIZE_MAX - room)
        {
            return 0;
        }

        room += lens[i] + around;
    }

    return room;
}


size_t
scoped_key_resp_command(void *out, size_t room, size_t argc,
    const char *const *argv, const size_t *lens)
{
    size_t                    i;
    scoped_key_command_out_t  command = { out, room };

    if (argc == 0 || !scoped_key_command_head(&command, '*', argc)) {
        return 0;
    }

    for (i = 0; i < argc; i++) {

        if (!scoped_key_command_head(&command, '$', lens[i])
            || !scoped_key_command_append(&command, argv[i], lens[i])
            || !scoped_key_command_append(&command, "\r\n",
                                          SCOPED_KEY_COMMAND_EOL_BYTES))
        {
            return 0;
        }
    }

    return room - command.left;
}
