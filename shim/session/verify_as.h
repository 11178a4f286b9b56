/* dial: verify_as. libpq is given the name to verify; the look-up of that name is answered with the
 * name to dial. */
#ifndef PGSEAL_VERIFY_AS_H
#define PGSEAL_VERIFY_AS_H

#include "shim/connect/call.h"
#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

struct addrinfo;

/* From here to dial_leave, look-ups of this thread for a name that d verifies are answered for the
 * name that d dials; each element of a list in its turn. Returns what dial_leave needs. d may be
 * NULL. So PQreset, several addresses and a failover work as libpq does them. A d that dials
 * nothing is none. Async-signal-safe, keeps errno. */
struct conn_state *verify_as_enter(struct conn_state *d);
void verify_as_leave(struct conn_state *before);

/* d is about to be freed: a longjmp out of libpq never came to dial_leave. Async-signal-safe, keeps
 * errno. */
void verify_as_forget(const struct conn_state *d);

/* PQreset starts at the first element again. */
void verify_as_restart(struct conn_state *d);

/* getaddrinfo(3) with the above in force; to everybody else the real one. Sets errno as that does.
 */
int verify_as_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **res);

/* Puts the program's own passfile back into what PQconninfo shows of a connection whose passwords
 * were carried over: the anonymous file is gone by now, and pg_basebackup -R would write it down.
 * Keeps errno. */
void verify_as_show_passfile(const struct conn_state *d, PQconninfoOption *options);

/* The .pgpass entry of the old name must still be found, and its password must show up in no
 * PQconninfo: writes an anonymous file (memfd) that maps the verified names to these passwords, and
 * forces `passfile` to it. *fd is the file, to be closed after PQconnectStartParams has read it, or
 * -1 where no entry was found. Returns false with why. keywords/values: scratch room of
 * call_room(0). Keeps errno. */
bool verify_as_passwords(const struct libpq *pq, const struct request *r, struct verdict *v,
                         const char **keywords, const char **values, char *path, size_t size,
                         int *fd, char *why, size_t why_size);

#endif
