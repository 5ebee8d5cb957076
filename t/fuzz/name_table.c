/* links: core/name_table core/name_match core/str */

/*
 * First line names, a `,` between them, then a name that was found: whichever
 * it could be is among the candidates.
 */

#include "core/name_match.h"
#include "core/name_table.h"
#include "fuzz.h"


#define MAX_NAMES  64


static bool  seen[MAX_NAMES];


static void
candidate(void *data, size_t n)
{
    must(n < *(const size_t *) data);
    seen[n] = true;
}


static size_t
split(scoped_key_str_t line, scoped_key_str_t *names)
{
    size_t            i, k, n, from;
    scoped_key_str_t  name;

    n = 0;
    from = 0;

    for (i = 0; i <= line.len && n < MAX_NAMES; i++) {

        if (i < line.len && line.data[i] != ',') {
            continue;
        }

        name.data = line.data + from;
        name.len = i - from;
        from = i + 1;

        for (k = 0; k < n && !scoped_key_str_equal(names[k], name); k++) {
            /* void */
        }

        if (k == n && name.len != 0) {
            names[n++] = name;
        }
    }

    return n;
}


/* of a pair every part is looked up by itself */
static bool
is_one_part(scoped_key_str_t found)
{
    return found.len == 0
           || (memchr(found.data, ';', found.len) == NULL
               && memchr(found.data, '&', found.len) == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void                      *memory;
    size_t                     i, n, left;
    scoped_key_str_t           line, found, names[MAX_NAMES];
    const scoped_key_names_t  *table;

    line = fuzz_line(&data, &size);
    found = fuzz_copy(data, size);
    n = split(line, names);

    memory = malloc(scoped_key_names_bytes(n));
    must(memory != NULL);
    memset(seen, 0, sizeof(seen));

    table = scoped_key_names_build(memory, names, n);
    must(scoped_key_names_count(table) == n);
    left = SIZE_MAX;
    scoped_key_names_candidates(table, found, &left, candidate, &n);

    for (i = 0; i < n; i++) {
        must(scoped_key_str_equal(scoped_key_names_get(table, i), names[i]));

        must(seen[i]
             || scoped_key_name_is_proto(found)
             || (scoped_key_name_match(found, names[i],
                                       SCOPED_KEY_NAME_MEMBER)
                     == SCOPED_KEY_NAME_OTHER
                 && (!is_one_part(found)
                     || scoped_key_name_match(found, names[i],
                                              SCOPED_KEY_NAME_PAIR)
                        == SCOPED_KEY_NAME_OTHER)));
    }

    free(memory);
    fuzz_free(line);
    fuzz_free(found);

    return 0;
}
