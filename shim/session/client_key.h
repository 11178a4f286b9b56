/* client_key: the client certificate in ~/.postgresql and its key, judged where libpq looks for
 * them, and the engine that a key may name. */
#ifndef PGSEAL_CLIENT_KEY_H
#define PGSEAL_CLIENT_KEY_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether libpq, which is about to look at path, is to be told that nothing is there: then errno is
 * ENOENT. True for the default client certificate of a sealed connection that names none, where
 * libpq could not use it (lib/os/client_cert.h): it fails on one, or asks for a passphrase where
 * nobody answers, where a weaker sslmode never came that far. So noted in the connection's state.
 * The key is the one that is named, or the file beside the certificate. Rests on
 * fe-secure-openssl.c initialize_SSL: libpq looks at the file first, and goes on without a
 * certificate on ENOENT. Else false, and errno is kept. */
bool client_key_left_out(const char *path);

/* ENGINE_by_id(3) as libpq calls it to load the engine that a key names; real is what stood there.
 * A sealed connection whose policy pins no key gets none, and ends with the reason as its
 * message. */
typedef void *engine_by_id_fn(const char *id);
void *client_key_engine(engine_by_id_fn *real, const char *id);

/* The reason of a line about d: reason (NULL: none), and before it that the client certificate was
 * left out, where it was; written into buf then. */
const char *client_key_note(const struct conn_state *d, const char *reason, char *buf, size_t size);

#endif
