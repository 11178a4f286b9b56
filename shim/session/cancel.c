/* cancel: the legacy cancel request under the policy. Functions that may run inside a signal
 * handler say so. */
#include "shim/session/cancel.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "shim/log/log.h"
#include "shim/session/cancel_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is known of one PGcancel. */
struct cancel_state {
    struct conn_state *conn_state;
    /* plaintext_cancel = encrypt: prepared in PQgetCancel; else NULL */
    struct tls_cancel *tls;
    const char *why_not; /* encrypt: why there is none */
    bool socket;         /* a Unix socket: nothing crosses a network */
    bool judged;         /* libpq made it for a PQrequestCancel that was judged */
};

static struct ptr_map cancel_states;
/* The PGconn of this thread's PQrequestCancel that was judged: compared, never followed. A longjmp
 * leaves it behind, so it counts only for calls by libpq itself. */
static __thread uintptr_t requesting;

void cancel_made(PGcancel *cancel, PGconn *conn, struct conn_state *d, const void *caller)
{
    int saved_errno = errno;
    struct cancel_state *t = calloc(1, sizeof *t);
    struct map_node *map_node = ptr_map_reserve();
    if (t != NULL && map_node != NULL) {
        t->conn_state = d;
        t->socket = session_on_socket(d, conn);
        t->judged = requesting == (uintptr_t)conn && libpq_holds(&d->libpq, caller);
        if (!t->socket && d->policy->cancel == CANCEL_ENCRYPT && d->sealed) {
            t->tls = tls_cancel_prepare(d, conn, &t->why_not);
        } else {
            t->why_not = "this connection was not sealed";
        }
        conn_state_keep(d);
        ptr_map_bind(&cancel_states, map_node, cancel, t);
    } else {
        free(t);
        free(map_node);
    }
    errno = saved_errno;
}

bool cancel_known(const PGcancel *cancel)
{
    return ptr_map_find(&cancel_states, cancel) != NULL;
}

__typeof__(PQfreeCancel) *cancel_freed(PGcancel *cancel)
{
    struct cancel_state *t = ptr_map_remove(&cancel_states, cancel);
    if (t == NULL) {
        return NULL;
    }
    __typeof__(PQfreeCancel) *real = t->conn_state->libpq.PQfreeCancel;
    tls_cancel_free(t->tls);
    conn_state_free(t->conn_state);
    free(t);
    return real;
}

/* Writes the refusal's message; returns PQcancel's "not sent". Async-signal-safe. */
static int refuse(char *errbuf, int size, const char *reason)
{
    if (errbuf != NULL && size > 0) {
        strbuf_join(errbuf, (size_t)size, "pgseal: refused: plaintext cancel request: ", reason,
                    "\n");
    }
    return 0;
}

/* One plaintext_cancel line. Async-signal-safe, as the sink is. */
static void say(const struct conn_state *d, const char *entry, const char *action,
                const char *reason)
{
    struct event e = {.entry = entry, .reason = reason};
    log_outcome(d, &e, "plaintext_cancel", action);
}

/* Whether the policy allows a plaintext request of d. Logs that it does, or that it does not, or in
 * audit mode would not. Async-signal-safe. */
static bool let_out(const struct conn_state *d, const char *entry, const char *reason)
{
    bool allowed = d->policy->cancel == CANCEL_ALLOW;
    if (allowed || d->audit) {
        say(d, entry, allowed ? "allowed" : "would-refuse", allowed ? NULL : reason);
    }
    return allowed || d->audit;
}

/* For a PGcancel that is not known (no memory, a PGconn that no entry point made): whether the
 * policy stops it. Logs it. */
static bool unknown_conn_stopped(void)
{
    const struct policy *p = settings_policy();
    if (p->cancel == CANCEL_ALLOW || p->global.mode == MODE_AUDIT) {
        return false;
    }
    struct event e = {.event = "plaintext_cancel",
                      .action = "refused",
                      .mode = "enforce",
                      .entry = "PQcancel",
                      .reason = "its connection is not known to pgseal"};
    sink_event(p, &e);
    return true;
}

/* Whether libpq uses TLS for a cancel of this connection only if the server offers it. */
static bool falls_back(const struct conn_state *d, PGconn *conn)
{
    PQconninfoOption *options = d->libpq.PQconninfo(conn);
    const char *mode = options_value(options, "sslmode");
    bool holds = mode != NULL && (strcmp(mode, "require") == 0 || strncmp(mode, "verify-", 7) == 0);
    d->libpq.PQconninfoFree(options);
    return !holds;
}

