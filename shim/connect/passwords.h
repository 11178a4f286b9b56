/* passwords: verify_as and .pgpass. libpq looks a password up under the name that it was given,
 * which is the verified one. The program's entries are for the name that it connects to. */
#ifndef PGSEAL_PASSWORDS_H
#define PGSEAL_PASSWORDS_H

#include "lib/core/verdict/verdict.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/passfile.h"

#include <stdbool.h>
#include <stddef.h>

/* Lets libpq look up the password of each element of the host list: under the program's name for
 * it, then under the verified name, in the password file that applies (the policy's pin, else the
 * program's, else libpq's default). Sets *passwords, which the caller frees (passwords_free); NULL
 * if none was found, or if the program gives a password itself. Returns false with the reason if
 * two elements that are verified alike have different passwords (one host's would be sent to the
 * other), or without memory. keywords and values are scratch, of call_room(0) entries. Keeps
 * errno. */
bool passwords_find(const struct libpq *pq, const struct request *r, const struct verdict *v,
                    const char **keywords, const char **values, struct passwords **passwords,
                    char *reason, size_t size);

#endif
