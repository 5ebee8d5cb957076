/*
 * The version of the module and of its tools.  It is written here alone: the
 * module's string, what the tools answer to --version and the packages are made
 * from it, and CHANGES begins with it.
 */

#ifndef SCOPED_KEY_VERSION_H
#define SCOPED_KEY_VERSION_H


#define SCOPED_KEY_VERSION  "1.1.0"

#endif
