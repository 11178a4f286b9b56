/* probe: what does this call ask for? libpq itself adds it up, and refuses before any network I/O.
 */
#ifndef PGSEAL_PROBE_H
#define PGSEAL_PROBE_H

#include "lib/core/verdict/verdict.h"
#include "shim/connect/service.h"
#include "shim/dynlink/resolve.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* A call in array form: what every door is turned into (see call.h). The arrays stay the caller's.
 */
struct params {
    const char *const *keywords;
    const char *const *values;
    size_t n;    /* without the NULL at the end */
    int expand;  /* as PQconnectdbParams has it */
    bool login;  /* the arrays stand for PQsetdbLogin's arguments: source `login` */
    bool string; /* the one dbname stands for a whole connection string */
};

enum probe_result {
    PROBE_OK,    /* request is filled */
    PROBE_LIBPQ, /* libpq does not accept the caller's own values: conn says why, in libpq's words;
                    give it to the caller */
    PROBE_REFUSED, /* reason says why pgseal will not even look (LDAP, a FIFO, a libpq that is too
                      old) */
};

struct probe {
    PGconn *conn;                /* refused before it dialled */
    PQconninfoOption *effective; /* PQconninfo(conn): what request points into */
    PQconninfoOption *parsed;    /* the expanded dbname, or NULL */
    struct stanza stanza;
    char default_host[256];
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

/* Gives everything back (conn too, unless keep_conn). */
void probe_free(const struct libpq *pq, struct probe *p, bool keep_conn);

/* Whether libpq takes a string for a connection string rather than a database's name
 * (recognized_connection_string): a URI prefix or an equals sign. And whether it starts with a URI
 * prefix. */
bool probe_recognized(const char *s);
bool probe_uri(const char *s);

/* Starts a probe with these arrays (n entries; two more and the NULL are added) and returns the
 * refused connection, or one with another error of libpq's; *refused tells which. Used by dial.c
 * too, to look up .pgpass for another name. */
PGconn *probe_start(const struct libpq *pq, const char **keywords, const char **values, size_t n,
                    int expand, bool *refused);

#endif
