/* client_key: the client certificate in ~/.postgresql and its key, judged when libpq looks them up;
 * and the engine that a key may name. */
#ifndef PGSEAL_CLIENT_KEY_H
#define PGSEAL_CLIENT_KEY_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

/* Called when libpq is about to stat path. Returns true, with errno ENOENT, if libpq must be told
 * that the file does not exist: path is the default client certificate of a sealed connection that
 * names none, and libpq could not use it (lib/os/client_cert.h). libpq would fail on it or ask for
 * a passphrase that no one can enter; with the program's weaker sslmode it might not have read it.
 * The connection's state notes that. The key is the one that is named, else the file beside the
 * certificate. Otherwise returns false and keeps errno. Relies on initialize_SSL
 * (fe-secure-openssl.c), which calls stat first and does without a certificate on ENOENT. */
bool client_key_left_out(const char *path);

/* The reason for a log line about d: if the client certificate was left out, that and reason (NULL:
 * none), written into buf; else reason itself. Keeps errno. */
const char *client_key_note(const struct conn_state *d, const char *reason, char *buf, size_t size);

#endif
