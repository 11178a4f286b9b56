/* verify_as: libpq is given the name to verify. When it looks that name up, it gets the addresses
 * of the program's host, which are kept for the witness. */
#ifndef PGSEAL_VERIFY_AS_H
#define PGSEAL_VERIFY_AS_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

struct sockaddr_storage;

/* Whether peer is an address that was found for the program's host, which d verifies as `host` on
 * this port. Also true if d verifies that host under its own name. Keeps errno. */
bool verify_as_dialled(const struct conn_state *d, const char *host, int port,
                       const struct sockaddr_storage *peer);

/* Forgets the addresses: PQreset starts with the first element again and looks each name up
 * anew. */
void verify_as_restart(struct conn_state *d);

#endif
