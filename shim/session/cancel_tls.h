/* cancel_tls: plaintext_cancel = encrypt. The old PQcancel's request, sent over verified TLS by a
 * thread of pgseal's. */
#ifndef PGSEAL_CANCEL_TLS_H
#define PGSEAL_CANCEL_TLS_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

struct tls_cancel;

/* Prepares a cancel of conn that will go the same verified way as conn did (PQcancelCreate, libpq
 * 17 and newer), and starts the one helper thread of this process where there is none yet. NULL
 * with a static text in *why_not. Not async-signal-safe: it is called from PQgetCancel. */
struct tls_cancel *tls_cancel_prepare(struct conn_state *d, PGconn *conn, const char **why_not);

/* Has the thread send it, and waits. Returns true when the server has taken it; false with *why_not
 * NULL and libpq's message in errbuf when that failed, or with a static text in *why_not when it
 * was not tried or not done in time (a thread that waits for a lock of the interrupted one's must
 * not be waited for: nothing is sent after that). Async-signal-safe: atomics and futex(2) only.
 * Works in a child after fork: the thread is started there again (pthread_atfork). */
bool tls_cancel_send(struct tls_cancel *c, char *errbuf, int size, const char **why_not);

/* Gives it back; NULL is nothing. Not async-signal-safe. */
void tls_cancel_free(struct tls_cancel *c);

#endif
