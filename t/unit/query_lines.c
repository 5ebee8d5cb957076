/* links: core/query core/query_name core/name_match core/name_table core/str */

/*
 * Values that may have several lines, as documents have, and those that may
 * not: which control bytes are let through, and that the others never are.
 * The same cases without them go as before.
 */

#include "core/query.h"
#include "unit.h"

#include <string.h>


/* the last value, NUL-terminated */
static bool
found(void *data, scoped_key_str_t value)
{
    char  *last = data;

    memcpy(last, value.data, value.len);
    last[value.len] = '\0';

    return true;
}


static scoped_key_query_walk_e
walk(const char *query, bool lines, char *last)
{
    unsigned char     scratch[32];
    scoped_key_str_t  name = scoped_key_str("name");
    scoped_key_str_t  text = { strlen(query), (const unsigned char *) query };

    last[0] = '\0';

    return scoped_key_query_walk(text, name, lines, scratch, found, last);
}


static void
test_each(void)
{
    int   c;
    bool  line;
    char  query[32], last[32];

    for (c = 0; c < 0x80; c++) {
        line = c == '\t' || c == '\n' || c == '\r';
        snprintf(query, sizeof(query), "name=a%%%02xb", (unsigned) c);

        if (c == ';' || c == '&') {
            continue;
        }

        check((walk(query, false, last) == SCOPED_KEY_QUERY_WALKED)
              == (c >= 0x20 && c != 0x7f));
        check((walk(query, true, last) == SCOPED_KEY_QUERY_WALKED)
              == (line || (c >= 0x20 && c != 0x7f)));
        check(last[0] == '\0' || last[1] == c);
    }
}


static void
test_names(void)
{
    char  last[32];

    check(walk("name=a%0D%0Ab", true, last) == SCOPED_KEY_QUERY_WALKED);
    check(strcmp(last, "a\r\nb") == 0);
    check(walk("name=a%0Ab%00", true, last) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name%0A=a", true, last) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("%0Aname=a", true, last) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("x=%0A%26name=a", true, last) == SCOPED_KEY_QUERY_REFUSED);
}


int
main(void)
{
    test_each();
    test_names();

    return unit_done("query_lines");
}
