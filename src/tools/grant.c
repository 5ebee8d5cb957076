/*
 * Members of scope lists: see grant.h.  A constrained grant is written with
 * its members, its items and its params in the order of their bytes.
 * Invariant: what is written so is read by the core before it is believed.
 */

#include <string.h>

#include "../core/json.h"
#include "../core/pattern.h"
#include "../core/scope.h"
#include "grant.h"
#include "reason.h"
#include "times.h"
#include "value.h"


/* a constrained grant on the way to its canonical text */
typedef struct {
    grant_t           *grant;
    int64_t            now;
    strings_t          parts;            /* "name":value */
    scoped_key_str_t   reason;
} grant_writing_t;

/* one of its lists */
typedef struct {
    strings_t          items;            /* quoted */
    scoped_key_str_t   name;
    reason_pt          item;
    bool               pattern;
    size_t             exclusions;
    scoped_key_str_t   exclusion;        /* the first */
    scoped_key_str_t   reason;
} grant_list_t;

typedef struct {
    grant_pattern_pt   each;
    void              *data;
    scoped_key_str_t   param;
} grant_walk_t;


/* as the core has it; NULL: it cannot read it */
static const void *
grant_pack(scoped_key_str_t member, int64_t now)
{
    scoped_key_pack_t  pack = { NULL, 0, 0 };

    pack.room = scoped_key_member_room(member);
    pack.start = memory_alloc(pack.room);

    return scoped_key_member_pack(&pack, member, now) ? pack.start : NULL;
}


static scoped_key_str_t
grant_quoted(scoped_key_str_t text)
{
    buffer_t  buffer = { NULL, 0, 0 };

    buffer_quote(&buffer, text);

    return buffer_done(&buffer);
}


/* one spelling of what has two: `\!` at the beginning, `!` further on */
static scoped_key_str_t
grant_pattern_spelt(scoped_key_str_t pattern)
{
    size_t                i;
    buffer_t              buffer = { NULL, 0, 0 };
    const unsigned char  *data = pattern.data;

    i = scoped_key_pattern_is_exclusion(pattern);
    buffer_bytes(&buffer, data, i);

    if (data[i] == '!' || (data[i] == '\\' && data[i + 1] == '!')) {
        buffer_word(&buffer, "\\!");
        i += data[i] == '!' ? 1 : 2;
    }

    for ( /* void */ ; i < pattern.len; i++) {

        if (data[i] == '\\') {
            i++;
            buffer_word(&buffer, data[i] == '!' ? "" : "\\");
        }

        buffer_bytes(&buffer, data + i, 1);
    }

    return buffer_done(&buffer);
}


static bool
grant_list_item(void *data, scoped_key_str_t name, value_t value)
{
    grant_list_t *list = data;

    scoped_key_str_t  item, reason;

    (void) name;

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_STRING) {
        list->reason = str_format("%s holds what is no string", list->name);
        return false;
    }

    item = scoped_key_json_string(value);
    reason = list->item(item);

    if (reason.len != 0) {
        list->reason = str_format("%s: \"%s\" %s", list->name, item, reason);
        return false;
    }

    if (list->pattern && scoped_key_pattern_is_exclusion(item)
        && list->exclusions++ == 0)
    {
        list->exclusion = item;
    }

    item = list->pattern ? grant_pattern_spelt(item) : item;
    strings_add(&list->items, grant_quoted(item));

    return true;
}


/* sorted, no doubles; empty: see list->reason */
static scoped_key_str_t
grant_list_write(grant_list_t *list, value_t value)
{
    size_t            n;
    scoped_key_str_t  none = { 0, NULL };

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_ARRAY) {
        list->reason = str_format("%s is no array", list->name);
        return none;
    }

    if (!scoped_key_json_each(value, grant_list_item, list)) {
        return none;
    }

    n = list->items.n;

    if (n == 0 && !list->pattern) {
        list->reason = str_format("%s is empty", list->name);
        return none;
    }

    if (n != 0 && list->exclusions == n) {
        list->reason = str_format("%s only excludes: say what it may be, "
                                  "[\"**\",\"%s\"] for all else", list->name,
                                  list->exclusion);
        return none;
    }

    strings_sort(&list->items, true);

    return strings_join(&list->items, "[", "]");
}


