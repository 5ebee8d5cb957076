/*
 * Notes uses, and writes them: ZADD of many ids, one command in flight at a
 * time, so that a slow Redis makes commands larger and not more.
 * Invariants: what is pending is in memory of a fixed size; whatever goes
 * wrong, all that is pending is lost, counted, and said once in the log.
 */

#include "last_used.h"
#include "sanitize.h"
#include "../redis/resp.h"


/* "ZADD", the Redis key, "GT" */
#define NGX_HTTP_SCOPED_KEY_LAST_USED_WORDS  3
#define NGX_HTTP_SCOPED_KEY_LAST_USED_MAX_WORDS                               \
    (NGX_HTTP_SCOPED_KEY_LAST_USED_WORDS                                      \
     + 2 * NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND)

/* of a server's error text, what goes into the log */
#define NGX_HTTP_SCOPED_KEY_LAST_USED_SHOWN_BYTES  192


static const scoped_key_redis_forms_t  ngx_http_scoped_key_last_used_forms = {
    1, { SCOPED_KEY_REDIS_FORM_INTEGER }
};


static ngx_http_scoped_key_last_used_t *ngx_http_scoped_key_last_used_alloc(
    ngx_http_scoped_key_worker_t *worker, const ngx_str_t *name);
static ngx_http_scoped_key_recent_use_t *ngx_http_scoped_key_last_used_find(
    ngx_http_scoped_key_last_used_t *lu, scoped_key_str_t what, uint32_t now);
static void ngx_http_scoped_key_last_used_append(
    ngx_http_scoped_key_last_used_t *lu, scoped_key_str_t id, uint32_t now);
static void ngx_http_scoped_key_last_used_arm(
    ngx_http_scoped_key_last_used_t *lu);
static void ngx_http_scoped_key_last_used_on_timer(ngx_event_t *ev);
static ngx_int_t ngx_http_scoped_key_last_used_send(
    ngx_http_scoped_key_last_used_t *lu, ngx_uint_t n);
static ngx_int_t ngx_http_scoped_key_last_used_write(
    ngx_http_scoped_key_last_used_t *lu);
static void ngx_http_scoped_key_last_used_free(
    ngx_http_scoped_key_last_used_t *lu);
static void ngx_http_scoped_key_last_used_handler(
    scoped_key_redis_request_t *request, scoped_key_redis_result_e result,
    const scoped_key_resp_value_t *reply);
static void ngx_http_scoped_key_last_used_fail(
    ngx_http_scoped_key_last_used_t *lu, const scoped_key_resp_value_t *error);


