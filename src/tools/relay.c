/*
 * Between scripts/scoped-key and redis-cli, which waits for an answer for ever:
 * see tool.h.  An ECHO of a marker follows each command, and is taken out of
 * the replies, so that it is known whether one is due.
 * Invariant: the program that was started does not outlive this one.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "tool.h"


#define RELAY_FAILED       2
#define RELAY_UNANSWERED   3
#define RELAY_READ_BYTES   (64 * 1024)

/* bytes on their way; from: where those begin that are still to go */
typedef struct {
    unsigned char  *data;
    size_t          from;
    size_t          len;
    size_t          room;
} relay_bytes_t;

typedef struct {
    const char     *marker;
    size_t          marker_len;
    int64_t         patience;            /* milliseconds */
    int64_t         since;               /* the last thing that happened */
    size_t          due;                 /* answers */
    pid_t           child;
    int             in;                  /* of the child; -1: closed */
    int             out;
    bool            more;                /* standard input has not ended */
    bool            inside;              /* of a line, whose end is to come */
    relay_bytes_t   commands;            /* the last perhaps not whole */
    size_t          whole;               /* bytes after `from` that are */
    relay_bytes_t   replies;
} relay_t;


static int64_t
relay_now(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


static void
relay_add(relay_bytes_t *bytes, const void *data, size_t len)
{
    if (bytes->room - bytes->len < len && bytes->from != 0) {
        bytes->len -= bytes->from;
        memmove(bytes->data, bytes->data + bytes->from, bytes->len);
        bytes->from = 0;
    }

    if (bytes->room - bytes->len < len) {
        bytes->room = 2 * (bytes->len + len);
        bytes->data = realloc(bytes->data, bytes->room);

        if (bytes->data == NULL) {
            memory_failed();
        }
    }

    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}


/* all of it, to standard output; who is read by nobody ends as if at work */
static void
relay_write(const unsigned char *data, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = write(STDOUT_FILENO, data, len);

        if (n < 0 && errno != EINTR) {
            (void) signal(SIGPIPE, SIG_DFL);
            (void) raise(SIGPIPE);
            exit(RELAY_FAILED);
        }

        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t) n : 0;
    }
}


/* what is no whole line is kept back */
static void
relay_command(relay_t *relay)
{
    ssize_t        i, n, start;
    unsigned char  read_bytes[RELAY_READ_BYTES];

    n = read(STDIN_FILENO, read_bytes, sizeof(read_bytes));

    if (n <= 0) {
        relay->more = n < 0 && errno == EINTR;
        return;
    }

    for (i = 0, start = 0; i < n; i++) {

        if (read_bytes[i] != '\n') {
            continue;
        }

        relay_add(&relay->commands, read_bytes + start,
                  (size_t) (i + 1 - start));
        relay_add(&relay->commands, "ECHO ", 5);
        relay_add(&relay->commands, relay->marker, relay->marker_len);
        relay_add(&relay->commands, "\n", 1);

        relay->whole = relay->commands.len - relay->commands.from;
        relay->since = relay->due++ == 0 ? relay_now() : relay->since;
        start = i + 1;
    }

    relay_add(&relay->commands, read_bytes + start, (size_t) (n - start));
}


/* as much as the program takes at once */
static void
relay_send(relay_t *relay)
{
    ssize_t         n;
    relay_bytes_t  *commands = &relay->commands;

    n = write(relay->in, commands->data + commands->from, relay->whole);

    if (n > 0) {
        commands->from += (size_t) n;
        relay->whole -= (size_t) n;

    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        (void) close(relay->in);
        relay->in = -1;
        relay->more = false;
    }
}


/* all lines but markers; of one that is no marker also its beginning */
static void
relay_lines(relay_t *relay)
{
    size_t          len, left;
    unsigned char  *line, *end;
    relay_bytes_t  *replies = &relay->replies;

    while (replies->from < replies->len) {
        line = replies->data + replies->from;
        left = replies->len - replies->from;
        end = memchr(line, '\n', left);
        len = end != NULL ? (size_t) (end - line) : left;

        if (end == NULL && !relay->inside && len <= relay->marker_len) {
            return;
        }

        if (!relay->inside && len == relay->marker_len
            && memcmp(line, relay->marker, len) == 0)
        {
            relay->due -= relay->due > 0;

        } else {
            relay_write(line, len + (end != NULL));
        }

        relay->inside = end == NULL;
        replies->from += len + (end != NULL);
    }
}


