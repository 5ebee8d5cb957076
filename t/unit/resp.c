/* links: redis/resp redis/reply -lhiredis */

/*
 * Cases are in t/data/resp/cases, one a line: bytes, a tab, what they are.
 * Each is fed whole, byte by byte, and in two parts cut at every place; the
 * outcome must be the same.  What is too long to write down is made here.
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
        switch (scoped_key_resp_take(resp, &value)) {

        case SCOPED_KEY_RESP_REPLY:
            say_value(out, value);
            say(out, ";", 1);
            continue;

        case SCOPED_KEY_RESP_MORE:
            return;

        case SCOPED_KEY_RESP_TOO_LARGE:
            say(out, "TOO_LARGE", 9);
            return;

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

        if (strstr(out->text, "TOO_LARGE") || strstr(out->text, "BROKEN")) {
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


/* an array of n nils, with `text` bytes of text before them */
static char *
make_array(size_t n, size_t text, size_t *len)
{
    char    *bytes;
    size_t   i, at;

    bytes = malloc(text + 5 * n + 64);
    if (bytes == NULL) {
        abort();
    }

    at = (size_t) sprintf(bytes, "*%zu\r\n$%zu\r\n", n + 1, text);
    memset(bytes + at, 'x', text);
    at += text;
    at += (size_t) sprintf(bytes + at, "\r\n");

    for (i = 0; i < n; i++) {
        memcpy(bytes + at, "$-1\r\n", 5);
        at += 5;
    }

    *len = at;

    return bytes;
}


static scoped_key_resp_status_e
feed_made(scoped_key_resp_t *resp, size_t n, size_t text, size_t step)
{
    char                           *bytes;
    size_t                          at, len, part;
    scoped_key_resp_status_e        status;
    const scoped_key_resp_value_t  *value;

    bytes = make_array(n, text, &len);
    status = SCOPED_KEY_RESP_MORE;

    for (at = 0; at < len && status == SCOPED_KEY_RESP_MORE; at += part) {
        part = (len - at < step) ? len - at : step;

        scoped_key_resp_feed(resp, bytes + at, part);
        status = scoped_key_resp_take(resp, &value);
    }

    if (status == SCOPED_KEY_RESP_REPLY) {
        check(value->span == n + 2);
        check(value->len == n + 1);
        check(value[1].len == text);
        check(text == 0 || value[1].data[text - 1] == 'x');
    }

    free(bytes);

    return status;
}


static scoped_key_resp_status_e
feed_one(size_t n, size_t text, size_t step)
{
    scoped_key_resp_t         *resp;
    scoped_key_resp_status_e   status;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return SCOPED_KEY_RESP_BROKEN;
    }

    status = feed_made(resp, n, text, step);
    scoped_key_resp_free(resp);

    return status;
}


static void
test_limits(void)
{
    size_t        i, most, frame;
    const size_t  steps[] = { 4096, 16384, 4194304 };

    /* "*1\r\n$1048561\r\n" and "\r\n" stand around the text */
    frame = strlen("*1\r\n$1048559\r\n\r\n");
    most = SCOPED_KEY_RESP_MAX_BYTES - frame;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        check(feed_one(0, most, steps[i]) == SCOPED_KEY_RESP_REPLY);
        check(feed_one(0, most + 1, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);
        check(feed_one(0, 2 * most, steps[i]) == SCOPED_KEY_RESP_TOO_LARGE);

        check(feed_one(SCOPED_KEY_RESP_MAX_ELEMENTS - 1, 0, steps[i])
              == SCOPED_KEY_RESP_REPLY);
        check(feed_one(SCOPED_KEY_RESP_MAX_ELEMENTS, 0, steps[i])
              == SCOPED_KEY_RESP_TOO_LARGE);
    }
}


