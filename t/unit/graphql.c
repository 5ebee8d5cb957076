/* links: core/graphql core/graphql_lexer core/str */

/*
 * The scanner of GraphQL: the documents under t/data/graphql, and those that
 * must be made because they are about a limit.  An accepted document begins
 * with its listing, in lines that begin with "#= ".
 */

#include <glob.h>

#include "../graphql/listing.h"
#include "../graphql/made.h"
#include "unit.h"


#define DATA  "t/data/graphql/"


/* a copy of exactly its size, so that a read beyond it is seen */
static scoped_key_graphql_e
scan(const made_t *made, listing_t *listing, size_t stop)
{
    unsigned char         *copy;
    scoped_key_str_t       document;
    scoped_key_graphql_e   result;

    copy = malloc(made->len + 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy + 1, made->text, made->len);
    document.data = copy + 1;
    document.len = made->len;

    result = listing_make(listing, document, stop);
    free(copy);

    return result;
}


static void
test_accepted(const char *path)
{
    bool       right;
    made_t     made, lines;
    listing_t  listing;

    right = read_file(path, &made)
            && scan(&made, &listing, 0) == SCOPED_KEY_GRAPHQL_READ;

    if (!check(right)) {
        fprintf(stderr, "refused: %s\n", path);
        return;
    }

    expected(&made, &lines);
    right = lines.len == listing.len
            && memcmp(lines.text, listing.text, lines.len) == 0;

    if (!check(right)) {
        fprintf(stderr, "%s: %s\n", path, listing.text);
    }

    free(listing.text);
    free(lines.text);
    free(made.text);
}


static void
test_refused(const char *path)
{
    bool       right;
    made_t     made;
    listing_t  listing;

    right = read_file(path, &made)
            && scan(&made, &listing, 0) == SCOPED_KEY_GRAPHQL_REFUSED;

    if (!check(right)) {
        fprintf(stderr, "accepted: %s: %s\n", path, listing.text);
    }

    free(listing.text);
    free(made.text);
}


static void
test_files(const char *pattern, size_t least, void (*test)(const char *path))
{
    size_t  i;
    glob_t  files;

    if (!check(glob(pattern, 0, NULL, &files) == 0)) {
        return;
    }

    check(files.gl_pathc >= least);

    for (i = 0; i < files.gl_pathc; i++) {
        test(files.gl_pathv[i]);
    }

    globfree(&files);
}


/* the second and the fourth piece n times, the others once */
static scoped_key_graphql_e
nested(const char *const pieces[5], size_t n)
{
    size_t                i;
    made_t                made = { NULL, 0, 0 };
    listing_t             listing;
    scoped_key_graphql_e  result;

    for (i = 0; i < 5; i++) {
        add(&made, pieces[i], i % 2 == 1 ? n : 1);
    }

    result = scan(&made, &listing, 0);
    free(made.text);
    free(listing.text);

    return result;
}


