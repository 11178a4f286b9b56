/* session: what was decided for each PGconn, from the entry point that made it to PQfinish. */
#ifndef PGSEAL_SESSION_H
#define PGSEAL_SESSION_H

#include "lib/core/verdict/verdict.h"
#include "lib/os/roots.h"
#include "shim/dynlink/resolve.h"
#include "shim/session/ptr_map.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One address that a name of verify_as was found to have. */
struct dial_address {
    size_t dial; /* the index of the dial that was answered */
    int family;
    unsigned char address[16];
};

/* One PGconn's decision. Belongs to the thread that works with the PGconn, as the PGconn itself
 * does (libpq's rule). */
struct conn_state {
    _Atomic(int) holders;
    uint64_t id;        /* never used twice in a process; see current.h */
    struct libpq libpq; /* the copy that made this PGconn: no other may ever touch it */
    const struct policy *policy;
    bool sealed;         /* the witness holds the session against what follows */
    bool outcome_logged; /* witness, failed or violation has been logged for this attempt */
    bool startup_sent;   /* as last seen, the startup packet was on its way */
    bool tls_checked;    /* the witness saw this session before its first byte */
    bool blocked; /* stopped: the caller sees a failed connection until PQfinish or PQreset */
    int min_tls;
    const struct rule *exempt; /* the exemption that was used, or NULL */
    bool crl_required;         /* crl is the policy's */
    const char *entry;         /* the entry point's static name */
    const char *object; /* the strings from here on live behind the struct, NULL where absent */
    const char *where;
    const char *root;
    const char *key; /* the client key that is named */
    const char *crl;
    const char *hosts; /* the host list as it is verified */
    const char *host, *hostaddr, *port, *dbname, *user,
        *application_name; /* for log lines: as the program asked */
    bool socket_listed;    /* the host list has a Unix socket in it */
    bool rejected;         /* libpq did not accept the caller's own values (probe.h) */
    size_t ndials;
    size_t next_dial; /* which of several dials of one name the next look-up is for */
    struct dial *dials;
    struct dial_address *answers; /* what was looked up for these; malloc'ed */
    size_t nanswers;
    struct passwords *passwords; /* verify_as: what libpq is to find in its passfile, or NULL */
    /* the root file as it was judged, until the witness has seen the session */
    struct roots *roots;
    bool root_found_by_libpq; /* root is NULL: what libpq finds in ~/.postgresql is judged there */
    bool cert_found_by_libpq; /* a client certificate there that it cannot use is left out */
    bool passphrase;          /* something gives the pass phrase of an encrypted key */
    bool engine_allowed;      /* for the key: the policy pins it */
    char *root_found;         /* what libpq found; malloc'ed; NULL before it loads it */
    const char *left_out;     /* why the client certificate was (static), or NULL */
    bool audit;               /* audit mode: nothing may change */
    bool tell;                /* the next PQerrorMessage is `message` (a refused PQrequestCancel) */
    struct map_node *map_node;   /* for session_bind; NULL once it is bound */
    struct conn_state *original; /* whose strings these are, where this is a copy; held */
    char message[REASON_MAX];    /* of a violation or a refused cancel */
};

/* A copy of what v and r say, malloc'ed in one block; NULL without memory. */
struct conn_state *conn_state_new(const struct libpq *pq, const struct policy *p,
                                  const struct request *r, const struct verdict *v,
                                  const char *entry, const char *object);

/* A decision of its own that shares d's strings and holds d; NULL without memory. For a connection
 * that libpq copies from another (PQcancelCreate). Keeps errno. */
struct conn_state *conn_state_copy(struct conn_state *d);

/* The root file of this connection: the one that was decided, or else the one that libpq has found;
 * NULL: not yet. Pure. */
static inline const char *conn_state_root(const struct conn_state *d)
{
    return d->root != NULL ? d->root : d->root_found;
}

/* One more holder of d (a PGcancel outlives its PGconn), and one less: the last one frees it. NULL
 * is nothing. Both keep errno; only conn_state_keep is async-signal-safe. */
void conn_state_keep(struct conn_state *d);
void conn_state_free(struct conn_state *d);

/* The conn_state with this number; NULL: none, or freed by now. Async-signal-safe, keeps errno. */
struct conn_state *conn_state_find(uint64_t id);

/* Whether the peer of conn is a Unix socket. May change errno. */
bool session_on_socket(const struct conn_state *d, PGconn *conn);

/* The states of all PGconns that came through an entry point. session_bind enters d, once, and is
 * one more holder of it, which session_remove hands to its caller. All keep errno; session_find is
 * async-signal-safe. */
void session_bind(PGconn *conn, struct conn_state *d);
struct conn_state *session_find(const PGconn *conn);
struct conn_state *session_remove(const PGconn *conn);

#endif
