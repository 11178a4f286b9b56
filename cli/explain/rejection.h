/* rejection: what libpq says about a connection string that it rejects may quote a secret. */
#ifndef PGSEAL_REJECTION_H
#define PGSEAL_REJECTION_H

#include <stdbool.h>

/* Whether libpq's message about a connection string that it rejects quotes a part that may contain
 * a secret. Pure. */
bool rejection_secret(const char *message, const char *conninfo);

#endif
