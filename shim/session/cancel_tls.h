/* cancel_tls: plaintext_cancel = encrypt. A thread of pgseal sends the request of the old PQcancel
 * over verified TLS. */
#ifndef PGSEAL_CANCEL_TLS_H
#define PGSEAL_CANCEL_TLS_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

struct tls_cancel;

/* Prepares a cancel request that is verified as conn was (PQcancelCreate, libpq 17 and later), and
 * starts the process's helper thread if there is none. Returns NULL, with a static text in
 * *why_not, if that fails. The caller frees with tls_cancel_free. Not async-signal-safe:
 * PQgetCancel calls it. */
struct tls_cancel *tls_cancel_prepare(struct conn_state *d, PGconn *conn, const char **why_not);

/* Lets the thread send it, and waits. Returns true if the server took it. Returns false with
 * libpq's message in errbuf if it failed; or with a static text in *why_not (else NULL) if it was
 * not tried, or not done in time. (The helper may need a lock that the interrupted thread holds, so
 * the wait ends; nothing is sent after that.) In the child of a fork the thread is started again.
 * Async-signal-safe: atomics and futex(2) only. */
bool tls_cancel_send(struct tls_cancel *c, char *errbuf, int size, const char **why_not);

/* Frees it; NULL is ignored. Not async-signal-safe. */
void tls_cancel_free(struct tls_cancel *c);

#endif
