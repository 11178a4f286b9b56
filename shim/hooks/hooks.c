/* hooks: the exported thunks of the connection doors and of what works on a PGconn; hooks.def lists
 * them all. */
#include "shim/hooks/hooks.h"

#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "lib/os/startup.h"
#include "shim/connect/connect.h"
#include "shim/hooks/stubs.h"
#include "shim/session/cancel.h"
#include "shim/session/reset.h"
#include "shim/session/verify_as.h"
#include "shim/session/witness.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default"))) extern
#define CALLER (stubs_use(), (struct call_site){.address = __builtin_return_address(0)})

static atomic_uchar fired[HOOKS];

void hook_fired(enum hook hook)
{
    atomic_store_explicit(&fired[hook], 1, memory_order_relaxed);
}

size_t hooks_fired(const char **names, size_t max)
{
    static const char *const all[] = {
#define HOOK(name, kind) #name,
#include "shim/hooks.def"
#undef HOOK
    };
    size_t n = 0;
    for (size_t i = 0; i < HOOKS && n < max; i++) {
        if (atomic_load_explicit(&fired[i], memory_order_relaxed) != 0) {
            names[n++] = all[i];
        }
    }
    return n;
}

/* All that happens in a process that never connects. */
__attribute__((constructor)) AT_START static void load(void)
{
    int fds[SINK_NAMED];

    stubs_use();
    sink_remember_stderr();
    settings_load();
    for (size_t n = settings_descriptors(fds, SINK_NAMED); n > 0; n--) {
        sink_remember_descriptor(fds[n - 1]);
    }
}

EXPORT PGconn *PQconnectdb(const char *conninfo)
{
    hook_fired(HOOK_PQconnectdb);
    return entry_connectdb(CALLER, conninfo);
}

EXPORT PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values,
                                 int expand_dbname)
{
    hook_fired(HOOK_PQconnectdbParams);
    return entry_connectdbParams(CALLER, keywords, values, expand_dbname);
}

EXPORT PGconn *PQconnectStart(const char *conninfo)
{
    hook_fired(HOOK_PQconnectStart);
    return entry_connectStart(CALLER, conninfo);
}

EXPORT PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values,
                                    int expand_dbname)
{
    hook_fired(HOOK_PQconnectStartParams);
    return entry_connectStartParams(CALLER, keywords, values, expand_dbname);
}

EXPORT PGconn *PQsetdbLogin(const char *pghost, const char *pgport, const char *pgoptions,
                            const char *pgtty, const char *dbName, const char *login,
                            const char *pwd)
{
    hook_fired(HOOK_PQsetdbLogin);
    return entry_setdbLogin(CALLER, pghost, pgport, pgoptions, pgtty, dbName, login, pwd);
}

EXPORT PGPing PQping(const char *conninfo)
{
    hook_fired(HOOK_PQping);
    return entry_ping(CALLER, conninfo);
}

EXPORT PGPing PQpingParams(const char *const *keywords, const char *const *values,
                           int expand_dbname)
{
    hook_fired(HOOK_PQpingParams);
    return entry_pingParams(CALLER, keywords, values, expand_dbname);
}

typedef void (*function)(void);

/* A function of the caller's libpq, for a PGconn that came through no door; NULL where that libpq
 * cannot be told. Returns nothing but the pointer, so that no large frame is live while the real
 * function runs. */
__attribute__((noinline)) static function real_for_unknown_conn(const void *caller,
                                                                const char *name, size_t offset)
{
    struct libpq pq = {0};
    char reason[REASON_MAX];
    stubs_use();
    function found = NULL;
    int saved = errno;
    if (libpq_resolve((struct call_site){.address = caller}, name, &pq, reason, sizeof reason)) {
        memcpy(&found, (const char *)&pq + offset, sizeof found);
    }
    errno = saved;
    return found;
}

#define REAL_FOR_UNKNOWN_CONN(name)                                                                \
    ((__typeof__(name) *)real_for_unknown_conn(__builtin_return_address(0), #name,                 \
                                               offsetof(struct libpq, name)))

