/*
 * The values of declared params: what grants may constrain.  Every occurrence
 * from every source.  Each source is read once in a request, in one walk with
 * all others of its kind, and each param put together once in a decision.
 * Invariant: values are given out all together or not at all.
 */

#ifndef NGX_HTTP_SCOPED_KEY_PARAM_H
#define NGX_HTTP_SCOPED_KEY_PARAM_H

#include "context.h"


/* what a few params of a short query string take */
#define NGX_HTTP_SCOPED_KEY_DECISION_ROOM_BYTES  1024


typedef struct ngx_http_scoped_key_value_s  ngx_http_scoped_key_value_t;

struct ngx_http_scoped_key_value_s {
    scoped_key_str_t              text;
    ngx_http_scoped_key_value_t  *next;
};

/* what one source has brought */
typedef struct {
    ngx_http_scoped_key_value_t  *first;
    ngx_http_scoped_key_value_t  *last;
    ngx_uint_t                    n;
    uint32_t                      arrays;    /* see scoped_key_json_path_t */
    unsigned                      refused:1;
    unsigned                      nul:1;     /* see scoped_key_json_path_t */
    unsigned                      empty:1;   /* see scoped_key_json_path_t */
} ngx_http_scoped_key_collected_t;

/* what a param is known to be */
typedef struct {
    const scoped_key_str_t       *texts;
    size_t                        n;
    scoped_key_param_e            state;
    unsigned                      known:1;
} ngx_http_scoped_key_param_result_t;

/*
 * What a decision holds: on the stack of who decides, and what does not fit in
 * there in a pool of its own.  A request that waits for its body holds nothing.
 */
typedef struct {
    ngx_pool_t                          *pool;   /* NULL: not needed yet */
    ngx_http_scoped_key_collected_t     *args;   /* by number; NULL: not read */
    ngx_http_scoped_key_collected_t     *body;   /* of its type; the same */
    ngx_http_scoped_key_param_result_t  *params; /* NULL: none was asked for */
    size_t                               taken;  /* of the room */
    unsigned                             failed:1; /* out of memory */
    u_char                   room[NGX_HTTP_SCOPED_KEY_DECISION_ROOM_BYTES]
                                                __attribute__((aligned(8)));
} ngx_http_scoped_key_values_t;

/* the data of the question in scoped_key_facts_t */
typedef struct {
    ngx_http_request_t                    *request;
    const ngx_http_scoped_key_loc_conf_t  *skcf;
    ngx_http_scoped_key_ctx_t             *ctx;
    ngx_http_scoped_key_values_t          *values;
    size_t                                *left;     /* steps of the decision,
                                                        see core/steps.h */
} ngx_http_scoped_key_param_ctx_t;

/* what a source adds to a param: a list, or an array if there is no list */
typedef struct {
    const ngx_http_scoped_key_value_t     *list;
    const scoped_key_str_t                *array;
    ngx_uint_t                             n;
} ngx_http_scoped_key_part_t;

/* one param on its way */
typedef struct {
    const ngx_http_scoped_key_param_ctx_t     *pctx;
    const ngx_http_scoped_key_param_t         *param;
    ngx_uint_t                                 nparts;
    ngx_uint_t                                 n;    /* in all parts */
    unsigned                                   empty:1;
    ngx_http_scoped_key_part_t
                            parts[NGX_HTTP_SCOPED_KEY_MAX_PARAM_SOURCES];
} ngx_http_scoped_key_collector_t;


/* a scoped_key_param_pt, see core/facts.h */
scoped_key_param_e ngx_http_scoped_key_param(void *data,
    scoped_key_str_t name, const scoped_key_str_t **values, size_t *n);

/* before a decision, and once there is one */
void ngx_http_scoped_key_param_begin(ngx_http_scoped_key_values_t *values);
void ngx_http_scoped_key_param_forget(ngx_http_scoped_key_values_t *values);

#endif
