/* client_cert: would the client certificate in ~/.postgresql stop a connection that never asked for
 * it? */
#ifndef PGSEAL_CLIENT_CERT_H
#define PGSEAL_CLIENT_CERT_H

#include <stdbool.h>

/* Why libpq cannot use the certificate at this path with this key: a static text. NULL: the
 * certificate is not there, or both can be used. passphrase: something gives an encrypted key's
 * (sslpassword, the program's hook); else only a terminal can. Rests on fe-secure-openssl.c
 * initialize_SSL: it fails on a certificate that it cannot look at or read, on a key that is not
 * there, no regular file or open to others, and waits for a passphrase. Opens both files; the key's
 * bytes are wiped. Keeps errno. */
const char *client_cert_fault(const char *certificate, const char *key, bool passphrase);

#endif
