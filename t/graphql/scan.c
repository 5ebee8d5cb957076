/*
 * The scanner as a filter, for t/graphql/compare: reads documents from
 * standard input, each behind its length (4 bytes, most significant first),
 * and writes a line for each: "refused", or what it reports, with " ; "
 * between operations.
 */

#include "listing.h"


#define MAX_DOCUMENT  (1 << 24)


static void
print(const listing_t *listing)
{
    size_t  i;

    for (i = 0; i < listing->len; i++) {

        if (listing->text[i] == '\n') {
            fputs(" ; ", stdout);

        } else {
            putchar(listing->text[i]);
        }
    }

    putchar('\n');
}


static void
scan(const unsigned char *data, size_t len)
{
    listing_t         listing;
    scoped_key_str_t  document = { len, data };

    if (listing_make(&listing, document, 0) == SCOPED_KEY_GRAPHQL_READ) {
        print(&listing);

    } else {
        puts("refused");
    }

    free(listing.text);
}


int
main(void)
{
    size_t          len;
    unsigned char   head[4];
    unsigned char  *data;

    while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
        len = (size_t) head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];

        if (len > MAX_DOCUMENT) {
            return EXIT_FAILURE;
        }

        data = malloc(len + 1);

        if (data == NULL || fread(data, 1, len, stdin) != len) {
            return EXIT_FAILURE;
        }

        scan(data, len);
        free(data);
    }

    return EXIT_SUCCESS;
}
