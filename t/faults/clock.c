/*
 * A library to be loaded before all others: the wall clock, moved by as many
 * seconds as the file named in FAULTS_OFFSET says, read again each time.  The
 * monotonic clock is left alone, as it is when someone sets the time.
 * Knows nothing of nginx.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


static char  clock_path[4096];


/* nginx clears the environment of its workers */
__attribute__((constructor)) static void
clock_remember(void)
{
    size_t       i;
    const char  *path;

    path = getenv("FAULTS_OFFSET");

    for (i = 0; path && path[i] && i < sizeof(clock_path) - 1; i++) {
        clock_path[i] = path[i];
    }
}


static long
clock_offset(void)
{
    int      fd;
    char     text[32];
    ssize_t  n;

    fd = open(clock_path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return 0;
    }

    n = read(fd, text, sizeof(text) - 1);
    close(fd);

    if (n <= 0) {
        return 0;
    }

    text[n] = '\0';

    return strtol(text, NULL, 10);
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int  rc;

    rc = (int) syscall(SYS_clock_gettime, id, ts);

    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec += clock_offset();
    }

    return rc;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec  ts;

    (void) zone;

    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *now)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    if (now) {
        *now = ts.tv_sec;
    }

    return ts.tv_sec;
}
