/*
 * Reasons: see reason.h.  What no function here has a word for is said to be
 * unreadable, never to be right.
 */

#include <string.h>

#include "../core/conditions.h"
#include "../core/digest.h"
#include "../core/pattern.h"
#include "../core/scope.h"
#include "../core/token.h"
#include "reason.h"


static const scoped_key_str_t  reason_none = { 0, NULL };


static bool
reason_has(scoped_key_str_t text, const char *part)
{
    return text.len != 0
           && memmem(text.data, text.len, part, strlen(part)) != NULL;
}


/* what comes before the first c, or all; *rest is what follows it */
static scoped_key_str_t
reason_cut(scoped_key_str_t text, char c, scoped_key_str_t *rest)
{
    const unsigned char  *at;

    at = text.len == 0 ? NULL : memchr(text.data, c, text.len);

    rest->data = NULL;
    rest->len = 0;

    if (at != NULL) {
        rest->data = at + 1;
        rest->len = (size_t) (text.data + text.len - rest->data);
        text.len = (size_t) (at - text.data);
    }

    return text;
}


/* the part by itself, as the action or the one segment of a scope */
static bool
reason_part_is_good(scoped_key_str_t part)
{
    return part.len != 0 && !str_is(part, "**")
           && scoped_key_scope_pattern_valid(str_format("x:%s", part));
}


static scoped_key_str_t
reason_part(scoped_key_str_t part)
{
    return str_format("has a character or wildcard out of place in \"%s\"",
                      part);
}


static scoped_key_str_t
reason_resource(scoped_key_str_t rest)
{
    size_t            n;
    scoped_key_str_t  segment;

    for (n = 1; rest.data != NULL; n++) {
        segment = reason_cut(rest, '/', &rest);

        if (n > SCOPED_KEY_SCOPE_MAX_SEGMENTS) {
            return str_static("has over 16 segments");
        }

        if (segment.len == 0) {
            return str_static("has an empty segment");
        }

        if (str_is(segment, "**")) {
            if (rest.data != NULL) {
                return str_static("has ** before the last segment");
            }

        } else if (!reason_part_is_good(segment)) {
            return reason_part(segment);
        }
    }

    return reason_none;
}


scoped_key_str_t
reason_scope(scoped_key_str_t pattern)
{
    scoped_key_str_t  resource, action, reason;

    if (pattern.len > SCOPED_KEY_SCOPE_MAX_BYTES) {
        return str_static("is over 255 bytes");
    }

    if (scoped_key_scope_pattern_valid(pattern)) {
        return reason_none;
    }

    resource = reason_cut(pattern, ':', &action);

    if (resource.len == 0 || action.len == 0
        || memchr(action.data, ':', action.len) != NULL)
    {
        return str_static("is not resource:action");
    }

    reason = reason_resource(resource);

    if (reason.len != 0) {
        return reason;
    }

    return reason_part_is_good(action) ? str_static("is no scope")
                                       : reason_part(action);
}


scoped_key_str_t
reason_pattern(scoped_key_str_t pattern)
{
    bool           escaped;
    size_t         i;
    unsigned char  compiled[SCOPED_KEY_PATTERN_MAX_BYTES];

    if (pattern.len == 0) {
        return str_static("is empty");
    }

    if (pattern.len > SCOPED_KEY_PATTERN_MAX_BYTES) {
        return str_static("is over 1,024 bytes");
    }

    if (scoped_key_pattern_compile(pattern, compiled) != 0) {
        return reason_none;
    }

    if (str_is(pattern, "!")) {
        return str_static("excludes nothing");
    }

    for (i = 0, escaped = false; i < pattern.len; i++) {
        if (escaped && strchr("*\\!", pattern.data[i]) == NULL) {
            break;
        }

        escaped = !escaped && pattern.data[i] == '\\';
    }

    if (escaped || i < pattern.len) {
        return str_static("has a backslash that stands before none of "
                          "* \\ !");
    }

    return reason_has(pattern, "***")
           ? str_static("has three asterisks in a row")
           : str_static("is no pattern");
}


/* a name and digits or asterisks after the one colon */
static bool
reason_has_port(scoped_key_str_t host)
{
    size_t            i;
    scoped_key_str_t  port, name;

    name = reason_cut(host, ':', &port);

    for (i = 0; i < port.len; i++) {
        if ((port.data[i] < '0' || port.data[i] > '9') && port.data[i] != '*')
        {
            return false;
        }
    }

    return name.len != 0 && port.len != 0;
}


