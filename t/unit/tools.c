/* links: tools/tool tools/explain tools/fields tools/grant tools/import tools/keys tools/lint tools/change tools/memory tools/output tools/raw tools/relay tools/reason tools/times tools/value tools/view core/record core/record_fields core/verdict core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/token core/query core/query_name core/str -ljansson -lsodium */

/*
 * Every verb of scoped-key-core: what it must not grant, allow or write first.
 * Cases are lines of t/data/tools, a file for each verb.
 */

#include "core/token.h"
#include "tools_kit.h"


static void
answer_case(const tools_case_t *c)
{
    tools_answer_t  got;

    got = tools_ask(c->verb, c->options, c->asked, strlen(c->asked));

    unit_check(got.status == 0, "status 0", c->file, c->line);

    /* an empty line is no answer of `check-import` */

    if (!unit_check(strcmp(got.data, c->answer) == 0
                    || (got.len == 0 && strcmp(c->answer, "\n") == 0),
                    "the answer", c->file, c->line))
    {
        fprintf(stderr, "    got: %s    for: %s", got.data, c->answer);
    }

    tools_free(&got);
}


/* one bad line spoils no other, and they are answered in their order */
static void
test_order(void)
{
    tools_answer_t     got;
    static const char  asked[] = "{\"scope\":\"a:b\"}\nERR\n{\n\n"
                                 "{\"scope\":\"c:d\",\"members\":[\"c:d\"]}";

    got = tools_ask("match", TOOLS_OPTIONS, asked, strlen(asked));

    check(got.status == 0);
    check(strcmp(got.data, "{\"matches\":false}\nERR\n"
                 "{\"refused\":\"is no JSON\"}\n\n{\"matches\":true}\n")
          == 0);

    tools_free(&got);
}


static void
test_usage(void)
{
    tools_answer_t  got;

    got = tools_ask("judge", "{}", "", 0);
    check(got.status == 2 && got.len == 0 && got.why_len != 0);
    tools_free(&got);

    got = tools_ask("match", "{", "", 0);
    check(got.status == 2 && got.len == 0 && got.why_len != 0);
    tools_free(&got);

    got = tools_ask("digest", "{\"pepper_file\":\"/nonexistent\"}", "x", 1);
    check(got.status == 2 && got.len == 0 && got.why_len != 0);
    tools_free(&got);

    got = tools_ask("digest", "{\"pepper_file\":7}", "x", 1);
    check(got.status == 2 && got.len == 0 && got.why_len != 0);
    tools_free(&got);

    got = tools_ask("match", "{}", "", 0);
    check(got.status == 0 && got.len == 0);
    tools_free(&got);
}


/* the value of a member that is a string without escapes */
static scoped_key_str_t
found(const char *json, const char *name)
{
    char               head[32];
    const char        *at;
    scoped_key_str_t   none = { 0, NULL };

    (void) snprintf(head, sizeof(head), "\"%s\":\"", name);
    at = strstr(json, head);

    if (at == NULL) {
        return none;
    }

    at += strlen(head);

    return (scoped_key_str_t) { strcspn(at, "\""), (const unsigned char *) at };
}


/* the digest of a key is what `digest` says of it; returns how many differ */
static void
test_issued(const char *asked, scoped_key_str_t wanted)
{
    char              line[128];
    tools_answer_t    issued, digest;
    scoped_key_str_t  key, id, parsed;

    issued = tools_ask("issue", TOOLS_OPTIONS, asked, strlen(asked));
    key = found(issued.data, "key");
    id = found(issued.data, "id");

    check(issued.status == 0);
    check(scoped_key_token_parse(key, &parsed) == SCOPED_KEY_TOKEN_ISSUED);
    check(scoped_key_str_equal(parsed, id));
    check(wanted.len == 0 || scoped_key_str_equal(id, wanted));

    (void) snprintf(line, sizeof(line), "%.*s\n", (int) key.len, key.data);
    digest = tools_ask("digest", TOOLS_OPTIONS, line, strlen(line));

    check(scoped_key_str_equal(found(digest.data, "id"), id));
    check(found(digest.data, "digest").len == 64);
    check(scoped_key_str_equal(found(digest.data, "digest"),
                               found(issued.data, "digest")));
    tools_free(&digest);
    tools_free(&issued);
}


static void
test_issue(void)
{
    size_t            i, seen[256] = { 0 }, characters;
    tools_answer_t    got;
    scoped_key_str_t  key, none = { 0, NULL };

    test_issued("{\"prefix\":\"sk\"}\n", none);
    test_issued("{\"prefix\":\"a123456789abcdef\",\"id\":\"4mQ2xV9tKc1Z\"}\n",
                str_static("4mQ2xV9tKc1Z"));

    /* every character comes, and none far more often than others */

    for (i = 0; i < 200; i++) {
        got = tools_ask("issue", TOOLS_OPTIONS, "{\"prefix\":\"sk\"}", 15);
        key = found(got.data, "key");

        for (characters = 16; characters < key.len - 6; characters++) {
            seen[key.data[characters]]++;
        }

        tools_free(&got);
    }

    for (i = 0, characters = 0; i < 256; i++) {
        characters += seen[i] != 0;
        check(seen[i] < 200 * 32 / 62 * 2);
    }

    check(characters == 62);
}


/* a pepper is the bytes of its file but one final newline */
static void
test_pepper(void)
{
    FILE            *file;
    char             path[] = "/tmp/unit-tools-XXXXXX", options[128];
    size_t           i;
    tools_answer_t   got, other;

    static const struct {
        const char  *bytes;
        int          status;
    } cases[] = {
        { "0123456789abcde", 2 },
        { "0123456789abcde\n", 2 },
        { "0123456789abcdef", 0 },
        { "0123456789abcdef\n", 0 },
        { "0123456789abcdef0123456789abcdef"
          "0123456789abcdef0123456789abcdef\n", 0 },
        { "0123456789abcdef0123456789abcdef"
          "0123456789abcdef0123456789abcdef0", 2 },
        { "", 2 }
    };

    check(mkstemp(path) >= 0);
    (void) snprintf(options, sizeof(options), "{\"pepper_file\":\"%s\"}", path);
    other = tools_ask("digest", "{}", "legacy-text\n", 12);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        file = fopen(path, "w");
        fputs(cases[i].bytes, file);
        fclose(file);

        got = tools_ask("digest", options, "legacy-text\n", 12);
        check(got.status == cases[i].status);
        check((got.len != 0) == (got.status == 0));
        check((got.why_len != 0) == (got.status != 0));
        check(strcmp(got.data, other.data) != 0);
        tools_free(&got);
    }

    tools_free(&other);
    remove(path);
}


int
main(void)
{
    size_t  i;

    static const char *const  verbs[] = {
        "change", "check", "check-import", "digest", "explain", "issue",
        "match", "record", "view"
    };

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        tools_cases(verbs[i], answer_case);
    }

    test_order();
    test_usage();
    test_issue();
    test_pepper();

    return unit_done("tools");
}
