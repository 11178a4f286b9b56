/* libpq: one libpq copy, its functions, and its path. */
#ifndef PGSEAL_LIBPQ_H
#define PGSEAL_LIBPQ_H

#include "lib/elf/loaded.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Every function of libpq that the shim calls, as X(name, needed). Calls are refused if their libpq
 * lacks a needed one. */
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
    X(PQconnectionNeedsPassword, false)                                                            \
    X(PQgetCancel, false)                                                                          \
    X(PQfreeCancel, false)                                                                         \
    X(PQcancel, false)                                                                             \
    X(PQrequestCancel, false)                                                                      \
    X(PQcancelCreate, false)                                                                       \
    X(PQcancelStart, false)                                                                        \
    X(PQcancelBlocking, false)                                                                     \
    X(PQcancelPoll, false)                                                                         \
    X(PQcancelSocket, false)                                                                       \
    X(PQcancelErrorMessage, false)                                                                 \
    X(PQcancelReset, false)                                                                        \
    X(PQcancelFinish, false)

/* The functions that this build's libpq-fe.h does not declare. */
typedef struct pg_cancel_conn PGcancelConn;
#ifndef LIBPQ_HAS_ASYNC_CANCEL
PGcancelConn *PQcancelCreate(PGconn *conn);
int PQcancelStart(PGcancelConn *conn);
int PQcancelBlocking(PGcancelConn *conn);
PostgresPollingStatusType PQcancelPoll(PGcancelConn *conn);
int PQcancelSocket(const PGcancelConn *conn);
char *PQcancelErrorMessage(const PGcancelConn *conn);
void PQcancelReset(PGcancelConn *conn);
void PQcancelFinish(PGcancelConn *conn);
#endif

struct linked;

/* One copy of libpq. Plain data, which may be copied; valid while that libpq is loaded. */
struct libpq {
#define LIBPQ_MEMBER(name, needed) __typeof__(name) *name;
    LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
    const void *base;      /* its dynamic section: which copy this is */
    int version;           /* PQlibVersion() */
    bool options_known;    /* pgseal knows all its options (options.h) */
    struct linked *linked; /* its row in linkage.h; NULL: none was free */
    char path[512];        /* as object_own_path; cut if longer */
};

/* The value of this option in a list of libpq's (NULL: an empty list); NULL if it is unset or
 * unknown. Pure. */
static inline const char *options_value(const PQconninfoOption *options, const char *name)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0) {
            return o->val;
        }
    }
    return NULL;
}

/* Whether address is in pq: a return address there shows that this libpq called itself. Keeps
 * errno; takes the loader's lock. */
bool libpq_holds(const struct libpq *pq, const void *address);

/* Fills *pq with the functions of the libpq o. Returns NULL, or the name of a needed function that
 * it lacks. The result is kept until objects come or go. Calls that libpq (PQlibVersion,
 * PQconninfoParse) if it was not kept. Takes the loader's lock; not async-signal-safe. */
const char *libpq_fill(struct libpq *pq, const struct object *o);

/* The path of an object, as the dynamic linker has it; of the program, that of /proc/self/exe.
 * Keeps errno. */
void object_own_path(const struct object *o, char *buf, size_t size);

/* The path of the object that contains address, for the log's `object`; "" if there is none. Keeps
 * errno; takes the loader's lock. */
void object_path(const void *address, char *buf, size_t size);

/* Lists the copies of libpq in the process (known_is_libpq), at most max of them. Returns how many
 * there are. Calls PQlibVersion of each, under the loader's lock. Keeps errno. */
struct libpq_copy {
    char path[512];
    int version;
};
size_t libpq_copies(struct libpq_copy *copies, size_t max);

#endif
