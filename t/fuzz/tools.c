/* links: tools/tool tools/explain tools/fields tools/grant tools/import tools/keys tools/lint tools/change tools/memory tools/output tools/raw tools/relay tools/reason tools/times tools/value tools/view core/record core/record_fields core/verdict core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/token core/query core/query_name core/str -ljansson -lsodium */

/*
 * The input is a verb of scoped-key-core in its first byte, and lines for it.
 * Every line is answered with one line of JSON, of `change` with four lines, or
 * goes on as it is where it is no object.  In a record that `record` makes the
 * module finds nothing invalid.
 */

#include "core/json.h"
#include "fuzz.h"
#include "tools_kit.h"


#define GRANT    "{\"now\":1800000000,\"change\":{\"command\":\"grant\","      \
                 "\"grant\":[\"a:b\",\"{\\\"scope\\\":\\\"c:d\\\"}\"]}}"
#define SET      "{\"now\":1800000000,\"change\":{\"command\":\"set\","        \
                 "\"set\":{\"expires\":1900000000,\"ips\":null},"             \
                 "\"ungrant\":[\"a:b\"]}}"
#define OPTIONS  "{\"now\":1800000000,\"scope\":\"a:b\",\"state\":\"enabled\"}"


typedef enum { OBJECTS, LINES } lines_e;

static const struct {
    const char  *verb;
    const char  *options;
    lines_e      lines;
} verbs[] = {
    { "check", "{\"now\":1800000000,\"patterns\":true}", OBJECTS },
    { "check-import", TOOLS_OPTIONS, LINES },
    { "digest", TOOLS_OPTIONS, LINES },
    { "explain", TOOLS_OPTIONS, OBJECTS },
    { "change", GRANT, OBJECTS },
    { "issue", TOOLS_OPTIONS, OBJECTS },
    { "match", TOOLS_OPTIONS, OBJECTS },
    { "record", TOOLS_OPTIONS, LINES },
    { "change", SET, OBJECTS },
    { "view", TOOLS_OPTIONS, OBJECTS },
    { "view", OPTIONS, OBJECTS },
    { "record", "{\"now\":1800000000,\"texts\":true}", LINES }
};


static bool
begins(scoped_key_str_t line, const char *word)
{
    return line.len >= strlen(word)
           && memcmp(line.data, word, strlen(word)) == 0;
}


/* bytes that are no UTF-8 go out as they came in */
static void
is_json(scoped_key_str_t line)
{
    scoped_key_json_t        *document;
    scoped_key_json_error_e   error;

    document = scoped_key_json_parse_body(line, &error);
    must(document != NULL || error == SCOPED_KEY_JSON_UTF8
         || error == SCOPED_KEY_JSON_DEEP);

    if (document != NULL) {
        scoped_key_json_free(document);
    }
}


static void
is_valid(scoped_key_str_t line)
{
    tools_answer_t  finding;

    finding = tools_ask("check", TOOLS_OPTIONS, (const char *) line.data,
                        line.len);
    must(finding.status == 0);
    must(strstr(finding.data, "\"kind\":\"invalid\"") == NULL);
    must(!begins(str_static(finding.data), "{\"refused\""));
    tools_free(&finding);
}


static void
answer_holds(const char *verb, lines_e lines, scoped_key_str_t line)
{
    if (line.len == 0 || line.data[0] != '{') {

        /* what digest refuses; what is no object */

        must(lines == OBJECTS || line.len == 0 || line.data[0] == '!');
        return;
    }

    /* of a line that is no JSON, digest does not look at the object */

    if (strcmp(verb, "digest") != 0) {
        is_json(line);
    }

    if (begins(line, "{\"refused\"")) {
        return;
    }

    if (strcmp(verb, "record") == 0 && line.len > 2) {
        is_valid(line);
    }
}


/* whether a line that goes on as it is could be taken for an answer */
static bool
is_answer_like(const uint8_t *data, size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        if ((i == 0 || data[i - 1] == '\n')
            && memchr("casr", data[i], 4) != NULL)
        {
            return true;
        }
    }

    return false;
}


/* four lines for each that is no object's, the last two of them JSON */
static void
change_holds(tools_answer_t got, size_t asked)
{
    size_t            k, size = got.len;
    const uint8_t    *data = (const uint8_t *) got.data;
    scoped_key_str_t  line;

    while (size != 0) {
        line = fuzz_line(&data, &size);

        for (k = 1; k < 4 && (begins(line, "change ") || begins(line, "same ")
                              || begins(line, "again ")
                              || begins(line, "refused ")); k++)
        {
            must(size != 0);
            fuzz_free(fuzz_line(&data, &size));
        }

        fuzz_free(line);
        must(asked-- != 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n, asked;
    const uint8_t    *at;
    tools_answer_t    got;
    scoped_key_str_t  line;

    if (size == 0) {
        return 0;
    }

    n = data[0] % (sizeof(verbs) / sizeof(verbs[0]));
    data++;
    size--;

    for (asked = 0, at = data; at < data + size; at++) {
        asked += *at == '\n' || at == data + size - 1;
    }

    if (strcmp(verbs[n].verb, "change") == 0 && is_answer_like(data, size)) {
        return 0;
    }

    got = tools_ask(verbs[n].verb, verbs[n].options, (const char *) data,
                    size);
    must(got.status == 0 && got.why_len == 0);

    data = (const uint8_t *) got.data;
    size = got.len;

    if (strcmp(verbs[n].verb, "change") == 0) {
        change_holds(got, asked);
        tools_free(&got);
        return 0;
    }

    while (size != 0) {
        must(data[size - 1] == '\n');
        line = fuzz_line(&data, &size);
        answer_holds(verbs[n].verb, verbs[n].lines, line);
        fuzz_free(line);
        must(asked-- != 0);
    }

    /* an empty line has no findings, and a filter lets not all pass */

    must(asked == 0 || strcmp(verbs[n].verb, "check-import") == 0
         || strcmp(verbs[n].options, OPTIONS) == 0);
    tools_free(&got);

    return 0;
}
