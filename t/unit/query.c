/* links: core/query core/query_name core/name_match core/name_table core/str */

/*
 * Query strings: the cases in t/data/query, a line each, and those that cannot
 * be written as a line of text.  Texts are copied to memory of just their
 * size, so that a read beyond them is seen.
 */

#include "core/query.h"
#include "unit.h"


#define MAX_LINE  4096


typedef struct {
    char    text[MAX_LINE];              /* values, a space before each */
    size_t  n;
    size_t  stop;                        /* the call that returns false */
} found_t;


static scoped_key_str_t
text_of(const char *s, size_t len)
{
    unsigned char     *copy;
    scoped_key_str_t   text;

    copy = malloc(len != 0 ? len : 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, s, len);
    text.data = copy;
    text.len = len;

    return text;
}


static scoped_key_name_e
stands(const char *name, const char *sent, size_t len)
{
    scoped_key_str_t   a, b;
    scoped_key_name_e  result;

    a = text_of(sent, len);
    b = text_of(name, strlen(name));
    result = scoped_key_query_name(a, b);
    free((void *) a.data);
    free((void *) b.data);

    return result;
}


static bool
found(void *data, scoped_key_str_t value)
{
    size_t    len;
    found_t  *list = data;

    len = strlen(list->text);
    snprintf(list->text + len, sizeof(list->text) - len, " %.*s",
             (int) value.len, value.len != 0 ? (const char *) value.data : "");

    if (value.len == 0) {
        strcat(list->text, "\"\"");
    }

    return ++list->n != list->stop;
}


static scoped_key_query_walk_e
walk(const char *name, const char *query, size_t len, found_t *list)
{
    unsigned char            *scratch;
    scoped_key_str_t          a, b;
    scoped_key_query_walk_e   result;

    a = text_of(query, len);
    b = text_of(name, strlen(name));
    scratch = malloc(len != 0 ? len : 1);

    if (scratch == NULL) {
        abort();
    }

    list->n = 0;
    list->text[0] = '\0';
    result = scoped_key_query_walk(a, b, false, scratch, found, list);

    free(scratch);
    free((void *) a.data);
    free((void *) b.data);

    return result;
}


/* "" is written as two quotes */
static const char *
unquoted(const char *word)
{
    return strcmp(word, "\"\"") == 0 ? "" : word;
}


static void
test_name_line(char *line)
{
    char               *want, *name, *sent;
    scoped_key_name_e   result;
    static const char  *words[] = { "other", "same", "suspect" };

    want = strtok(line, " \n");
    name = strtok(NULL, " \n");
    sent = strtok(NULL, " \n");

    if (!check(want != NULL && name != NULL && sent != NULL)) {
        return;
    }

    result = stands(name, unquoted(sent), strlen(unquoted(sent)));

    if (!check(strcmp(words[result], want) == 0)) {
        fprintf(stderr, "%s for %s is %s\n", sent, name, words[result]);
    }
}


static void
test_walk_line(char *line)
{
    char                     *name, *text, *rest;
    bool                      right;
    found_t                   list = { .stop = 0 };
    scoped_key_query_walk_e   result;

    line[strcspn(line, "\n")] = '\0';
    name = line;
    text = strchr(name, ' ');

    if (!check(text != NULL)) {
        return;
    }

    *text++ = '\0';
    rest = text + strcspn(text, " ");

    if (*rest != '\0') {
        *rest++ = '\0';
    }

    result = walk(name, unquoted(text), strlen(unquoted(text)), &list);

    if (strcmp(rest, "REFUSED") == 0) {
        right = result == SCOPED_KEY_QUERY_REFUSED;

    } else {
        right = result == SCOPED_KEY_QUERY_WALKED
                && strcmp(list.text + (list.n != 0), rest) == 0;
    }

    if (!check(right)) {
        fprintf(stderr, "%s of %s: %d%s\n", name, text, result, list.text);
    }
}


static void
test_file(const char *path, size_t least, void (*test)(char *line))
{
    char     line[MAX_LINE];
    FILE    *file;
    size_t   n;

    n = 0;
    file = fopen(path, "r");

    if (!check(file != NULL)) {
        return;
    }

    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] != '#' && line[0] != '\n') {
            test(line);
            n++;
        }
    }

    fclose(file);
    check(n >= least);
}


