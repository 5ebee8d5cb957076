/*
 * The greeting of a new connection, in one write: AUTH and SELECT where they
 * are configured; PING, which tells whether the server serves: one that is
 * loading, or wants a password, answers with an error; and INFO, which tells
 * which process it is: not all that answer at one address need be the same.
 * Invariant: of an answer to AUTH nothing is logged but a text that is known
 * here, or its first word: some servers quote the arguments that they refuse.
 */

#include "link.h"


/* of an error's first word: "WRONGPASS", "MISCONF", … */
#define SCOPED_KEY_REDIS_MAX_WORD  16


/* errors in answer to AUTH that begin so are logged so far */
static const char *const  scoped_key_redis_handshake_known[] = {
    "ERR max number of clients reached",
    "ERR Client sent AUTH, but no password is set",
    "ERR AUTH <password> called without any password configured",
    "ERR unknown command",
    NULL
};


static ngx_int_t
scoped_key_redis_handshake_auth(scoped_key_redis_link_t *link)
{
    ngx_uint_t                      n;
    ngx_str_t                       argv[3];
    const scoped_key_redis_conf_t  *conf;

    conf = link->conf;

    ngx_str_set(&argv[0], "AUTH");
    n = 1;

    if (conf->user.len > 0) {
        argv[n++] = conf->user;
    }

    argv[n++] = conf->password;

    return scoped_key_redis_output_command(&link->hello, argv, n, link->log);
}


static ngx_int_t
scoped_key_redis_handshake_select(scoped_key_redis_link_t *link)
{
    u_char     number[NGX_INT_T_LEN];
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "SELECT");

    argv[1].data = number;
    argv[1].len = ngx_sprintf(number, "%ui", link->conf->db) - number;

    return scoped_key_redis_output_command(&link->hello, argv, 2, link->log);
}


/* the first step from this one on that is configured */
static scoped_key_redis_step_e
scoped_key_redis_handshake_step(const scoped_key_redis_conf_t *conf,
    scoped_key_redis_step_e step)
{
    if (step == SCOPED_KEY_REDIS_STEP_AUTH && conf->password.len == 0) {
        step = SCOPED_KEY_REDIS_STEP_SELECT;
    }

    if (step == SCOPED_KEY_REDIS_STEP_SELECT && conf->db == 0) {
        step = SCOPED_KEY_REDIS_STEP_PING;
    }

    return step;
}


ngx_int_t
scoped_key_redis_handshake_write(scoped_key_redis_link_t *link)
{
    ngx_str_t                       ping = ngx_string("PING");
    ngx_str_t                       info[2] = { ngx_string("INFO"),
                                                ngx_string("server") };
    const scoped_key_redis_conf_t  *conf;

    conf = link->conf;

    if (conf->password.len > 0
        && scoped_key_redis_handshake_auth(link) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->db != 0 && scoped_key_redis_handshake_select(link) != NGX_OK) {
        return NGX_ERROR;
    }

    if (scoped_key_redis_output_command(&link->hello, &ping, 1, link->log)
            != NGX_OK
        || scoped_key_redis_output_command(&link->hello, info, 2, link->log)
            != NGX_OK)
    {
        return NGX_ERROR;
    }

    link->step = scoped_key_redis_handshake_step(conf,
                                                 SCOPED_KEY_REDIS_STEP_AUTH);

    return NGX_OK;
}


/* of lines such as "run_id:0123…"; a server that has none stays unknown */
static void
scoped_key_redis_handshake_run_id(scoped_key_redis_server_t *server,
    const scoped_key_resp_value_t *info)
{
    static u_char  name[] = "\nrun_id:";

    u_char  *p, *from, *last;

    if (info->len < sizeof(name)) {
        return;
    }

    from = (u_char *) info->data;
    last = from + info->len;

    p = ngx_strlcasestrn(from, last, name, sizeof(name) - 1 - 1);
    if (p == NULL) {
        return;
    }

    for (p += sizeof(name) - 1; p < last && *p > ' '; p++) {

        if (server->len == SCOPED_KEY_REDIS_MAX_RUN_ID) {
            server->len = 0;
            return;
        }

        server->run_id[server->len++] = *p;
    }
}


/* a user who may not ask, or a server that does not know, is no failure */
static const char *
scoped_key_redis_handshake_info(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    link->server.greeted = 1;
    link->server.len = 0;

    switch (value->type) {

    case SCOPED_KEY_RESP_STRING:
        scoped_key_redis_handshake_run_id(&link->server, value);
        return NULL;

    case SCOPED_KEY_RESP_ERROR:
        return NULL;

    default:
        return scoped_key_redis_link_refused(link, "INFO", value);
    }
}


/* how much of an answer to AUTH may be told: a known text, or one word */
static size_t
scoped_key_redis_handshake_harmless(const scoped_key_resp_value_t *error)
{
    size_t             n, len;
    const char *const *known;

    for (known = scoped_key_redis_handshake_known; *known != NULL; known++) {
        len = ngx_strlen(*known);

        if (error->len >= len && ngx_memcmp(error->data, *known, len) == 0) {
            return len;
        }
    }

    for (n = 0; n < error->len && error->data[n] != ' '; n++) {
        if (error->data[n] < 'A' || error->data[n] > 'Z'
            || n == SCOPED_KEY_REDIS_MAX_WORD)
        {
            return 0;
        }
    }

    return n;
}


static const char *
scoped_key_redis_handshake_auth_refused(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    scoped_key_resp_value_t  error;

    error = *value;

    if (error.type == SCOPED_KEY_RESP_ERROR) {
        error.len = scoped_key_redis_handshake_harmless(value);
    }

    return scoped_key_redis_link_refused(link, "AUTH", &error);
}


const char *
scoped_key_redis_handshake_reply(scoped_key_redis_link_t *link,
    const scoped_key_resp_value_t *value)
{
    const char  *reason;

    reason = NULL;

    switch (link->step) {

    case SCOPED_KEY_REDIS_STEP_AUTH:
        if (!scoped_key_redis_is_status(value, "OK")) {
            return scoped_key_redis_handshake_auth_refused(link, value);
        }

        break;

    case SCOPED_KEY_REDIS_STEP_SELECT:
        if (!scoped_key_redis_is_status(value, "OK")) {
            return scoped_key_redis_link_refused(link, "SELECT", value);
        }

        break;

    case SCOPED_KEY_REDIS_STEP_INFO:
        reason = scoped_key_redis_handshake_info(link, value);
        break;

    default: /* SCOPED_KEY_REDIS_STEP_PING */

        /* a user who may not PING has been let in all the same */
        if (!scoped_key_redis_is_status(value, "PONG")
            && !scoped_key_resp_is_error(value, "NOPERM"))
        {
            return scoped_key_redis_link_refused(link, "PING", value);
        }
    }

    link->step = scoped_key_redis_handshake_step(link->conf, link->step + 1);

    return reason;
}
