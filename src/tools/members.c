/*
 * Questions about members of a scope list: what they mean, which of a record's
 * have the same meaning, whether they grant a scope.
 */

#include "grant.h"
#include "output.h"
#include "raw.h"
#include "tool.h"


static bool
members_refused(scoped_key_str_t member, scoped_key_str_t reason)
{
    return output_refused(str_format("\"%s\" %s", member, reason), NULL);
}


static bool
members_write(const strings_t *members)
{
    output_open(NULL, '{');
    output_strings("members", members);
    output_close('}');

    return output_end();
}


/* {"members":[…]} -> the same, each as it is to be written */
bool
tool_grant(const tool_t *tool, value_t asked)
{
    size_t     i;
    grant_t    grant;
    strings_t  members = { NULL, 0, 0 };

    if (!value_strings(value_member(asked, "members"), &members)) {
        return output_refused(str_static("is no list of members"), NULL);
    }

    for (i = 0; i < members.n; i++) {
        grant_read(&grant, members.text[i], tool->now);

        if (grant.meaning.len == 0) {
            return members_refused(members.text[i], grant.reason);
        }

        members.text[i] = grant.meaning;
    }

    return members_write(&members);
}


/*
 * Those of the record that are the wanted one, or mean the same, to found; the
 * constrained grants of its scope, of which one may have been meant, to near.
 */
static void
members_find(const tool_t *tool, const raw_t *raw, const grant_t *wanted,
    strings_t *found, strings_t *near)
{
    size_t     i;
    grant_t    grant;

    for (i = 0; i < raw->members.n; i++) {
        grant_read(&grant, raw->members.text[i], tool->now);

        if (scoped_key_str_equal(grant.member, wanted->member)
            || (wanted->meaning.len != 0
                && scoped_key_str_equal(grant.meaning, wanted->meaning)))
        {
            strings_add(found, grant.member);
        }

        if (wanted->meaning.len != 0 && grant.packed != NULL
            && scoped_key_str_equal(grant.scope, wanted->scope))
        {
            strings_add(near, grant.member);
        }
    }
}


/* {"record":…,"members":[…]} -> the members of the record that are meant */
bool
tool_ungrant(const tool_t *tool, value_t asked)
{
    raw_t      raw;
    size_t     i, before;
    strings_t  members = { NULL, 0, 0 }, found = { NULL, 0, 0 }, near;
    grant_t    wanted;

    if (!value_strings(value_member(asked, "members"), &members)
        || !raw_read(&raw, value_member(asked, "record")))
    {
        return output_refused(str_static("is no record with members"), NULL);
    }

    for (i = 0; i < members.n; i++) {
        before = found.n;
        near = (strings_t) { NULL, 0, 0 };

        grant_read(&wanted, members.text[i], tool->now);
        members_find(tool, &raw, &wanted, &found, &near);

        if (found.n == before) {
            return output_refused(str_format("key %s has no grant \"%s\"",
                                             raw.id, wanted.member), &near);
        }
    }

    strings_sort(&found, true);

    return members_write(&found);
}


/* {"scope":…,"members":[…]} -> {"matches":true}; members may be missing */
bool
tool_match(const tool_t *tool, value_t asked)
{
    grant_t           grant;
    strings_t         members = { NULL, 0, 0 };
    scoped_key_str_t  scope = value_str(value_member(asked, "scope"));

    (void) value_strings(value_member(asked, "members"), &members);
    grant_read(&grant, scope, tool->now);

    if (grant.constrained || grant.meaning.len == 0) {
        return members_refused(scope, grant.constrained
                                      ? str_static("is not resource:action")
                                      : grant.reason);
    }

    output_open(NULL, '{');
    output_flag("matches", grant_any_covers(&members, scope, tool->now));
    output_close('}');

    return output_end();
}
