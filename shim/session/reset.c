/* again: a PGconn may live for months; its exemption ends and its files change meanwhile. */
#include "shim/session/reset.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static void refuse(struct decision *d, PGconn *conn, const char *reason)
{
    struct text t;
    struct event e = {.reason = reason};
    int fd = d->libpq.PQsocket(conn);
    d->violated = d->spoken = true;
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    text_init(&t, d->message, sizeof d->message);
    text_add(&t, "pgseal: refused: ");
    text_add(&t, reason);
    text_add(&t, "\n");
    log_outcome(d, &e, "refuse", "refused");
}

static void faulty(struct text *t, const char *key, const char *path, const char *why)
{
    text_add(t, key);
    text_add(t, ": ");
    text_add(t, path);
    text_add(t, ": ");
    text_add(t, why);
}

/* Whether the exemption holds today and its use has reached the log; else the reason is in t. */
static bool exempt_again(const struct decision *d, const struct world *w, struct text *t)
{
    struct event e = {.reason = d->exempt->exempt};
    if (!d->audit && w->today > d->exempt->exempt_until) {
        text_add(t, "the exemption at ");
        text_add(t, d->where);
        text_add(t, " has ended; connect anew");
        return false;
    }
    if (log_outcome(d, &e, "exempt", "allowed") || d->audit)
        return true;
    text_add(t, "this exemption must be logged, and no sink took the line; mend the log");
    return false;
}

/* Whether the files of a sealed connection are fine; else the reason is in t. */
static bool files_again(struct decision *d, const struct world *w, struct text *t)
{
    char why[256];
    if (!w->root_fine(w->data, d->root, why, sizeof why)) {
        faulty(t, "sslrootcert", d->root, why);
        return false;
    }
    int state = d->crl != NULL ? w->crl_state(w->data, d->crl, why, sizeof why) : 1;
    if (state < 0 || (state == 0 && d->crl_required)) {
        faulty(t, "sslcrl", d->crl, state == 0 ? "no such file" : why);
        return false;
    }
    return true;
}

bool again_fine(struct decision *d, PGconn *conn)
{
    int saved = errno;
    char reason[REASON_MAX - 32];
    struct text t;
    struct world w;
    struct root_copy keep = {0};
    text_init(&t, reason, sizeof reason);
    files_world(&w, &keep);
    bool fine = d->exempt != NULL ? exempt_again(d, &w, &t)
                : d->sealed       ? files_again(d, &w, &t)
                                  : true;
    if (fine && keep.bytes != NULL) {
        free(d->root_bytes);
        d->root_bytes = keep.bytes;
        d->root_len = keep.len;
    } else {
        free(keep.bytes);
    }
    if (!fine)
        refuse(d, conn, reason);
    errno = saved;
    return fine;
}
