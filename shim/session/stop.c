/* stop: shuts the socket down and leaves the message for the caller. */
#include "shim/session/stop.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"
#include "shim/log/log.h"

#include <errno.h>
#include <sys/socket.h>

void session_refuse(struct conn_state *d, enum stop stop, const char *reason)
{
    static const char *const events[] = {"refuse", "failed", "violation"};
    struct event e = {.reason = reason};
    int saved_errno = errno;
    if (d->blocked) {
        return;
    }
    d->blocked = d->outcome_logged = true;
    strbuf_join(d->message, sizeof d->message,
                "pgseal: refused: ", stop == STOP_VIOLATION ? "violation: " : "", reason, "\n");
    log_outcome(d, &e, events[stop], "refused");
    errno = saved_errno;
}

void session_stop(struct conn_state *d, PGconn *conn, enum stop stop, const char *reason)
{
    int saved_errno = errno;
    int fd = d->libpq.PQsocket(conn);
    if (fd >= 0) {
        syscall(SYS_shutdown, fd, SHUT_RDWR);
    }
    errno = saved_errno;
    session_refuse(d, stop, reason);
}