static bool
is_word_byte(int c)
{
    return c != 0 && strchr("0123456789_-abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL;
}


/* a case of its own for every byte, encoded behind the name, raw before it */
static void
test_every_byte(void)
{
    int                c;
    char               text[64];
    scoped_key_name_e  want;

    for (c = 0; c < 256; c++) {
        want = is_word_byte(c) || c == '/' ? SCOPED_KEY_NAME_OTHER
                                           : SCOPED_KEY_NAME_SUSPECT;

        snprintf(text, sizeof(text), "name%%%02x", c);
        check(stands("name", text, 7) == want);

        memcpy(text, "?name", 5);
        text[0] = (char) c;
        check(stands("name", text, 5) == want);
    }
}


static void
test_control_bytes(void)
{
    found_t  list = { .stop = 0 };

    check(stands("name", "name\0", 5) == SCOPED_KEY_NAME_SUSPECT);
    check(stands("name", "name\0x", 6) == SCOPED_KEY_NAME_SUSPECT);
    check(stands("name", "x\0", 2) == SCOPED_KEY_NAME_SUSPECT);
    check(stands("name", "na\nme", 5) == SCOPED_KEY_NAME_SUSPECT);
    check(walk("name", "name=a\0b", 8, &list) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name", "name=\tb", 7, &list) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name", "name=a\n", 7, &list) == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name", "x=\0;name=b", 10, &list)
          == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name", "x=1;name\0x", 10, &list)
          == SCOPED_KEY_QUERY_REFUSED);
    check(walk("name", "name=a+b%20c", 12, &list) == SCOPED_KEY_QUERY_WALKED);
    check(strcmp(list.text, " a b c") == 0);
}


static void
test_long(void)
{
    char     text[2 * SCOPED_KEY_QUERY_MAX_NAME];
    found_t  list = { .stop = 0 };

    memset(text, 'a', sizeof(text));
    check(stands("name", text, sizeof(text)) == SCOPED_KEY_NAME_OTHER);
    text[0] = '.';
    check(stands("name", text, SCOPED_KEY_QUERY_MAX_NAME)
          == SCOPED_KEY_NAME_OTHER);
    check(stands("name", text, SCOPED_KEY_QUERY_MAX_NAME + 1)
          == SCOPED_KEY_NAME_SUSPECT);

    memcpy(text, "x=%2525", 7);
    memset(text + 7, '5', sizeof(text) - 7);
    check(walk("name", text, sizeof(text), &list) == SCOPED_KEY_QUERY_WALKED);
    check(list.n == 0);
}


/* an encoding of an encoding of ... must not cost the square of its length */
static void
test_nested(void)
{
    char                     *text;
    size_t                    i, n;
    found_t                   list = { .stop = 0 };
    scoped_key_query_walk_e   result;

    n = 1 << 20;
    text = malloc(2 * n + 32);

    if (text == NULL) {
        abort();
    }

    memcpy(text, "x=%", 3);

    for (i = 0; i < n; i++) {
        memcpy(text + 3 + 2 * i, "25", 2);
    }

    memcpy(text + 3 + 2 * n, "26name%3D1", 10);
    result = walk("name", text, 3 + 2 * n + 10, &list);
    check(result == SCOPED_KEY_QUERY_REFUSED);

    memset(text + 2, ';', 2 * n);
    result = walk("name", text, 2 * n, &list);
    check(result == SCOPED_KEY_QUERY_WALKED);

    free(text);
}


static void
test_stop(void)
{
    found_t  list = { .stop = 2 };

    check(walk("name", "name=a&name=b&name=c", 20, &list)
          == SCOPED_KEY_QUERY_STOPPED);
    check(list.n == 2);
}


static void
test_next(void)
{
    scoped_key_str_t   rest = scoped_key_str("&&a=b=c&d&&=e&f=&");
    scoped_key_pair_t  pair;

    check(scoped_key_query_next(&rest, &pair) && pair.has_value);
    check(pair.whole.len == 5 && memcmp(pair.whole.data, "a=b=c", 5) == 0);
    check(pair.name.len == 1 && pair.name.data[0] == 'a');
    check(pair.value.len == 3 && memcmp(pair.value.data, "b=c", 3) == 0);
    check(scoped_key_query_next(&rest, &pair) && !pair.has_value);
    check(pair.name.len == 1 && pair.name.data[0] == 'd');
    check(pair.value.len == 0 && pair.whole.len == 1);
    check(scoped_key_query_next(&rest, &pair) && pair.has_value);
    check(pair.name.len == 0);
    check(pair.value.len == 1 && pair.value.data[0] == 'e');
    check(scoped_key_query_next(&rest, &pair) && pair.has_value);
    check(pair.value.len == 0 && pair.whole.len == 2);
    check(!scoped_key_query_next(&rest, &pair));
    check(!scoped_key_query_next(&rest, &pair));

    rest.data = NULL;
    rest.len = 0;
    check(!scoped_key_query_next(&rest, &pair));
}