/* false: the program has ended */
static bool
relay_reply(relay_t *relay)
{
    ssize_t        n;
    unsigned char  read_bytes[RELAY_READ_BYTES];

    n = read(relay->out, read_bytes, sizeof(read_bytes));

    if (n <= 0) {
        return n < 0 && errno == EINTR;
    }

    relay_add(&relay->replies, read_bytes, (size_t) n);
    relay_lines(relay);
    relay->since = relay_now();

    return true;
}


/* the input has ended and all of it was sent */
static void
relay_close(relay_t *relay)
{
    if (!relay->more && relay->in >= 0 && relay->whole == 0) {
        (void) close(relay->in);
        relay->in = -1;
    }
}


/* milliseconds that may yet pass; -1: no answer is due */
static int
relay_left(const relay_t *relay)
{
    int64_t  left = relay->since + relay->patience - relay_now();

    return relay->due == 0 && relay->in >= 0 ? -1 : left < 0 ? 0 : (int) left;
}


/* false: an answer that was due did not come */
static bool
relay_converse(relay_t *relay)
{
    int            n;
    bool           pending;
    struct pollfd  fds[3];

    for ( ;; ) {
        relay_close(relay);
        pending = relay->in >= 0 && relay->whole > 0;

        fds[0].fd = relay->more && !pending ? STDIN_FILENO : -1;
        fds[0].events = POLLIN;
        fds[1].fd = pending ? relay->in : -1;
        fds[1].events = POLLOUT;
        fds[2].fd = relay->out;
        fds[2].events = POLLIN;

        n = poll(fds, 3, relay_left(relay));

        if (n == 0) {
            return relay->due == 0;
        }

        if (n > 0 && fds[2].revents != 0 && !relay_reply(relay)) {
            return relay->due == 0;
        }

        if (n > 0 && fds[1].revents != 0) {
            relay_send(relay);
        }

        if (n > 0 && fds[0].revents != 0) {
            relay_command(relay);
        }
    }
}


static _Noreturn void
relay_child(int in, int out, char **argv)
{
    (void) signal(SIGPIPE, SIG_DFL);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0
        && dup2(in, STDIN_FILENO) >= 0
        && dup2(out, STDOUT_FILENO) >= 0
        && dup2(out, STDERR_FILENO) >= 0)
    {
        (void) execvp(argv[0], argv);
    }

    fprintf(stderr, "cannot run %s\n", argv[0]);
    _exit(127);
}


static bool
relay_start(relay_t *relay, char **argv)
{
    int  in[2], out[2];

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        return false;
    }

    relay->child = fork();

    if (relay->child == 0) {
        relay_child(in[0], out[1], argv);
    }

    (void) close(in[0]);
    (void) close(out[1]);

    relay->in = in[1];
    relay->out = out[0];

    return relay->child > 0 && fcntl(relay->in, F_SETFL, O_NONBLOCK) == 0;
}


int
relay_run(char **argv)
{
    int      status;
    bool     answered;
    relay_t  relay = { .marker = argv[1], .more = true, .in = -1 };

    (void) signal(SIGPIPE, SIG_IGN);

    relay.marker_len = strlen(argv[1]);
    relay.patience = strtol(argv[0], NULL, 10);
    relay.since = relay_now();

    if (!relay_start(&relay, argv + 2)) {
        fputs("scoped-key-core: no process, or no pipe\n", stderr);
        return RELAY_FAILED;
    }

    answered = relay_converse(&relay);

    (void) kill(relay.child, SIGKILL);
    (void) close(relay.out);
    (void) waitpid(relay.child, &status, 0);

    free(relay.commands.data);
    free(relay.replies.data);

    return answered ? 0 : RELAY_UNANSWERED;
}
