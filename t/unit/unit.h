/*
 * The least a unit test needs: a check that counts, and a last line that says
 * what was counted.  A failed check tells where it stands and goes on.
 * The exit status says whether all of them held.
 */

#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static unsigned  unit_passed;
static unsigned  unit_failed;


#define check(condition)                                                      \
    unit_check((condition), #condition, __FILE__, __LINE__)


static inline int
unit_check(int holds, const char *what, const char *file, int line)
{
    if (holds) {
        unit_passed++;
        return 1;
    }

    unit_failed++;
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);

    return 0;
}


static inline int
unit_done(const char *name)
{
    printf("unit %s: %u passed, %u failed\n", name, unit_passed, unit_failed);

    return unit_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
