/* reset: PQreset and PQresetStart make a connection of their own, on the verdict of the first. */
#ifndef PGSEAL_RESET_H
#define PGSEAL_RESET_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* To be called before the real PQreset or PQresetStart: whether what d rests on still holds (the
 * root and the policy's CRL file are fine, the exemption has not ended and its use is logged). If
 * not, the session that there was is stopped, the refusal logged, and the caller sees a failed
 * connection until the next reset. Changes nothing in audit mode. Keeps errno. */
bool reset_ok(struct conn_state *d, PGconn *conn);

#endif