ngx_int_t
ngx_http_scoped_key_last_used_create(ngx_http_scoped_key_worker_t *worker)
{
    if (worker->conf->last_used == 0) {
        return NGX_OK;
    }

    worker->last_used = ngx_http_scoped_key_last_used_alloc(worker,
                                                &worker->conf->last_used_key);
    if (worker->last_used == NULL) {
        return NGX_ERROR;
    }

    worker->previous_used = ngx_http_scoped_key_last_used_alloc(worker,
                                            &worker->conf->previous_used_key);
    if (worker->previous_used == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_http_scoped_key_last_used_t *
ngx_http_scoped_key_last_used_alloc(ngx_http_scoped_key_worker_t *worker,
    const ngx_str_t *name)
{
    ngx_http_scoped_key_last_used_t  *lu;

    lu = ngx_calloc(sizeof(ngx_http_scoped_key_last_used_t), worker->log);
    if (lu == NULL) {
        return NULL;
    }

    lu->worker = worker;
    lu->conf = worker->conf;
    lu->name = name;
    lu->log = worker->log;
    lu->ident = -1;

    lu->interval = (uint32_t) worker->conf->last_used;
    lu->data_offset = ngx_http_scoped_key_allow_bytes(worker->conf);

    lu->timer.handler = ngx_http_scoped_key_last_used_on_timer;
    lu->timer.data = lu;
    lu->timer.log = worker->log;
    lu->timer.cancelable = 1;

    lu->request.handler = ngx_http_scoped_key_last_used_handler;
    lu->request.data = lu;

    return lu;
}


void
ngx_http_scoped_key_last_used_stop(ngx_http_scoped_key_last_used_t *lu)
{
    if (lu == NULL) {
        return;
    }

    lu->stopped = 1;

    if (lu->timer.timer_set) {
        ngx_del_timer(&lu->timer);
    }
}


uint32_t
ngx_http_scoped_key_last_used_touch(ngx_http_scoped_key_last_used_t *lu,
    scoped_key_str_t what, scoped_key_str_t id)
{
    uint32_t                           now;
    ngx_http_scoped_key_recent_use_t  *recent;

    now = (uint32_t) ngx_time();

    recent = ngx_http_scoped_key_last_used_find(lu, what, now);

    if (now - recent->second >= lu->interval) {
        recent->second = now;
        ngx_http_scoped_key_last_used_append(lu, id, now);
    }

    return recent->second;
}


/*
 * The current key is noted by itself: after a rotation its first use is written
 * at once, though the record was noted within the interval for the other key.
 */

uint32_t
ngx_http_scoped_key_last_used_touch_key(ngx_http_scoped_key_last_used_t *lu,
    const ngx_http_scoped_key_ctx_t *ctx)
{
    uint32_t                           now, second;
    scoped_key_str_t                   id, key;
    ngx_http_scoped_key_recent_use_t  *recent;

    id = scoped_key_record_id(ctx->record);

    if (ctx->match == SCOPED_KEY_SECRET_PREVIOUS) {
        return ngx_http_scoped_key_last_used_touch(lu, id, id);
    }

    key = ngx_http_scoped_key_str(&ctx->key);
    now = (uint32_t) ngx_time();

    second = ngx_http_scoped_key_last_used_touch(lu, key, id);

    /* what was written for the current key counts for the other one, too */

    if (second == now && (ctx->record->flags & SCOPED_KEY_RECORD_PREVIOUS)) {
        recent = ngx_http_scoped_key_last_used_find(lu, id, now);
        recent->second = now;
    }

    return second;
}


/* what is known of it; or the oldest of its row, made its own */

static ngx_http_scoped_key_recent_use_t *
ngx_http_scoped_key_last_used_find(ngx_http_scoped_key_last_used_t *lu,
    scoped_key_str_t what, uint32_t now)
{
    uint32_t                           hash;
    ngx_uint_t                         i;
    scoped_key_hash_t                  lookup_hash;
    ngx_http_scoped_key_recent_use_t  *row, *oldest;

    /* keyed: nobody can make keys that push each other out */

    scoped_key_hash_make(&lookup_hash, &lu->worker->hash_key, what);

    row = lu->recent[lookup_hash.word[0] % NGX_HTTP_SCOPED_KEY_LAST_USED_ROWS];
    hash = (uint32_t) lookup_hash.word[1];
    oldest = row;

    for (i = 0; i < NGX_HTTP_SCOPED_KEY_LAST_USED_PER_ROW; i++) {

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
ngx_http_scoped_key_last_used_append(ngx_http_scoped_key_last_used_t *lu,
    scoped_key_str_t id, uint32_t now)
{
    ngx_http_scoped_key_use_t  *use;

    if (lu->npending == NGX_HTTP_SCOPED_KEY_MAX_PENDING_USES
        || id.len > SCOPED_KEY_ID_MAX_BYTES)
    {
        lu->lost++;
        return;
    }

    use = &lu->pending[lu->npending++];

    use->second = now;
    use->id_len = (u_char) id.len;
    ngx_memcpy(use->id, id.data, id.len);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, lu->log, 0,
                   "scoped key: %V of id=%*s is to be written", lu->name,
                   id.len, id.data);

    /* once a command is answered, the next one is thought of */

    if (lu->nsent == 0) {
        ngx_http_scoped_key_last_used_arm(lu);
    }
}


static void
ngx_http_scoped_key_last_used_arm(ngx_http_scoped_key_last_used_t *lu)
{
    ngx_uint_t  full;

    full = (lu->npending >= NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND);

    if (lu->timer.timer_set) {

        if (lu->npending != NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND) {
            return;
        }

        ngx_del_timer(&lu->timer);
    }

    ngx_add_timer(&lu->timer, full ? NGX_HTTP_SCOPED_KEY_LAST_USED_FULL_MS
                                     : NGX_HTTP_SCOPED_KEY_LAST_USED_DELAY_MS);
}


static void
ngx_http_scoped_key_last_used_on_timer(ngx_event_t *ev)
{
    ngx_uint_t                        n;
    ngx_http_scoped_key_last_used_t  *lu;

    lu = ev->data;

    n = ngx_min(lu->npending, NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND);

    if (ngx_http_scoped_key_last_used_send(lu, n) != NGX_OK) {
        ngx_http_scoped_key_last_used_fail(lu, NULL);
        return;
    }

    lu->npending -= n;
    lu->nsent = n;
}


/* the last n that are pending: ZADD NAME GT second id second id ... */

static ngx_int_t
ngx_http_scoped_key_last_used_send(ngx_http_scoped_key_last_used_t *lu,
    ngx_uint_t n)
{
    size_t                      room;
    size_t                      lens[NGX_HTTP_SCOPED_KEY_LAST_USED_MAX_WORDS];
    u_char                      seconds[NGX_HTTP_SCOPED_KEY_USES_PER_COMMAND]
                                       [NGX_INT32_LEN];
    ngx_uint_t                  i, word;
    const char                 *words[NGX_HTTP_SCOPED_KEY_LAST_USED_MAX_WORDS];
    ngx_http_scoped_key_use_t  *use;

    words[0] = "ZADD";
    lens[0] = 4;
    words[1] = (const char *) lu->name->data;
    lens[1] = lu->name->len;

    /* several workers write: the latest use counts, not the last writer */
    words[2] = "GT";
    lens[2] = 2;

    word = NGX_HTTP_SCOPED_KEY_LAST_USED_WORDS;
    use = &lu->pending[lu->npending - n];

    for (i = 0; i < n; i++) {
        words[word] = (const char *) seconds[i];
        lens[word++] = ngx_sprintf(seconds[i], "%uD", use[i].second)
                       - seconds[i];

        words[word] = (const char *) use[i].id;
        lens[word++] = use[i].id_len;
    }

    room = scoped_key_resp_command_room(word, lens);

    lu->command = ngx_alloc(room, lu->log);
    if (lu->command == NULL) {
        return NGX_ERROR;
    }

    lu->command_len = scoped_key_resp_command(lu->command, room, word,
                                              words, lens);
    if (lu->command_len == 0) {
        return NGX_ERROR;
    }

    lu->request.again = 1;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, lu->log, 0,
                   "scoped key: writes %V of %ui keys", lu->name, n);

    return ngx_http_scoped_key_last_used_write(lu);
}


static ngx_int_t
ngx_http_scoped_key_last_used_write(ngx_http_scoped_key_last_used_t *lu)
{
    return scoped_key_redis_send(lu->worker->redis, &lu->request,
                                 &ngx_http_scoped_key_last_used_forms,
                                 lu->command, lu->command_len);
}


static void
ngx_http_scoped_key_last_used_free(ngx_http_scoped_key_last_used_t *lu)
{
    if (lu->command) {
        ngx_free(lu->command);
        lu->command = NULL;
    }
}


static void
ngx_http_scoped_key_last_used_handler(scoped_key_redis_request_t *request,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply)
{
    ngx_http_scoped_key_last_used_t  *lu;

    lu = request->data;

    /* to write it twice does no harm: the later one of two times stays */

    if (result == SCOPED_KEY_REDIS_DEAD) {
        request->again = 0;

        if (ngx_http_scoped_key_last_used_write(lu) == NGX_OK) {
            return;
        }
    }

    ngx_http_scoped_key_last_used_free(lu);

    if (result != SCOPED_KEY_REDIS_REPLY
        || reply->type != SCOPED_KEY_RESP_INTEGER)
    {
        ngx_http_scoped_key_last_used_fail(lu, reply);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, lu->log, 0,
                   "scoped key: wrote %V of %ui keys, %ui are waiting",
                   lu->name, lu->nsent, lu->npending);

    lu->nsent = 0;

    if (lu->npending) {
        ngx_http_scoped_key_last_used_arm(lu);
    }

    if (lu->failing) {
        lu->failing = 0;

        ngx_log_error(NGX_LOG_NOTICE, lu->log, 0,
                      "scoped key: redis %V takes last uses again, "
                      "%uL lost so far",
                      &lu->conf->redis.name, lu->lost);
    }
}


/* error: what the server said, or NULL when it said nothing */

static void
ngx_http_scoped_key_last_used_fail(ngx_http_scoped_key_last_used_t *lu,
    const scoped_key_resp_value_t *error)
{
    ngx_str_t    shown;
    u_char       text[NGX_HTTP_SCOPED_KEY_LAST_USED_SHOWN_BYTES];
    const char  *note;

    ngx_http_scoped_key_last_used_free(lu);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, lu->log, 0,
                   "scoped key: lost %V of %ui keys", lu->name,
                   lu->nsent + lu->npending);

    lu->lost += lu->nsent + lu->npending;
    lu->nsent = 0;
    lu->npending = 0;

    if (lu->failing || lu->stopped) {
        return;
    }

    ngx_str_set(&shown, "no answer");

    if (error && error->type == SCOPED_KEY_RESP_ERROR) {
        shown.data = text;
        shown.len = ngx_http_scoped_key_sanitize_for_log(text, sizeof(text),
                                                         error->data,
                                                         error->len);

    } else if (error) {
        ngx_str_set(&shown, "unexpected reply");
    }

    note = scoped_key_redis_log_allow(&lu->limit,
                              scoped_key_redis_log_reason(shown.data,
                                                          shown.len),
                              ngx_current_msec);
    if (note == NULL) {
        return;
    }

    lu->failing = 1;

    ngx_log_error(NGX_LOG_ERR, lu->log, 0,
                  "scoped key: redis %V does not take last uses: \"%V\"%s",
                  &lu->conf->redis.name, &shown, note);
}
