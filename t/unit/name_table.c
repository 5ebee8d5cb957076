/* links: core/name_table core/name_match core/str */

/*
 * Tables of every size, in which every name is found in any case; and that few
 * candidates come of a name, however many there are.
 */

#include "core/name_match.h"
#include "core/name_table.h"
#include "unit.h"


#define MAX_NAMES  600


static size_t  left;                     /* steps */


typedef struct {
    size_t  want;
    size_t  n;                           /* candidates */
    bool    found;
} search_t;


static void
candidate(void *data, size_t n)
{
    search_t  *search = data;

    search->n++;
    search->found = search->found || n == search->want;
}


static search_t
look_for(const scoped_key_names_t *table, const char *text, size_t want)
{
    search_t          search = { want, 0, false };
    scoped_key_str_t  found = { strlen(text), (const unsigned char *) text };

    left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_names_candidates(table, found, &left, candidate, &search);

    return search;
}


static void
test_size(size_t n)
{
    void                      *memory;
    char                       text[MAX_NAMES][32], other[32];
    size_t                     i;
    search_t                   search;
    scoped_key_str_t           names[MAX_NAMES];
    const scoped_key_names_t  *table;

    memory = malloc(scoped_key_names_bytes(n));

    if (memory == NULL) {
        abort();
    }

    for (i = 0; i < n; i++) {
        names[i].len = (size_t) snprintf(text[i], sizeof(text[i]), "na_%03zu",
                                         i);
        names[i].data = (const unsigned char *) text[i];
    }

    table = scoped_key_names_build(memory, names, n);
    check(scoped_key_names_count(table) == n);

    for (i = 0; i < n; i++) {
        check(scoped_key_str_equal(scoped_key_names_get(table, i), names[i]));
        search = look_for(table, text[i], i);
        check(search.found && search.n == 1);

        snprintf(other, sizeof(other), "[NA-%03zu].x", i);
        check(look_for(table, other, i).found);
    }

    check(look_for(table, "", 0).n == 0);
    check(look_for(table, "na_", 0).n == 0);
    check(look_for(table, "nb_000", 0).n == 0);

    free(memory);
}


/* beginnings of one another, and those that nothing is left of */
static void
test_odd(void)
{
    void                      *memory;
    search_t                   search;
    const scoped_key_names_t  *table;

    static const scoped_key_str_t  names[] = {
        scoped_key_str("a"), scoped_key_str("ab"), scoped_key_str("abc"),
        scoped_key_str("_"), scoped_key_str("abd")
    };

    memory = malloc(scoped_key_names_bytes(5));

    if (memory == NULL) {
        abort();
    }

    table = scoped_key_names_build(memory, names, 5);
    search = look_for(table, "abc", 2);
    check(search.found && search.n == 4);
    check(look_for(table, "ab", 1).found);
    check(look_for(table, "x", 3).found);
    check(look_for(table, "", 3).found);
    check(look_for(table, "\xef\xbd\x81\x62", 1).found);
    check(look_for(table, "a\xc3\xa9\x62", 1).found);

    free(memory);
}


/* names that all begin alike: each costs steps, and nothing comes without */
static void
test_steps(void)
{
    void                      *memory;
    char                       text[MAX_NAMES][64], *p;
    size_t                     i, k, n;
    search_t                   search = { 0, 0, false };
    scoped_key_str_t           names[MAX_NAMES];
    const scoped_key_str_t     found = scoped_key_str("aaaaaaaaaax");
    const scoped_key_names_t  *table;

    for (n = 0; n < 512; n++) {
        p = text[n];

        for (k = 0; k < 10; k++) {
            *p++ = 'a';

            if (n >> k & 1) {
                *p++ = '_';
            }
        }

        names[n].len = (size_t) (p - text[n]);
        names[n].data = (const unsigned char *) text[n];
    }

    memory = malloc(scoped_key_names_bytes(n));

    if (memory == NULL) {
        abort();
    }

    table = scoped_key_names_build(memory, names, n);
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_names_candidates(table, found, &left, candidate, &search);
    check(search.n == n && left <= SCOPED_KEY_MATCH_MAX_STEPS - 8 * n);

    for (i = 0; i < 2000; i += 100) {
        search.n = 0;
        left = i;
        scoped_key_names_candidates(table, found, &left, candidate, &search);
        check(left == 0 && search.n <= i / 8);
    }

    free(memory);
}


int
main(void)
{
    size_t  n;

    for (n = 0; n <= MAX_NAMES; n = n * 2 + 1) {
        test_size(n);
    }

    test_odd();
    test_steps();

    return unit_done("name_table");
}
