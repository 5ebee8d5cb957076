/*
 * One verb of scoped-key-core, asked within this program: its standard input
 * and output are memory.  Case files: lines `? OPTIONS`, where they are not
 * those of most, `> LINE` and `< ANSWER`, in this order; an answer may be
 * empty, or several lines.  Between cases may be blank lines and comments.
 */

#ifndef TOOLS_KIT_H
#define TOOLS_KIT_H

#include "tools/tool.h"
#include "unit.h"


#define TOOLS_CASE_BYTES  (128 * 1024)
#define TOOLS_OPTIONS     "{\"now\":1800000000}"

typedef struct {
    char    *data;                       /* NUL-terminated, to be freed */
    size_t   len;
    char    *why;                        /* of standard error; the same */
    size_t   why_len;
    int      status;
} tools_answer_t;

typedef struct {
    const char  *file;
    int          line;
    const char  *verb;
    char         options[TOOLS_CASE_BYTES];
    char         asked[TOOLS_CASE_BYTES];
    char         answer[2 * TOOLS_CASE_BYTES];
} tools_case_t;


/* n bytes of standard input to all of standard output */
static inline tools_answer_t
tools_ask(const char *verb, const char *options, const char *asked, size_t n)
{
    FILE            *in = stdin, *out = stdout, *err = stderr;
    char            *argv[] = { "scoped-key-core", (char *) verb,
                                (char *) options, NULL };
    tools_answer_t   answer = { NULL, 0, NULL, 0, 0 };

    stdin = n != 0 ? fmemopen((void *) asked, n, "r") : fopen("/dev/null", "r");
    stdout = open_memstream(&answer.data, &answer.len);
    stderr = open_memstream(&answer.why, &answer.why_len);

    if (stdin == NULL || stdout == NULL || stderr == NULL) {
        abort();
    }

    answer.status = tool_run(3, argv);

    fclose(stdin);
    fclose(stdout);
    fclose(stderr);
    stdin = in;
    stdout = out;
    stderr = err;

    return answer;
}


static inline void
tools_free(tools_answer_t *answer)
{
    free(answer->data);
    free(answer->why);
}


/* what the line says after `? `, `> ` or `< ` */
static inline void
tools_keep(char *to, const char *line)
{
    to[0] = '\0';
    strcat(to, line[1] == ' ' ? line + 2 : line + 1);
}


/* gives every case of t/data/tools/VERB */
static inline void
tools_cases(const char *verb, void (*run)(const tools_case_t *c))
{
    FILE                 *file;
    char                  path[256];
    unsigned              cases = 0;
    static char           line[TOOLS_CASE_BYTES], last[TOOLS_CASE_BYTES];
    static tools_case_t   c;

    (void) snprintf(path, sizeof(path), "t/data/tools/%s", verb);

    c.file = path;
    c.line = 0;
    c.verb = verb;
    last[0] = '\0';
    file = fopen(path, "r");
    tools_keep(c.options, "? " TOOLS_OPTIONS);

    while (file != NULL && line[0] != '.') {
        if (fgets(line, sizeof(line), file) == NULL) {
            strcpy(line, ".");
        }

        if (last[0] == '<' && line[0] != '<') {
            run(&c);
            cases++;
            tools_keep(c.options, "? " TOOLS_OPTIONS);
            c.answer[0] = '\0';
        }

        c.line++;

        if (line[0] == '?') {
            line[strcspn(line, "\n")] = '\0';
            tools_keep(c.options, line);

        } else if (line[0] == '>') {
            tools_keep(c.asked, line);
            c.answer[0] = '\0';

        } else if (line[0] == '<') {
            tools_keep(c.answer + strlen(c.answer), line);

        } else {
            unit_check(strchr("#\n.", line[0]) != NULL, "a line of a case",
                       path, c.line);
        }

        strcpy(last, line);
    }

    if (file != NULL) {
        fclose(file);
    }

    line[0] = '\0';
    unit_check(cases != 0, "the file has cases", path, 0);
}

#endif