EXPORT PostgresPollingStatusType PQconnectPoll(PGconn *conn)
{
    struct conn_state *d = connect_state(conn);
    if (d == NULL) {
        __typeof__(PQconnectPoll) *real = REAL_FOR_UNKNOWN_CONN(PQconnectPoll);
        return real != NULL ? real(conn) : PGRES_POLLING_FAILED;
    }
    hook_fired(HOOK_PQconnectPoll);
    if (d->blocked) {
        return PGRES_POLLING_FAILED;
    }
    struct conn_state *before = verify_as_enter(d);
    PostgresPollingStatusType result = d->libpq.PQconnectPoll(conn);
    verify_as_leave(before);
    return witness_polled(d, conn, result);
}

EXPORT PostgresPollingStatusType PQresetPoll(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQresetPoll) *real = REAL_FOR_UNKNOWN_CONN(PQresetPoll);
        return real != NULL ? real(conn) : PGRES_POLLING_FAILED;
    }
    hook_fired(HOOK_PQresetPoll);
    if (d->blocked) {
        return PGRES_POLLING_FAILED;
    }
    struct conn_state *before = verify_as_enter(d);
    PostgresPollingStatusType result = d->libpq.PQresetPoll(conn);
    verify_as_leave(before);
    return witness_polled(d, conn, result);
}

EXPORT int PQresetStart(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQresetStart) *real = REAL_FOR_UNKNOWN_CONN(PQresetStart);
        return real != NULL ? real(conn) : 0;
    }
    hook_fired(HOOK_PQresetStart);
    witness_restart(d);
    if (!reset_ok(d, conn)) {
        return 0;
    }
    struct conn_state *before = verify_as_enter(d);
    int started = d->libpq.PQresetStart(conn);
    verify_as_leave(before);
    return started;
}

EXPORT void PQreset(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQreset) *real = REAL_FOR_UNKNOWN_CONN(PQreset);
        if (real != NULL) {
            real(conn);
        }
        return;
    }
    hook_fired(HOOK_PQreset);
    witness_restart(d);
    if (!reset_ok(d, conn)) {
        return;
    }
    struct conn_state *before = verify_as_enter(d);
    d->libpq.PQreset(conn);
    verify_as_leave(before);
    witness_returned(d, conn);
}

EXPORT void PQfinish(PGconn *conn)
{
    if (conn == NULL) {
        return;
    }
    struct conn_state *d = session_remove(conn);
    if (d == NULL) {
        __typeof__(PQfinish) *real = REAL_FOR_UNKNOWN_CONN(PQfinish);
        if (real != NULL) {
            real(conn);
        }
        return;
    }
    hook_fired(HOOK_PQfinish);
    __typeof__(PQfinish) *real = d->libpq.PQfinish;
    conn_state_free(d);
    real(conn);
}

EXPORT char *PQerrorMessage(const PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        static char nobody[] = "pgseal: refused: this connection's libpq cannot be told\n";
        __typeof__(PQerrorMessage) *real = REAL_FOR_UNKNOWN_CONN(PQerrorMessage);
        return real != NULL ? real(conn) : nobody;
    }
    bool tell = d->tell;
    d->tell = false;
    return d->blocked || tell ? d->message : d->libpq.PQerrorMessage(conn);
}

EXPORT ConnStatusType PQstatus(const PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQstatus) *real = conn != NULL ? REAL_FOR_UNKNOWN_CONN(PQstatus) : NULL;
        return real != NULL ? real(conn) : CONNECTION_BAD;
    }
    return d->blocked ? CONNECTION_BAD : d->libpq.PQstatus(conn);
}

EXPORT PQconninfoOption *PQconninfo(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    __typeof__(PQconninfo) *real =
        d != NULL ? d->libpq.PQconninfo : REAL_FOR_UNKNOWN_CONN(PQconninfo);
    PQconninfoOption *options = real != NULL ? real(conn) : NULL;
    if (d != NULL) {
        verify_as_show_passfile(d, options);
    }
    return options;
}

EXPORT PGcancel *PQgetCancel(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQgetCancel) *real = REAL_FOR_UNKNOWN_CONN(PQgetCancel);
        return real != NULL ? real(conn) : NULL;
    }
    hook_fired(HOOK_PQgetCancel);
    PGcancel *cancel = d->libpq.PQgetCancel != NULL ? d->libpq.PQgetCancel(conn) : NULL;
    if (cancel != NULL) {
        cancel_made(cancel, conn, d);
    }
    return cancel;
}

