/*
 * A library to be loaded before all others: of the allocations of a process one
 * fails, the one that the number in the file named in FAULTS_MEMORY counts down
 * to.  The file is shared memory; 0: none fails, or the one that was to has.
 * Knows nothing of nginx.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>


void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);


static volatile int64_t  *memory_left;


__attribute__((constructor)) static void
memory_map(void)
{
    int          fd;
    void        *map;
    const char  *path;

    path = getenv("FAULTS_MEMORY");
    fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
               0);
    close(fd);

    if (map != MAP_FAILED) {
        memory_left = map;
    }
}


static int
memory_fails(void)
{
    if (memory_left == NULL || *memory_left <= 0 || --*memory_left != 0) {
        return 0;
    }

    errno = ENOMEM;

    return 1;
}


void *
malloc(size_t size)
{
    return memory_fails() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return memory_fails() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return memory_fails() ? NULL : __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    if (memory_fails()) {
        return ENOMEM;
    }

    *p = __libc_memalign(alignment, size);

    return *p ? 0 : ENOMEM;
}


void *
memalign(size_t alignment, size_t size)
{
    return memory_fails() ? NULL : __libc_memalign(alignment, size);
}
