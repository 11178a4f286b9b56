/* probe: what does this call ask for? libpq itself adds it up, and refuses before any network
 * I/O. */
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
    PROBE_REJECTED, /* libpq does not accept the caller's own values: conn is one that says so in
                       libpq's words, with the caller's values, to be given to the caller */
    PROBE_REFUSED,  /* reason says why pgseal will not even look (LDAP, a FIFO, a libpq that is too
                      old) */
};

struct probe {
    PGconn *conn;                /* refused before it dialled */
    PQconninfoOption *effective; /* PQconninfo(conn): what request points into */
    PQconninfoOption *parsed;    /* the expanded dbname, or NULL */
    char default_host[256];
    char home[1024]; /* libpq's home directory, where its files cannot be judged as it opens them */
    struct request request;
    char reason[REASON_MAX];
};

/* Adds up what params ask for through pq: string, array, service file, environment, defaults. No
 * network I/O, .pgpass is not read. pointers must have room for params->n + PROBE_EXTRA entries
 * each. What p holds afterwards is freed by probe_free. Rests on: connectOptions2 refuses an
 * unknown target_session_attrs before it dials (libpq 10 to 19), PQconninfo works on a refused
 * connection. Keeps errno; allocates through libpq; about 1.5 KiB of stack. */
enum { PROBE_EXTRA = 4 };
enum probe_result probe_run(const struct libpq *pq, const struct params *params,
                            const char **keywords, const char **values, struct probe *p);

/* Has libpq tell its home directory, in its own words: that of the passfile that it falls back to.
 * Fills p->request.home. The arrays are scratch, with room as above. Keeps errno. */
void probe_home(const struct libpq *pq, const char **keywords, const char **values,
                struct probe *p);

/* Frees all that p holds. */
void probe_free(const struct libpq *pq, struct probe *p);

/* Starts a probe with these arrays (n entries; one more and the NULL are added) and returns the
 * refused connection, or one with another error of libpq's; *refused tells which. Used by
 * passwords.c too, to look up .pgpass for another name. */
PGconn *probe_start(const struct libpq *pq, const char **keywords, const char **values, size_t n,
                    int expand, bool *refused);

/* In the options of a connection that libpq rejected: target_session_attrs becomes what the caller
 * would have seen. */
void probe_show_rejected(PQconninfoOption *options);

#endif