/* the limit is of one reply: many replies in one buffer may be longer */
static void
test_pipeline(void)
{
    char                           *bytes;
    size_t                          i, n;
    scoped_key_resp_t              *resp;
    const scoped_key_resp_value_t  *value;

    n = 300000;
    bytes = malloc(5 * n);
    resp = scoped_key_resp_create();

    if (!check(resp != NULL && bytes != NULL)) {
        return;
    }

    for (i = 0; i < n; i++) {
        memcpy(bytes + 5 * i, "+OK\r\n", 5);
    }

    for (i = 0; i < 5 * n; i += 50000) {
        check(scoped_key_resp_feed(resp, bytes + i, 50000));
    }

    for (i = 0; scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_REPLY;) {
        i++;
    }

    check(i == n);
    check(scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_MORE);

    scoped_key_resp_free(resp);
    free(bytes);
}


/* what a big reply made big is given back, and all goes on */
static void
test_reuse(void)
{
    size_t              i;
    scoped_key_resp_t  *resp;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    for (i = 0; i < 5; i++) {
        check(feed_made(resp, 10, 100, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 16000, 900000, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 2000, 3, 16384) == SCOPED_KEY_RESP_REPLY);
        check(feed_made(resp, 1, 0, 1) == SCOPED_KEY_RESP_REPLY);
    }

    scoped_key_resp_free(resp);
}


/* after the end nothing is read, and it stays the end */
static void
test_end(void)
{
    scoped_key_resp_t              *resp;
    const scoped_key_resp_value_t  *value;

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    check(scoped_key_resp_feed(resp, "*2000000000\r\n", 13));
    check(scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_TOO_LARGE);
    check(scoped_key_resp_feed(resp, "+OK\r\n", 5));
    check(scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_TOO_LARGE);
    scoped_key_resp_free(resp);

    resp = scoped_key_resp_create();

    if (!check(resp != NULL)) {
        return;
    }

    check(scoped_key_resp_feed(resp, "HTTP/1.1 400\r\n", 14));
    check(scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    check(scoped_key_resp_feed(resp, "+OK\r\n", 5));
    check(scoped_key_resp_take(resp, &value) == SCOPED_KEY_RESP_BROKEN);
    scoped_key_resp_free(resp);

    scoped_key_resp_free(NULL);
}


static void
test_errors(void)
{
    scoped_key_resp_value_t  value = { .type = SCOPED_KEY_RESP_ERROR,
                                       .span = 1 };

    value.data = (const unsigned char *) "NOAUTH wanted";
    value.len = 13;

    check(scoped_key_resp_is_error(&value, "NOAUTH"));
    check(!scoped_key_resp_is_error(&value, "NOAUT"));
    check(!scoped_key_resp_is_error(&value, "NOAUTHX"));
    check(!scoped_key_resp_is_error(&value, "wanted"));

    value.len = 6;
    check(scoped_key_resp_is_error(&value, "NOAUTH"));
    value.len = 5;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));
    value.len = 0;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));

    value.len = 13;
    value.type = SCOPED_KEY_RESP_STRING;
    check(!scoped_key_resp_is_error(&value, "NOAUTH"));
    check(scoped_key_resp_element(&value, 0) == NULL);
}


/* binary arguments arrive as they are: nothing can become a second command */
static void
test_command(void)
{
    char         *command;
    size_t        len;
    const char   *argv[] = { "GET", "a\r\nDEL b\0c%s", "" };
    const size_t  lens[] = { 3, 12, 0 };
    const char    wanted[] = "*3\r\n$3\r\nGET\r\n$12\r\na\r\nDEL b\0c%s\r\n"
                             "$0\r\n\r\n";

    command = scoped_key_resp_command(3, argv, lens, &len);

    if (check(command != NULL)) {
        check(len == sizeof(wanted) - 1);
        check(memcmp(command, wanted, len) == 0);
    }

    scoped_key_resp_command_free(command);

    check(scoped_key_resp_command(0, argv, lens, &len) == NULL);
    check(scoped_key_resp_command((size_t) 1 << 40, argv, lens, &len) == NULL);
}


int
main(void)
{
    test_cases();
    test_limits();
    test_pipeline();
    test_reuse();
    test_end();
    test_errors();
    test_command();

    return unit_done("resp");
}
