/*
 * scoped-key-core: the core of the module, asked by scripts/scoped-key, which
 * knows no grammar of its own.  One line of JSON in, one out, in this order;
 * {"refused":reason} is the answer to what cannot be.  A line that is no
 * object is what Redis said instead: it goes on as it is.
 * Exit status: 0, or 2 with the reason on standard error.
 */

#include <stdio.h>
#include <stdlib.h>

#include "../core/version.h"
#include "digests.h"
#include "import.h"


#define MAIN_FAILED          2
#define MAIN_LINE_MAX_BYTES  (64 * 1024 * 1024)

typedef struct {
    const char  *verb;
    tool_pt      answer;
    bool         all;                    /* lines that are no objects, too */
} main_verb_t;


static const main_verb_t  main_verbs[] = {
    { "check",        tool_check,        false },
    { "check-import", tool_check_import, true },
    { "explain",      tool_explain,      false },
    { "grant",        tool_grant,        false },
    { "match",        tool_match,        false },
    { "record",       tool_record,       true },
    { "ungrant",      tool_ungrant,      false },
    { "view",         tool_view,         false },
    { NULL,           NULL,              false }
};

static const char  main_help[] =
    "usage: scoped-key-core VERB [OPTIONS]\n"
    "  check    a record -> what is wrong or pointless in it\n"
    "  check-import  an object of an import -> the same\n"
    "  explain  {\"record\",\"request\"} -> the verdict, and why\n"
    "  grant    {\"members\"} -> the same, as they are to be written\n"
    "  match    {\"scope\",\"members\"} -> whether these grant it\n"
    "  record   an object of an import -> the record that it makes\n"
    "  ungrant  {\"record\",\"members\"} -> those of the record that are"
    " meant\n"
    "  view     a record -> what `show`, `list` and `export` print\n"
    "  digest [PEPPER_FILE]  keys -> their ids and digests\n"
    "  fields   the fields of a record, a line each\n"
    "  --version\n"
    "OPTIONS: a JSON object; \"now\": unix seconds\n";


static int
main_failed(const char *why)
{
    fprintf(stderr, "scoped-key-core: %s\n", why);

    return MAIN_FAILED;
}


static const main_verb_t *
main_find(const char *verb)
{
    const main_verb_t  *known;

    for (known = main_verbs; known->verb != NULL; known++) {
        if (text_is(text_static(verb), known->verb)) {
            return known;
        }
    }

    return NULL;
}


static bool
main_line(tool_t *tool, const main_verb_t *verb, char *line, size_t len)
{
    scoped_key_str_t  text = { len, (const unsigned char *) line };

    tool->line++;

    if (!verb->all && (len == 0 || line[0] != '{')) {
        return fwrite(line, 1, len, stdout) == len && putchar('\n') != EOF;
    }

    if (!verb->answer(tool, text)) {
        return false;
    }

    memory_reset();

    return true;
}


static int
main_lines(tool_t *tool, const main_verb_t *verb)
{
    int       status = 0;
    char     *line = NULL;
    size_t    room = 0;
    ssize_t   len;

    while (status == 0 && (len = getline(&line, &room, stdin)) > 0) {
        len -= line[len - 1] == '\n';

        if (len > MAIN_LINE_MAX_BYTES) {
            status = main_failed("a line is too long");

        } else if (!main_line(tool, verb, line, (size_t) len)) {
            status = main_failed("cannot write");
        }
    }

    free(line);

    if (status == 0 && (ferror(stdin) || fflush(stdout) != 0)) {
        status = main_failed("reading or writing failed");
    }

    return status;
}


int
main(int argc, char **argv)
{
    int                 status;
    tool_t              tool = { 0, 0, NULL };
    const main_verb_t  *verb;
    scoped_key_json_t  *options;

    if (argc < 2 || argc > 3) {
        fputs(main_help, stderr);
        return MAIN_FAILED;
    }

    if (text_is(text_static(argv[1]), "--version")) {
        return puts("scoped-key-core " SCOPED_KEY_VERSION) != EOF
               && fflush(stdout) == 0 ? 0 : main_failed("cannot write");
    }

    if (text_is(text_static(argv[1]), "digest")) {
        return digests(argv[2]);
    }

    if (text_is(text_static(argv[1]), "fields")) {
        return import_print_fields() && fflush(stdout) == 0
               ? 0 : main_failed("the table of fields is not whole");
    }

    verb = main_find(argv[1]);

    if (verb == NULL) {
        fputs(main_help, stderr);
        return MAIN_FAILED;
    }

    options = value_read(text_static(argc > 2 ? argv[2] : "{}"));

    if (options == NULL) {
        return main_failed("the options are no JSON object");
    }

    tool.options = options;

    if (value_member(options, "now") != NULL) {
        tool.now = scoped_key_json_integer(value_member(options, "now"));
    }

    status = main_lines(&tool, verb);

    scoped_key_json_free(options);

    return status;
}
