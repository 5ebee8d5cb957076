/*
 * Basic credentials (RFC 7617): base64 of a user name, a colon and a password.
 * Either of them may be a key.  Looks at the form alone.
 */

#ifndef SCOPED_KEY_BASIC_H
#define SCOPED_KEY_BASIC_H

#include "str.h"


/* of a credential of n bytes: what its reading needs */
#define SCOPED_KEY_BASIC_BYTES(n)  ((n) / 4 * 3)

/*
 * The password, or the user name where the password is empty, in scratch, which
 * has SCOPED_KEY_BASIC_BYTES(credential.len) bytes.  *key may be empty.
 * Base64 is read strictly (RFC 4648, section 3): with its padding, without any
 * other character, unused bits zero.  False, and *key is left alone: it cannot
 * be decoded, or has no colon.
 */
bool scoped_key_basic_read(scoped_key_str_t credential,
    unsigned char *scratch, scoped_key_str_t *key);

#endif
