/* witness: compares the result of the handshake with the decision, before the first byte of the
 * startup packet. */
#ifndef PGSEAL_WITNESS_H
#define PGSEAL_WITNESS_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* To be called after each real PQconnectPoll, PQresetPoll or PQcancelPoll that returned `result`;
 * returns what the caller is told. A session that is in TLS and has sent nothing yet is checked; if
 * it is not as decided, it is stopped (shutdown(2)), a violation logged, and PGRES_POLLING_FAILED
 * returned. Logs witness and failed too. Keeps errno. */
PostgresPollingStatusType witness_polled(struct conn_state *d, PGconn *conn,
                                         PostgresPollingStatusType result);

/* To be called when a blocking call (PQconnectdb…, PQreset) has returned: checks the session if no
 * poll could be seen (libpq linked -Bsymbolic), and logs failed. Keeps errno. */
void witness_returned(struct conn_state *d, PGconn *conn);

/* A new attempt begins on this PGconn (PQreset): it gets its own outcome. */
void witness_restart(struct conn_state *d);

#endif