bool cancel_created(PGcancelConn *cancel, PGconn *conn, struct conn_state *d)
{
    int saved_errno = errno;
    struct conn_state *copy = conn_state_copy(d);
    bool tls = session_in_tls(d, conn);
    bool open = d->libpq.PQsocket(conn) >= 0; /* else libpq sends nothing, and says why */
    if (copy != NULL) {
        /* A cancel is no attempt of its own: only a violation is logged. */
        copy->outcome_logged = true;
        /* A cancel of a plaintext connection is sent in plaintext, too; one of a connection that
         * only prefers TLS may be. */
        bool stop = d->policy->cancel != CANCEL_ALLOW && !d->audit;
        bool weak = open && !d->sealed && !session_on_socket(d, conn) &&
                    (!tls || (stop && falls_back(d, conn)));
        const char *reason = tls ? "plaintext_cancel does not allow it, and this request could "
                                   "fall back to plaintext; set sslmode=require"
                                 : "plaintext_cancel does not allow it";
        if (weak && !let_out(d, "PQcancelCreate", reason)) {
            say(d, "PQcancelCreate", "refused", reason);
            refuse(copy->message, sizeof copy->message, reason);
            copy->blocked = true;
        }
        session_bind((PGconn *)cancel, copy);
        conn_state_free(copy);
    }
    errno = saved_errno;
    return copy != NULL;
}

/* A request that must not leave in plaintext: sends it over TLS, or refuses it.
 * Async-signal-safe. */
static int send_otherwise(const struct cancel_state *t, const char *entry, char *errbuf, int size)
{
    const char *reason = t->why_not;
    if (t->conn_state->policy->cancel != CANCEL_ENCRYPT) {
        say(t->conn_state, entry, "refused", "plaintext_cancel = refuse");
        return refuse(errbuf, size, "the policy says plaintext_cancel = refuse");
    }
    if (t->tls != NULL && tls_cancel_send(t->tls, errbuf, size, &reason)) {
        return 1;
    }
    if (reason == NULL) {
        return 0; /* it was tried over TLS, and errbuf has libpq's message */
    }
    say(t->conn_state, entry, "refused", reason);
    return refuse(errbuf, size, reason);
}

int cancel_send(PGcancel *cancel, char *errbuf, int size, __typeof__(PQcancel) *real)
{
    int saved_errno = errno;
    const struct cancel_state *t = ptr_map_find(&cancel_states, cancel);
    if (t != NULL) {
        real = t->conn_state->libpq.PQcancel;
    }
    if (real == NULL) {
        return refuse(errbuf, size, "cannot determine which libpq owns this connection");
    }
    if (t == NULL && cancel != NULL && unknown_conn_stopped()) {
        errno = saved_errno;
        return refuse(errbuf, size, "its connection is not known to pgseal");
    }
    if (t == NULL || t->judged || t->socket || let_out(t->conn_state, "PQcancel", NULL)) {
        errno = saved_errno;
        return real(cancel, errbuf, size);
    }
    int sent = send_otherwise(t, "PQcancel", errbuf, size);
    errno = saved_errno;
    return sent;
}

int cancel_request(struct conn_state *d, PGconn *conn)
{
    const struct libpq *pq = &d->libpq;
    if (pq->PQrequestCancel == NULL || pq->PQgetCancel == NULL || pq->PQfreeCancel == NULL ||
        pq->PQcancel == NULL) {
        return 0;
    }
    int saved_errno = errno;
    /* Without a socket libpq sends nothing, and says why. */
    bool passes =
        pq->PQsocket(conn) < 0 || session_on_socket(d, conn) || let_out(d, "PQrequestCancel", NULL);
    errno = saved_errno;
    if (passes) {
        uintptr_t before = requesting;
        requesting = (uintptr_t)conn; /* libpq 17 calls PQgetCancel and PQcancel by the hooks */
        int sent = pq->PQrequestCancel(conn);
        requesting = before;
        return sent;
    }
    PGcancel *cancel = pq->PQgetCancel(conn);
    if (cancel == NULL) {
        return 0;
    }
    cancel_made(cancel, conn, d, NULL);
    const struct cancel_state *t = ptr_map_find(&cancel_states, cancel);
    int sent = 0;
    if (t != NULL) {
        sent = send_otherwise(t, "PQrequestCancel", d->message, sizeof d->message);
    } else {
        say(d, "PQrequestCancel", "refused", "out of memory");
        refuse(d->message, sizeof d->message, "out of memory");
    }
    errno = saved_errno;
    d->tell = sent == 0;
    d->own_length = strlen(pq->PQerrorMessage(conn));
    cancel_freed(cancel);
    pq->PQfreeCancel(cancel);
    return sent;
}
