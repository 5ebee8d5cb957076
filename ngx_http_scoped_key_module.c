/*
 * The module entry: its directives, its place in nginx's phases, the start and
 * the end of a worker, and the way of a request.  No detail is here; it may not
 * know Redis, JSON or the form of a key.
 * Invariant: nothing but a verdict that allows lets a request through.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "src/http/answer.h"
#include "src/http/body.h"
#include "src/http/conf.h"
#include "src/http/debug.h"
#include "src/http/decide.h"
#include "src/http/lookup.h"
#include "src/http/ngx_http_scoped_key.h"
#include "src/http/extract.h"
#include "src/http/require.h"
#include "src/http/last_used.h"
#include "src/http/variables.h"
#include "src/http/worker.h"


static ngx_int_t ngx_http_scoped_key_access_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_precontent_handler(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_scoped_key_init(ngx_conf_t *cf);


static ngx_conf_enum_t  ngx_http_scoped_key_enable[] = {
    { ngx_string("off"), NGX_HTTP_SCOPED_KEY_OFF },
    { ngx_string("on"), NGX_HTTP_SCOPED_KEY_ON },
    { ngx_string("optional"), NGX_HTTP_SCOPED_KEY_OPTIONAL },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_scoped_key_unauthorized_status[] = {
    { ngx_string("401"), NGX_HTTP_UNAUTHORIZED },
    { ngx_string("403"), NGX_HTTP_FORBIDDEN },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_scoped_key_error_body[] = {
    { ngx_string("off"), NGX_HTTP_SCOPED_KEY_BODY_OFF },
    { ngx_string("problem"), NGX_HTTP_SCOPED_KEY_BODY_PROBLEM },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_scoped_key_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_scoped_key_commands[] = {

    { ngx_string("scoped_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_enable,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, enable),
      &ngx_http_scoped_key_enable },

    { ngx_string("scoped_key_require"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_scoped_key_set_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_from"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_scoped_key_set_from,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_prefix"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_scoped_key_set_prefixes,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_hide"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, hide),
      NULL },

    { ngx_string("scoped_key_legacy"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, legacy),
      NULL },

    { ngx_string("scoped_key_param"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_scoped_key_set_param,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_graphql"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, graphql),
      NULL },

    { ngx_string("scoped_key_body_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_body_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_preflight"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, preflight),
      NULL },

    { ngx_string("scoped_key_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, dry_run),
      NULL },

    { ngx_string("scoped_key_unauthorized_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, unauthorized_status),
      &ngx_http_scoped_key_unauthorized_status },

    { ngx_string("scoped_key_error_body"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, error_body),
      &ngx_http_scoped_key_error_body },

    { ngx_string("scoped_key_log_level"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_scoped_key_loc_conf_t, log_level),
      &ngx_http_scoped_key_log_levels },

    { ngx_string("scoped_key_scope"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_scoped_key_set_scope,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_scoped_key_set_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_scoped_key_set_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_pepper_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_pepper_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("scoped_key_last_used"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_scoped_key_set_last_used,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_scoped_key_module_ctx = {
    ngx_http_scoped_key_add_variables,     /* preconfiguration */
    ngx_http_scoped_key_init,              /* postconfiguration */

    ngx_http_scoped_key_create_main_conf,  /* create main configuration */
    ngx_http_scoped_key_init_main_conf,    /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_scoped_key_create_loc_conf,   /* create location configuration */
    ngx_http_scoped_key_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_scoped_key_module = {
    NGX_MODULE_V1,
    &ngx_http_scoped_key_module_ctx,       /* module context */
    ngx_http_scoped_key_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_scoped_key_worker_reload,     /* init module */
    ngx_http_scoped_key_worker_start,      /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_scoped_key_worker_stop,       /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* of this pass, with what it presents; NULL: out of memory */

static ngx_inline ngx_http_scoped_key_ctx_t *
ngx_http_scoped_key_begin(ngx_http_request_t *r,
    const ngx_http_scoped_key_loc_conf_t *skcf)
{
    ngx_http_scoped_key_ctx_t  *ctx;

    ctx = ngx_http_scoped_key_ctx_begin(r);

    if (ctx == NULL || ngx_http_scoped_key_extract(r, skcf, ctx) != NGX_OK) {
        return NULL;
    }

    return ctx;
}


static ngx_inline ngx_int_t
ngx_http_scoped_key_allow(ngx_http_request_t *r,
    ngx_http_scoped_key_ctx_t *ctx)
{
    if (ngx_http_scoped_key_is_debug(r)) {
        ngx_http_scoped_key_decide_debug(r, ctx);
    }

    ngx_http_scoped_key_record_use(ctx);

    return NGX_OK;
}


static ngx_int_t
ngx_http_scoped_key_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_http_scoped_key_ctx_t       *ctx;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    if (skcf->enable == NGX_HTTP_SCOPED_KEY_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_scoped_key_begin(r, skcf);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* a write event came while the lookup is in progress */

    if (ctx->waiting) {
        return NGX_AGAIN;
    }

    if (ctx->wants_record) {
        ctx->wants_record = 0;

        rc = ngx_http_scoped_key_lookup(r, skcf, ctx);

        if (rc != NGX_OK) {
            return rc == NGX_AGAIN ? NGX_AGAIN
                                   : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_scoped_key_decide(r, skcf, ctx);

    if (ctx->wants_body) {
        ctx->wants_body = 0;

        rc = ngx_http_scoped_key_body_read(r, ctx);
        if (rc != NGX_OK) {
            return rc;
        }

        ngx_http_scoped_key_decide(r, skcf, ctx);
    }

    if (ctx->verdict == NGX_HTTP_SCOPED_KEY_ALLOWED) {
        return ngx_http_scoped_key_allow(r, ctx);
    }

    return ngx_http_scoped_key_answer(r, skcf, ctx);
}


/*
 * Access has been granted, by us or, under `satisfy any`, without us: nobody
 * behind may see a key, and what we said before is not the answer.
 */

static ngx_int_t
ngx_http_scoped_key_precontent_handler(ngx_http_request_t *r)
{
    ngx_http_scoped_key_ctx_t       *ctx;
    ngx_http_scoped_key_loc_conf_t  *skcf;

    skcf = ngx_http_get_module_loc_conf(r, ngx_http_scoped_key_module);

    if (skcf->enable == NGX_HTTP_SCOPED_KEY_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_scoped_key_ctx(r);

    if (ctx) {
        ctx->answering = 0;
        return NGX_DECLINED;
    }

    if (ngx_http_scoped_key_hide_only(r, skcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_scoped_key_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt              *h;
    ngx_http_core_main_conf_t        *cmcf;
    ngx_http_scoped_key_main_conf_t  *skmcf;
    static ngx_str_t                  request_id = ngx_string("request_id");

    skmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_scoped_key_module);

    ngx_http_scoped_key_require_check(cf, skmcf);

    if (!skmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_scoped_key_worker_check(cf->cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    skmcf->request_id = ngx_http_get_variable_index(cf, &request_id);
    if (skmcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_scoped_key_access_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_scoped_key_precontent_handler;

    return NGX_OK;
}
