/*
 * What the files of src/http share: the configuration, and what is known of a
 * request.  A configuration is const once merged; what a request decides lives
 * in its context alone.
 */

#ifndef NGX_HTTP_SCOPED_KEY_H
#define NGX_HTTP_SCOPED_KEY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "../core/cache.h"
#include "../core/digest.h"
#include "../core/json.h"
#include "../core/name_table.h"
#include "../core/record.h"
#include "../core/token.h"
#include "../core/verdict.h"
#include "../redis/connection.h"


/* distinct sets of static required scopes whose outcome a record remembers */
#define NGX_HTTP_SCOPED_KEY_MAX_ALLOW_BITS  1024
#define NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT   ((ngx_uint_t) -1)

/* scoped_key_param; and distinct names of one kind of all sources */
#define NGX_HTTP_SCOPED_KEY_MAX_PARAMS                64
#define NGX_HTTP_SCOPED_KEY_MAX_PARAM_SOURCES          8
#define NGX_HTTP_SCOPED_KEY_MAX_PARAM_NAMES          512

#define NGX_HTTP_SCOPED_KEY_OFF       0
#define NGX_HTTP_SCOPED_KEY_ON        1
#define NGX_HTTP_SCOPED_KEY_OPTIONAL  2

/*
 * What nearly no request needs.  A compiler would put it into its one caller,
 * and every request would pay for its stack frame.
 */
#define ngx_http_scoped_key_noinline  __attribute__((noinline))

#define NGX_HTTP_SCOPED_KEY_BODY_OFF      0
#define NGX_HTTP_SCOPED_KEY_BODY_PROBLEM  1


typedef enum {
    NGX_HTTP_SCOPED_KEY_HEADER = 0,
    NGX_HTTP_SCOPED_KEY_AUTHORIZATION,   /* name: the scheme */
    NGX_HTTP_SCOPED_KEY_BASIC,
    NGX_HTTP_SCOPED_KEY_NO_SCHEME,       /* all that Authorization says */
    NGX_HTTP_SCOPED_KEY_QUERY,
    NGX_HTTP_SCOPED_KEY_COOKIE,
    NGX_HTTP_SCOPED_KEY_VARIABLE_SOURCE
} ngx_http_scoped_key_source_e;

/* one place where a key may be found */
typedef struct {
    ngx_http_scoped_key_source_e  type;
    ngx_str_t                     name;  /* headers: lower case; variables:
                                            without the `$` */
    ngx_uint_t                    index; /* of the variable */
    unsigned                      bearer:1;  /* the scheme is Bearer */
    unsigned                      warned:1;  /* of its name, at nginx -t */
} ngx_http_scoped_key_source_t;

/* where in the configuration something stands, for messages that come later */
typedef struct {
    ngx_str_t                     file;
    ngx_uint_t                    line;
} ngx_http_scoped_key_place_t;

/*
 * One piece of a required scope with variables.  What a variable or a capture
 * brings is escaped; what is literal, separators included, is not.
 */
typedef enum {
    NGX_HTTP_SCOPED_KEY_LITERAL = 0,
    NGX_HTTP_SCOPED_KEY_VARIABLE,
    NGX_HTTP_SCOPED_KEY_CAPTURE
} ngx_http_scoped_key_piece_e;

typedef struct {
    ngx_http_scoped_key_piece_e   type;
    ngx_str_t                     literal;
    ngx_uint_t                    index;     /* of the variable, or 1 to 9 */
    ngx_str_t                     input;     /* its name, if a client may send
                                                several of it: duplicate.h */
} ngx_http_scoped_key_piece_t;

typedef struct {
    ngx_str_t                     text;      /* as written */
    ngx_array_t                  *pieces;    /* ngx_http_scoped_key_piece_t;
                                                NULL: no variables in it */
    ngx_http_scoped_key_place_t   place;
} ngx_http_scoped_key_template_t;

/*
 * All scoped_key_require of one block.  Blocks that write the same share the
 * number, not the object.
 */
typedef struct {
    ngx_array_t                   clauses;   /* of ngx_array_t *, of
                                                ..._template_t */
    ngx_uint_t                    nscopes;   /* in all clauses together */
    ngx_uint_t                    allow_bit; /* number of a static set, or
                                             NGX_HTTP_SCOPED_KEY_NO_ALLOW_BIT */
    scoped_key_required_t         required;  /* complete when static */
    ngx_http_scoped_key_place_t   place;     /* of the first directive */
    unsigned                      is_static:1;
    unsigned                      in_use:1;  /* by some location, */
    unsigned                      enforced:1; /* and by one that is on, or that
                                                 says that it is off */
} ngx_http_scoped_key_require_t;

/* a location that has a handler and a requirement, and no scoped_key */
typedef struct {
    ngx_http_scoped_key_require_t *require;
    ngx_str_t                     *name;     /* of the location */
} ngx_http_scoped_key_unguarded_t;

/* where the values of a param come from */
typedef enum {
    NGX_HTTP_SCOPED_KEY_ARG = 0,             /* name: of the argument */
    NGX_HTTP_SCOPED_KEY_FORM,                /* name: of the field */
    NGX_HTTP_SCOPED_KEY_JSON,                /* name: the pointer */
    NGX_HTTP_SCOPED_KEY_GRAPHQL_FIELD,
    NGX_HTTP_SCOPED_KEY_GRAPHQL_OPERATION,
    NGX_HTTP_SCOPED_KEY_TEXT
} ngx_http_scoped_key_param_e;

