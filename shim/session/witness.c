/* witness: when a session is checked, and what follows; evidence.c has the checks. */
#include "shim/session/witness.h"

#include "lib/core/text/hostname.h"
#include "lib/core/text/list.h"
#include "shim/log/log.h"
#include "shim/session/client_key.h"
#include "shim/session/evidence.h"
#include "shim/session/stop.h"
#include "shim/session/verify_as.h"

#include <errno.h>
#include <string.h>

/* Checks a session in TLS. Returns false if it was stopped. */
__attribute__((noinline)) static bool look(struct conn_state *d, PGconn *conn)
{
    struct evidence found;
    char note[256];
    d->tls_checked = true;
    const char *reason = evidence_gather(d, conn, &found);
    if (reason != NULL) {
        session_stop(d, conn, STOP_VIOLATION, reason);
        return false;
    }
    if (found.gone) {
        /* libpq may try again: the server closes the connection to ask for another token */
        d->tls_checked = false;
        return true;
    }
    roots_release(
        d->roots); /* a later session (PQreset) is compared with the file as it is by then */
    d->roots = NULL;
    if (!d->outcome_logged) {
        struct event e = {
            .protocol = found.protocol,
            .cipher = found.cipher,
            .bits = found.bits,
            .peer_subject = found.subject,
            .peer_issuer = found.issuer,
            .peer_names = found.names,
            .peer_not_after = found.not_after,
            .peer_sha256 = found.sha256,
            .verified_name = found.verified_name,
            .root = conn_state_root(d),
            .root_sha256 = found.root_sha256,
            .openssl = found.openssl,
            .reason = client_key_note(d, found.note, note, sizeof note),
        };
        log_outcome(d, &e, "witness", "sealed");
        d->outcome_logged = true;
    }
    return true;
}

/* Whether the session is on a Unix socket of a mixed list, which is not sealed: on one that was
 * judged, whatever the environment says by now. */
static bool on_listed_socket(const struct conn_state *d, PGconn *conn)
{
    char element[HOST_MAX];
    bool listed = false;
    const char *host =
        d->socket_listed && session_on_socket(d, conn) ? d->libpq.PQhost(conn) : NULL;
    for (size_t i = 0; host != NULL && !listed && i < list_length(d->hosts); i++) {
        listed = list_copy(d->hosts, i, element, sizeof element) && strcmp(host, element) == 0;
    }
    return listed;
}

/* Whether the startup packet comes next: in TLS, or on a Unix socket that was not judged. */
static bool before_startup(const struct conn_state *d, PGconn *conn)
{
    return session_in_tls(d, conn) || (session_on_socket(d, conn) && !on_listed_socket(d, conn));
}

/* Whether the startup packet was sent (ConnStatusType in libpq-fe.h; numbers from 15 may be newer
 * than this header). */
static bool after_startup(int status)
{
    switch (status) {
    case CONNECTION_OK:
    case CONNECTION_BAD:
    case CONNECTION_STARTED:
    case CONNECTION_MADE:
    case CONNECTION_SSL_STARTUP:
    case CONNECTION_NEEDED:
    case 11: /* CONNECTION_GSS_STARTUP */
    case 14: /* CONNECTION_ALLOCATED */
        return false;
    default:
        return true;
    }
}

static void failed(struct conn_state *d, PGconn *conn)
{
    if (!d->outcome_logged && !d->startup_sent) {
        char note[REASON_MAX];
        struct event e = {.reason =
                              client_key_note(d, d->libpq.PQerrorMessage(conn), note, sizeof note)};
        log_outcome(d, &e, "failed", "sealed");
    }
    d->outcome_logged = true;
}

PostgresPollingStatusType witness_polled(struct conn_state *d, PGconn *conn,
                                         PostgresPollingStatusType result)
{
    int saved_errno = errno;
    if (d->sealed && result == PGRES_POLLING_FAILED) {
        failed(d, conn);
    } else if (d->sealed) {
        int status = d->libpq.PQstatus(conn);
        d->startup_sent = after_startup(status);
        if (status == CONNECTION_SSL_STARTUP || status == CONNECTION_NEEDED ||
            status == CONNECTION_STARTED) {
            d->tls_checked = false; /* another host of the list has its own session */
        }
        bool ready = status == CONNECTION_MADE && before_startup(d, conn);
        bool late = !ready && (d->startup_sent ||
                               status == CONNECTION_OK); /* some libpq versions skip the state */
        if (!d->tls_checked && (ready || (late && !on_listed_socket(d, conn))) && !look(d, conn)) {
            result = PGRES_POLLING_FAILED;
        }
    }
    errno = saved_errno;
    return result;
}

void witness_returned(struct conn_state *d, PGconn *conn)
{
    int saved_errno = errno;
    int status = d->libpq.PQstatus(conn);
    if (d->sealed && !d->blocked && status == CONNECTION_OK && !d->tls_checked &&
        !on_listed_socket(d, conn)) {
        look(d, conn);
    } else if (d->sealed && !d->blocked && status == CONNECTION_BAD && !d->outcome_logged) {
        /* Without a poll, only the message shows whether the startup packet was sent: the server's
         * begins with a severity, in its language, and two blanks (pqBuildErrorMessage3). */
        const char *message = d->libpq.PQerrorMessage(conn);
        d->startup_sent = d->startup_sent || strstr(message, ":  ") != NULL ||
                          (d->libpq.PQconnectionNeedsPassword != NULL &&
                           d->libpq.PQconnectionNeedsPassword(conn) != 0);
        failed(d, conn);
    }
    errno = saved_errno;
}

void witness_restart(struct conn_state *d)
{
    d->outcome_logged = d->startup_sent = d->tls_checked = d->blocked = false;
    d->left_out = NULL;
    verify_as_restart(d);
}
