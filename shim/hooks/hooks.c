/* hooks: the exported functions of libpq; hooks.def lists them all. */

#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "lib/os/startup.h"
#include "shim/connect/connect.h"
#include "shim/connect/probe.h"
#include "shim/dynlink/forked.h"
#include "shim/dynlink/known.h"
#include "shim/hooks/stubs.h"
#include "shim/log/fired.h"
#include "shim/session/cancel.h"
#include "shim/session/current.h"
#include "shim/session/reset.h"
#include "shim/session/witness.h"

#include <errno.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default"))) extern
/* Where the call comes from, and the stub that it came through, if any. Each hook evaluates it
 * first. */
#define CALLER call_site_of(__builtin_return_address(0))

static struct call_site call_site_of(const void *address)
{
    unsigned so_far = known_so_far();
    unsigned row = stub_take();
    linkage_use(&stubs);
    return (struct call_site){
        .address = address, .bound = row != 0 ? linkage_bound(row) : NULL, .known_so_far = so_far};
}

/* The only code that runs in a process that never connects or opens objects. */
__attribute__((constructor)) AT_START static void load(void)
{
    int fds[SINK_NAMED];

    linkage_use(&stubs);
    forked_load();
    sink_remember_stderr();
    settings_load();
    for (size_t n = settings_descriptors(fds, SINK_NAMED); n > 0; n--) {
        sink_remember_descriptor(fds[n - 1]);
    }
}

EXPORT PGconn *PQconnectdb(const char *conninfo)
{
    struct call call = {HOOK_PQconnectdb, .conninfo = conninfo};
    return connect_call(CALLER, &call, NULL);
}

EXPORT PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values,
                                 int expand_dbname)
{
    struct call call = {HOOK_PQconnectdbParams, .keywords = keywords, .values = values,
                        .expand = expand_dbname};
    return connect_call(CALLER, &call, NULL);
}

EXPORT PGconn *PQconnectStart(const char *conninfo)
{
    struct call call = {HOOK_PQconnectStart, .conninfo = conninfo};
    return connect_call(CALLER, &call, NULL);
}

EXPORT PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values,
                                    int expand_dbname)
{
    struct call call = {HOOK_PQconnectStartParams, .keywords = keywords, .values = values,
                        .expand = expand_dbname};
    return connect_call(CALLER, &call, NULL);
}

EXPORT PGconn *PQsetdbLogin(const char *pghost, const char *pgport, const char *pgoptions,
                            const char *pgtty, const char *dbName, const char *login,
                            const char *pwd)
{
    struct call call = {HOOK_PQsetdbLogin, .host = pghost,   .port = pgport, .options = pgoptions,
                        .tty = pgtty,      .dbname = dbName, .user = login,  .secret = pwd};
    return connect_call(CALLER, &call, NULL);
}

EXPORT PGPing PQping(const char *conninfo)
{
    PGPing ping = PQPING_NO_ATTEMPT;
    struct call call = {HOOK_PQping, .conninfo = conninfo};
    connect_call(CALLER, &call, &ping);
    return ping;
}

EXPORT PGPing PQpingParams(const char *const *keywords, const char *const *values,
                           int expand_dbname)
{
    PGPing ping = PQPING_NO_ATTEMPT;
    struct call call = {HOOK_PQpingParams, .keywords = keywords, .values = values,
                        .expand = expand_dbname};
    connect_call(CALLER, &call, &ping);
    return ping;
}

EXPORT PQconninfoOption *PQconndefaults(void)
{
    hook_fired(HOOK_PQconndefaults);
    return connect_defaults(CALLER);
}

typedef void (*function)(void);

/* A function of the caller's libpq, for a PGconn that no hook made; NULL if that libpq cannot be
 * determined. A function of its own, so that its large frame is gone while the real function
 * runs. */
__attribute__((noinline)) static function real_for_unknown_conn(struct call_site call_site,
                                                                const char *name, size_t offset)
{
    struct libpq pq = {0};
    char reason[REASON_MAX];
    function found = NULL;
    int saved_errno = errno;
    if (libpq_resolve(call_site, name, &pq, NULL, reason, sizeof reason)) {
        memcpy(&found, (const char *)&pq + offset, sizeof found);
    }
    errno = saved_errno;
    return found;
}

