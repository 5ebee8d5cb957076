/* links: core/json core/name_match core/name_table core/str -ljansson */

/*
 * The cases of t/data/json; depth far beyond the limit, texts that are cut off
 * at every byte, and walks that are stopped.  Cases whose document is said to
 * be unread are not valid JSON at all.
 */

#include "core/json.h"
#include "core/steps.h"
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
        "other", "object", "array", "string", "integer", "boolean",
        "null"
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


/* what paths found, one after the other; a value is not kept by the walk */
typedef struct {
    found_t   path[4];
    unsigned  lasting;
    bool      any;                       /* and nothing is kept */
} paths_found_t;


static bool
found_of(void *data, size_t n, scoped_key_str_t text, bool lasting)
{
    paths_found_t  *f = data;

    f->lasting += lasting;

    if (f->any) {
        return true;
    }

    return found(&f->path[n], text);
}


/* walks with all pointers at once */
static void
walk_paths(const scoped_key_json_t *document, const scoped_key_str_t *pointer,
    size_t n, size_t *left, scoped_key_json_path_t *outcome,
    paths_found_t *f)
{
    void                           *memory, *scratch;
    const scoped_key_json_paths_t  *paths;

    memory = malloc(scoped_key_json_paths_bytes(pointer, n));

    if (memory == NULL) {
        abort();
    }

    paths = scoped_key_json_paths_build(memory, pointer, n);
    scratch = malloc(scoped_key_json_paths_scratch(paths));

    if (scratch == NULL) {
        abort();
    }

    memset(outcome, 0, n * sizeof(*outcome));
    scoped_key_json_walk_paths(document, paths, left, scratch, outcome,
                               found_of, f);
    free(scratch);
    free(memory);
}


static void
run_path(const unit_case_t *c)
{
    char                      got[32];
    size_t                    left;
    found_t                  *f;
    scoped_key_str_t          values;
    paths_found_t             all;
    scoped_key_json_t        *document;
    scoped_key_json_error_e   error;
    scoped_key_json_path_t    outcome;

    memset(&all, 0, sizeof(all));
    document = scoped_key_json_parse_body(c->field[0], &error);

    if (!check_case(c, document != NULL)) {
        fprintf(stderr, "    %s\n", scoped_key_json_error_text(error));
        return;
    }

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    walk_paths(document, &c->field[1], 1, &left, &outcome, &all);

    snprintf(got, sizeof(got), outcome.refused ? "refused"
             : outcome.empty ? "empty" : outcome.arrays ? "arrays=%u"
             : "walked", (unsigned) outcome.arrays);

    if (!check_case(c, unit_field_is(c->field[2], got))) {
        fprintf(stderr, "    got %s\n", got);
    }

    f = &all.path[0];
    values.data = (unsigned char *) f->text;
    values.len = f->len;

    if (!outcome.refused
        && !check_case(c, scoped_key_str_equal(values, c->field[3])))
    {
        fprintf(stderr, "    got %.*s\n", (int) f->len, f->text);
    }

    scoped_key_json_free(document);
}


static void
run_body(const unit_case_t *c)
{
    const char               *got;
    scoped_key_json_t        *document;
    scoped_key_json_error_e   error;

    document = scoped_key_json_parse_body(c->field[0], &error);
    got = document != NULL ? type_name(document)
                           : scoped_key_json_error_text(error);

    if (!check_case(c, unit_field_is(c->field[1], got))) {
        fprintf(stderr, "    got %s\n", got);
    }

    scoped_key_json_free(document);
}


/* several at once: each as if it were alone */
static void
test_paths(void)
{
    size_t                   i, left;
    paths_found_t            f;
    scoped_key_str_t         pointer[4];
    scoped_key_json_t       *document;
    scoped_key_json_path_t   outcome[4];

    document = scoped_key_json_parse(unit_str(
        "[{\"method\":\"x\",\"id\":[7,8]},{\"method\":\"y\",\"Id\":1}]"));
    check(document != NULL);

    pointer[0] = unit_str("/method");
    pointer[1] = unit_str("/[]/method");
    pointer[2] = unit_str("/*/id");
    pointer[3] = unit_str("/0/id");
    memset(&f, 0, sizeof(f));
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    walk_paths(document, pointer, 4, &left, outcome, &f);

    check(!outcome[0].refused && outcome[0].arrays == 1);
    check(!outcome[1].refused && f.path[1].len == 4
          && memcmp(f.path[1].text, "x|y|", 4) == 0);
    check(outcome[2].refused);
    check(!outcome[3].refused && f.path[3].len == 4
          && memcmp(f.path[3].text, "7|8|", 4) == 0);
    check(f.lasting == 2);

    /* when the steps are used up, what is not refused is complete */
    for (i = 0; i < 600; i++) {
        memset(&f, 0, sizeof(f));
        left = i;
        walk_paths(document, pointer + 1, 1, &left, outcome, &f);
        check(outcome[0].refused || f.path[0].len == 4);
        check(outcome[0].refused == (left == 0));
        check(outcome[0].refused ? i < 400 : i > 50);
    }

    scoped_key_json_free(document);
}


