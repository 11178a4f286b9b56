/* cancel: the legacy cancel request, which every libpq sends in plaintext, under the policy's
 * plaintext_cancel. */
#ifndef PGSEAL_CANCEL_H
#define PGSEAL_CANCEL_H

#include "shim/session/session.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Remembers the connection of which the real PQgetCancel has made this PGcancel. Not
 * async-signal-safe. Without memory the PGcancel stays unknown, and cancel_send refuses it under
 * any rule but allow. */
void cancel_made(PGcancel *cancel, PGconn *conn, struct conn_state *d);

/* Whether it is remembered. Async-signal-safe. */
bool cancel_known(const PGcancel *cancel);

/* A PGcancelConn of libpq 17 that was made of conn, which is d's: the witness knows it from now on,
 * and where conn is in plaintext, or in TLS that its cancel need not take up, the policy's
 * plaintext_cancel holds for it. Without memory it stays unknown: libpq has copied all that was
 * forced. Not async-signal-safe. */
void cancel_created(PGcancelConn *cancel, PGconn *conn, struct conn_state *d);

/* Forgets it. Returns the real PQfreeCancel, to be called next; NULL: it is not known. */
__typeof__(PQfreeCancel) *cancel_freed(PGcancel *cancel);

/* PQcancel under the policy: logs plaintext_cancel, and either makes the real call or returns 0
 * with a message. A Unix socket carries no plaintext over a network: the real call, no line.
 * Async-signal-safe to the letter: atomics, the sink's system calls, and the real PQcancel; keeps
 * errno as the real PQcancel leaves it. real is used where the PGcancel is none of ours. */
int cancel_send(PGcancel *cancel, char *errbuf, int size, __typeof__(PQcancel) *real);

/* The same for PQrequestCancel, whose message goes into the PGconn's own buffer: *text is the
 * message of a refusal. */
int cancel_request(struct conn_state *d, PGconn *conn);

#endif
