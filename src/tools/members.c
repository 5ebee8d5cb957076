/*
 * Questions about members of a scope list: what they mean, which of a record's
 * have the same meaning, whether they grant a scope.
 */

#include "grant.h"
#include "output.h"
#include "tool.h"


static bool
members_refused(scoped_key_str_t member, scoped_key_str_t reason)
{
    return output_refused(text_format("\"%s\" %s", member, reason), NULL);
}


static bool
members_write(const tool_t *tool, texts_t *members)
{
    size_t   i;
    grant_t  grant;

    for (i = 0; i < members->n; i++) {
        grant_read(&grant, members->text[i], tool->now);

        if (grant.meaning.len == 0) {
            return members_refused(members->text[i], grant.reason);
        }

        members->text[i] = grant.meaning;
    }

    output_open(NULL, '{');
    output_texts("members", members);
    output_close('}');

    return output_end();
}


/* {"members":[…]} -> the same, each as it is to be written */
bool
tool_grant(const tool_t *tool, scoped_key_str_t line)
{
    bool                written;
    texts_t             members = { NULL, 0, 0 };
    scoped_key_json_t  *asked;

    asked = value_read(line);

    written = value_texts(value_member(asked, "members"), &members)
              ? members_write(tool, &members)
              : output_refused(text_static("is no list of members"), NULL);

    if (asked != NULL) {
        scoped_key_json_free(asked);
    }

    return written;
}


/* those that the text names or means, to found */
static void
members_find(const texts_t *members, scoped_key_str_t text,
    const grant_t *wanted, int64_t now, texts_t *found)
{
    size_t   i;
    grant_t  grant;

    for (i = 0; i < members->n; i++) {

        if (scoped_key_str_equal(members->text[i], text)) {
            texts_add(found, members->text[i]);
            continue;
        }

        if (wanted->meaning.len == 0) {
            continue;
        }

        grant_read(&grant, members->text[i], now);

        if (scoped_key_str_equal(grant.meaning, wanted->meaning)) {
            texts_add(found, members->text[i]);
        }
    }
}


/* the constrained grants of the same scope, of which one may have been meant */
static bool
members_missing(const raw_t *raw, const grant_t *wanted, int64_t now)
{
    size_t   i;
    texts_t  near = { NULL, 0, 0 };
    grant_t  grant;

    for (i = 0; wanted->meaning.len != 0 && i < raw->members.n; i++) {
        grant_read(&grant, raw->members.text[i], now);

        if (grant.readable && grant.constrained
            && scoped_key_str_equal(grant.scope, wanted->scope))
        {
            texts_add(&near, grant.member);
        }
    }

    return output_refused(text_format("key %s has no grant \"%s\"", raw->id,
                                      wanted->member), &near);
}


static bool
members_ungrant(const tool_t *tool, const raw_t *raw, const texts_t *asked)
{
    size_t   i, before;
    texts_t  found = { NULL, 0, 0 };
    grant_t  wanted;

    for (i = 0; i < asked->n; i++) {
        before = found.n;
        grant_read(&wanted, asked->text[i], tool->now);
        members_find(&raw->members, asked->text[i], &wanted, tool->now,
                     &found);

        if (found.n == before) {
            return members_missing(raw, &wanted, tool->now);
        }
    }

    texts_sort(&found, true);

    output_open(NULL, '{');
    output_texts("members", &found);
    output_close('}');

    return output_end();
}


/* {"record":…,"members":[…]} -> the members of the record that are meant */
bool
tool_ungrant(const tool_t *tool, scoped_key_str_t line)
{
    bool                written;
    raw_t               raw;
    texts_t             members = { NULL, 0, 0 };
    scoped_key_json_t  *asked;

    asked = value_read(line);

    written = value_texts(value_member(asked, "members"), &members)
              && raw_read(&raw, value_member(asked, "record"))
              ? members_ungrant(tool, &raw, &members)
              : output_refused(text_static("is no record with members"), NULL);

    if (asked != NULL) {
        scoped_key_json_free(asked);
    }

    return written;
}


/*
 * Whether the list grants a scope and does not refuse it; of a refusal: whether
 * it has one as wide.  Conditions of constrained grants are not judged.
 */
bool
members_grant(const texts_t *members, scoped_key_str_t asked, int64_t now)
{
    bool              deny, found;
    size_t            i;
    grant_t           grant;
    scoped_key_str_t  scope;

    deny = asked.len != 0 && asked.data[0] == '!';
    scope.data = asked.data + deny;
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


static bool
members_match(const tool_t *tool, scoped_key_str_t scope,
    const texts_t *members)
{
    grant_t  grant;

    grant_read(&grant, scope, tool->now);

    if (grant.constrained || grant.meaning.len == 0) {
        return members_refused(scope, grant.constrained
                                      ? text_static("is not resource:action")
                                      : grant.reason);
    }

    output_open(NULL, '{');
    output_flag("matches", members_grant(members, scope, tool->now));
    output_close('}');

    return output_end();
}


/* {"scope":…,"members":[…]} -> {"matches":true}; members may be missing */
bool
tool_match(const tool_t *tool, scoped_key_str_t line)
{
    bool                written;
    texts_t             members = { NULL, 0, 0 };
    scoped_key_json_t  *asked;

    asked = value_read(line);
    (void) value_texts(value_member(asked, "members"), &members);

    written = members_match(tool, value_text(value_member(asked, "scope")),
                            &members);

    if (asked != NULL) {
        scoped_key_json_free(asked);
    }

    return written;
}
