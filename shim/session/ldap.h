/* ldap: if a service file says so, libpq asks an LDAP server for connection options, in plaintext.
 * pgseal refuses that. */
#ifndef PGSEAL_LDAP_H
#define PGSEAL_LDAP_H

#include <stdbool.h>
#include <stddef.h>

/* For a libpq that imports no ldap_init: whether it contains "ldap://", as libpq's LDAP code does,
 * and so may have an LDAP library built in. libpq is its dynamic section. True also if its memory
 * cannot be read. Keeps errno; takes the loader's lock and reads all of its read-only memory. */
bool ldap_inside(const void *libpq);

/* Writes the reason of that refusal into buf; service is its name, or NULL if not known. Keeps
 * errno. */
void ldap_reason(const char *service, char *buf, size_t size);

#endif
