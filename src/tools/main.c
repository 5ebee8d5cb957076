/*
 * scoped-key-core: the core of the module as a program: see tool.h.
 */

#include "tool.h"


int
main(int argc, char **argv)
{
    return tool_run(argc, argv);
}
