/* connect: the path of a call, from the entry point to the real libpq and back. */
#ifndef PGSEAL_CONNECT_H
#define PGSEAL_CONNECT_H

#include "shim/connect/call.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/session.h"

#include <libpq-fe.h>

/* One call of an entry point: resolves the caller's libpq, probes, decides, logs, makes the real
 * call (sealed, untouched or refused) and registers the PGconn. NULL only where libpq itself had no
 * memory, or no libpq can be found; for pings *ping is the answer and NULL is returned. errno is as
 * the real call left it. Not async-signal-safe, as the entry points are not. */
PGconn *connect_call(struct call_site call_site, const struct call *call, PGPing *ping);

/* PQconndefaults, which looks up a service too; an LDAP server is not asked, and the log says so.
 * NULL if no libpq is to be found, or that libpq's lookup cannot be refused. */
PQconninfoOption *connect_defaults(struct call_site call_site);

/* The state of a PGconn: the one that is bound to it, or, where libpq itself (caller is a return
 * address in it) hands the PGconn of the call under way to a hook for the first time, that call's.
 * NULL: a PGconn that came through no entry point. */
struct conn_state *connect_state(PGconn *conn, const void *caller);

#endif
