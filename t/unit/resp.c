/* links: redis/resp -lhiredis */

/*
 * Cases are in t/data/resp/cases, one a line: bytes, a tab, what they are.
 * Each is fed whole, byte by byte, and in two parts cut at every place; the
 * outcome must be the same.  What is too long to write down is made in
 * resp_limits.c.
 */

#include "redis/resp.h"

#include "unit.h"


#define MAX_LINE   4096
#define MAX_TEXT  65536


typedef struct {
    char    text[MAX_TEXT];
    size_t  len;
} transcript_t;


static void
say(transcript_t *out, const char *text, size_t len)
{
    if (len < sizeof(out->text) - out->len) {
        memcpy(out->text + out->len, text, len);
        out->len += len;
    }

    out->text[out->len] = '\0';
}


/* one byte of a text as the case file writes it */
static void
say_byte(transcript_t *out, unsigned char c)
{
    char  hex[8];

    if (c > 0x20 && c < 0x7f && c != '\\') {
        say(out, (const char *) &c, 1);
        return;
    }

    say(out, hex, (size_t) snprintf(hex, sizeof(hex), "\\x%02x", c));
}


static void
say_value(transcript_t *out, const scoped_key_resp_value_t *value)
{
    char               number[32];
    size_t             i;
    static const char  marks[] = "_+-$:*";

    say(out, &marks[value->type], 1);

    switch (value->type) {

    case SCOPED_KEY_RESP_NIL:
        break;

    case SCOPED_KEY_RESP_INTEGER:
        say(out, number, (size_t) snprintf(number, sizeof(number), "%lld",
                                           value->integer));
        break;

    case SCOPED_KEY_RESP_ARRAY:
        say(out, "(", 1);

        for (i = 0; i < value->len; i++) {
            if (i > 0) {
                say(out, ",", 1);
            }

            say_value(out, scoped_key_resp_element(value, i));
        }

        say(out, ")", 1);
        check(scoped_key_resp_element(value, value->len) == NULL);
        break;

    default:
        for (i = 0; i < value->len; i++) {
            say_byte(out, value->data[i]);
        }
    }
}


static void
take_all(scoped_key_resp_t *resp, transcript_t *out)
{
    const scoped_key_resp_value_t  *value;

    for ( ;; ) {
        switch (scoped_key_resp_next(resp, &value)) {

        case SCOPED_KEY_RESP_REPLY:
            say_value(out, value);
            say(out, ";", 1);
            continue;

        case SCOPED_KEY_RESP_MORE:
            return;

        case SCOPED_KEY_RESP_TOO_LARGE:
            say(out, "TOO_LARGE;", 10);
            continue;

        default:
            say(out, "BROKEN", 6);
            return;
        }
    }
}


/* feeds up to two parts; step 0: each as a whole, else in steps */
static void
run(transcript_t *out, const char *bytes, size_t len, size_t cut, size_t step)
{
    size_t              at, n;
    scoped_key_resp_t  *resp;

    out->len = 0;
    out->text[0] = '\0';

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    for (at = 0; at < len; at += n) {
        n = (at < cut) ? cut - at : len - at;

        if (step != 0 && n > step) {
            n = step;
        }

        check(scoped_key_resp_feed(resp, bytes + at, n));
        take_all(resp, out);

        if (strstr(out->text, "BROKEN")) {
            break;
        }
    }

    scoped_key_resp_free(resp);
}


static size_t
unescape(char *line)
{
    char      *from, *to;
    unsigned   c;

    to = line;

    for (from = line; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }

        from++;

        if (*from == 'r') {
            *to++ = '\r';

        } else if (*from == 'n') {
            *to++ = '\n';

        } else {
            sscanf(from, "x%2x", &c);
            *to++ = (char) c;
            from += 2;
        }
    }

    return (size_t) (to - line);
}


static void
test_case(char *bytes, const char *expected)
{
    size_t               i, len;
    static transcript_t  out;

    len = unescape(bytes);

    run(&out, bytes, len, len, 0);

    if (!check(strcmp(out.text, expected) == 0)) {
        fprintf(stderr, "expected %s, got %s\n", expected, out.text);
    }

    run(&out, bytes, len, len, 1);
    check(strcmp(out.text, expected) == 0);

    for (i = 1; i < len; i++) {
        run(&out, bytes, len, i, 0);
        check(strcmp(out.text, expected) == 0);
    }
}


static void
test_cases(void)
{
    char    line[MAX_LINE], *tab;
    FILE   *file;
    size_t  cases;

    file = fopen("t/data/resp/cases", "r");

    if (!check(file != NULL)) {
        return;
    }

    cases = 0;

    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        tab = strchr(line, '\t');

        if (line[0] == '#' || tab == NULL) {
            continue;
        }

        *tab = '\0';
        test_case(line, tab + 1);
        cases++;
    }

    fclose(file);
    check(cases > 20);
}


int
main(void)
{
    test_cases();

    return unit_done("resp");
}