/* 512 pointers: what a walk with them leaves of the steps of a decision */
static size_t
worst_walk(char pointer[][64], const char *text, size_t len, bool *refused)
{
    size_t                          i, left;
    paths_found_t                   f;
    scoped_key_str_t                body, list[SCOPED_KEY_JSON_MAX_PATHS];
    scoped_key_json_t              *document;
    scoped_key_json_error_e         error;
    static scoped_key_json_path_t   outcome[SCOPED_KEY_JSON_MAX_PATHS];

    body.len = len;
    body.data = (const unsigned char *) text;
    document = scoped_key_json_parse_body(body, &error);
    check(document != NULL);

    for (i = 0; i < SCOPED_KEY_JSON_MAX_PATHS; i++) {
        list[i] = unit_str(pointer[i]);
    }

    memset(&f, 0, sizeof(f));
    f.any = true;
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    walk_paths(document, list, SCOPED_KEY_JSON_MAX_PATHS, &left, outcome, &f);
    *refused = true;

    for (i = 0; i < SCOPED_KEY_JSON_MAX_PATHS; i++) {
        *refused = *refused && outcome[i].refused;
    }

    scoped_key_json_free(document);

    return left;
}


/* an object of members of this form as large as a body may be by default */
static size_t
worst_object(char *text, const char *member)
{
    size_t  i, n;

    n = 1;
    text[0] = '{';

    for (i = 0; n < 65000; i++) {
        n += (size_t) sprintf(text + n, "\"%s%zu\":1,", member, i);
    }

    text[n - 1] = '}';

    return n;
}


/* what many names and many members cost is counted, and ends in a refusal */
static void
test_worst(void)
{
    bool         refused;
    char        *p;
    size_t       i, k, n;
    static char  pointer[SCOPED_KEY_JSON_MAX_PATHS][64], text[66000];

    /* usual names: within the limit */
    for (i = 0; i < SCOPED_KEY_JSON_MAX_PATHS; i++) {
        sprintf(pointer[i], "/p%zu", i);
    }

    n = worst_object(text, "x");
    check(worst_walk(pointer, text, n, &refused) != 0 && !refused);

    /* all of one form but for what may be left out */
    for (i = 0; i < SCOPED_KEY_JSON_MAX_PATHS; i++) {
        p = pointer[i];
        *p++ = '/';

        for (k = 0; k < 10; k++) {
            *p++ = 'a';

            if (i >> k & 1) {
                *p++ = '_';
            }
        }

        *p = '\0';
    }

    n = worst_object(text, "aaaaaaaaaax");
    check(worst_walk(pointer, text, n, &refused) == 0 && refused);

    /* pointers that lead everywhere */
    for (i = 0; i < SCOPED_KEY_JSON_MAX_PATHS; i++) {
        for (k = 0; k < 9; k++) {
            memcpy(pointer[i] + 2 * k, i >> k & 1 ? "/a" : "/*", 3);
        }
    }

    strcpy(text, "1");

    for (k = 0; k < 9; k++) {
        n = strlen(text);
        memmove(text + 5, text, n);
        memcpy(text, "{\"a\":", 5);
        p = text + 5 + n;
        p += sprintf(p, ",\"b\":");
        memmove(p, text + 5, n);
        strcpy(p + n, k < 6 ? ",\"c\":" : "}");

        if (k < 6) {
            p += n + 5;
            memmove(p, text + 5, n);
            strcpy(p + n, "}");
        }
    }

    check(worst_walk(pointer, text, strlen(text), &refused) == 0 && refused);
}


static void
test_covered(void)
{
    static const struct {
        const char  *pointer;
        const char  *other;
        uint32_t     bits;
    } cases[] = {
        { "/a", "/[]/a", 1 },
        { "/a", "/a", 0 },
        { "/a", "/a/[]", 0 },
        { "/a/b", "/[]/a/b", 1 },
        { "/a/b", "/a/[]/b", 2 },
        { "/a/b", "/a/*/b", 0 },
        { "/[]/a", "/[]/[]/a", 3 },
        { "/a/a", "/[]/a/a", 1 },
        { "", "/[]", 0 },
        { "/b", "/[]/a", 0 }
    };

    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!check(scoped_key_json_pointer_covered(unit_str(cases[i].pointer),
                                                   unit_str(cases[i].other))
                   == cases[i].bits))
        {
            fprintf(stderr, "    %s %s\n", cases[i].pointer, cases[i].other);
        }
    }
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
    unit_cases("t/data/json/bodies", 2, run_body);
    unit_cases("t/data/json/paths", 4, run_path);
    test_paths();
    test_worst();
    test_covered();
    test_depth();
    test_prefixes();
    test_stop();
    test_each();
    test_long_token();

    return unit_done("json");
}
