/*
 * Notes uses, and writes them: ZADD of many ids, one command under way at a
 * time, so that a slow Redis makes commands larger and not more.
 * Invariants: what is pending is in memory of a fixed size; whatever goes
 * wrong, all that is pending is lost, counted, and said once in the log.
 */

#include "uses.h"
#include "printable.h"
#include "../redis/resp.h"


/* "ZADD", the Redis key, "GT" */
#define NGX_HTTP_SCOPED_KEY_USES_WORDS       3
#define NGX_HTTP_SCOPED_KEY_USES_MAX_WORDS                                    \
    (NGX_HTTP_SCOPED_KEY_USES_WORDS + 2 * NGX_HTTP_SCOPED_KEY_USES_A_COMMAND)

/* of a server's error text, what goes into the log */
#define NGX_HTTP_SCOPED_KEY_USES_SHOWN_BYTES  192


static const scoped_key_redis_forms_t  ngx_http_scoped_key_uses_forms = {
    1, { SCOPED_KEY_REDIS_FORM_INTEGER }
};


static ngx_http_scoped_key_uses_t *ngx_http_scoped_key_uses_of(
    ngx_http_scoped_key_worker_t *worker, const ngx_str_t *name);
static ngx_http_scoped_key_noted_t *ngx_http_scoped_key_uses_find(
    ngx_http_scoped_key_uses_t *uses, scoped_key_str_t what, uint32_t now);
static void ngx_http_scoped_key_uses_append(ngx_http_scoped_key_uses_t *uses,
    scoped_key_str_t id, uint32_t now);
static void ngx_http_scoped_key_uses_arm(ngx_http_scoped_key_uses_t *uses);
static void ngx_http_scoped_key_uses_on_timer(ngx_event_t *ev);
static ngx_int_t ngx_http_scoped_key_uses_send(
    ngx_http_scoped_key_uses_t *uses, ngx_uint_t n);
static ngx_int_t ngx_http_scoped_key_uses_write(
    ngx_http_scoped_key_uses_t *uses);
static void ngx_http_scoped_key_uses_free(ngx_http_scoped_key_uses_t *uses);
static void ngx_http_scoped_key_uses_handler(scoped_key_redis_batch_t *batch,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply);
static void ngx_http_scoped_key_uses_fail(ngx_http_scoped_key_uses_t *uses,
    const scoped_key_resp_value_t *error);


