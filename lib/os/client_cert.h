/* client_cert: whether libpq can use a client certificate, such as the default one in
 * ~/.postgresql. */
#ifndef PGSEAL_CLIENT_CERT_H
#define PGSEAL_CLIENT_CERT_H

#include <stdbool.h>

/* Why libpq cannot use the certificate at this path with this key: a static text; NULL if the
 * certificate does not exist, or both can be used. passphrase says that there is a source for an
 * encrypted key's passphrase (sslpassword, the program's callback); otherwise it needs a terminal.
 * Relies on initialize_SSL (fe-secure-openssl.c): it fails on a certificate that it cannot stat or
 * read, and on a key that is missing, no regular file or open to others, and it waits for a
 * passphrase. Opens both files; wipes the key's bytes. Keeps errno; not async-signal-safe. */
const char *client_cert_fault(const char *certificate, const char *key, bool passphrase);

#endif
