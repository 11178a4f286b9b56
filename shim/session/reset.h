/* reset: PQreset and PQresetStart, which connect again under the verdict of the first
 * connection. */
#ifndef PGSEAL_RESET_H
#define PGSEAL_RESET_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Called before the real PQreset or PQresetStart. Returns whether the verdict still holds: the root
 * and the policy's CRL file have no fault, the exemption has not ended and its use was logged. If
 * not, stops the old session and logs the refusal; the caller sees a failed connection until the
 * next reset. Always true in audit mode. Keeps errno. */
bool reset_ok(struct conn_state *d, PGconn *conn);

#endif
