/* connect: the path of a call, from the entry point to the real libpq and back. */
#ifndef PGSEAL_CONNECT_H
#define PGSEAL_CONNECT_H

#include "shim/connect/call.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/session.h"

#include <libpq-fe.h>

/* One function per entry point, with libpq's own signature behind the call site. Each resolves the
 * caller's libpq, probes, decides, logs, makes the real call (sealed, untouched or refused) and
 * registers the PGconn. Never NULL but where libpq itself had no memory; never exits. errno is as
 * the real call left it. Not async-signal-safe, as the entry points are not. */
PGconn *entry_connectdb(struct call_site call_site, const char *conninfo);
PGconn *entry_connectdbParams(struct call_site call_site, const char *const *keywords,
                              const char *const *values, int expand);
PGconn *entry_connectStart(struct call_site call_site, const char *conninfo);
PGconn *entry_connectStartParams(struct call_site call_site, const char *const *keywords,
                                 const char *const *values, int expand);
PGconn *entry_setdbLogin(struct call_site call_site, const char *host, const char *port,
                         const char *options, const char *tty, const char *dbname, const char *user,
                         const char *secret);
PGPing entry_ping(struct call_site call_site, const char *conninfo);
PGPing entry_pingParams(struct call_site call_site, const char *const *keywords,
                        const char *const *values, int expand);

/* PQconndefaults, which looks up a service too; an LDAP server is not asked, and the log says so.
 * NULL if no libpq is to be found, or that libpq's lookup cannot be refused. */
PQconninfoOption *entry_conndefaults(struct call_site call_site);

/* The state of a PGconn: the one that is bound to it, or, where libpq itself (caller is a return
 * address in it) hands the PGconn of the call under way to a hook for the first time, that call's.
 * NULL: a PGconn that came through no entry point. */
struct conn_state *connect_state(PGconn *conn, const void *caller);

#endif
