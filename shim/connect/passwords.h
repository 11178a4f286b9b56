/* passwords: verify_as and .pgpass. libpq looks a password up under the name that it was given,
 * which is the verified one; the program's entries are for the name that it connects to. */
#ifndef PGSEAL_PASSWORDS_H
#define PGSEAL_PASSWORDS_H

#include "lib/core/verdict/verdict.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/passfile.h"

#include <stdbool.h>
#include <stddef.h>

/* Asks libpq itself for the password of each element of the list under the name that the program
 * gave it, then under the verified name, from the passfile in force (the policy's pin, else the
 * program's, else libpq's own). *passwords is NULL if none was found, or the program brings its
 * own; else the caller's. Returns false with why: two elements that are verified alike have
 * different passwords (one host's would be sent to the other), or no memory. keywords/values:
 * scratch room of call_room(0). Keeps errno. */
bool passwords_find(const struct libpq *pq, const struct request *r, const struct verdict *v,
                    const char **keywords, const char **values, struct passwords **passwords,
                    char *reason, size_t size);

#endif
