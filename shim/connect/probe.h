/* probe: asks libpq itself what a call amounts to. libpq adds up string, service file, environment
 * and defaults, and fails before any network I/O. */
#ifndef PGSEAL_PROBE_H
#define PGSEAL_PROBE_H

#include "lib/core/verdict/verdict.h"
#include "shim/connect/params.h"
#include "shim/dynlink/resolve.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

enum probe_result {
    PROBE_OK,       /* request is filled */
    PROBE_REJECTED, /* libpq does not accept the caller's values: conn has libpq's message and these
                       values, and can be given to the caller */
    PROBE_REFUSED,  /* reason says why pgseal refuses (LDAP, a FIFO, a libpq that is too old) */
};

struct probe {
    PGconn *conn;                /* failed before it connected */
    PQconninfoOption *effective; /* PQconninfo(conn); request points into it */
    PQconninfoOption *parsed;    /* of the expanded dbname, or NULL */
    char default_host[256];
    char home[1024]; /* libpq's home directory, if its files cannot be judged when it opens them */
    struct request request;
    char reason[REASON_MAX];
};

/* Fills *p, which the caller has zeroed, with what params ask for, as pq sees it. No network I/O;
 * .pgpass is not read. keywords and values are scratch, of params->n + PROBE_EXTRA entries each.
 * The caller frees with probe_free. Relies on connectOptions2 (fe-connect.c), which fails on an
 * unknown target_session_attrs before it connects (libpq 10 to 19), and on PQconninfo, which works
 * on a failed connection. Keeps errno; allocates through libpq; about 1.5 KiB of stack. Not
 * async-signal-safe. */
enum { PROBE_EXTRA = 4 };
enum probe_result probe_run(const struct libpq *pq, const struct params *params,
                            const char **keywords, const char **values, struct probe *p);

/* Whether libpq itself parses s as a connection string although it is none that pgseal recognises:
 * a new kind of URI. Then it is not known what libpq makes of it, and reason says so. Keeps
 * errno. */
bool probe_unknown_string(const struct libpq *pq, const char *s, char *reason, size_t size);

/* Sets p->request.home to libpq's home directory, taken from the default passfile that libpq
 * reports. The arrays are scratch, as above. Keeps errno. */
void probe_home(const struct libpq *pq, const char **keywords, const char **values,
                struct probe *p);

/* Frees what p owns. If that is nothing, pq may lack all functions: there was no libpq. Keeps
 * errno. */
void probe_free(const struct libpq *pq, struct probe *p);

/* Starts a probe with these arrays: n entries, to which one more and the NULL are added. Returns
 * the failed PGconn, which the caller finishes; *refused says whether the probe's own option made
 * it fail, and not another error. passwords.c also uses it, to look up .pgpass for another name.
 * May change errno. */
PGconn *probe_start(const struct libpq *pq, const char **keywords, const char **values, size_t n,
                    int expand, bool *refused);

/* Restores target_session_attrs in the options of a connection that libpq rejected (NULL: none):
 * the caller sees its own value, not the probe's. Keeps errno. */
void probe_show_rejected(PQconninfoOption *options);

#endif
