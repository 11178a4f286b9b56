/* ldap: libpq asks an LDAP server for connection options if a service says so, in plaintext. */
#ifndef PGSEAL_LDAP_H
#define PGSEAL_LDAP_H

#include <stdbool.h>
#include <stddef.h>

/* ldap_init(3) as libpq calls it through its own linkage table, before it sends a byte; real is
 * what stood there. NULL, and so noted in current.h, but in audit mode, where libpq asks as it
 * would have. libpq then gives the service up ("could not create LDAP structure"). Keeps errno. */
typedef void *ldap_init_fn(const char *host, int port);
void *ldap_refused(ldap_init_fn *real, const char *host, int port);

/* Whether the libpq with this dynamic section can ask LDAP, told by what it says about wrong LDAP
 * URLs: for one that shows no ldap_init, since its LDAP library is inside it. True where that
 * cannot be told. Keeps errno; reads all of its read-only memory. */
bool ldap_inside(const void *libpq);

/* The reason of that refusal, for a service of this name (NULL: not known) in buf. */
void ldap_reason(const char *service, char *buf, size_t size);

#endif
