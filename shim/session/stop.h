/* stop: ends a session that must not go on. */
#ifndef PGSEAL_STOP_H
#define PGSEAL_STOP_H

#include "shim/session/session.h"

#include <libpq-fe.h>

/* What the log calls it. */
enum stop { STOP_REFUSE, STOP_FAILED, STOP_VIOLATION };

/* Nothing more can leave or arrive on conn's socket, the caller sees a failed connection with the
 * message "pgseal: refused: REASON" until the next PQreset, and the event is logged with the action
 * `refused`. Keeps errno. */
void session_stop(struct conn_state *d, PGconn *conn, enum stop stop, const char *reason);

/* The same where libpq itself lets the connection fail, for this reason of pgseal's. Of several
 * reasons the first stands, and is logged. */
void session_refuse(struct conn_state *d, enum stop stop, const char *reason);

#endif
