/* resolve: which libpq would this caller have reached without pgseal? */
#ifndef PGSEAL_RESOLVE_H
#define PGSEAL_RESOLVE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Every function of libpq that the shim calls. X(name, needed): a libpq without a needed one is
 * refused. */
#define LIBPQ_FUNCTIONS(X)                                                                         \
    X(PQconnectdb, true)                                                                           \
    X(PQconnectdbParams, true)                                                                     \
    X(PQconnectStart, true)                                                                        \
    X(PQconnectStartParams, true)                                                                  \
    X(PQsetdbLogin, true)                                                                          \
    X(PQping, true)                                                                                \
    X(PQpingParams, true)                                                                          \
    X(PQconnectPoll, true)                                                                         \
    X(PQfinish, true)                                                                              \
    X(PQreset, true)                                                                               \
    X(PQresetStart, true)                                                                          \
    X(PQresetPoll, true)                                                                           \
    X(PQstatus, true)                                                                              \
    X(PQerrorMessage, true)                                                                        \
    X(PQconninfo, true)                                                                            \
    X(PQconninfoParse, true)                                                                       \
    X(PQconninfoFree, true)                                                                        \
    X(PQconndefaults, false)                                                                       \
    X(PQfreemem, true)                                                                             \
    X(PQlibVersion, true)                                                                          \
    X(PQhost, true)                                                                                \
    X(PQpass, true)                                                                                \
    X(PQsocket, true)                                                                              \
    X(PQsslInUse, false)                                                                           \
    X(PQsslStruct, false)                                                                          \
    X(PQsslAttribute, false)                                                                       \
    X(PQgetSSLKeyPassHook_OpenSSL, false)                                                          \
    X(PQgssEncInUse, false)                                                                        \
    X(PQconnectionUsedPassword, false)                                                             \
    X(PQconnectionNeedsPassword, false)                                                            \
    X(PQgetCancel, false)                                                                          \
    X(PQfreeCancel, false)                                                                         \
    X(PQcancel, false)                                                                             \
    X(PQrequestCancel, false)                                                                      \
    X(PQcancelCreate, false)                                                                       \
    X(PQcancelStart, false)                                                                        \
    X(PQcancelBlocking, false)                                                                     \
    X(PQcancelPoll, false)                                                                         \
    X(PQcancelStatus, false)                                                                       \
    X(PQcancelSocket, false)                                                                       \
    X(PQcancelErrorMessage, false)                                                                 \
    X(PQcancelReset, false)                                                                        \
    X(PQcancelFinish, false)

/* Functions that this build's libpq-fe.h does not declare are typed in resolve.h's own words. */
typedef struct pg_cancel_conn PGcancelConn;
#ifndef LIBPQ_HAS_ASYNC_CANCEL
PGcancelConn *PQcancelCreate(PGconn *conn);
int PQcancelStart(PGcancelConn *conn);
int PQcancelBlocking(PGcancelConn *conn);
PostgresPollingStatusType PQcancelPoll(PGcancelConn *conn);
ConnStatusType PQcancelStatus(const PGcancelConn *conn);
int PQcancelSocket(const PGcancelConn *conn);
char *PQcancelErrorMessage(const PGcancelConn *conn);
void PQcancelReset(PGcancelConn *conn);
void PQcancelFinish(PGcancelConn *conn);
#endif

struct linked;

/* One libpq copy as a caller reaches it. Plain data: copied freely, valid while that libpq is
 * loaded. */
struct libpq {
#define LIBPQ_MEMBER(name, needed) __typeof__(name) *name;
    LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
    const void *base;      /* its dynamic section: which copy this is */
    int version;           /* PQlibVersion() */
    bool options_known;    /* it has no option that pgseal does not know (options.h) */
    struct linked *linked; /* its own slots (linkage.h); NULL where it has no row there */
    char path[512]; /* the link map's name, absolute where the dynamic linker has it so; cut if
                         longer */
};

enum { REASON_MAX = 1024 };

/* Where a call came from: a return address, and the libpq to which its slot or function pointer is
 * bound. */
struct call_site {
    const void *address; /* where the hook returns to */
    const void *bound;   /* the libpq's dynamic section; NULL: the call came by the exported name */
};

/* Fills *pq with the functions that this call would have reached without pgseal. A call that is bound
 * to a libpq means that one; else the only one that is loaded; of several, the one that everything
 * means which could have made the call (see docs/architecture.md). Never this object nor another copy
 * of it, never a guess. Returns false with why in reason (all candidate paths named); *pq is then some
 * libpq of the process, good for making a refused PGconn and nothing else, or all zero where there is
 * none. *likely (where it is asked for): it is the one that an ambiguous call most likely means, the
 * caller's own or the one that was there first, and so what audit mode passes the call on to. Sweeps
 * first (sweep.h), with what that does to dlerror(). Keeps errno. Not async-signal-safe (takes the
 * loader's lock). */
bool libpq_resolve(struct call_site call_site, const char *entry_point, struct libpq *pq,
                   bool *likely, char *reason, size_t size);

/* The path of the object that holds address ("" where none does), for the log's `object`. Keeps
 * errno. */
void object_path(const void *address, char *buf, size_t size);

/* Every libpq copy in the process (objects that define PQconnectStartParams, pgseal's own left
 * out), at most max; returns how many there are. paths and versions are copied. Keeps errno. */
struct libpq_copy {
    char path[512];
    int version;
};
size_t libpq_copies(struct libpq_copy *copies, size_t max);

#endif
