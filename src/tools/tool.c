/*
 * The verbs, and the way of a line: see tool.h.
 * Invariant: a line is answered whole or the program ends with status 2.
 */

#include <stdio.h>
#include <stdlib.h>

#include "../core/version.h"
#include "fields.h"
#include "output.h"
#include "tool.h"


#define TOOL_FAILED          2
#define TOOL_LINE_MAX_BYTES  (64 * 1024 * 1024)

/* the lines that a verb answers */
typedef enum {
    TOOL_OBJECTS,                        /* all others go on as they are */
    TOOL_LINES                           /* all, and reads them itself */
} tool_lines_e;

typedef struct {
    const char     *verb;
    tool_pt         answer;
    tool_lines_e    lines;
    const char   *(*prepare)(const tool_t *tool);
} tool_verb_t;


static const tool_verb_t  tool_verbs[] = {
    { "change",       tool_change,       TOOL_OBJECTS, NULL },
    { "check",        tool_check,        TOOL_OBJECTS, NULL },
    { "check-import", tool_check_import, TOOL_LINES,   NULL },
    { "digest",       tool_digest,       TOOL_LINES,   tool_keys },
    { "explain",      tool_explain,      TOOL_OBJECTS, NULL },
    { "issue",        tool_issue,        TOOL_OBJECTS, tool_keys },
    { "match",        tool_match,        TOOL_OBJECTS, NULL },
    { "record",       tool_record,       TOOL_LINES,   NULL },
    { "view",         tool_view,         TOOL_OBJECTS, NULL },
    { NULL,           NULL,              TOOL_OBJECTS, NULL }
};

static const char  tool_help[] =
    "usage: scoped-key-core VERB [OPTIONS]\n"
    "  change   a record -> four lines: state and id, what is said of it,\n"
    "           what is to be written, what programs are told\n"
    "  check    a record -> what is wrong or pointless in it\n"
    "  check-import  an object of an import -> the same\n"
    "  digest   a key, perhaps an object after it -> its id and digest\n"
    "  explain  {\"record\",\"request\"} -> the verdict, and why\n"
    "  fields   the fields of a record, a line each; reads nothing\n"
    "  issue    {\"prefix\",\"id\"} -> a new key, its id and digest\n"
    "  match    {\"scope\",\"members\"} -> whether these grant it\n"
    "  record   an object of an import -> the record that it makes\n"
    "  view     a record -> what `show`, `list` and `export` print\n"
    "  relay MILLISECONDS MARKER PROGRAM...  its replies to commands\n"
    "  --version\n"
    "OPTIONS: a JSON object; \"now\": unix seconds; \"pepper_file\"\n";


static int
tool_failed(const char *why)
{
    fprintf(stderr, "scoped-key-core: %s\n", why);

    return TOOL_FAILED;
}


static const tool_verb_t *
tool_find(const char *verb)
{
    const tool_verb_t  *known;

    for (known = tool_verbs; known->verb != NULL; known++) {
        if (str_is(str_static(verb), known->verb)) {
            return known;
        }
    }

    return NULL;
}


/* false: the answer could not be written */
static bool
tool_answer(const tool_t *tool, const tool_verb_t *verb)
{
    value_t  asked;

    if (verb->lines == TOOL_LINES) {
        return verb->answer(tool, NULL);
    }

    if (tool->text.len == 0 || tool->text.data[0] != '{') {
        output_json(NULL, tool->text);
        return output_end();
    }

    asked = value_read(tool->text);

    return asked != NULL
           ? verb->answer(tool, asked)
           : output_refused(str_static("is no JSON"), NULL);
}


static const char *
tool_lines(tool_t *tool, const tool_verb_t *verb, char **line, size_t *room)
{
    ssize_t  len;

    while ((len = getline(line, room, stdin)) > 0) {
        len -= (*line)[len - 1] == '\n';

        if (len > TOOL_LINE_MAX_BYTES) {
            return "a line is too long";
        }

        tool->line++;
        tool->text.len = (size_t) len;
        tool->text.data = (unsigned char *) *line;

        if (!tool_answer(tool, verb)) {
            return "cannot write";
        }

        memory_reset();
    }

    /* nothing else ends a line: an error, no memory */

    return feof(stdin) && !ferror(stdin) ? NULL : "cannot read";
}


static int
tool_all(tool_t *tool, const tool_verb_t *verb)
{
    char        *line = NULL;
    size_t       room = 0;
    const char  *wrong;

    wrong = verb->prepare != NULL ? verb->prepare(tool) : NULL;

    if (wrong == NULL) {
        wrong = tool_lines(tool, verb, &line, &room);
    }

    /* it may have been a key */

    if (line != NULL) {
        scoped_key_wipe(line, room);
    }

    free(line);
    memory_free();

    if (wrong == NULL && fflush(stdout) != 0) {
        wrong = "cannot write";
    }

    return wrong == NULL ? 0 : tool_failed(wrong);
}


int
tool_run(int argc, char **argv)
{
    int                 status;
    tool_t              tool = { .line = 0 };
    const tool_verb_t  *verb;
    scoped_key_json_t  *options;

    scoped_key_json_memory_t  usual, ours = { memory_alloc, memory_keep };

    verb = argc < 2 || argc > 3 ? NULL : tool_find(argv[1]);

    if (argc == 2 && str_is(str_static(argv[1]), "fields")) {
        return fields_print() && fflush(stdout) == 0
               ? 0 : tool_failed("the table of fields is not whole");
    }

    if (argc == 2 && str_is(str_static(argv[1]), "--version")) {
        puts("scoped-key-core " SCOPED_KEY_VERSION);
        return fflush(stdout) == 0 ? 0 : tool_failed("cannot write");
    }

    if (argc > 4 && str_is(str_static(argv[1]), "relay")) {
        return relay_run(argv + 2);
    }

    if (verb == NULL) {
        fputs(tool_help, stderr);
        return TOOL_FAILED;
    }

    options = value_read(str_static(argc > 2 ? argv[2] : "{}"));

    if (options == NULL) {
        return tool_failed("the options are no JSON object");
    }

    tool.options = options;
    tool.now = scoped_key_json_integer(value_member(options, "now"));

    /* of a line, all memory goes at once */

    scoped_key_json_memory_get(&usual);
    scoped_key_json_memory_set(&ours);
    status = tool_all(&tool, verb);
    scoped_key_json_memory_set(&usual);

    scoped_key_json_free(options);

    return status;
}
