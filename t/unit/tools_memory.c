/* links: tools/tool tools/explain tools/fields tools/grant tools/import tools/keys tools/lint tools/change tools/memory tools/output tools/raw tools/relay tools/reason tools/times tools/value tools/view core/record core/record_fields core/verdict core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/token core/query core/query_name core/str -Wl,--wrap=malloc -Wl,--wrap=__getdelim -Wl,--wrap=exit -ljansson -lsodium */

/*
 * scoped-key-core without memory: whichever allocation fails, the program ends
 * with status 2, and has written nothing of the line's answer or all of it.
 * Never another answer, never a part.
 * Cases are lines of t/data/tools.
 */

#include "tools_kit.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>


#define LAST_POINT  4096

/* how a child ends */
#define NOT_REACHED  0
#define HELD         42
#define WRONG        43


static bool                 reached;
static bool                 read_once;
static long                 left = -1;   /* allocations until one fails */
static const tools_case_t  *present;


void *__real_malloc(size_t len);
ssize_t __real___getdelim(char **line, size_t *room, int end, FILE *file);
void *__wrap_malloc(size_t len);
ssize_t __wrap___getdelim(char **line, size_t *room, int end, FILE *file);
_Noreturn void __wrap_exit(int status);


static bool
fails(void)
{
    if (left < 0 || left-- != 0) {
        return false;
    }

    reached = true;

    return true;
}


void *
__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}


/* getline(): when it has no memory, the file has no error */
ssize_t
__wrap___getdelim(char **line, size_t *room, int end, FILE *file)
{
    read_once = true;

    if (fails()) {
        errno = ENOMEM;
        return -1;
    }

    return __real___getdelim(line, room, end, file);
}


static _Noreturn void
end(int status, const tools_answer_t *got)
{
    bool  right;

    right = strcmp(got->data, present->answer) == 0
            || (got->len == 0 && present->answer[0] == '\n');

    if (status != 0) {
        right = status == 2 && (right || got->len == 0) && got->why_len != 0;
    }

    _exit(!right ? WRONG : reached ? HELD : NOT_REACHED);
}


static tools_answer_t  so_far;


/* what was begun is not written by this */
void
__wrap_exit(int status)
{
    fflush(stdout);
    fflush(stderr);
    end(status, &so_far);
}


static _Noreturn void
child(long point)
{
    char  *argv[] = { "scoped-key-core", (char *) present->verb,
                      (char *) present->options, NULL };

    stdin = fmemopen((void *) present->asked, strlen(present->asked), "r");
    stdout = open_memstream(&so_far.data, &so_far.len);
    stderr = open_memstream(&so_far.why, &so_far.why_len);

    left = point;
    so_far.status = tool_run(3, argv);
    left = -1;

    fflush(stdout);
    fflush(stderr);
    end(so_far.status, &so_far);
}


/* the way that a child ends whose allocation of this number fails */
static int
try(long point)
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        child(point);
    }

    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)
           ? WEXITSTATUS(status) : WRONG;
}


/* each of the first, then fewer */
static void
memory_case(const tools_case_t *c)
{
    int              ended;
    long             point;
    static unsigned  n;

    if (n++ % 5 != 0) {
        return;
    }

    present = c;

    for (point = 0; point < LAST_POINT; point += 1 + point / 4) {
        ended = try(point);

        if (ended == NOT_REACHED) {
            return;
        }

        unit_check(ended == HELD, "no memory, no answer", c->file, c->line);
    }
}


/* whether the C library still reads lines by way of the one above */
static bool
reads_are_seen(void)
{
    tools_answer_t  got;

    left = -1;
    got = tools_ask("match", TOOLS_OPTIONS, "{}\n", 3);
    tools_free(&got);

    return read_once;
}


int
main(void)
{
    size_t  i;

    static const char *const  verbs[] = {
        "change", "check", "check-import", "digest", "explain", "issue",
        "match", "record", "view"
    };

    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        tools_cases(verbs[i], memory_case);
    }

    /* it is the function that this program calls */

    check(reads_are_seen());

    return unit_done("tools_memory");
}
