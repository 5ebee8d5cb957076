/*
 * MULTI, HGETALL, SMEMBERS, EXEC: record and scope list as one state.  An error
 * of the store leaves the key undecided, and is logged when it is new; only a
 * wrong type of this key's own data makes an invalid record.
 */

#include "fetch.h"
#include "printable.h"
#include "../redis/resp.h"


/* "*2 $8 SMEMBERS $nn prefix{id}:scopes" with its line ends, rounded up */
#define NGX_HTTP_SCOPED_KEY_COMMAND_BYTES   256
#define NGX_HTTP_SCOPED_KEY_NAME_BYTES      192

/* lines that one fetch may write about one record */
#define NGX_HTTP_SCOPED_KEY_MAX_REPORTS     16

static const u_char  ngx_http_scoped_key_multi[] = "*1\r\n$5\r\nMULTI\r\n";
static const u_char  ngx_http_scoped_key_exec[] = "*1\r\n$4\r\nEXEC\r\n";


static const scoped_key_redis_forms_t  ngx_http_scoped_key_fetch_forms = {
    4, { SCOPED_KEY_REDIS_FORM_MULTI, SCOPED_KEY_REDIS_FORM_PAIRS,
         SCOPED_KEY_REDIS_FORM_QUEUED, SCOPED_KEY_REDIS_FORM_EXEC }
};


typedef struct {
    u_char  *pos;
    u_char  *end;
} ngx_http_scoped_key_out_t;


static ngx_int_t ngx_http_scoped_key_fetch_send(
    ngx_http_scoped_key_lookup_t *lookup);
static ngx_int_t ngx_http_scoped_key_fetch_append(
    ngx_http_scoped_key_out_t *out, const void *data, size_t len);
static ngx_int_t ngx_http_scoped_key_fetch_command(
    ngx_http_scoped_key_out_t *out, const char *command,
    const ngx_http_scoped_key_lookup_t *lookup, const char *suffix);
static void ngx_http_scoped_key_fetch_handler(scoped_key_redis_batch_t *batch,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply);
static ngx_int_t ngx_http_scoped_key_fetch_read(
    ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_resp_value_t *reply);
static ngx_int_t ngx_http_scoped_key_fetch_texts(
    const scoped_key_resp_value_t *array, scoped_key_str_t **texts);
static ngx_int_t ngx_http_scoped_key_fetch_build(
    ngx_http_scoped_key_lookup_t *lookup, scoped_key_source_t *source);
static void ngx_http_scoped_key_fetch_report(void *data, const char *field,
    scoped_key_str_t value);
static void ngx_http_scoped_key_fetch_failing(
    ngx_http_scoped_key_worker_t *worker,
    const scoped_key_resp_value_t *error);
static void ngx_http_scoped_key_fetch_working(
    ngx_http_scoped_key_worker_t *worker);


ngx_int_t
ngx_http_scoped_key_fetch(ngx_http_scoped_key_lookup_t *lookup)
{
    lookup->batch.handler = ngx_http_scoped_key_fetch_handler;
    lookup->batch.data = lookup;
    lookup->batch.again = 1;

    return ngx_http_scoped_key_fetch_send(lookup);
}


static ngx_int_t
ngx_http_scoped_key_fetch_send(ngx_http_scoped_key_lookup_t *lookup)
{
    u_char                     commands[2 * NGX_HTTP_SCOPED_KEY_COMMAND_BYTES
                                        + sizeof(ngx_http_scoped_key_multi)
                                        + sizeof(ngx_http_scoped_key_exec)];
    ngx_http_scoped_key_out_t  out;

    out.pos = commands;
    out.end = commands + sizeof(commands);

    if (ngx_http_scoped_key_fetch_append(&out, ngx_http_scoped_key_multi,
                                       sizeof(ngx_http_scoped_key_multi) - 1)
            != NGX_OK
        || ngx_http_scoped_key_fetch_command(&out, "HGETALL", lookup, "}")
            != NGX_OK
        || ngx_http_scoped_key_fetch_command(&out, "SMEMBERS", lookup,
                                             "}:scopes")
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&out, ngx_http_scoped_key_exec,
                                        sizeof(ngx_http_scoped_key_exec) - 1)
            != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return scoped_key_redis_send(lookup->worker->redis, &lookup->batch,
                                 &ngx_http_scoped_key_fetch_forms, commands,
                                 out.pos - commands);
}


