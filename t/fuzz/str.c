/* links: core/str */

/*
 * A list gives one item more than it has commas, each trimmed, which joined
 * are the list again; a number is what libc reads; equality is reflexive and
 * no two texts that differ are equal.
 */

#include <ctype.h>

#include "fuzz.h"


static void
list_holds(scoped_key_str_t text)
{
    size_t            i, items, commas, kept, left;
    scoped_key_str_t  rest, item;

    items = 0;
    commas = 0;
    kept = 0;
    left = 0;

    for (i = 0; i < text.len; i++) {
        commas += text.data[i] == ',';
        kept += strchr(", \t", text.data[i]) == NULL || text.data[i] == '\0';
    }

    rest = text;

    while (scoped_key_list_next(&rest, &item)) {
        items++;

        if (item.len == 0) {
            continue;
        }

        must(item.data >= text.data);
        must(item.data + item.len <= text.data + text.len);
        must(memchr(item.data, ',', item.len) == NULL);
        must(strchr(" \t", item.data[0]) == NULL || item.data[0] == '\0');
        must(strchr(" \t", item.data[item.len - 1]) == NULL
             || item.data[item.len - 1] == '\0');

        for (i = 0; i < item.len; i++) {
            left += item.data[i] != ' ' && item.data[i] != '\t';
        }
    }

    must(items == (text.len == 0 ? 0 : commas + 1));
    must(left == kept);
}


static void
decimal_holds(scoped_key_str_t text)
{
    bool     digits, read;
    char     buf[32];
    size_t   i;
    int64_t  value;

    value = -1;
    read = scoped_key_decimal_parse(text, &value);
    digits = text.len >= 1 && text.len <= 18;

    for (i = 0; i < text.len; i++) {
        digits = digits && isdigit(text.data[i]);
    }

    must(read == digits);

    if (read) {
        memcpy(buf, text.data, text.len);
        buf[text.len] = '\0';
        must(value == strtoll(buf, NULL, 10));

    } else {
        must(value == -1);
    }
}


static void
equal_holds(scoped_key_str_t a, scoped_key_str_t b)
{
    bool    same;
    size_t  i;

    same = a.len == b.len;

    for (i = 0; i < a.len && same; i++) {
        same = a.data[i] == b.data[i];
    }

    must(scoped_key_str_equal(a, a));
    must(scoped_key_str_equal(a, b) == same);
    must(a.len != b.len
         || scoped_key_bytes_equal(a.data, b.data, a.len) == same);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scoped_key_str_t  a, b;

    a = fuzz_line(&data, &size);
    b = fuzz_copy(data, size);

    list_holds(a);
    list_holds(b);
    decimal_holds(a);
    decimal_holds(b);
    equal_holds(a, b);

    fuzz_free(a);
    fuzz_free(b);

    return 0;
}