#define REAL_FOR_UNKNOWN_CONN(name)                                                                \
    ((__typeof__(name) *)real_for_unknown_conn(caller, #name, offsetof(struct libpq, name)))

/* The real function for a PGconn with state d; NULL if there is none. */
#define REAL(d, name) ((d) != NULL ? (d)->libpq.name : REAL_FOR_UNKNOWN_CONN(name))

/* The same; also notes that the hook was called, if d is known. */
#define REAL_FIRED(d, name) (((d) != NULL ? hook_fired(HOOK_##name) : (void)0), REAL(d, name))

/* Calls real for a PGconn with state d (NULL: unknown). While it runs, the functions that libpq
 * calls through its own slots work for that PGconn. other is the result if real is NULL. */
#define CALL_FOR(d, real, other, ...)                                                              \
    ({                                                                                             \
        struct current before_ = current_enter(d);                                                 \
        __typeof__(real(__VA_ARGS__)) result_ = (real) != NULL ? (real)(__VA_ARGS__) : (other);    \
        current_leave(before_);                                                                    \
        result_;                                                                                   \
    })

/* PQconnectPoll, PQresetPoll and PQcancelPoll: the witness checks the result. */
#define POLL(d, name, conn, argument)                                                              \
    ({                                                                                             \
        __typeof__(name) *real_ = REAL_FIRED(d, name);                                             \
        PostgresPollingStatusType step_ = PGRES_POLLING_FAILED;                                    \
        if ((d) == NULL || !(d)->blocked) {                                                        \
            step_ = CALL_FOR(d, real_, PGRES_POLLING_FAILED, argument);                            \
            step_ = (d) != NULL ? witness_polled(d, conn, step_) : step_;                          \
        }                                                                                          \
        step_;                                                                                     \
    })

EXPORT PostgresPollingStatusType PQconnectPoll(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = connect_state(conn, caller.address);
    return POLL(d, PQconnectPoll, conn, conn);
}

EXPORT PostgresPollingStatusType PQresetPoll(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    return POLL(d, PQresetPoll, conn, conn);
}

/* A PGcancelConn of libpq 17 inherits the forced options of its PGconn; the witness checks it, too.
 * (struct pg_cancel_conn is a PGconn: libpq-int.h.) */
EXPORT PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancelConn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find((PGconn *)cancelConn);
    return POLL(d, PQcancelPoll, (PGconn *)cancelConn, cancelConn);
}

/* Whether a PGconn may be reset; if so, a new attempt begins. */
static bool may_reset(struct conn_state *d, PGconn *conn)
{
    if (d == NULL) {
        return true;
    }
    witness_restart(d);
    return reset_ok(d, conn);
}

EXPORT int PQresetStart(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    __typeof__(PQresetStart) *real = REAL_FIRED(d, PQresetStart);
    return may_reset(d, conn) ? CALL_FOR(d, real, 0, conn) : 0;
}

EXPORT void PQreset(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    __typeof__(PQreset) *real = REAL_FIRED(d, PQreset);
    if (real == NULL || !may_reset(d, conn)) {
        return;
    }
    struct current before = current_enter(d);
    real(conn);
    current_leave(before);
    if (d != NULL) {
        witness_returned(d, conn);
    }
}

EXPORT void PQfinish(PGconn *conn)
{
    struct call_site caller = CALLER;
    if (conn == NULL) {
        return;
    }
    struct conn_state *d = session_remove(conn);
    __typeof__(PQfinish) *real = REAL_FIRED(d, PQfinish);
    conn_state_free(d);
    if (real != NULL) {
        real(conn);
    }
}

EXPORT char *PQerrorMessage(const PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    if (d == NULL) {
        static const char unknown[] =
            "pgseal: refused: cannot determine which libpq owns this connection\n";
        __typeof__(PQerrorMessage) *real = REAL_FOR_UNKNOWN_CONN(PQerrorMessage);
        return real != NULL ? real(conn) : (char *)(uintptr_t)unknown;
    }
    char *own = d->libpq.PQerrorMessage(conn);
    bool tell = d->tell && strlen(own) == d->own_length;
    d->tell = false;
    return d->blocked || tell ? d->message : own;
}

EXPORT ConnStatusType PQstatus(const PGconn *conn)
{
    struct call_site caller = CALLER;
    const struct conn_state *d = session_find(conn);
    if (conn == NULL || (d != NULL && d->blocked)) {
        return CONNECTION_BAD;
    }
    __typeof__(PQstatus) *real = REAL(d, PQstatus);
    return real != NULL ? real(conn) : CONNECTION_BAD;
}

EXPORT PQconninfoOption *PQconninfo(PGconn *conn)
{
    struct call_site caller = CALLER;
    const struct conn_state *d = session_find(conn);
    __typeof__(PQconninfo) *real = REAL(d, PQconninfo);
    PQconninfoOption *options = real != NULL ? real(conn) : NULL;
    if (d != NULL && d->rejected) {
        probe_show_rejected(options);
    }
    if (d != NULL) {
        conn_state_show_unset(d, options);
    }
    return options;
}

EXPORT PGcancel *PQgetCancel(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    __typeof__(PQgetCancel) *real = REAL_FIRED(d, PQgetCancel);
    PGcancel *cancel = real != NULL ? real(conn) : NULL;
    if (cancel != NULL && d != NULL) {
        cancel_made(cancel, conn, d, caller.address);
    }
    return cancel;
}

EXPORT void PQfreeCancel(PGcancel *cancel)
{
    struct call_site caller = CALLER;
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

/* May run in a signal handler. It resolves a libpq only for an unknown PGcancel. */
EXPORT int PQcancel(PGcancel *cancel, char *errbuf, int errbufsize)
{
    struct call_site caller = CALLER;
    hook_fired(HOOK_PQcancel);
    return cancel_send(cancel, errbuf, errbufsize,
                       cancel_known(cancel) ? NULL : REAL_FOR_UNKNOWN_CONN(PQcancel));
}

EXPORT int PQrequestCancel(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    __typeof__(PQrequestCancel) *real = REAL_FIRED(d, PQrequestCancel);
    if (d != NULL) {
        return cancel_request(d, conn);
    }
    return real != NULL ? real(conn) : 0;
}

EXPORT PGcancelConn *PQcancelCreate(PGconn *conn)
{
    struct call_site caller = CALLER;
    struct conn_state *d = session_find(conn);
    __typeof__(PQcancelCreate) *real = REAL_FIRED(d, PQcancelCreate);
    PGcancelConn *cancel = CALL_FOR(d, real, NULL, conn);
    if (cancel != NULL && d != NULL && !cancel_created(cancel, conn, d)) {
        d->libpq.PQcancelFinish(cancel);
        cancel = NULL; /* as libpq without memory */
    }
    return cancel;
}

EXPORT int PQcancelStart(PGcancelConn *cancelConn)
{
    struct call_site caller = CALLER;
    const struct conn_state *d = session_find((PGconn *)cancelConn);
    __typeof__(PQcancelStart) *real = REAL_FIRED(d, PQcancelStart);
    return d == NULL || !d->blocked ? CALL_FOR(d, real, 0, cancelConn) : 0;
}

EXPORT int PQcancelBlocking(PGcancelConn *cancelConn)
{
    struct call_site caller = CALLER;
    const struct conn_state *d = session_find((PGconn *)cancelConn);
    __typeof__(PQcancelBlocking) *real = REAL_FIRED(d, PQcancelBlocking);
    return d == NULL || !d->blocked ? CALL_FOR(d, real, 0, cancelConn) : 0;
}

EXPORT char *PQcancelErrorMessage(const PGcancelConn *cancelConn)
{
    struct call_site caller = CALLER;
    static char nothing[] = "";
    struct conn_state *d = session_find((const PGconn *)cancelConn);
    __typeof__(PQcancelErrorMessage) *real = REAL(d, PQcancelErrorMessage);
    if (d != NULL && d->blocked) {
        return d->message;
    }
    return real != NULL ? real(cancelConn) : nothing;
}

EXPORT void PQcancelFinish(PGcancelConn *cancelConn)
{
    struct call_site caller = CALLER;
    if (cancelConn == NULL) {
        return;
    }
    struct conn_state *d = session_remove((PGconn *)cancelConn);
    __typeof__(PQcancelFinish) *real = REAL(d, PQcancelFinish);
    conn_state_free(d);
    if (real != NULL) {
        real(cancelConn);
    }
}