static void
test_depth(void)
{
    size_t  i;

    static const struct {
        const char  *pieces[5];
        size_t       most;
    } cases[] = {
        { { "", "{a", "", "}", "" }, 64 },
        { { "{", "...{", "a", "}", "}" }, 63 },
        { { "{a(b:", "[", "1", "]", ")}" }, 63 },
        { { "{a(b:", "{c:", "1", "}", ")}" }, 63 },
        { { "query($a:", "[", "T", "]", "){a}" }, 64 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(nested(cases[i].pieces, cases[i].most)
              == SCOPED_KEY_GRAPHQL_READ);
        check(nested(cases[i].pieces, cases[i].most + 1)
              == SCOPED_KEY_GRAPHQL_REFUSED);
        check(nested(cases[i].pieces, 8000) == SCOPED_KEY_GRAPHQL_REFUSED);
    }
}


static void
test_tokens(void)
{
    size_t  most;

    static const char *const  fields[] = { "{", "a ", "", "", "}" };
    static const char *const  ignored[] = { "{", ",#x\n", "a", "", "}" };

    most = SCOPED_KEY_GRAPHQL_MAX_TOKENS;

    check(nested(fields, most - 2) == SCOPED_KEY_GRAPHQL_READ);
    check(nested(fields, most - 1) == SCOPED_KEY_GRAPHQL_REFUSED);
    check(nested(ignored, 2 * most) == SCOPED_KEY_GRAPHQL_READ);
}


/* f0 spreads f1, which spreads f2 ...; the last one has a field */
static scoped_key_graphql_e
chain(size_t n, listing_t *listing)
{
    char                  text[128];
    size_t                i;
    made_t                made = { NULL, 0, 0 };
    scoped_key_graphql_e  result;

    add(&made, "{...f0}", 1);

    for (i = 0; i + 1 < n; i++) {
        snprintf(text, sizeof(text), "fragment f%zu on Q{x%zu ...f%zu}", i, i,
                 i + 1);
        add(&made, text, 1);
    }

    snprintf(text, sizeof(text), "fragment f%zu on Q{last}", i);
    add(&made, text, 1);

    result = scan(&made, listing, 0);
    free(made.text);

    return result;
}


static void
test_chains(void)
{
    listing_t  listing;

    check(chain(63, &listing) == SCOPED_KEY_GRAPHQL_READ);
    check(listing.calls == 1 + 63);
    check(strcmp(strrchr(listing.text, ' '), " last") == 0);
    free(listing.text);

    check(chain(64, &listing) == SCOPED_KEY_GRAPHQL_REFUSED);
    free(listing.text);
}


/* as many fragments, each of which spreads the two that follow it */
static scoped_key_graphql_e
lattice(size_t n, listing_t *listing)
{
    char                  text[128];
    size_t                i;
    made_t                made = { NULL, 0, 0 };
    scoped_key_graphql_e  result;

    add(&made, "{", 1);

    for (i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "...f%zu ", i);
        add(&made, text, 1);
    }

    add(&made, "}", 1);

    for (i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "fragment f%zu on Q{x%zu", i, i);
        add(&made, text, 1);

        if (i % 32 < 30) {
            snprintf(text, sizeof(text), " ...f%zu ...f%zu", (i + 1) % n,
                     (i + 2) % n);
            add(&made, text, 1);
        }

        add(&made, "}", 1);
    }

    result = scan(&made, listing, 0);
    free(made.text);

    return result;
}


/* walked naively, each group of 32 would be read two million times */
static void
test_no_blow_up(void)
{
    listing_t  listing;

    check(lattice(256, &listing) == SCOPED_KEY_GRAPHQL_READ);
    check(listing.calls == 1 + 256);
    free(listing.text);

    check(lattice(257, &listing) == SCOPED_KEY_GRAPHQL_REFUSED);
    check(listing.calls == 0);
    free(listing.text);
}


static scoped_key_graphql_e
shared(size_t operations, size_t fields)
{
    made_t                made = { NULL, 0, 0 };
    listing_t             listing;
    scoped_key_graphql_e  result;

    add(&made, "{...f}", operations);
    add(&made, "fragment f on Q{", 1);
    add(&made, "field ", fields);
    add(&made, "}", 1);

    result = scan(&made, &listing, 0);
    check(listing.calls == operations + fields);

    free(made.text);
    free(listing.text);

    return result;
}


/* read for each operation, this would be ten million fields */
static void
test_shared(void)
{
    check(shared(1, 1) == SCOPED_KEY_GRAPHQL_READ);
    check(shared(2, 2500) == SCOPED_KEY_GRAPHQL_READ);
    check(shared(2000, 5000) == SCOPED_KEY_GRAPHQL_READ);
}


/* n times f with a number, or the same text where there is no place for one */
static void
numbered(made_t *made, const char *format, size_t n)
{
    char    text[64];
    size_t  i;

    for (i = 0; i < n; i++) {
        snprintf(text, sizeof(text), format, i);
        add(made, text, 1);
    }
}


