/* links: core/second_reading core/query core/query_name core/name_match core/name_table core/str */

/*
 * The cases of t/data/second_reading; that a search can be stopped; and what
 * 64 KB of what there is most to look at costs.
 */

#include "core/second_reading.h"
#include "cases.h"

#include <time.h>


#define BODY  65536


typedef bool (*reader_pt)(scoped_key_str_t text, unsigned char *scratch,
    scoped_key_second_pt found, void *data);

/* what was found of one name */
typedef struct {
    scoped_key_str_t  name;
    char              text[256];
    size_t            calls;
    size_t            stop;              /* the call that returns false */
} found_t;


static bool
found(void *data, const scoped_key_second_t *second)
{
    size_t    len;
    found_t  *f = data;

    f->calls++;

    if (scoped_key_second_is(second, f->name)) {
        len = strlen(f->text);
        snprintf(f->text + len, sizeof(f->text) - len, "%s%s%.*s",
                 len != 0 ? "|" : "", second->known ? "=" : "?",
                 second->known ? (int) second->value.len : 0,
                 second->value.len != 0 ? (const char *) second->value.data
                                        : "");
    }

    return f->calls != f->stop;
}


static void
run(const unit_case_t *c, reader_pt reader)
{
    found_t         f;
    unsigned char  *scratch;

    memset(&f, 0, sizeof(f));
    f.name = c->field[0];
    scratch = malloc(c->field[1].len + (c->field[1].len == 0));

    if (scratch == NULL) {
        abort();
    }

    check_case(c, reader(c->field[1], scratch, found, &f));

    if (f.text[0] == '\0') {
        strcpy(f.text, "none");
    }

    if (!check_case(c, unit_field_is(c->field[2], f.text))) {
        fprintf(stderr, "    got %s\n", f.text);
    }

    free(scratch);
}


static void
run_form(const unit_case_t *c)
{
    run(c, scoped_key_second_form);
}


static void
run_json(const unit_case_t *c)
{
    run(c, scoped_key_second_json);
}


static void
run_begins(const unit_case_t *c)
{
    check_case(c, scoped_key_second_begins_json(c->field[0])
                  == unit_field_is(c->field[1], "yes"));
}


static void
run_pointer(const unit_case_t *c)
{
    bool              any;
    scoped_key_str_t  token;

    any = scoped_key_second_pointer(c->field[0], &token);

    check_case(c, any ? scoped_key_str_equal(token, c->field[1])
                      : unit_field_is(c->field[1], "none"));
}


static void
test_stop(void)
{
    found_t        f;
    unsigned char  scratch[64];

    memset(&f, 0, sizeof(f));
    f.name = unit_str("x");
    f.stop = 2;

    check(!scoped_key_second_form(unit_str("a&b&c"), scratch, found, &f));
    check(f.calls == 2);

    f.calls = 0;
    check(!scoped_key_second_json(unit_str("{\"a\":1,\"b\":2,\"c\":3}"),
                                  scratch, found, &f));
    check(f.calls == 2);

    f.calls = 0;
    check(!scoped_key_second_json(unit_str("{a:1,b:2,c:3}"), scratch, found,
                                  &f));
    check(f.calls == 2);
}


/* a hundred times 64 KB of each, in two seconds with the sanitizers */
static void
test_cost(void)
{
    size_t                    i, n, len;
    found_t                   f;
    clock_t                   start;
    scoped_key_str_t          text;
    static unsigned char      body[BODY], scratch[BODY];
    static const char *const  fills[] = {
        "{\"name\":", "{\"", "\"\"", "\"name\" ", "{a:", "{a ", "{name/", "\\",
        "\\\"", "\\u0041", "&", "&name=1", "&;", "%25", "{%2525", "a.", "{a'",
        "{:\"", "{\":\"\\", "\xff", "{\"a\":-"
    };

    text.data = body;
    text.len = sizeof(body);

    for (i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        len = strlen(fills[i]);

        for (n = 0; n < sizeof(body); n++) {
            body[n] = (unsigned char) fills[i][n % len];
        }

        memset(&f, 0, sizeof(f));
        f.name = unit_str("nothing");
        start = clock();

        for (n = 0; n < 10; n++) {
            check(scoped_key_second_form(text, scratch, found, &f));
            check(scoped_key_second_json(text, scratch, found, &f));
        }

        if (!check(clock() - start < CLOCKS_PER_SEC)) {
            fprintf(stderr, "    %s: %.3f s\n", fills[i],
                    (double) (clock() - start) / CLOCKS_PER_SEC);
        }
    }
}


int
main(void)
{
    unit_cases("t/data/second_reading/form", 3, run_form);
    unit_cases("t/data/second_reading/json", 3, run_json);
    unit_cases("t/data/second_reading/begins", 2, run_begins);
    unit_cases("t/data/second_reading/pointer", 2, run_pointer);
    test_stop();
    test_cost();

    return unit_done("second_reading");
}
