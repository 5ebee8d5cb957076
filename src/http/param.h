/*
 * The values of declared params: what grants may constrain.  Every occurrence
 * from every source, each param gathered once in a request.
 * Invariant: values are given out all together or not at all.
 */

#ifndef NGX_HTTP_SCOPED_KEY_PARAM_H
#define NGX_HTTP_SCOPED_KEY_PARAM_H

#include "context.h"


/* of one param in a request; a request with more is refused */
#define NGX_HTTP_SCOPED_KEY_MAX_VALUES  256


/* one for each param of the location */
struct ngx_http_scoped_key_values_s {
    ngx_array_t         texts;     /* of scoped_key_str_t */
    scoped_key_param_e  state;
    unsigned            gathered:1;
};

/* the data of the question in scoped_key_facts_t */
typedef struct {
    ngx_http_request_t                    *request;
    const ngx_http_scoped_key_loc_conf_t  *skcf;
    ngx_http_scoped_key_ctx_t             *ctx;
} ngx_http_scoped_key_asker_t;


/* one param on its way */
typedef struct {
    const ngx_http_scoped_key_asker_t     *asker;
    ngx_http_scoped_key_values_t          *values;
    unsigned                               failed:1; /* out of memory */
    unsigned                               many:1;   /* over MAX_VALUES */
} ngx_http_scoped_key_gathering_t;


/* a scoped_key_param_pt, see core/facts.h */
scoped_key_param_e ngx_http_scoped_key_param(void *data,
    scoped_key_str_t name, const scoped_key_str_t **values, size_t *n);

/* the values from form and JSON sources */
scoped_key_param_e ngx_http_scoped_key_param_body(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_t *param);

/* the value of a text, if it is not empty */
scoped_key_param_e ngx_http_scoped_key_param_text(
    ngx_http_scoped_key_gathering_t *gathering,
    const ngx_http_scoped_key_param_source_t *source);

/* the values of a name in a query string or a form, decoded once */
scoped_key_param_e ngx_http_scoped_key_param_pairs(
    ngx_http_scoped_key_gathering_t *gathering, const ngx_str_t *text,
    const ngx_str_t *name);

/*
 * One value, which lives as long as the request.  False: out of memory, or too
 * many; whatever the caller makes of it, the state of the param says which.
 */
bool ngx_http_scoped_key_param_found(void *data, scoped_key_str_t value);

#endif
