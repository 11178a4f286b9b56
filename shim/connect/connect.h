/* connect: a call of an entry point, from the hook to the real libpq and back. */
#ifndef PGSEAL_CONNECT_H
#define PGSEAL_CONNECT_H

#include "shim/connect/call.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/session.h"

#include <libpq-fe.h>

/* Handles one call of an entry point: resolves the caller's libpq, probes, decides, logs, makes the
 * real call (sealed, unchanged or refused), and binds the PGconn to its state. Returns NULL only if
 * libpq had no memory or there is no libpq; for a ping, sets *ping and returns NULL. errno is as
 * the real call left it. Not async-signal-safe. */
PGconn *connect_call(struct call_site call_site, const struct call *call, PGPing *ping);

/* PQconndefaults, which also reads a service file. A look-up in LDAP is refused and logged. Returns
 * NULL if there is no libpq, or if its look-up cannot be refused. errno is as the real call left
 * it. Not async-signal-safe. */
PQconninfoOption *connect_defaults(struct call_site call_site);

/* The state of a PGconn; NULL if no entry point made it. While an entry point's call is under way,
 * libpq itself may pass the new PGconn to a hook (caller is a return address in libpq): then it
 * gets that call's state. Keeps errno; takes the loader's lock for a PGconn that it does not
 * know. */
struct conn_state *connect_state(PGconn *conn, const void *caller);

#endif