static void
test_errors(void)
{
    size_t      i;
    made_t      made;
    listing_t   listing;

    static const struct {
        const char                  *before;
        const char                  *format;
        size_t                       n;
        const char                  *after;
        scoped_key_graphql_error_e   code;
        size_t                       at;
    } cases[] = {
        { "", "", 0, "", SCOPED_KEY_GRAPHQL_EMPTY, 0 },
        { " # x\n", "", 0, "", SCOPED_KEY_GRAPHQL_EMPTY, 5 },
        { "fragment f on Q{a}", "", 0, "", SCOPED_KEY_GRAPHQL_EMPTY, 18 },
        { "{a} ", "", 0, "type T { a: Int }", SCOPED_KEY_GRAPHQL_SYNTAX, 4 },
        { "{a", "", 0, "", SCOPED_KEY_GRAPHQL_SYNTAX, 2 },
        { "{a(b: 01)}", "", 0, "", SCOPED_KEY_GRAPHQL_SYNTAX, 7 },
        { "{ a; }", "", 0, "", SCOPED_KEY_GRAPHQL_SYNTAX, 4 },
        { "{", "a ", SCOPED_KEY_GRAPHQL_MAX_TOKENS, "}",
          SCOPED_KEY_GRAPHQL_TOKENS, 1 + 2 * 16383 },
        { "", "{a", 65, "", SCOPED_KEY_GRAPHQL_DEPTH, 128 },
        { "{a(b:", "[", 65, "", SCOPED_KEY_GRAPHQL_DEPTH, 68 },
        { "{a(b:", "{c:", 65, "", SCOPED_KEY_GRAPHQL_DEPTH, 194 },
        { "query($a:", "[", 65, "", SCOPED_KEY_GRAPHQL_DEPTH, 74 },
        { "{a}", "fragment f%03zu on Q{a}", 257, "",
          SCOPED_KEY_GRAPHQL_FRAGMENTS, 3 + 257 * 21 },
        { "{a}", "fragment f on Q{a}", 2, "",
          SCOPED_KEY_GRAPHQL_DUPLICATE, 39 },
        { "{...g}", "fragment f on Q{a}", 1, "",
          SCOPED_KEY_GRAPHQL_UNKNOWN, 5 },
        { "{...f}", "fragment f on Q{a ...f}", 1, "",
          SCOPED_KEY_GRAPHQL_CYCLE, 28 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&made, 0, sizeof(made_t));
        add(&made, cases[i].before, 1);
        numbered(&made, cases[i].format, cases[i].n);
        add(&made, cases[i].after, 1);

        check(scan(&made, &listing, 0) == SCOPED_KEY_GRAPHQL_REFUSED);

        if (!check(listing.error.code == cases[i].code
                   && listing.error.at == cases[i].at))
        {
            fprintf(stderr, "case %zu: %s at %zu\n", i,
                    scoped_key_graphql_error_text(listing.error.code),
                    listing.error.at);
        }

        free(listing.text);
        free(made.text);
    }
}


static void
test_stop(void)
{
    size_t     i;
    made_t     made = { NULL, 0, 0 };
    listing_t  listing;

    add(&made, "{ a ...f } mutation { b } fragment f on Q { c }", 1);

    for (i = 1; i <= 5; i++) {
        check(scan(&made, &listing, i) == SCOPED_KEY_GRAPHQL_STOPPED);
        check(listing.calls == i);
        free(listing.text);
    }

    check(scan(&made, &listing, 6) == SCOPED_KEY_GRAPHQL_READ);
    check(listing.calls == 5);
    free(listing.text);
    free(made.text);
}


/* nothing at all is said of a document with a mistake at its end */
static void
test_quiet(void)
{
    made_t     made = { NULL, 0, 0 };
    listing_t  listing;

    add(&made, "{ a } mutation { b } query { c ", 1);
    check(scan(&made, &listing, 0) == SCOPED_KEY_GRAPHQL_REFUSED);
    check(listing.calls == 0);
    free(listing.text);
    free(made.text);
}


/* no beginning of this document is one, but the whole is */
static void
test_truncated(void)
{
    size_t     i, n, len;
    made_t     made = { NULL, 0, 0 };
    listing_t  listing;

    n = 0;
    add(&made, "query Q($v: [S!] = [\"\\u00e9\"]) @d { x: a(b: -1.5e3, c: "
        "\"\"\"z \\\"\"\" \"\"\") { y } ... on T { z } ...f } # end\n"
        "fragment f on T { w }", 1);
    len = made.len;

    for (i = 0; i <= len; i++) {
        made.len = i;
        n += scan(&made, &listing, 0) == SCOPED_KEY_GRAPHQL_READ;
        free(listing.text);
    }

    check(n == 1);
    free(made.text);
}


static void
test_names(void)
{
    unsigned                    i;
    scoped_key_str_t            name = { 0, NULL };
    scoped_key_graphql_error_t  error;
    static const char *const    names[] = { "query", "mutation",
                                            "subscription" };

    check(scoped_key_graphql_scan(name, NULL, &error)
          == SCOPED_KEY_GRAPHQL_REFUSED);
    check(error.code == SCOPED_KEY_GRAPHQL_EMPTY && error.at == 0);

    for (i = 0; i < 3; i++) {
        name = scoped_key_graphql_operation_name(i);
        check(name.len == strlen(names[i])
              && memcmp(name.data, names[i], name.len) == 0);
    }
}


int
main(void)
{
    test_files(DATA "refused/*.graphql", 70, test_refused);
    test_files(DATA "stricter/*.graphql", 30, test_refused);
    test_files(DATA "accepted/*.graphql", 50, test_accepted);
    test_depth();
    test_tokens();
    test_chains();
    test_no_blow_up();
    test_shared();
    test_errors();
    test_stop();
    test_quiet();
    test_truncated();
    test_names();

    return unit_done("graphql");
}