typedef struct {
    ngx_http_scoped_key_param_e   type;
    ngx_str_t                     written;
    ngx_str_t                     name;
    ngx_uint_t                    n;         /* of the name among its kind */
    uint32_t                      covered;   /* arrays that another source of
                                                the param reads; see json.h */
    ngx_http_complex_value_t      text;
    ngx_array_t                  *variables; /* in the text, of ngx_str_t */
} ngx_http_scoped_key_param_source_t;

/* one scoped_key_param */
typedef struct {
    ngx_str_t                     name;
    ngx_array_t                   sources;   /* of ..._param_source_t */
    ngx_str_t                     split;     /* bytes to cut values at */
    uint32_t                      splits[8]; /* the same, one bit each */
} ngx_http_scoped_key_param_t;

/* all scoped_key_param of one block; what they share is read in one walk */
typedef struct {
    ngx_array_t                    list;     /* of ..._param_t, once merged
                                                in the order of ..._find() */
    ngx_array_t                    args;     /* distinct names, of */
    ngx_array_t                    forms;    /* scoped_key_str_t */
    ngx_array_t                    pointers;
    ngx_uint_t                     ninputs;  /* see duplicate.h */
    const scoped_key_names_t      *arg_names;    /* once merged; NULL: none */
    const scoped_key_names_t      *form_names;
    const scoped_key_json_paths_t *paths;
    unsigned                       built:1;
} ngx_http_scoped_key_params_t;

/* one scoped_key_scope */
typedef struct {
    ngx_str_t                     pattern;
    ngx_str_t                     description;
} ngx_http_scoped_key_scope_t;

typedef struct {
    scoped_key_redis_conf_t       redis;
    ngx_str_t                     tls_ca;    /* files; empty: none */
    ngx_str_t                     tls_cert;
    ngx_str_t                     tls_key;
    ngx_str_t                     prefix;    /* "scoped_key:" */
    ngx_str_t                     channel;   /* prefix and "invalidate" */
    ngx_str_t                     tracked;   /* prefix and "{" */
    ngx_str_t                     last_used_key; /* prefix and "last_used" */
    ngx_str_t                     previous_used_key; /* "last_used_previous" */
    ngx_int_t                     request_id;     /* index of the variable */
    size_t                        cache_size;
    ngx_str_t                     timeout;   /* of redis, as written; NULL:
                                                it is not */
    ngx_msec_t                    ttl;
    ngx_msec_t                    negative;
    ngx_msec_t                    bound;
    time_t                        last_used; /* how often it is written, in
                                                seconds; 0: never */
    scoped_key_pepper_t           pepper;
    ngx_uint_t                    nallow_bits; /* static sets in use */
    ngx_rbtree_t                  allow_bits; /* text of a static set: number */
    ngx_rbtree_node_t             allow_bits_sentinel;
    ngx_array_t                   requires;  /* every block's, as read: of
                                                ..._require_t * */
    ngx_http_scoped_key_require_t *only_global;  /* where nothing is required */
    ngx_array_t                   unguarded; /* of ..._unguarded_t */
    ngx_uint_t                    dry_runs;  /* blocks that are on, and dry */
    ngx_array_t                   catalog;   /* of ..._scope_t */
    ngx_array_t                   cached;    /* indices, see cached.h */
    unsigned                      tls:1;     /* on */
    unsigned                      redis_set:1;
    unsigned                      cache_set:1;
    unsigned                      pepper_set:1;
    unsigned                      last_used_set:1;
    unsigned                      used:1;    /* some location is not off */
} ngx_http_scoped_key_main_conf_t;

typedef struct {
    ngx_uint_t                      enable;
    ngx_http_scoped_key_require_t  *require;   /* never NULL once merged */
    ngx_array_t                    *sources;   /* of ..._source_t */
    ngx_array_t                    *prefixes;  /* of ngx_str_t; NULL: any */
    uint64_t                        header_len_mask;
                                               /* bit n: a source is in header
                                                  fields with names of n bytes,
                                                  or HTTP2-Settings is one */
    ngx_uint_t                      beyond_headers;
                                               /* a source is in the query, or
                                                  is a variable */
    ngx_uint_t                      in_query;  /* a source is in the query */
    ngx_uint_t                      in_cookies;    /* a source is a cookie */
    ngx_uint_t                      in_basic;      /* a source is `basic` */
    ngx_uint_t                      like_settings; /* a source's lines have a
                                                      name as long as that of
                                                      HTTP2-Settings */
    ngx_http_scoped_key_params_t   *params;    /* or NULL */
    size_t                          body_limit;
    ngx_flag_t                      hide;
    ngx_flag_t                      legacy;
    ngx_flag_t                      graphql;
    ngx_flag_t                      preflight;
    ngx_flag_t                      dry_run;
    ngx_uint_t                      unauthorized_status;
    ngx_uint_t                      error_body;
    ngx_uint_t                      log_level;
    unsigned                        explicit:1; /* this block or one around it
                                                   says scoped_key */
} ngx_http_scoped_key_loc_conf_t;


extern ngx_module_t  ngx_http_scoped_key_module;


/* nginx's strings as the core takes them, and the other way round */

static ngx_inline scoped_key_str_t
ngx_http_scoped_key_str(const ngx_str_t *str)
{
    scoped_key_str_t  text;

    text.len = str->len;
    text.data = str->data;

    return text;
}


static ngx_inline ngx_str_t
ngx_http_scoped_key_ngx_str(scoped_key_str_t text)
{
    ngx_str_t  str;

    str.len = text.len;
    str.data = (u_char *) text.data;

    return str;
}


#endif
