/* client_cert: which client certificate a connection would send, and whether it can. */
#ifndef PGSEAL_CLI_CLIENT_CERT_H
#define PGSEAL_CLI_CLIENT_CERT_H

#include "cli/explain/preview.h"

/* A sentence for explain's Why, malloc'ed; NULL if no certificate is shown. Opens certificate and
 * key as libpq would; asks for no passphrase. */
char *client_cert_sentence(const struct preview *q);

#endif
