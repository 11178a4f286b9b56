/* reset: whether the verdict still holds: a PGconn may live for months, while its exemption ends
 * and its files change. */
#include "shim/session/reset.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/log/log.h"
#include "shim/session/stop.h"

#include <errno.h>

/* Whether the exemption has not ended, and its use was logged; else the reason. */
static bool exempt_still_holds(const struct conn_state *d, const struct world *w, char *reason,
                               size_t size)
{
    struct event e = {.reason = d->exempt->exempt};
    if (!d->audit && w->today > d->exempt->exempt_until) {
        strbuf_join(reason, size, "the exemption at ", d->where,
                    " has ended; make a new connection");
        return false;
    }
    strbuf_copy(reason, size, SEAL_UNLOGGED);
    return log_outcome(d, &e, "exempt", "allowed") || d->audit;
}

/* Whether the files of a sealed connection have no fault; else the reason. */
static bool files_still_hold(struct conn_state *d, const struct world *w, char *reason, size_t size)
{
    char fault[256];
    roots_release(d->roots);
    /* If the verdict has no root, libpq looks for one again, and it is judged then. */
    d->roots = d->root != NULL ? files_root(d->root, fault, sizeof fault) : NULL;
    if (d->root != NULL && d->roots == NULL) {
        strbuf_join(reason, size, "sslrootcert: ", d->root, ": ", fault);
        return false;
    }
    enum crl_state state =
        d->crl != NULL ? w->crl_state(w->data, d->crl, fault, sizeof fault) : CRL_FINE;
    if (state < CRL_ABSENT || (state == CRL_ABSENT && d->crl_required)) {
        strbuf_join(reason, size, "sslcrl: ", d->crl, ": ", fault);
        return false;
    }
    return true;
}

bool reset_ok(struct conn_state *d, PGconn *conn)
{
    int saved_errno = errno;
    char reason[REASON_MAX - 32];
    struct world w;
    bool ok = true;
    files_world(&w, NULL);
    if (d->exempt != NULL) {
        ok = exempt_still_holds(d, &w, reason, sizeof reason);
    } else if (d->sealed) {
        ok = files_still_hold(d, &w, reason, sizeof reason);
    }
    if (!ok) {
        session_stop(d, conn, STOP_REFUSE, reason);
    }
    errno = saved_errno;
    return ok;
}
