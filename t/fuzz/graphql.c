/* links: core/graphql core/graphql_lexer core/str */

/*
 * The scanner of GraphQL against a rough reading of the same document: text
 * that cannot be code is blanked out, and then operations and root fields are
 * found by counting brackets.  Rough, but it shares nothing with the scanner.
 */

#include <ctype.h>
#include <stdint.h>

#include "../graphql/listing.h"


static void
require(int holds)
{
    if (!holds) {
        abort();
    }
}


/* how long the string or comment at s is; 0: there is none */
static size_t
opaque(const char *s)
{
    const char  *p;

    if (*s == '#') {
        return strcspn(s, "\r\n");
    }

    if (*s != '"') {
        return 0;
    }

    if (strncmp(s, "\"\"\"", 3) == 0) {
        for (p = s + 3; strncmp(p, "\"\"\"", 3) != 0; p++) {
            p += strncmp(p, "\\\"\"\"", 4) == 0 ? 3 : 0;
        }

        return (size_t) (p + 3 - s);
    }

    for (p = s + 1; *p != '"'; p++) {
        p += *p == '\\';
    }

    return (size_t) (p + 1 - s);
}


/* an accepted document without strings, comments, arguments and commas */
static char *
blank(const uint8_t *data, size_t size)
{
    char    *text;
    size_t   i, len, round;

    text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    require(strlen(text) == size);

    for (i = 0; i < size; i += len ? len : 1) {
        len = opaque(text + i);
        memset(text + i, text[i] == '"' ? '0' : ' ', len);
    }

    round = 0;

    for (i = 0; i < size; i++) {
        round += text[i] == '(';
        len = round;
        round -= text[i] == ')';
        text[i] = len != 0 || strchr(",\t\r\n", text[i]) ? ' ' : text[i];
    }

    require(round == 0);

    return text;
}


/* whether a word stands right before the last brace that opened a definition,
   and which: the first word since the last closing brace */
static void
check_operations(const char *text, const char *listing)
{
    int          depth;
    size_t       operations, lines;
    const char  *first;

    depth = 0;
    first = NULL;
    operations = 0;

    for ( /* void */ ; *text != '\0'; text++) {

        if (depth == 0 && first == NULL && *text != ' ') {
            first = text;
            operations += strncmp(first, "fragment", 8) != 0;
        }

        depth += *text == '{';
        depth -= *text == '}';
        require(depth >= 0 && depth <= SCOPED_KEY_GRAPHQL_MAX_DEPTH);
        first = *text == '}' && depth == 0 ? NULL : first;
    }

    for (lines = 1; *listing != '\0'; listing++) {
        lines += *listing == '\n';
    }

    require(operations == lines && depth == 0);
}


/* the root fields of a document that has but one operation and no spreads */
static void
check_fields(const char *text, const char *listing)
{
    int          depth;
    size_t       len;
    const char  *next;

    depth = 0;
    listing += strcspn(listing, " ");

    for ( /* void */ ; *text != '\0'; text += len) {
        len = strspn(text, "_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "abcdefghijklmnopqrstuvwxyz");
        next = text + len + strspn(text + len, " ");

        if (len != 0 && depth == 1 && *next != ':') {
            require(*listing++ == ' ');
            require(strncmp(listing, text, len) == 0);
            listing += len;
        }

        if (len == 0) {
            depth += *text == '{';
            depth -= *text == '}';
            len = 1;

            if (*text == '@') {
                /* a directive's name is no field */
                len += strspn(text + 1, " ");
                len += strcspn(text + len, " @{}");
            }
        }
    }

    require(*listing == '\0');
}


static void
check_listing(const listing_t *listing)
{
    size_t       i, len;
    const char  *line;

    for (i = 0; i < listing->len; i++) {
        require(strchr(" \n_", listing->text[i]) != NULL
                || isalnum((unsigned char) listing->text[i]));
    }

    for (line = listing->text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        len = strcspn(line, " \n");
        require((len == 5 && strncmp(line, "query", len) == 0)
                || (len == 8 && strncmp(line, "mutation", len) == 0)
                || (len == 12 && strncmp(line, "subscription", len) == 0));
    }
}


static void
check_stop(scoped_key_str_t document, const listing_t *whole)
{
    listing_t  part;

    require(listing_make(&part, document, whole->calls / 2 + 1)
            == SCOPED_KEY_GRAPHQL_STOPPED);
    require(part.calls == whole->calls / 2 + 1);
    require(part.len <= whole->len
            && memcmp(part.text, whole->text, part.len) == 0);
    free(part.text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              *text;
    listing_t          listing;
    scoped_key_str_t   document = { size, data };

    if (listing_make(&listing, document, 0) == SCOPED_KEY_GRAPHQL_READ) {
        check_listing(&listing);
        check_stop(document, &listing);

        text = blank(data, size);
        check_operations(text, listing.text);

        if (strchr(listing.text, '\n') == NULL && strstr(text, "...") == NULL
            && strstr(text, "fragment") == NULL)
        {
            check_fields(text, listing.text);
        }

        free(text);

    } else {
        require(listing.error.at <= size);
        require(*scoped_key_graphql_error_text(listing.error.code) != '\0');
    }

    free(listing.text);

    return 0;
}
