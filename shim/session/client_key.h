/* client_key: the client certificate in ~/.postgresql and its key, judged where libpq looks for
 * them, and the engine that a key may name. */
#ifndef PGSEAL_CLIENT_KEY_H
#define PGSEAL_CLIENT_KEY_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

/* Called when libpq is about to look at path. True, with errno ENOENT: it must be told that nothing
 * is there, since path is the default client certificate of a sealed connection that names none,
 * and libpq could not use it (lib/os/client_cert.h). libpq would fail on it, or ask for a
 * passphrase that no one can enter; with a weaker sslmode it might never have come that far. The
 * connection's state notes it. The key is the one that is named, or the file beside the
 * certificate. Rests on fe-secure-openssl.c initialize_SSL: libpq looks at the file first, and goes
 * on without a certificate on ENOENT. Else false, and errno is kept. */
bool client_key_left_out(const char *path);

/* The reason of a line about d: reason (NULL: none), and before it that the client certificate was
 * left out, where it was; written into buf then. */
const char *client_key_note(const struct conn_state *d, const char *reason, char *buf, size_t size);

#endif
