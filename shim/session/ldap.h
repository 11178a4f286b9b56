/* ldap: libpq asks an LDAP server for connection options if a service says so, in plaintext. */
#ifndef PGSEAL_LDAP_H
#define PGSEAL_LDAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the libpq with this dynamic section can ask LDAP, told by what it says about wrong LDAP
 * URLs: for one that shows no ldap_init, since its LDAP library is inside it. True where that
 * cannot be told. Keeps errno; reads all of its read-only memory. */
bool ldap_inside(const void *libpq);

/* The reason of that refusal, for a service of this name (NULL: not known) in buf. */
void ldap_reason(const char *service, char *buf, size_t size);

#endif
