/*
 * The upstream of the benchmarks: answers every request that ends in an empty
 * line with the same two bytes, and keeps the connection.
 * Knows no bodies and no pipelining, which nginx does not use towards it.
 */

#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>


#define EVENTS   64
#define BACKLOG  1024


static const char  answer[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 2\r\n"
    "\r\n"
    "ok";


static int
fail(const char *what)
{
    perror(what);

    return 1;
}


/* -1: see errno */
static int
listen_at(const char *path)
{
    int                 fd;
    size_t              len;
    struct sockaddr_un  address;

    len = strlen(path);

    if (len >= sizeof(address.sun_path)) {
        return -1;
    }

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, len);

    fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == -1
        || bind(fd, (struct sockaddr *) &address, sizeof(address)) == -1
        || listen(fd, BACKLOG) == -1)
    {
        return -1;
    }

    return fd;
}


static int
watch(int epoll, int fd)
{
    struct epoll_event  event;

    memset(&event, 0, sizeof(event));
    event.events = EPOLLIN;
    event.data.fd = fd;

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}


static void
welcome(int epoll, int listener)
{
    int  fd;

    fd = accept(listener, NULL, NULL);

    if (fd != -1 && watch(epoll, fd) == -1) {
        close(fd);
    }
}


static void
serve(int fd)
{
    ssize_t      n;
    static char  request[65536];

    n = read(fd, request, sizeof(request));

    if (n <= 0) {
        close(fd);
        return;
    }

    if (n >= 4 && memcmp(request + n - 4, "\r\n\r\n", 4) == 0
        && send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) == -1)
    {
        close(fd);
    }
}


int
main(int argc, char **argv)
{
    int                 epoll, listener, i, n;
    struct epoll_event  events[EVENTS];

    if (argc != 2) {
        fprintf(stderr, "usage: upstream SOCKET\n");
        return 2;
    }

    listener = listen_at(argv[1]);
    epoll = epoll_create1(0);

    if (listener == -1 || epoll == -1 || watch(epoll, listener) == -1) {
        return fail(argv[1]);
    }

    for ( ;; ) {
        n = epoll_wait(epoll, events, EVENTS, -1);

        for (i = 0; i < n; i++) {

            if (events[i].data.fd == listener) {
                welcome(epoll, listener);

            } else {
                serve(events[i].data.fd);
            }
        }
    }
}
