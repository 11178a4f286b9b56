/* verify_as: libpq is given the name to verify; its lookup of that name is answered with the
 * addresses of the program's host, and the answer is kept for the witness. */
#ifndef PGSEAL_VERIFY_AS_H
#define PGSEAL_VERIFY_AS_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr_storage;

/* Whether peer is an address that was found for a name which d verifies as host on this port, and
 * true if d verifies that host under its own name only: then libpq's lookup was the program's.
 * Keeps errno. */
bool verify_as_dialled(const struct conn_state *d, const char *host, int port,
                       const struct sockaddr_storage *peer);

/* PQreset starts at the first element again and looks each name up anew. */
void verify_as_restart(struct conn_state *d);

#endif
