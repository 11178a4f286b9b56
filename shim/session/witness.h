/* witness: compares the session with the verdict after the handshake, before the first byte of the
 * startup packet. */
#ifndef PGSEAL_WITNESS_H
#define PGSEAL_WITNESS_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Called after each real PQconnectPoll, PQresetPoll or PQcancelPoll, with its result. Returns what
 * the caller gets. Checks a session that is in TLS and has sent no startup packet. If it does not
 * match the verdict, stops it (shutdown(2)), logs a violation, and returns PGRES_POLLING_FAILED.
 * Also logs witness and failed. Keeps errno. */
PostgresPollingStatusType witness_polled(struct conn_state *d, PGconn *conn,
                                         PostgresPollingStatusType result);

/* Called after a blocking call (PQconnectdb…, PQreset). Checks the session if no poll came through
 * the hook (a libpq linked with -Bsymbolic), and logs failed. Keeps errno. */
void witness_returned(struct conn_state *d, PGconn *conn);

/* Called when a new attempt begins on this PGconn (PQreset): it gets its own outcome line. */
void witness_restart(struct conn_state *d);

#endif