static bool
decodes(const char *sent, const char *to)
{
    bool              right;
    size_t            len;
    unsigned char     out[64];
    scoped_key_str_t  text;

    text = text_of(sent, strlen(sent));
    right = scoped_key_query_decode(text, out, &len);
    free((void *) text.data);

    return to == NULL ? !right
                      : right && len == strlen(to)
                        && memcmp(out, to, len) == 0;
}


static void
test_decode(void)
{
    check(decodes("", ""));
    check(decodes("a+b", "a b"));
    check(decodes("%41%7a%7E", "Az~"));
    check(decodes("%2B+%2b", "+ +"));
    check(decodes("%2541", "%41"));
    check(decodes("%ff%C3", "\xff\xc3"));
    check(decodes("%", NULL));
    check(decodes("%4", NULL));
    check(decodes("a%4", NULL));
    check(decodes("%4g", NULL));
    check(decodes("%g4", NULL));
    check(decodes("%+4", NULL));
    check(decodes("%%41", NULL));
    check(decodes("%00", NULL));
    check(decodes("%1F", NULL));
    check(decodes("%7f", NULL));
    check(decodes("\x01", NULL));
    check(decodes("\x7f", NULL));
}


/* what a walk for many names has found of each */
typedef struct {
    unsigned  n[512];
} many_t;


static bool
found_one(void *data, size_t n, scoped_key_str_t value)
{
    many_t  *many = data;

    check(value.len == 1 && value.data[0] == '7');

    return ++many->n[n] != 3;
}


static bool
found_any(void *data, size_t n, scoped_key_str_t value)
{
    (void) value;

    ((many_t *) data)->n[n]++;

    return true;
}


static void
test_many_refused(const scoped_key_names_t *table)
{
    bool              refused[512] = { false };
    size_t            i, left;
    many_t            many;
    unsigned char     scratch[16];
    scoped_key_str_t  sent = scoped_key_str("%x=1");

    /* a name that no one can read is suspect to all */
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    scoped_key_query_walk_names(sent, table, scratch, &left, refused,
                                found_one, &many);

    for (i = 0; i < 512; i++) {
        check(refused[i]);
    }

    /* with few steps either all is refused or all is found */
    for (i = 0; i < 64; i++) {
        memset(refused, 0, sizeof(refused));
        memset(&many, 0, sizeof(many));
        left = i;
        sent.data = (const unsigned char *) "p100=7&p200=7";
        sent.len = 13;
        scoped_key_query_walk_names(sent, table, scratch, &left, refused,
                                    found_one, &many);
        check(refused[100] == (left == 0) && refused[511] == refused[100]);
        check(refused[100] || (many.n[100] == 1 && many.n[200] == 1));
    }
}


/* 512 names, each twice; one a third time, which is too much for it alone */
static void
test_many(void)
{
    int                        len;
    char                       text[512][8], query[16384];
    bool                       refused[512];
    void                      *memory;
    size_t                     i, n, left;
    many_t                     many;
    unsigned char              scratch[16384];
    scoped_key_str_t           names[512], sent;
    const scoped_key_names_t  *table;

    n = 0;

    for (i = 0; i < 1024; i++) {
        len = snprintf(query + n, sizeof(query) - n, "p%03zu=7&", i % 512);
        n += (size_t) len;
    }

    len = snprintf(query + n, sizeof(query) - n, "p100=7&p200=7;&P300=7&");
    n += (size_t) len;

    for (i = 0; i < 512; i++) {
        names[i].len = (size_t) snprintf(text[i], sizeof(text[i]), "p%03zu",
                                         i % 1000);
        names[i].data = (const unsigned char *) text[i];
        refused[i] = false;
    }

    memory = malloc(scoped_key_names_bytes(512));

    if (memory == NULL) {
        abort();
    }

    table = scoped_key_names_build(memory, names, 512);
    sent.data = (const unsigned char *) query;
    sent.len = n;
    memset(&many, 0, sizeof(many));
    left = SCOPED_KEY_MATCH_MAX_STEPS;

    scoped_key_query_walk_names(sent, table, scratch, &left, refused,
                                found_one, &many);

    for (i = 0; i < 512; i++) {
        check(refused[i] == (i == 100 || i == 200 || i == 300));
        check(many.n[i] == (i == 100 ? 3 : 2));
    }

    test_many_refused(table);
    free(memory);
}