static bool
grant_param_write(void *data, scoped_key_str_t name, value_t value)
{
    grant_writing_t *params = data;

    grant_list_t      list = { .item = reason_pattern, .pattern = true };
    scoped_key_str_t  written;

    if (name.len == 0) {
        params->reason = str_static("a param has no name");
        return false;
    }

    list.name = str_format("param %s", name);
    written = grant_list_write(&list, value);

    if (written.len == 0) {
        params->reason = list.reason;
        return false;
    }

    strings_add(&params->parts, str_format("%s:%s", grant_quoted(name),
                                           written));
    return true;
}


static scoped_key_str_t
grant_params_write(grant_writing_t *writing, scoped_key_str_t name,
    value_t value)
{
    grant_writing_t   params = { .grant = writing->grant };
    scoped_key_str_t  none = { 0, NULL };

    if (scoped_key_json_type(value) != SCOPED_KEY_JSON_OBJECT) {
        writing->reason = str_format("%s is no object", name);
        return none;
    }

    if (!scoped_key_json_each(value, grant_param_write, &params)) {
        writing->reason = params.reason;
        return none;
    }

    strings_sort(&params.parts, false);

    return strings_join(&params.parts, "{", "}");
}


static scoped_key_str_t
grant_time_write(grant_writing_t *writing, scoped_key_str_t name,
    value_t value)
{
    scoped_key_str_t  digits, reason, none = { 0, NULL };

    digits = scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER
             ? times_digits(scoped_key_json_integer(value)) : none;
    reason = reason_time(digits, writing->now);

    if (reason.len != 0) {
        writing->reason = str_format("%s %s", name, reason);
        return none;
    }

    return digits;
}


static scoped_key_str_t
grant_scope_write(grant_writing_t *writing, scoped_key_str_t name,
    value_t value)
{
    scoped_key_str_t  scope, reason, none = { 0, NULL };

    scope = scoped_key_json_string(value);
    reason = scoped_key_json_type(value) == SCOPED_KEY_JSON_STRING
             ? reason_scope(scope) : str_static("is no string");

    if (reason.len != 0) {
        writing->reason = str_format("%s %s", name, reason);
        return none;
    }

    writing->grant->scope = scope;

    return grant_quoted(scope);
}


static scoped_key_str_t
grant_bounds_write(grant_writing_t *writing, scoped_key_str_t name,
    value_t value)
{
    grant_list_t      list = { .name = name };
    scoped_key_str_t  written;

    list.item = str_is(name, "hosts") ? reason_host
                : str_is(name, "ips") ? reason_block : reason_method;

    written = grant_list_write(&list, value);
    writing->reason = list.reason;

    return written;
}


static bool
grant_part_write(void *data, scoped_key_str_t name, value_t value)
{
    grant_writing_t *writing = data;

    scoped_key_str_t  written;

    if (str_is(name, "scope")) {
        written = grant_scope_write(writing, name, value);

    } else if (str_is(name, "params")) {
        written = grant_params_write(writing, name, value);

    } else if (str_is(name, "not_before") || str_is(name, "expires_at")) {
        written = grant_time_write(writing, name, value);

    } else if (str_is(name, "hosts") || str_is(name, "ips")
               || str_is(name, "methods"))
    {
        written = grant_bounds_write(writing, name, value);

    } else {
        writing->reason = str_format("unknown field \"%s\"", name);
        return false;
    }

    if (written.len == 0) {
        return false;
    }

    /* no params at all constrain nothing */

    if (!str_is(written, "{}")) {
        strings_add(&writing->parts, str_format("%s:%s", grant_quoted(name),
                                                written));
    }

    return true;
}