ngx_int_t
ngx_http_scoped_key_uses_create(ngx_http_scoped_key_worker_t *worker)
{
    if (worker->conf->last_used == 0) {
        return NGX_OK;
    }

    worker->uses = ngx_http_scoped_key_uses_of(worker, &worker->conf->uses);
    if (worker->uses == NULL) {
        return NGX_ERROR;
    }

    worker->previous_uses = ngx_http_scoped_key_uses_of(worker,
                                                &worker->conf->previous_uses);
    if (worker->previous_uses == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_http_scoped_key_uses_t *
ngx_http_scoped_key_uses_of(ngx_http_scoped_key_worker_t *worker,
    const ngx_str_t *name)
{
    ngx_http_scoped_key_uses_t  *uses;

    uses = ngx_calloc(sizeof(ngx_http_scoped_key_uses_t), worker->log);
    if (uses == NULL) {
        return NULL;
    }

    uses->worker = worker;
    uses->conf = worker->conf;
    uses->name = name;
    uses->log = worker->log;
    uses->ident = -1;

    uses->interval = (uint32_t) worker->conf->last_used;
    uses->memo_at = ngx_http_scoped_key_memo_bytes(worker->conf);

    uses->timer.handler = ngx_http_scoped_key_uses_on_timer;
    uses->timer.data = uses;
    uses->timer.log = worker->log;
    uses->timer.cancelable = 1;

    uses->batch.handler = ngx_http_scoped_key_uses_handler;
    uses->batch.data = uses;

    return uses;
}


void
ngx_http_scoped_key_uses_stop(ngx_http_scoped_key_uses_t *uses)
{
    if (uses == NULL) {
        return;
    }

    uses->stopped = 1;

    if (uses->timer.timer_set) {
        ngx_del_timer(&uses->timer);
    }
}


uint32_t
ngx_http_scoped_key_uses_due(ngx_http_scoped_key_uses_t *uses,
    scoped_key_str_t what, scoped_key_str_t id)
{
    uint32_t                      now;
    ngx_http_scoped_key_noted_t  *noted;

    now = (uint32_t) ngx_time();

    noted = ngx_http_scoped_key_uses_find(uses, what, now);

    if (now - noted->second >= uses->interval) {
        noted->second = now;
        ngx_http_scoped_key_uses_append(uses, id, now);
    }

    return noted->second;
}


/* what is known of it; or the oldest of its row, made its own */

static ngx_http_scoped_key_noted_t *
ngx_http_scoped_key_uses_find(ngx_http_scoped_key_uses_t *uses,
    scoped_key_str_t what, uint32_t now)
{
    uint32_t                      hash;
    ngx_uint_t                    i;
    scoped_key_tag_t              tag;
    ngx_http_scoped_key_noted_t  *row, *oldest;

    /* keyed: nobody can make keys that push each other out */

    scoped_key_tag_make(&tag, &uses->worker->tag_key, what);

    row = uses->noted[tag.word[0] % NGX_HTTP_SCOPED_KEY_USES_ROWS];
    hash = (uint32_t) tag.word[1];
    oldest = row;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_USES_IN_A_ROW; i++) {

        if (row[i].second && row[i].hash == hash) {
            return &row[i];
        }

        if (now - row[i].second > now - oldest->second) {
            oldest = &row[i];
        }
    }

    oldest->hash = hash;
    oldest->second = 0;

    return oldest;
}


static void
ngx_http_scoped_key_uses_append(ngx_http_scoped_key_uses_t *uses,
    scoped_key_str_t id, uint32_t now)
{
    ngx_http_scoped_key_use_t  *use;

    if (uses->npending == NGX_HTTP_SCOPED_KEY_MAX_USES
        || id.len > SCOPED_KEY_ID_MAX_BYTES)
    {
        uses->lost++;
        return;
    }

    use = &uses->pending[uses->npending++];

    use->second = now;
    use->id_len = (u_char) id.len;
    ngx_memcpy(use->id, id.data, id.len);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, uses->log, 0,
                   "scoped key: %V of id=%*s is to be written", uses->name,
                   id.len, id.data);

    /* once a command is answered, the next one is thought of */

    if (uses->nsent == 0) {
        ngx_http_scoped_key_uses_arm(uses);
    }
}


static void
ngx_http_scoped_key_uses_arm(ngx_http_scoped_key_uses_t *uses)
{
    ngx_uint_t  full;

    full = (uses->npending >= NGX_HTTP_SCOPED_KEY_USES_A_COMMAND);

    if (uses->timer.timer_set) {

        if (uses->npending != NGX_HTTP_SCOPED_KEY_USES_A_COMMAND) {
            return;
        }

        ngx_del_timer(&uses->timer);
    }

    ngx_add_timer(&uses->timer, full ? NGX_HTTP_SCOPED_KEY_USES_HURRY_MS
                                     : NGX_HTTP_SCOPED_KEY_USES_DELAY_MS);
}


static void
ngx_http_scoped_key_uses_on_timer(ngx_event_t *ev)
{
    ngx_uint_t                   n;
    ngx_http_scoped_key_uses_t  *uses;

    uses = ev->data;

    n = ngx_min(uses->npending, NGX_HTTP_SCOPED_KEY_USES_A_COMMAND);

    if (ngx_http_scoped_key_uses_send(uses, n) != NGX_OK) {
        ngx_http_scoped_key_uses_fail(uses, NULL);
        return;
    }

    uses->npending -= n;
    uses->nsent = n;
}


/* the last n that are pending: ZADD NAME GT second id second id ... */

