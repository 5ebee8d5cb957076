/*
 * A record as Redis has it, in one JSON object, and what the core says of it:
 *
 *     {"id":"…", "fields":["name","value",…], "members":["…",…]}
 *
 * and perhaps "error":"…" in place of what is of a wrong type, "last_used"
 * and "previous_last_used", digits or empty.  Strings are as value.h says.
 */

#ifndef SCOPED_KEY_TOOLS_RAW_H
#define SCOPED_KEY_TOOLS_RAW_H

#include "../core/record.h"
#include "value.h"


typedef struct {
    scoped_key_str_t         id;
    strings_t                fields;     /* name, value, name, value, … */
    strings_t                members;    /* sorted */
    scoped_key_str_t         error;      /* empty: none */
    scoped_key_raw_record_t  record;     /* of the same */
} raw_t;

typedef struct {
    strings_t              problems;     /* the record is invalid: "f: why" */
    strings_t              unreadable;   /* members that grant nothing */
} raw_faults_t;


/* false: the value is no such object */
bool raw_read(raw_t *raw, value_t value);

/* sorts the members, and makes the source */
void raw_finish(raw_t *raw);

/* empty: there is none */
scoped_key_str_t raw_field(const raw_t *raw, const char *name);

/* whether there is one, be it empty */
bool raw_has_field(const raw_t *raw, scoped_key_str_t name);

/* 0: there is none, or it is no time */
int64_t raw_time(const raw_t *raw, const char *name);

/* by the core alone; faults: zeroes */
void raw_judge(const raw_t *raw, int64_t now, raw_faults_t *faults);

#endif
