/* reset: a PGconn may live for months; its exemption ends and its files change meanwhile. */
#include "shim/session/reset.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/log/log.h"
#include "shim/session/stop.h"

#include <errno.h>
#include <stdlib.h>

static void add_policy_error(struct strbuf *t, const char *key, const char *path,
                             const char *reason)
{
    strbuf_add(t, key);
    strbuf_add(t, ": ");
    strbuf_add(t, path);
    strbuf_add(t, ": ");
    strbuf_add(t, reason);
}

/* Whether the exemption holds today and its use has reached the log; else the reason is in t. */
static bool exempt_still_holds(const struct conn_state *d, const struct world *w, struct strbuf *t)
{
    struct event e = {.reason = d->exempt->exempt};
    if (!d->audit && w->today > d->exempt->exempt_until) {
        strbuf_add(t, "the exemption at ");
        strbuf_add(t, d->where);
        strbuf_add(t, " has ended; make a new connection");
        return false;
    }
    if (log_outcome(d, &e, "exempt", "allowed") || d->audit) {
        return true;
    }
    strbuf_add(
        t,
        "exemption refused: the required log line could not be written; fix the log destination");
    return false;
}

/* Whether the files of a sealed connection are fine; else the reason is in t. */
static bool files_still_hold(struct conn_state *d, const struct world *w, struct strbuf *t)
{
    char reason[256];
    if (d->root == NULL) { /* libpq looks for it anew, and it is judged there */
        roots_release(d->roots);
        d->roots = NULL;
    } else if (!w->root_ok(w->data, d->root, reason, sizeof reason)) {
        add_policy_error(t, "sslrootcert", d->root, reason);
        return false;
    }
    int state = d->crl != NULL ? w->crl_state(w->data, d->crl, reason, sizeof reason) : 1;
    if (state < 0 || (state == 0 && d->crl_required)) {
        add_policy_error(t, "sslcrl", d->crl, state == 0 ? "no such file" : reason);
        return false;
    }
    return true;
}

bool reset_ok(struct conn_state *d, PGconn *conn)
{
    int saved_errno = errno;
    char reason[REASON_MAX - 32];
    struct strbuf t;
    struct world w;
    struct roots *keep = NULL;
    strbuf_init(&t, reason, sizeof reason);
    files_world(&w, &keep);
    bool ok = d->exempt != NULL ? exempt_still_holds(d, &w, &t)
              : d->sealed       ? files_still_hold(d, &w, &t)
                                : true;
    if (ok && keep != NULL) {
        roots_release(d->roots);
        d->roots = keep;
    } else {
        roots_release(keep);
    }
    if (!ok) {
        session_stop(d, conn, STOP_REFUSE, reason);
    }
    errno = saved_errno;
    return ok;
}