static ngx_int_t
ngx_http_scoped_key_uses_send(ngx_http_scoped_key_uses_t *uses, ngx_uint_t n)
{
    size_t                      room;
    size_t                      lens[NGX_HTTP_SCOPED_KEY_USES_MAX_WORDS];
    u_char                      seconds[NGX_HTTP_SCOPED_KEY_USES_A_COMMAND]
                                       [NGX_INT32_LEN];
    ngx_uint_t                  i, word;
    const char                 *words[NGX_HTTP_SCOPED_KEY_USES_MAX_WORDS];
    ngx_http_scoped_key_use_t  *use;

    words[0] = "ZADD";
    lens[0] = 4;
    words[1] = (const char *) uses->name->data;
    lens[1] = uses->name->len;

    /* several workers write: the latest use counts, not the last writer */
    words[2] = "GT";
    lens[2] = 2;

    word = NGX_HTTP_SCOPED_KEY_USES_WORDS;
    use = &uses->pending[uses->npending - n];

    for (i = 0; i < n; i++) {
        words[word] = (const char *) seconds[i];
        lens[word++] = ngx_sprintf(seconds[i], "%uD", use[i].second)
                       - seconds[i];

        words[word] = (const char *) use[i].id;
        lens[word++] = use[i].id_len;
    }

    room = scoped_key_resp_command_room(word, lens);

    uses->command = ngx_alloc(room, uses->log);
    if (uses->command == NULL) {
        return NGX_ERROR;
    }

    uses->command_len = scoped_key_resp_command(uses->command, room, word,
                                                words, lens);
    if (uses->command_len == 0) {
        return NGX_ERROR;
    }

    uses->batch.again = 1;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, uses->log, 0,
                   "scoped key: writes %V of %ui keys", uses->name, n);

    return ngx_http_scoped_key_uses_write(uses);
}


static ngx_int_t
ngx_http_scoped_key_uses_write(ngx_http_scoped_key_uses_t *uses)
{
    return scoped_key_redis_send(uses->worker->redis, &uses->batch,
                                 &ngx_http_scoped_key_uses_forms,
                                 uses->command, uses->command_len);
}


static void
ngx_http_scoped_key_uses_free(ngx_http_scoped_key_uses_t *uses)
{
    if (uses->command) {
        ngx_free(uses->command);
        uses->command = NULL;
    }
}


static void
ngx_http_scoped_key_uses_handler(scoped_key_redis_batch_t *batch,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply)
{
    ngx_http_scoped_key_uses_t  *uses;

    uses = batch->data;

    /* to write it twice does no harm: the later one of two times stays */

    if (result == SCOPED_KEY_REDIS_DEAD) {
        batch->again = 0;

        if (ngx_http_scoped_key_uses_write(uses) == NGX_OK) {
            return;
        }
    }

    ngx_http_scoped_key_uses_free(uses);

    if (result != SCOPED_KEY_REDIS_REPLY
        || reply->type != SCOPED_KEY_RESP_INTEGER)
    {
        ngx_http_scoped_key_uses_fail(uses, reply);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, uses->log, 0,
                   "scoped key: wrote %V of %ui keys, %ui are waiting",
                   uses->name, uses->nsent, uses->npending);

    uses->nsent = 0;

    if (uses->npending) {
        ngx_http_scoped_key_uses_arm(uses);
    }

    if (uses->failing) {
        uses->failing = 0;

        ngx_log_error(NGX_LOG_NOTICE, uses->log, 0,
                      "scoped key: redis %V takes last uses again, "
                      "%uL lost so far",
                      &uses->conf->redis.name, uses->lost);
    }
}


/* error: what the server said, or NULL when it said nothing */

static void
ngx_http_scoped_key_uses_fail(ngx_http_scoped_key_uses_t *uses,
    const scoped_key_resp_value_t *error)
{
    ngx_str_t    shown;
    u_char       text[NGX_HTTP_SCOPED_KEY_USES_SHOWN_BYTES];
    const char  *note;

    ngx_http_scoped_key_uses_free(uses);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, uses->log, 0,
                   "scoped key: lost %V of %ui keys", uses->name,
                   uses->nsent + uses->npending);

    uses->lost += uses->nsent + uses->npending;
    uses->nsent = 0;
    uses->npending = 0;

    if (uses->failing || uses->stopped) {
        return;
    }

    ngx_str_set(&shown, "no answer");

    if (error && error->type == SCOPED_KEY_RESP_ERROR) {
        shown.data = text;
        shown.len = ngx_http_scoped_key_printable(text, sizeof(text),
                                                  error->data, error->len);

    } else if (error) {
        ngx_str_set(&shown, "unexpected reply");
    }

    note = scoped_key_redis_log_allow(&uses->limit,
                              scoped_key_redis_log_reason(shown.data,
                                                          shown.len),
                              ngx_current_msec);
    if (note == NULL) {
        return;
    }

    uses->failing = 1;

    ngx_log_error(NGX_LOG_ERR, uses->log, 0,
                  "scoped key: redis %V does not take last uses: \"%V\"%s",
                  &uses->conf->redis.name, &shown, note);
}
