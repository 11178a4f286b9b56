/* stop: ends a session that must not go on. */
#ifndef PGSEAL_STOP_H
#define PGSEAL_STOP_H

#include "shim/session/session.h"

#include <libpq-fe.h>

/* Which event is logged. */
enum stop { STOP_REFUSE, STOP_FAILED, STOP_VIOLATION };

/* Shuts conn's socket down in both directions, and logs the event with the action `refused`. Until
 * the next PQreset the caller sees a failed connection with the message "pgseal: refused: REASON".
 * Keeps errno. */
void session_stop(struct conn_state *d, PGconn *conn, enum stop stop, const char *reason);

/* The same, if libpq itself will let the connection fail. Of several reasons, only the first counts
 * and is logged. Keeps errno. */
void session_refuse(struct conn_state *d, enum stop stop, const char *reason);

#endif
