/* connect: one call of an entry point: first, whether libpq calls itself; then attempt.c prepares,
 * the real call is made, and the result is checked. What comes before the real call uses the heap,
 * so that only a small frame is on the stack while libpq runs. */
#include "shim/connect/connect.h"

#include "lib/os/settings.h"
#include "shim/connect/attempt.h"
#include "shim/dynlink/linkage.h"
#include "shim/log/log.h"
#include "shim/session/current.h"
#include "shim/session/ldap.h"
#include "shim/session/stop.h"
#include "shim/session/witness.h"

#include <errno.h>
#include <stdlib.h>

/* Returns the state if libpq calls itself through its linkage table, with the arrays or the string
 * that it was given. pgseal's own arrays are enough to tell. The caller's may also come in a later
 * call of its own (a longjmp out of libpq, then the same call from the same frame), so they count
 * only if the call comes from that libpq. A callback that opens another connection has other
 * arrays. */
static const struct conn_state *libpq_itself(struct call_site call_site, const struct call *call)
{
    const struct current *now = current_get();
    const struct conn_state *d = current_state();
    bool same = call->keywords != NULL
                    ? (uintptr_t)call->keywords == now->keywords
                    : call->conninfo != NULL && (uintptr_t)call->conninfo == now->conninfo;
    return d != NULL && same && (now->own || libpq_holds(&d->libpq, call_site.address)) ? d : NULL;
}

static PGconn *reject(struct attempt *a)
{
    PGconn *conn = a->probe.conn;
    a->probe.conn = NULL;
    if (a->call->entry_point == HOOK_PQping || a->call->entry_point == HOOK_PQpingParams) {
        a->libpq.PQfinish(conn);
        conn = NULL;
    }
    return conn;
}

static PGconn *execute(struct attempt *a, PGPing *ping)
{
    const struct call *call = a->call;
    bool own = a->plan != PLAN_AS_IT_CAME;
    *current_get() = (struct current){
        .id = a->conn_state != NULL ? a->conn_state->id : 0,
        .keywords = own ? (uintptr_t)a->keywords : (uintptr_t)call->keywords,
        .conninfo = own ? 0 : (uintptr_t)call->conninfo, /* then libpq does not get it */
        .own = own,
    };
    if (a->libpq.PQconnectdbParams == NULL) {
        return NULL; /* no libpq, so there is no PGconn */
    }
    switch (a->plan) {
    case PLAN_REJECTED:
        return reject(a);
    case PLAN_AS_IT_CAME:
        return call_real(&a->libpq, call, ping);
    default:
        return call_real_params(&a->libpq, call->entry_point, a->keywords, a->values, a->expand,
                                ping);
    }
}

/* If a service file that changed since the probe made libpq turn to LDAP: that was refused. */
static void look_for_ldap(struct conn_state *d)
{
    char reason[256];
    if (current_get()->ldap) {
        ldap_reason(NULL, reason, sizeof reason);
        session_refuse(d, STOP_FAILED, reason);
    }
}

/* Binds the PGconn to its state, logs the outcome, and frees the rest. */
__attribute__((noinline)) static PGconn *finish(struct attempt *a, PGconn *conn)
{
    int saved_errno = errno;
    struct conn_state *d = a->conn_state;
    if (d != NULL) {
        passwords_free(d->passwords); /* libpq has read them */
        d->passwords = NULL;
        look_for_ldap(d);
    }
    if (conn != NULL && d != NULL) {
        session_bind(conn, d);
        if (a->plan != PLAN_REJECTED) {
            witness_returned(d, conn);
        }
    }
    attempt_free(a);
    errno = saved_errno;
    return conn;
}

/* Refuses the call without an attempt, for which there was no memory. */
__attribute__((noinline)) static PGconn *refuse_bare(struct call_site call_site,
                                                     const struct call *call, PGPing *ping)
{
    const char *keywords[2];
    const char *values[2];
    struct libpq pq = {0};
    char reason[REASON_MAX];
    const char *entry_point = hook_name(call->entry_point);
    libpq_resolve(call_site, entry_point, &pq, NULL, reason, sizeof reason);
    call_refused("pgseal: refused: out of memory", keywords, values);
    return pq.PQconnectdbParams != NULL
               ? call_real_params(&pq, call->entry_point, keywords, values, 0, ping)
               : NULL;
}

PGconn *connect_call(struct call_site call_site, const struct call *call, PGPing *ping)
{
    hook_fired(call->entry_point);
    const struct conn_state *itself = libpq_itself(call_site, call);
    if (itself != NULL) {
        return call_real(&itself->libpq, call, ping);
    }
    struct current before = current_enter(NULL);
    struct attempt *a = attempt_prepare(call_site, call);
    PGconn *conn = a != NULL ? finish(a, execute(a, ping)) : refuse_bare(call_site, call, ping);
    current_leave(before);
    return conn;
}

struct conn_state *connect_state(PGconn *conn, const void *caller)
{
    struct conn_state *d = session_find(conn);
    if (d != NULL || conn == NULL) {
        return d;
    }
    /* The new PGconn of the real call, which libpq itself passes to a hook first. */
    d = current_state();
    if (d == NULL || d->map_node == NULL || !libpq_holds(&d->libpq, caller)) {
        return NULL;
    }
    session_bind(conn, d);
    return d;
}

/* Logs a refusal of PQconndefaults, whose only result is NULL. */
__attribute__((noinline)) static void refuse_defaults(const struct libpq *pq, const char *reason)
{
    const struct policy *p = settings_policy();
    struct verdict *v = calloc(1, sizeof *v);
    if (v != NULL) {
        seal_refuse(p, reason, false, v);
        v->once = true;
        log_verdict(p, v, NULL, pq, "PQconndefaults", "");
    }
    free(v);
}

/* Resolves the caller's PQconndefaults, in a frame of its own, so that libpq runs on a small one;
 * NULL: refused. */
__attribute__((noinline)) static __typeof__(PQconndefaults) *
find_defaults(struct call_site call_site)
{
    struct libpq pq = {0};
    char reason[REASON_MAX];
    bool likely;
    bool resolved = libpq_resolve(call_site, "PQconndefaults", &pq, &likely, reason, sizeof reason);
    if (!resolved || (linkage_refuses(pq.linked, reason, sizeof reason) && !current_as_bare())) {
        refuse_defaults(&pq, reason);
        resolved = likely && current_as_bare();
    }
    return resolved ? pq.PQconndefaults : NULL;
}

/* If libpq turned to LDAP for PQconndefaults: that was refused. */
__attribute__((noinline)) static void look_for_ldap_defaults(void)
{
    char reason[SEAL_REASON];
    if (current_get()->ldap) {
        ldap_reason(getenv("PGSERVICE"), reason, sizeof reason);
        refuse_defaults(&(struct libpq){0}, reason);
    }
}

PQconninfoOption *connect_defaults(struct call_site call_site)
{
    int saved_errno = errno;
    struct current before = current_enter(NULL);
    __typeof__(PQconndefaults) *real = find_defaults(call_site);
    errno = saved_errno;
    PQconninfoOption *options = real != NULL ? real() : NULL;
    saved_errno = errno;
    look_for_ldap_defaults();
    current_leave(before);
    errno = saved_errno;
    return options;
}