/* why the core refuses the JSON itself */
static scoped_key_str_t
grant_json_reason(scoped_key_str_t member)
{
    scoped_key_json_error_e  error;

    return scoped_key_json_parse_body(member, &error) != NULL
           ? str_static("is JSON with \\u0000 in a string, or with a number "
                        "out of range")
           : str_format("is %s",
                        str_static(scoped_key_json_error_text(error)));
}


static void
grant_write(grant_t *grant, int64_t now)
{
    value_t          document;
    grant_writing_t  writing = { .grant = grant, .now = now };

    document = scoped_key_json_parse(grant->member);

    if (document == NULL) {
        grant->reason = grant_json_reason(grant->member);

    } else if (!scoped_key_json_each(document, grant_part_write, &writing)) {
        grant->reason = writing.reason;

    } else if (grant->scope.len == 0) {
        grant->reason = str_static("no scope");

    } else {
        strings_sort(&writing.parts, false);
        grant->meaning = strings_join(&writing.parts, "{", "}");
    }
}


void
grant_read(grant_t *grant, scoped_key_str_t member, int64_t now)
{
    const void  *packed = grant_pack(member, now);

    memset(grant, 0, sizeof(*grant));

    grant->member = member;
    grant->readable = packed != NULL;
    grant->deny = scoped_key_member_kind(member) == SCOPED_KEY_MEMBER_REFUSAL;
    grant->constrained =
        scoped_key_member_kind(member) == SCOPED_KEY_MEMBER_CONSTRAINED;

    if (grant->constrained) {
        grant_write(grant, now);

    } else {
        grant->scope.data = grant->deny ? member.data + 1 : member.data;
        grant->scope.len = member.len - grant->deny;
        grant->reason = reason_scope(grant->scope);
        grant->meaning = member;
    }

    if (grant->readable && grant->constrained) {
        grant->packed = packed;
        grant->scope = scoped_key_constrained_scope(packed);
    }

    if (!grant->readable || grant->reason.len != 0
        || grant_pack(grant->meaning, now) == NULL)
    {
        grant->meaning.len = 0;
    }

    if (grant->meaning.len == 0 && grant->reason.len == 0) {
        grant->reason = str_static("cannot be read");
    }
}


static bool
grant_pattern(void *data, scoped_key_str_t name, value_t value)
{
    grant_walk_t *walk = data;

    (void) name;

    walk->each(walk->data, walk->param, scoped_key_json_string(value));

    return true;
}


static bool
grant_param(void *data, scoped_key_str_t name, value_t value)
{
    grant_walk_t *walk = data;

    walk->param = name;

    return scoped_key_json_each(value, grant_pattern, walk);
}


void
grant_patterns(const grant_t *grant, grant_pattern_pt each, void *data)
{
    value_t       params = NULL;
    grant_walk_t  walk = { .each = each, .data = data };

    if (grant->packed != NULL) {
        params = value_member(scoped_key_json_parse(grant->member), "params");
    }

    if (params != NULL) {
        (void) scoped_key_json_each(params, grant_param, &walk);
    }
}


/* whether the resource ends in `**` */
static bool
grant_is_open(scoped_key_str_t pattern)
{
    return memmem(pattern.data, pattern.len, "**:", 3) != NULL;
}


bool
grant_covers(scoped_key_str_t pattern, scoped_key_str_t scope)
{
    return scoped_key_scope_match(pattern, scope)
           && (!grant_is_open(scope) || grant_is_open(pattern));
}


bool
grant_any_covers(const strings_t *members, scoped_key_str_t asked, int64_t now)
{
    bool              deny, found;
    size_t            i;
    grant_t           grant;
    scoped_key_str_t  scope;

    deny = asked.len != 0 && asked.data[0] == '!';
    scope.data = deny ? asked.data + 1 : asked.data;
    scope.len = asked.len - deny;

    for (i = 0, found = false; i < members->n; i++) {
        grant_read(&grant, members->text[i], now);

        if (!grant.readable || !grant_covers(grant.scope, scope)) {
            continue;
        }

        if (grant.deny && !deny) {
            return false;
        }

        found = found || grant.deny == deny;
    }

    return found;
}
