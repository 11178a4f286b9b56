/* verify_as: libpq is given the name to verify; its lookup of that name is answered with the
 * addresses of the program's host, and the answer is kept for the witness. */
#ifndef PGSEAL_VERIFY_AS_H
#define PGSEAL_VERIFY_AS_H

#include "shim/session/session.h"

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

struct sockaddr_storage;

/* getaddrinfo(3) as libpq calls it through its own linkage table; real is what stood there. A name
 * that the current connection (current.h) verifies is looked up as the name that it dials, each
 * element of a list in its turn; so PQreset, several addresses and a failover work as libpq does
 * them. On a thread of which nothing is known (a libpq that looks names up in threads of its own)
 * a name that some rule verifies fails. Sets errno as real does. */
int verify_as_getaddrinfo(__typeof__(getaddrinfo) *real, const char *node, const char *service,
                          const struct addrinfo *hints, struct addrinfo **res);

/* Whether peer is an address that was found for a name which d verifies as host on this port, and
 * true if d verifies that host under its own name only: then libpq's lookup was the program's.
 * Keeps errno. */
bool verify_as_dialled(const struct conn_state *d, const char *host, int port,
                       const struct sockaddr_storage *peer);

/* PQreset starts at the first element again and looks each name up anew. */
void verify_as_restart(struct conn_state *d);

#endif