scoped_key_str_t
reason_host(scoped_key_str_t pattern)
{
    size_t          most = SCOPED_KEY_HOST_PATTERN_MAX_BYTES;
    unsigned char  *compiled;

    if (pattern.len > most + 1
        || (pattern.len == most + 1 && pattern.data[most] != '.'))
    {
        return str_static("is over 253 bytes");
    }

    compiled = memory_alloc(pattern.len + 1);

    if (scoped_key_host_pattern_compile(pattern, compiled) != 0) {
        return reason_none;
    }

    if (reason_has_port(pattern)) {
        return str_static("has a port: hosts are compared without");
    }

    return reason_has(pattern, "***")
           ? str_static("has three asterisks in a row")
           : str_static("is no host pattern");
}


scoped_key_str_t
reason_method(scoped_key_str_t method)
{
    scoped_key_pack_t  pack = { NULL, 0, 0 };

    pack.room = method.len + 2 * SCOPED_KEY_PACK_ALIGNMENT;
    pack.start = memory_alloc(pack.room);

    return scoped_key_method_pack(&pack, method)
           ? reason_none : str_static("is no method in upper case");
}


scoped_key_str_t
reason_digest(scoped_key_str_t hex)
{
    scoped_key_digest_t  digest;

    return scoped_key_digest_from_hex(&digest, hex)
           ? reason_none : str_static("is not 64 lower-case hex digits");
}


/* a prefix length that is too large, of what is an address; else NULL */
static const char *
reason_bits(scoped_key_str_t text)
{
    int64_t             bits;
    scoped_key_str_t    address, prefix;
    scoped_key_block_t  block;

    address = reason_cut(text, '/', &prefix);

    if (!scoped_key_decimal_parse(prefix, &bits) || prefix.len > 3
        || prefix.data[0] == '0' || !scoped_key_block_parse(address, &block))
    {
        return NULL;
    }

    return memchr(address.data, ':', address.len) == NULL
           ? "has a prefix length over 32" : "has a prefix length over 128";
}


/* of a mapped address, a block that is not of mapped ones alone */
static bool
reason_is_wide(scoped_key_str_t text, const scoped_key_block_t *block)
{
    scoped_key_str_t    address, prefix;
    scoped_key_block_t  single;

    address = reason_cut(text, '/', &prefix);

    return block->address.family == 6
           && scoped_key_block_parse(address, &single)
           && single.address.family == 4;
}


scoped_key_str_t
reason_block(scoped_key_str_t text)
{
    const char          *reason;
    scoped_key_block_t   block;

    if (scoped_key_block_parse(text, &block)) {
        return reason_is_wide(text, &block)
               ? str_static("reaches beyond the IPv4-mapped addresses")
               : reason_none;
    }

    reason = reason_bits(text);

    return str_static(reason != NULL ? reason
                                      : "is no address or CIDR block");
}


scoped_key_str_t
reason_time(scoped_key_str_t digits, int64_t now)
{
    int64_t  time;

    if (!scoped_key_decimal_parse(digits, &time)) {
        return str_static("is no time in unix seconds");
    }

    return scoped_key_time_is_too_far(time, now)
           ? str_static("is over 100 years from now: are these milliseconds?")
           : reason_none;
}


scoped_key_str_t
reason_list(scoped_key_str_t list, reason_pt reason)
{
    scoped_key_str_t  item, why;

    while (scoped_key_list_next(&list, &item)) {
        why = reason(item);

        if (why.len != 0) {
            return str_format("\"%s\" %s", item, why);
        }
    }

    return reason_none;
}


/* by the core's reading of a key that has it */
static bool
reason_key_is_good(scoped_key_str_t prefix, scoped_key_str_t id)
{
    scoped_key_str_t  text, read;

    text = str_format("%s_%s_00000000000000000000000000000000000000", prefix,
                      id);

    return scoped_key_token_prefix(text, &read)
           && scoped_key_str_equal(read, prefix);
}


bool
reason_prefix_is_good(scoped_key_str_t prefix)
{
    return reason_key_is_good(prefix, str_static("000000000000"));
}


bool
reason_id_is_good(scoped_key_str_t id)
{
    scoped_key_str_t     hex;
    scoped_key_digest_t  digest;

    if (id.len != SCOPED_KEY_LEGACY_ID_BYTES || id.data[0] != 'x') {
        return reason_key_is_good(str_static("sk"), id);
    }

    hex.data = id.data + 1;
    hex.len = id.len - 1;
    hex = str_format("%s0000000000000000000000000000000000000000", hex);

    return scoped_key_digest_from_hex(&digest, hex);
}
