/* dial: verify_as. libpq is given the name to verify; the look-up of that name is answered with the
 * name to dial. */
#ifndef PGSEAL_DIAL_H
#define PGSEAL_DIAL_H

#include "shim/connect/call.h"
#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

struct addrinfo;

/* From here to dial_leave, look-ups of this thread for a name that d verifies are answered for the
 * name that d dials; each element of a list in its turn. Returns what dial_leave needs. d may be
 * NULL. So PQreset, several addresses and a failover work as libpq does them. A d that dials
 * nothing is none. Async-signal-safe, keeps errno. */
struct decision *dial_enter(struct decision *d);
void dial_leave(struct decision *before);

/* d is about to be freed: a longjmp out of libpq never came to dial_leave. Async-signal-safe, keeps
 * errno. */
void dial_forget(const struct decision *d);

/* PQreset starts at the first element again. */
void dial_restart(struct decision *d);

/* getaddrinfo(3) with the above in force; to everybody else the real one. Sets errno as that does.
 */
int dial_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **res);

/* Puts the program's own passfile back into what PQconninfo shows of a connection whose passwords
 * were carried over: the anonymous file is gone by now, and pg_basebackup -R would write it down.
 * Keeps errno. */
void dial_show_passfile(const struct decision *d, PQconninfoOption *options);

/* The .pgpass entry of the old name must still be found, and its password must show up in no
 * PQconninfo: writes an anonymous file (memfd) that maps the verified names to these passwords, and
 * forces `passfile` to it. *fd is the file, to be closed after PQconnectStartParams has read it, or
 * -1 where no entry was found. Returns false with why. keywords/values: scratch room of
 * call_room(0). Keeps errno. */
bool dial_passwords(const struct libpq *pq, const struct request *r, struct verdict *v,
                    const char **keywords, const char **values, char *path, size_t size, int *fd,
                    char *why, size_t why_size);

#endif
