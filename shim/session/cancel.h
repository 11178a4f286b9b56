/* cancel: the legacy cancel request, which every libpq sends in plaintext, under the policy's
 * plaintext_cancel. */
#ifndef PGSEAL_CANCEL_H
#define PGSEAL_CANCEL_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Notes that the real PQgetCancel made this PGcancel from conn, whose state is d. caller is the
 * return address of the hook. If memory runs out, the PGcancel stays unknown, and cancel_send
 * refuses it under any rule but allow. Not async-signal-safe. */
void cancel_made(PGcancel *cancel, PGconn *conn, struct conn_state *d, const void *caller);

/* Whether cancel_made was called for it. Keeps errno; async-signal-safe. */
bool cancel_known(const PGcancel *cancel);

/* Notes that PQcancelCreate (libpq 17) made this PGcancelConn from conn, whose state is d: the
 * witness checks it. If conn is in plaintext, or its cancel may go without TLS, the policy's
 * plaintext_cancel applies. Returns false if memory runs out: the caller must finish it. Not
 * async-signal-safe. */
bool cancel_created(PGcancelConn *cancel, PGconn *conn, struct conn_state *d);

/* Forgets it. Returns the real PQfreeCancel, which the caller calls next; NULL if it is not
 * known. */
__typeof__(PQfreeCancel) *cancel_freed(PGcancel *cancel);

/* PQcancel under the policy: logs plaintext_cancel, and makes the real call, or returns 0 with a
 * message in errbuf. A request over a Unix socket is passed on without a line. real is called for a
 * PGcancel that is not known. errno is as the real PQcancel leaves it. Async-signal-safe: atomics,
 * the sink's system calls, and the real PQcancel. */
int cancel_send(PGcancel *cancel, char *errbuf, int size, __typeof__(PQcancel) *real);

/* The same for PQrequestCancel. The message of a refusal is what the next PQerrorMessage returns,
 * and only that one: libpq forgets a message when the next command starts, which pgseal does not
 * see. */
int cancel_request(struct conn_state *d, PGconn *conn);

#endif