EXPORT void PQfreeCancel(PGcancel *cancel)
{
    if (cancel == NULL) {
        return;
    }
    __typeof__(PQfreeCancel) *real = cancel_freed(cancel);
    if (real == NULL) {
        real = REAL_FOR_UNKNOWN_CONN(PQfreeCancel);
    }
    if (real != NULL) {
        real(cancel);
    }
}

/* Runs in signal handlers: only a PGcancel that came through no door of ours makes it look for a
 * libpq. */
EXPORT int PQcancel(PGcancel *cancel, char *errbuf, int errbufsize)
{
    hook_fired(HOOK_PQcancel);
    return cancel_send(cancel, errbuf, errbufsize,
                       cancel_known(cancel) ? NULL : REAL_FOR_UNKNOWN_CONN(PQcancel));
}

EXPORT int PQrequestCancel(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQrequestCancel) *real = REAL_FOR_UNKNOWN_CONN(PQrequestCancel);
        return real != NULL ? real(conn) : 0;
    }
    hook_fired(HOOK_PQrequestCancel);
    return cancel_request(d, conn);
}

/* libpq 17's cancels inherit all that was forced on their PGconn; the witness looks at them as
 * well. */
EXPORT PGcancelConn *PQcancelCreate(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    __typeof__(PQcancelCreate) *real =
        d != NULL ? d->libpq.PQcancelCreate : REAL_FOR_UNKNOWN_CONN(PQcancelCreate);
    PGcancelConn *cancel = real != NULL ? real(conn) : NULL;
    if (cancel != NULL && d != NULL) {
        hook_fired(HOOK_PQcancelCreate);
        cancel_created(cancel, conn, d);
    }
    return cancel;
}

EXPORT int PQcancelStart(PGcancelConn *cancelConn)
{
    const struct conn_state *d = session_find((PGconn *)cancelConn);
    __typeof__(PQcancelStart) *real =
        d != NULL ? d->libpq.PQcancelStart : REAL_FOR_UNKNOWN_CONN(PQcancelStart);
    return real != NULL && (d == NULL || !d->blocked) ? real(cancelConn) : 0;
}

EXPORT int PQcancelBlocking(PGcancelConn *cancelConn)
{
    const struct conn_state *d = session_find((PGconn *)cancelConn);
    __typeof__(PQcancelBlocking) *real =
        d != NULL ? d->libpq.PQcancelBlocking : REAL_FOR_UNKNOWN_CONN(PQcancelBlocking);
    return real != NULL && (d == NULL || !d->blocked) ? real(cancelConn) : 0;
}

EXPORT char *PQcancelErrorMessage(const PGcancelConn *cancelConn)
{
    static char nothing[] = "";
    struct conn_state *d = session_find((const PGconn *)cancelConn);
    __typeof__(PQcancelErrorMessage) *real =
        d != NULL ? d->libpq.PQcancelErrorMessage : REAL_FOR_UNKNOWN_CONN(PQcancelErrorMessage);
    if (d != NULL && d->blocked) {
        return d->message;
    }
    return real != NULL ? real(cancelConn) : nothing;
}

EXPORT PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancelConn)
{
    PGconn *conn = (PGconn *)cancelConn; /* libpq-int.h: struct pg_cancel_conn is a PGconn */
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        __typeof__(PQcancelPoll) *real = REAL_FOR_UNKNOWN_CONN(PQcancelPoll);
        return real != NULL ? real(cancelConn) : PGRES_POLLING_FAILED;
    }
    hook_fired(HOOK_PQcancelPoll);
    if (d->blocked) {
        return PGRES_POLLING_FAILED;
    }
    return witness_polled(d, conn, d->libpq.PQcancelPoll(cancelConn));
}

EXPORT void PQcancelFinish(PGcancelConn *cancelConn)
{
    if (cancelConn == NULL) {
        return;
    }
    struct conn_state *d = session_remove((PGconn *)cancelConn);
    __typeof__(PQcancelFinish) *real =
        d != NULL ? d->libpq.PQcancelFinish : REAL_FOR_UNKNOWN_CONN(PQcancelFinish);
    conn_state_free(d);
    if (real != NULL) {
        real(cancelConn);
    }
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res)
{
    return verify_as_getaddrinfo(node, service, hints, res);
}