/* what is left of the steps of a decision by a walk for 512 names */
static size_t
worst_walk(char name[][64], const char *query, size_t len, size_t *nrefused)
{
    bool                       refused[512];
    void                      *memory;
    size_t                     i, left;
    many_t                     many;
    scoped_key_str_t           names[512], sent;
    const scoped_key_names_t  *table;
    static unsigned char       scratch[65536];

    for (i = 0; i < 512; i++) {
        names[i].len = strlen(name[i]);
        names[i].data = (const unsigned char *) name[i];
        refused[i] = false;
    }

    memory = malloc(scoped_key_names_bytes(512));

    if (memory == NULL) {
        abort();
    }

    table = scoped_key_names_build(memory, names, 512);
    sent.data = (const unsigned char *) query;
    sent.len = len;
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    memset(&many, 0, sizeof(many));
    scoped_key_query_walk_names(sent, table, scratch, &left, refused,
                                found_any, &many);
    free(memory);

    for (*nrefused = 0, i = 0; i < 512; i++) {
        *nrefused += refused[i];
    }

    return left;
}


/* as large as a body may be by default */
static size_t
worst_form(char *query, const char *head, const char *pair)
{
    size_t  n, len;

    n = strlen(head);
    len = strlen(pair);
    memcpy(query, head, n);

    for ( /* void */ ; n + len <= 65536; n += len) {
        memcpy(query + n, pair, len);
    }

    return n;
}


/* one of those that differ in what may be left out alone */
static void
name_alike(char *name, size_t n)
{
    size_t  i;

    for (i = 0; i < 10; i++) {
        *name++ = 'a';

        if (n >> i & 1) {
            *name++ = '_';
        }
    }

    *name = '\0';
}


/*
 * Steps are counted where a name could be hundreds of others, and who has none
 * left is refused; usual names, however many, are within the limit.
 */
static void
test_worst(void)
{
    size_t        i, n, nrefused;
    static char   name[512][64], query[65536];

    static const struct {
        const char  *head;
        const char  *pair;
    } odd[] = {
        { "", "aaaaaaaaaax&" },          /* that begin as all names do */
        { "", "aaaaaaaaaa/&" },
        { "", "a_a_a_a_a_a_a_a_a_ax&" },
        { "", "aaaaaaaaaa%c3%a9/&" },
        { "", "%61aaaaaaaaax&" },
        { "", "%2561aaaaaaaaax&" },
        { "", "aaaaaaaaaax;aaaaaaaaaax&" },
        { "x=;", "aaaaaaaaaax;" },       /* hidden in a value */
        { "x=%3b", "aaaaaaaaaax%3b" },
        { "", "aaaaaaaaaa=&" },          /* that are one, and could be all */
        { "", "aaaaaaaaaa.x&" }
    };

    for (i = 0; i < 512; i++) {
        sprintf(name[i], "p%zu", i);
    }

    for (n = 0, i = 0; n < 65000; i++) {
        n += (size_t) sprintf(query + n, "p%zu=7&q%zu=7&", i % 512, i);
    }

    check(worst_walk(name, query, n, &nrefused) != 0 && nrefused == 0);

    n = worst_form(query, "", "p511x=7&");
    check(worst_walk(name, query, n, &nrefused) != 0 && nrefused == 0);

    for (i = 0; i < 512; i++) {
        name_alike(name[i], i);
    }

    /* each comparison by itself, with 4 steps for each byte of both names */
    check(worst_walk(name, "aaaaaaaaaax=", 12, &nrefused)
          <= SCOPED_KEY_MATCH_MAX_STEPS - 512 * (28 + 4 * (11 + 10))
          && nrefused == 0);

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        n = worst_form(query, odd[i].head, odd[i].pair);

        if (!check(worst_walk(name, query, n, &nrefused) == 0
                   && nrefused == 512))
        {
            fprintf(stderr, "    %s%s\n", odd[i].head, odd[i].pair);
        }
    }
}


int
main(void)
{
    test_file("t/data/query/names", 150, test_name_line);
    test_file("t/data/query/walks", 60, test_walk_line);
    test_every_byte();
    test_control_bytes();
    test_long();
    test_nested();
    test_stop();
    test_next();
    test_decode();
    test_many();
    test_worst();

    return unit_done("query");
}
