/* session: the state of each PGconn: what was decided, from the entry point to PQfinish. */
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

/* One address to which a host under verify_as was resolved. */
struct dial_address {
    size_t dial; /* index in conn_state.dials */
    int family;
    unsigned char address[16];
};

/* The state of one PGconn. Only the thread that uses the PGconn uses it; libpq demands the same of
 * the PGconn. */
struct conn_state {
    _Atomic(int) holders;
    uint64_t id;        /* never used twice in a process; see current.h */
    struct libpq libpq; /* the copy that made this PGconn: no other may ever touch it */
    const struct policy *policy;
    bool sealed;         /* the witness compares the session with what follows */
    bool outcome_logged; /* witness, failed or violation has been logged for this attempt */
    bool startup_sent;   /* at the last poll, the startup packet was being sent */
    bool tls_checked;    /* the witness checked this session before the startup packet */
    bool blocked; /* stopped: the caller sees a failed connection until PQfinish or PQreset */
    int min_tls;
    const struct rule *exempt; /* the exemption that was used, or NULL */
    bool crl_required;         /* crl is the policy's */
    const char *entry;         /* the entry point's static name */
    const char *object;        /* the strings from here on are in the same block; NULL: absent */
    const char *where;
    const char *root;
    const char *key; /* the client key, if one is named */
    const char *crl;
    const char *hosts; /* the host list as it is verified */
    const char *host, *hostaddr, *port, *dbname, *user,
        *application_name;           /* for log lines: as the program asked */
    bool cut;                        /* these are hidden (struct request) */
    bool socket_listed;              /* the host list contains a Unix socket */
    bool rejected;                   /* libpq did not accept the caller's own values (probe.h) */
    bool host_unset, hostaddr_unset; /* libpq got "" for it, so that it stays unset (call_pinned) */
    size_t ndials;
    size_t next_dial; /* if several dials have one name: which one the next look-up is for */
    struct dial *dials;
    struct dial_address *answers; /* the addresses that were found for them; malloc'ed */
    size_t nanswers;
    struct passwords *passwords; /* verify_as: in place of the password file, or NULL */
    /* the root file as it was judged, until the witness has checked the session */
    struct roots *roots;
    bool root_found_by_libpq; /* root is NULL: the root is judged when libpq loads it */
    bool cert_found_by_libpq; /* the default client certificate is left out if it is unusable */
    bool passphrase;          /* there is a source for the passphrase of an encrypted key */
    bool engine_allowed;      /* the policy pins a key in an engine */
    char *root_found;         /* the root that libpq loaded; malloc'ed; NULL: not yet */
    const char *left_out;     /* why the client certificate was left out (static), or NULL */
    bool audit;               /* audit mode: nothing may change */
    /* the next PQerrorMessage is `message` (a refused PQrequestCancel), if libpq's own still has
     * this length: otherwise something else has failed since */
    bool tell;
    size_t own_length;
    struct map_node *map_node;   /* for session_bind; NULL once it is bound */
    struct conn_state *original; /* if this is a copy: the owner of the strings, which it keeps */
    char message[REASON_MAX];    /* of a violation or a refused cancel */
};

/* Makes a state from v and r, with copies of their strings, malloc'ed in one block. The caller
 * holds it (conn_state_free). NULL without memory. Keeps errno. */
struct conn_state *conn_state_new(const struct libpq *pq, const struct policy *p,
                                  const struct request *r, const struct verdict *v,
                                  const char *entry, const char *object);

/* A copy of d that shares its strings and keeps it, for a connection that libpq copies from another
 * one (PQcancelCreate). The caller holds it. NULL without memory. Keeps errno. */
struct conn_state *conn_state_copy(struct conn_state *d);

/* The root file of this connection: the one of the verdict, else the one that libpq has loaded;
 * NULL if it has not yet. Pure. */
static inline const char *conn_state_root(const struct conn_state *d)
{
    return d->root != NULL ? d->root : d->root_found;
}

/* Shows the options of a PGconn with state d, malloc'ed by its libpq, as the program set them: host
 * and hostaddr are NULL if they are only "" because pgseal keeps them unset. NULL is ignored. */
void conn_state_show_unset(const struct conn_state *d, PQconninfoOption *options);

/* Add and remove a holder of d (a PGcancel may outlive its PGconn); removing the last one frees it.
 * NULL is ignored. Both keep errno; only conn_state_keep is async-signal-safe. */
void conn_state_keep(struct conn_state *d);
void conn_state_free(struct conn_state *d);

/* The state with this id; NULL if there is none, or it was freed. Keeps errno;
 * async-signal-safe. */
struct conn_state *conn_state_find(uint64_t id);

/* Whether libpq says that conn is in TLS. Keeps errno. */
static inline bool session_in_tls(const struct conn_state *d, PGconn *conn)
{
    return d->libpq.PQsslInUse != NULL && d->libpq.PQsslInUse(conn) == 1;
}

/* Whether the peer of conn is a Unix socket. May change errno. */
bool session_on_socket(const struct conn_state *d, PGconn *conn);

/* The map from PGconns to their states. session_bind adds d once, and becomes a holder of it;
 * session_remove passes that to its caller. session_find returns NULL for a PGconn that no entry
 * point made. All keep errno; session_find is async-signal-safe. */
void session_bind(PGconn *conn, struct conn_state *d);
struct conn_state *session_find(const PGconn *conn);
struct conn_state *session_remove(const PGconn *conn);

#endif
