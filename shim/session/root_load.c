/* root_load: libpq loads its root file; it gets the certificates that were judged. */
#include "shim/session/root_load.h"

#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"
#include "lib/os/trust_files.h"
#include "shim/session/current.h"
#include "shim/session/openssl.h"
#include "shim/session/slots.h"
#include "shim/session/stop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void refuse(struct conn_state *d, const char *path, const char *fault, const char *advice)
{
    char reason[REASON_MAX - 32];
    strbuf_join(reason, sizeof reason, "sslrootcert: ", event_redacts(path) ? "(hidden)" : path,
                ": ", fault, advice);
    session_refuse(d, STOP_FAILED, reason);
}

/* Notes which file libpq found itself; false without memory. */
static bool found(struct conn_state *d, const char *file)
{
    if (d->root_found == NULL || strcmp(d->root_found, file) != 0) {
        free(d->root_found);
        roots_release(d->roots);
        d->roots = NULL;
        size_t size = strlen(file) + 1;
        d->root_found = malloc(size);
        if (d->root_found != NULL) {
            memcpy(d->root_found, file, size);
        }
    }
    return d->root_found != NULL;
}

/* Judges the file unless that was already done. The result is released when the witness has checked
 * the session, so a second host of a list, and a cancel that libpq copies from the connection,
 * judge the file again. */
static bool judged(struct conn_state *d, const char *file)
{
    char fault[256] = "out of memory";
    bool known = d->root != NULL || found(d, file);
    if (known && d->roots == NULL) {
        d->roots = files_root(file, fault, sizeof fault);
    }
    if (!known || d->roots == NULL) {
        refuse(d, file, fault, "");
        return false;
    }
    return true;
}

/* Whether this file is the root file of the connection. */
static bool is_root(const struct conn_state *d, const char *file)
{
    return d->root != NULL ? strcmp(file, d->root) == 0 : d->root_found_by_libpq;
}

/* libpq loads its root file. If the connection is sealed and this is its root file (under
 * sslrootcert = program without a root of the program's: the one that libpq found), the store gets
 * the judged certificates on demand (demand.h). A file with a fault is refused: 0, with the reason
 * as the connection's message. Anything else is the real call: other connections, other files, an
 * OpenSSL without the necessary functions. */
int slot_SSL_CTX_load_verify_locations(struct linked *libpq, void *ctx, const char *file,
                                       const char *dir)
{
    struct conn_state *d = current_state();
    if (d != NULL && d->sealed && dir == NULL && file != NULL && is_root(d, file)) {
        if (!judged(d, file)) {
            return 0;
        }
        const struct openssl *o = openssl_of(libpq);
        if (o != NULL && o->has_demand != 0 && demand_roots(&o->demand, ctx, d->roots)) {
            return 1;
        }
    }
    return libpq->real.SSL_CTX_load_verify_locations(ctx, file, dir);
}

int root_looked_for(const char *path, int result)
{
    static const char name[] = "/.postgresql/root.crt";
    const size_t tail = sizeof name - 1;
    struct conn_state *d = result != 0 ? current_state() : NULL;
    size_t len = path != NULL ? strlen(path) : 0;
    if (d != NULL && d->sealed && d->root_found_by_libpq && len >= tail &&
        strcmp(path + len - tail, name) == 0) {
        refuse(
            d, path, sys_error(errno),
            "; sslrootcert = program, but the program sets no root; set one in the program or in "
            "the policy");
    }
    return result;
}