static ngx_int_t
ngx_http_scoped_key_fetch_append(ngx_http_scoped_key_out_t *out,
    const void *data, size_t len)
{
    if (len > (size_t) (out->end - out->pos)) {
        return NGX_ERROR;
    }

    out->pos = ngx_cpymem(out->pos, data, len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_fetch_command(ngx_http_scoped_key_out_t *out,
    const char *command, const ngx_http_scoped_key_lookup_t *lookup,
    const char *suffix)
{
    size_t                      len, lens[2];
    u_char                      bytes[NGX_HTTP_SCOPED_KEY_NAME_BYTES];
    const char                 *argv[2];
    const ngx_str_t            *tracked;
    ngx_http_scoped_key_out_t   name;

    tracked = &lookup->worker->conf->tracked;

    name.pos = bytes;
    name.end = bytes + sizeof(bytes);

    if (ngx_http_scoped_key_fetch_append(&name, tracked->data, tracked->len)
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&name, lookup->id, lookup->id_len)
            != NGX_OK
        || ngx_http_scoped_key_fetch_append(&name, suffix, ngx_strlen(suffix))
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[0] = command;
    lens[0] = ngx_strlen(command);
    argv[1] = (const char *) bytes;
    lens[1] = name.pos - bytes;

    len = scoped_key_resp_command(out->pos, out->end - out->pos, 2, argv,
                                  lens);
    out->pos += len;

    return len ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_scoped_key_fetch_handler(scoped_key_redis_batch_t *batch,
    scoped_key_redis_result_e result, const scoped_key_resp_value_t *reply)
{
    ngx_int_t                      rc;
    scoped_key_source_t            source;
    ngx_http_scoped_key_lookup_t  *lookup;

    lookup = batch->data;

    /* it was asked for then, and no sooner */
    lookup->read_ms = batch->sent;

    switch (result) {

    case SCOPED_KEY_REDIS_REPLY:
        rc = ngx_http_scoped_key_fetch_read(lookup, reply);
        break;

    case SCOPED_KEY_REDIS_TOO_LARGE:
        ngx_memzero(&source, sizeof(scoped_key_source_t));
        source.damage = "too large";

        rc = ngx_http_scoped_key_fetch_build(lookup, &source);
        break;

    case SCOPED_KEY_REDIS_DEAD:
        batch->again = 0;
        rc = ngx_http_scoped_key_fetch_send(lookup);
        break;

    default:
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_STORE_UNAVAILABLE);
    }
}


/* NGX_OK: the lookup has ended; NGX_ERROR: nothing is known of the key */

static ngx_int_t
ngx_http_scoped_key_fetch_read(ngx_http_scoped_key_lookup_t *lookup,
    const scoped_key_resp_value_t *reply)
{
    ngx_int_t                       rc;
    scoped_key_str_t               *fields, *members;
    scoped_key_source_t             source;
    const scoped_key_resp_value_t  *hash, *set;

    hash = scoped_key_resp_element(reply, 0);
    set = scoped_key_resp_element(reply, 1);

    if (hash == NULL || set == NULL || reply->len != 2
        || ((hash->type != SCOPED_KEY_RESP_ARRAY || hash->len % 2 != 0)
            && !scoped_key_resp_is_error(hash, "WRONGTYPE"))
        || (set->type != SCOPED_KEY_RESP_ARRAY
            && !scoped_key_resp_is_error(set, "WRONGTYPE")))
    {
        ngx_http_scoped_key_fetch_failing(lookup->worker, reply);
        return NGX_ERROR;
    }

    ngx_http_scoped_key_fetch_working(lookup->worker);

    if (hash->type == SCOPED_KEY_RESP_ARRAY && hash->len == 0) {
        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_UNKNOWN_KEY);
        return NGX_OK;
    }

    ngx_memzero(&source, sizeof(scoped_key_source_t));

    if (hash->type != SCOPED_KEY_RESP_ARRAY
        || set->type != SCOPED_KEY_RESP_ARRAY)
    {
        source.damage = "wrong type";
    }

    fields = NULL;
    members = NULL;
    rc = NGX_ERROR;

    if (ngx_http_scoped_key_fetch_texts(hash, &fields) == NGX_OK
        && ngx_http_scoped_key_fetch_texts(set, &members) == NGX_OK)
    {
        source.fields = fields;
        source.nfields = fields ? hash->len / 2 : 0;
        source.members = members;
        source.nmembers = members ? set->len : 0;

        rc = ngx_http_scoped_key_fetch_build(lookup, &source);
    }

    ngx_free(fields);
    ngx_free(members);

    return rc;
}


/* *texts: NULL where there is nothing to read; else the caller frees it */

static ngx_int_t
ngx_http_scoped_key_fetch_texts(const scoped_key_resp_value_t *array,
    scoped_key_str_t **texts)
{
    size_t                          i;
    const scoped_key_resp_value_t  *element;

    *texts = NULL;

    if (array->type != SCOPED_KEY_RESP_ARRAY || array->len == 0) {
        return NGX_OK;
    }

    *texts = ngx_alloc(array->len * sizeof(scoped_key_str_t), ngx_cycle->log);
    if (*texts == NULL) {
        return NGX_ERROR;
    }

    element = array + 1;

    for (i = 0; i < array->len; i++) {

        if (element[i].type != SCOPED_KEY_RESP_STRING) {
            return NGX_ERROR;
        }

        (*texts)[i].len = element[i].len;
        (*texts)[i].data = element[i].data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_fetch_build(ngx_http_scoped_key_lookup_t *lookup,
    scoped_key_source_t *source)
{
    scoped_key_proof_t    proof;
    scoped_key_record_t  *record;

    source->id.len = lookup->id_len;
    source->id.data = lookup->id;

    /*
     * An id is public: who knows no more than that costs us no record, and
     * has no line written about one.
     */

    scoped_key_record_proof(source, &proof);

    if (proof.has_digest
        && !ngx_http_scoped_key_lookup_is_proven(lookup, &proof))
    {
        ngx_http_scoped_key_lookup_end(lookup, NULL, NULL,
                                       SCOPED_KEY_UNKNOWN_KEY);
        scoped_key_wipe(&proof, sizeof(scoped_key_proof_t));

        return NGX_OK;
    }

    record = scoped_key_record_build(source, ngx_time(), &proof,
                                     ngx_http_scoped_key_fetch_report, lookup);
    if (record == NULL) {
        return NGX_ERROR;
    }

    ngx_http_scoped_key_lookup_end(lookup, record, &proof,
                                   SCOPED_KEY_REASON_NONE);

    scoped_key_record_release(record);
    scoped_key_wipe(&proof, sizeof(scoped_key_proof_t));

    return NGX_OK;
}


/*
 * Once for each thing in a record that is fetched by who holds its secret, the
 * first few of them.
 */

static void
ngx_http_scoped_key_fetch_report(void *data, const char *field,
    scoped_key_str_t value)
{
    ngx_http_scoped_key_lookup_t  *lookup = data;

    ngx_str_t  id, shown;
    u_char     text[NGX_HTTP_SCOPED_KEY_NAME_BYTES];

    if (lookup->reported == NGX_HTTP_SCOPED_KEY_MAX_REPORTS) {
        return;
    }

    lookup->reported++;

    id.len = lookup->id_len;
    id.data = lookup->id;

    shown.data = text;
    shown.len = ngx_http_scoped_key_printable(text, sizeof(text), value.data,
                                              value.len);

    ngx_log_error(NGX_LOG_WARN, lookup->worker->log, 0,
                  "scoped key: unreadable %s \"%V\" in record of id=%V",
                  field, &shown, &id);
}


/* a state change, not a flood: the first error after all was well */

static void
ngx_http_scoped_key_fetch_failing(ngx_http_scoped_key_worker_t *worker,
    const scoped_key_resp_value_t *error)
{
    size_t     i;
    ngx_str_t  shown;
    u_char     text[NGX_HTTP_SCOPED_KEY_NAME_BYTES];

    if (worker->store_failing) {
        return;
    }

    worker->store_failing = 1;

    /* of two commands in EXEC, the first that failed */

    for (i = 0; error->type == SCOPED_KEY_RESP_ARRAY && i < error->len; i++) {
        if (error[1 + i].type == SCOPED_KEY_RESP_ERROR) {
            error += 1 + i;
            break;
        }
    }

    ngx_str_set(&shown, "unexpected reply");

    if (error->type == SCOPED_KEY_RESP_ERROR) {
        shown.data = text;
        shown.len = ngx_http_scoped_key_printable(text, sizeof(text),
                                                  error->data, error->len);
    }

    ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                  "scoped key: redis %V refuses lookups: \"%V\"",
                  &worker->conf->redis.name, &shown);
}


static void
ngx_http_scoped_key_fetch_working(ngx_http_scoped_key_worker_t *worker)
{
    if (worker->store_failing) {
        worker->store_failing = 0;

        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0,
                      "scoped key: redis %V answers lookups again",
                      &worker->conf->redis.name);
    }
}
