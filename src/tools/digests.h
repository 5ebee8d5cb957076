/*
 * The ids and digests of many keys at once, for an import by their texts.
 */

#ifndef SCOPED_KEY_TOOLS_DIGESTS_H
#define SCOPED_KEY_TOOLS_DIGESTS_H


/*
 * Reads lines on standard input: a key, and after white space perhaps a JSON
 * object, which is not looked into.  For each one line on standard output:
 * {"id","digest"}, and the object as "record"; `!` and why it cannot be; or an
 * empty line for an empty one.  pepper: the name of a file, or NULL.  Returns
 * 0, or 2 with the reason on standard error.
 */
int digests(const char *pepper);

#endif
