/* links: core/json core/json_walk core/name_match core/text -ljansson */

/*
 * The cases of t/data/json; depth far beyond the limit, texts that are cut off
 * at every byte, and walks that are stopped.  Cases whose document is said to
 * be unread are not valid JSON at all.
 */

#include "core/json.h"
#include "cases.h"


/* values as they were found, each with a `|` behind */
typedef struct {
    char      text[256];
    size_t    len;
    unsigned  stop_after;                /* 0: never */
    unsigned  calls;
} found_t;


static bool
found(void *data, scoped_key_str_t text)
{
    found_t  *f = data;

    if (text.len + 1 > sizeof(f->text) - f->len) {
        abort();
    }

    memcpy(f->text + f->len, text.data, text.len);
    f->len += text.len;
    f->text[f->len++] = '|';
    f->calls++;

    return f->calls != f->stop_after;
}


static const char *
type_name(const scoped_key_json_t *value)
{
    static const char *const  names[] = {
        "other", "object", "array", "string", "integer", "boolean"
    };

    return value == NULL ? "refused" : names[scoped_key_json_type(value)];
}


static void
run_parse(const unit_case_t *c)
{
    const char         *got;
    scoped_key_json_t  *document;

    document = scoped_key_json_parse(c->field[0]);
    got = type_name(document);

    if (!check_case(c, unit_field_is(c->field[1], got))) {
        fprintf(stderr, "    got %s\n", got);
    }

    scoped_key_json_free(document);
}


static void
run_pointer(const unit_case_t *c)
{
    check_case(c, scoped_key_json_pointer_valid(c->field[0])
                  == unit_field_is(c->field[1], "yes"));
}


static void
run_walk(const unit_case_t *c)
{
    found_t                  f;
    scoped_key_str_t         got;
    scoped_key_json_t       *document;
    scoped_key_json_walk_e   rc;

    memset(&f, 0, sizeof(f));
    document = scoped_key_json_parse(c->field[0]);

    if (unit_field_is(c->field[2], "unread")) {
        check_case(c, document == NULL);
        return;
    }

    if (!check_case(c, document != NULL)) {
        return;
    }

    rc = scoped_key_json_walk(document, c->field[1], found, &f);
    got.data = (unsigned char *) f.text;
    got.len = f.len;

    if (!check_case(c, rc == (unit_field_is(c->field[2], "walked")
                              ? SCOPED_KEY_JSON_WALKED
                              : SCOPED_KEY_JSON_REFUSED)))
    {
        fprintf(stderr, "    got %d\n", rc);
    }

    /* the order of an object's members is nobody's promise */
    if (!check_case(c, scoped_key_str_equal(got, c->field[3]))) {
        fprintf(stderr, "    got %.*s\n", (int) f.len, f.text);
    }

    scoped_key_json_free(document);
}


static void
test_depth(void)
{
    size_t               i, n;
    char                *text;
    scoped_key_str_t     s;
    static const char    open[] = "[{\"";

    n = 1000000;
    text = malloc(n);

    if (text == NULL) {
        abort();
    }

    for (i = 0; i < 2; i++) {
        memset(text, open[i], n);
        s.data = (unsigned char *) text;
        s.len = n;
        check(scoped_key_json_parse(s) == NULL);
    }

    free(text);
}


/* no byte beyond the text is read, wherever it ends */
static void
test_prefixes(void)
{
    size_t               len;
    unsigned char       *copy;
    scoped_key_str_t     s;
    scoped_key_json_t   *document;
    static const char    text[] = "{\"a\\\"\\u00e4\": [1, -2.5e3, true, null]}";

    for (len = 0; len < sizeof(text) - 1; len++) {
        copy = malloc(len);

        if (copy == NULL && len != 0) {
            abort();
        }

        if (len != 0) {
            memcpy(copy, text, len);
        }

        s.data = copy;
        s.len = len;
        check(scoped_key_json_parse(s) == NULL);
        free(copy);
    }

    document = scoped_key_json_parse(unit_str(text));
    check(document != NULL);
    scoped_key_json_free(document);
}


static void
test_stop(void)
{
    found_t             f;
    scoped_key_json_t  *document;

    document = scoped_key_json_parse(unit_str("[\"a\", \"b\", \"c\"]"));
    check(document != NULL);

    memset(&f, 0, sizeof(f));
    f.stop_after = 2;
    check(scoped_key_json_walk(document, unit_str("/*"), found, &f)
          == SCOPED_KEY_JSON_STOPPED);
    check(f.calls == 2);

    memset(&f, 0, sizeof(f));
    f.stop_after = 1;
    check(scoped_key_json_walk(document, unit_str("/2"), found, &f)
          == SCOPED_KEY_JSON_STOPPED);
    check(f.calls == 1 && f.text[0] == 'c');

    scoped_key_json_free(document);
    scoped_key_json_free(NULL);
}


static bool
sum(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    int64_t  *total = data;

    *total += scoped_key_json_integer(value) * (int64_t) (name.len + 1);

    return scoped_key_json_type(value) == SCOPED_KEY_JSON_INTEGER;
}


static void
test_each(void)
{
    int64_t             total;
    scoped_key_json_t  *document;

    total = 0;
    document = scoped_key_json_parse(unit_str("{\"a\": 5, \"bcd\": 7}"));
    check(scoped_key_json_each(document, sum, &total));
    check(total == 5 * 2 + 7 * 4);
    check(scoped_key_json_string(document).len == 0);
    check(scoped_key_json_integer(document) == 0);
    check(!scoped_key_json_boolean(document));
    scoped_key_json_free(document);

    total = 0;
    document = scoped_key_json_parse(unit_str("[1, 2, true, 4]"));
    check(!scoped_key_json_each(document, sum, &total));
    check(total == 3);
    scoped_key_json_free(document);
}


static void
test_long_token(void)
{
    char  text[300];

    memset(text, 'a', sizeof(text));
    text[0] = '/';
    text[257] = '\0';
    check(scoped_key_json_pointer_valid(unit_str(text)));

    text[257] = 'a';
    text[258] = '\0';
    check(!scoped_key_json_pointer_valid(unit_str(text)));
}


int
main(void)
{
    unit_cases("t/data/json/parse", 2, run_parse);
    unit_cases("t/data/json/pointer", 2, run_pointer);
    unit_cases("t/data/json/walk", 4, run_walk);
    test_depth();
    test_prefixes();
    test_stop();
    test_each();
    test_long_token();

    return unit_done("json");
}
