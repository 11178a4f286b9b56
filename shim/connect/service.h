/* service: the one look of ours into a service file: is it a regular file, and does the stanza turn
 * to LDAP? */
#ifndef PGSEAL_SERVICE_H
#define PGSEAL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct stanza {
    char keys[1024]; /* the keys that the stanza sets, each followed by a newline; only evidence for
                        the log's `source` */
};

/* Looks for the stanza `service` where libpq will (fe-connect.c parseServiceInfo): the file that
 * PGSERVICEFILE or the option servicefile (file, NULL if unset) names, else ~/.pg_service.conf;
 * where the stanza is not there, PGSYSCONFDIR/pg_service.conf, else that of the directory compiled
 * into the libpq at base. Returns true when libpq may read it; false with why when a line of the
 * stanza begins with "ldap" (libpq would ask that server, in clear, before any seal), or when a
 * file is no regular file, cannot be judged, or has the stanza twice. A stanza that is nowhere is
 * fine: libpq says so itself. Keeps errno; allocates for the file's bytes. */
bool service_ok(const char *service, const char *file, int version, const void *base,
                struct stanza *stanza, char *why, size_t size);

/* Whether the stanza sets this option. */
bool service_sets(const struct stanza *stanza, const char *option);

#endif
